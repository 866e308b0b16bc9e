"""The archive, on stores of all kinds: what it holds, and a store that is made again from it."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from center.archive.archiver import Archiver
from center.archive.files import Archive, ArchiveError
from center.archive.restoring import restore, tell
from center.metrics import CenterMetrics
from center.store.archiving import ARCHIVED_MENTION, Kind
from center.store.opening import SqlStore, open_store
from center.store.protocol import (
    DAY_MS,
    EVERYTHING,
    HOUR_MS,
    MINUTE_MS,
    MentionFilter,
    Record,
    Size,
    Span,
)
from center.store.tables import BY_NAME, MENTION_COLUMNS
from schemas.action import Action, ActionKind, ActionSubject
from schemas.deletion import Deletion, DeletionScope
from schemas.mention import Mention, SpamSign
from schemas.topics import ACTIONS, DELETIONS, MENTIONS, WINDOWS
from tests.center.records import START_MS, mention, records, windows_of

NOW_MS = START_MS + 6 * DAY_MS
TOPIC_FROM = 12
"""Offset of the oldest mention that the topic still holds, as after three of six days."""


def posts() -> list[Mention]:
    return [
        mention(
            n,
            START_MS + n * 6 * HOUR_MS,
            brand=("xiaomi", "oppo", "x")[n % 3],
            partition=n % 2,
            author=f"u{n % 40}",
            text=f"小米手机 第{n}号",
            original="p0" if n % 5 == 0 else "",
            depth=n % 4,
            spam=(SpamSign.BOT,) if n % 7 == 0 else (),
        )
        for n in range(24)
    ]


def from_topics(found: list[Mention]) -> list[Record]:
    """As the topics give them, partition by partition."""
    windows = windows_of(found)
    return [
        *(one for n in found for one in records(MENTIONS.name, n, first=n.offset)),
        *(
            Record(WINDOWS.name, 0, one.start_ms // MINUTE_MS, one.key.decode(), one)
            for one in windows
        ),
    ]


def gone(subject: str, scope: DeletionScope = DeletionScope.POST) -> Deletion:
    return Deletion(scope=scope, source="weibo", subject=subject, at_ms=NOW_MS)


def tables(store: SqlStore) -> dict[str, list[Any]]:
    """All that a rebuild has to bring back."""
    mentions = ", ".join(MENTION_COLUMNS[1:])
    columns = {
        name: ", ".join(BY_NAME[name].column_names)
        for name in ("windows_1m", "windows_1h", "windows_1d", "actions", "deletions")
    }
    found = {
        name: sorted(store._database.rows(f"SELECT {names} FROM {name}"))
        for name, names in (columns | {"mentions": mentions}).items()
    }
    found["words"] = sorted(
        (row.mention.offset,)
        for row in store.all_mentions(EVERYTHING, MentionFilter(words="手机", with_edits=True))
    )
    return found


def archiver(folder: Path, store: SqlStore, days: int = 400) -> Archiver:
    async def write(work: Any, *arguments: Any) -> Any:
        return work(*arguments)

    return Archiver(Archive(folder), store, write, CenterMetrics(), days=days)


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    """Six days of posts, of which one was taken back, and something was done."""
    act = Action(
        id="1", at_ms=START_MS, who="li", kind=ActionKind.NOTE, on=ActionSubject.ALERT, subject="a1"
    )
    store.apply(from_topics(posts()), {(MENTIONS.name, 0): 24, (MENTIONS.name, 1): 24})
    store.apply(records(DELETIONS.name, gone("p7")), {(DELETIONS.name, 0): 1})
    store.apply(records(ACTIONS.name, act), {(ACTIONS.name, 0): 1})
    return store


async def test_a_rebuild_from_archive_and_topics_is_the_store_as_it_was(
    filled: SqlStore, tmp_path: Path
) -> None:
    assert await archiver(tmp_path, filled).round(NOW_MS) == 0
    before = tables(filled)
    assert await archiver(tmp_path, filled).round(NOW_MS) == 0
    before_sweep = tables(filled)["deletions"]

    filled.rebuild()
    assert tables(filled)["mentions"] == []
    tell(restore(Archive(tmp_path), filled, NOW_MS))
    late = [one for one in posts() if one.offset >= TOPIC_FROM]
    filled.apply(from_topics(late), {})

    assert tables(filled) == before | {"deletions": before_sweep}
    assert len(before["mentions"]) == 24
    assert before["actions"]


async def test_files_are_the_rows_of_their_hours(filled: SqlStore, tmp_path: Path) -> None:
    await archiver(tmp_path, filled).round(NOW_MS)
    archive = Archive(tmp_path)

    held = [
        row for hour in archive.hours(Kind.MENTIONS) for row in archive.rows(Kind.MENTIONS, hour)
    ]
    assert sorted(held) == tables(filled)["mentions"]
    shown = pq.read_table(archive.path(Kind.MENTIONS, START_MS)).to_pylist()
    [first] = [row for row in shown if row["off"] == 0]
    assert first["terms"] == ["手机", "好用"]
    assert first["spam"] == ["bot"]
    assert first["is_repost"] is False
    assert archive.path(Kind.MENTIONS, START_MS).parts[-2:] == ("2026-05-23", "00.parquet")


async def test_an_hour_waits_until_it_is_over(store: SqlStore, tmp_path: Path) -> None:
    store.apply(records(MENTIONS.name, mention(1)), {})
    made = archiver(tmp_path, store)

    await made.round(START_MS + HOUR_MS)
    assert Archive(tmp_path).hours(Kind.MENTIONS) == []
    await made.round(START_MS + 2 * HOUR_MS)
    assert Archive(tmp_path).hours(Kind.MENTIONS) == [START_MS]


async def test_a_late_post_makes_the_hour_due_again(filled: SqlStore, tmp_path: Path) -> None:
    made = archiver(tmp_path, filled)
    await made.round(NOW_MS)
    assert filled.due_hours(NOW_MS) == []

    late = mention(9000, START_MS + 5)
    filled.apply(records(MENTIONS.name, late, first=9000), {})
    assert filled.due_hours(NOW_MS) == [(Kind.MENTIONS, START_MS)]
    await made.round(NOW_MS)
    assert (0, 9000) in [row[1:3] for row in Archive(tmp_path).rows(Kind.MENTIONS, START_MS)]


async def test_what_comes_while_a_file_is_written_stays_due(
    store: SqlStore, tmp_path: Path
) -> None:
    store.apply(records(MENTIONS.name, mention(1)), {})
    seen = store.due(Kind.MENTIONS, START_MS)
    store.apply(records(MENTIONS.name, mention(2), first=2), {})
    store.note_archived(seen)

    assert store.due_hours(NOW_MS) == [(Kind.MENTIONS, START_MS)]


@pytest.mark.parametrize("scope", list(DeletionScope))
async def test_what_is_taken_back_goes_from_files_that_the_store_holds_no_more(
    filled: SqlStore, tmp_path: Path, scope: DeletionScope
) -> None:
    await archiver(tmp_path, filled).round(NOW_MS)
    much_later_ms = START_MS + 33 * DAY_MS
    filled.prune(much_later_ms)  # thirty days stay
    subject = "p10" if scope is DeletionScope.POST else "u10"
    filled.apply(records(DELETIONS.name, gone(subject, scope), first=1), {})
    await archiver(tmp_path, filled).round(much_later_ms)

    archive = Archive(tmp_path)
    rows = [
        dict(zip(ARCHIVED_MENTION, row, strict=True))
        for hour in archive.hours(Kind.MENTIONS)
        for row in archive.rows(Kind.MENTIONS, hour)
    ]
    [row] = [row for row in rows if row["off"] == 10]
    assert (row["text"], row["author"], row["terms"], row["is_deleted"]) == ("", "", "", 1)
    assert len(rows) == 24
    path = archive.path(Kind.MENTIONS, row["event_time_ms"] // HOUR_MS * HOUR_MS)
    assert "第10号" not in str(pq.read_table(path).to_pylist())
    assert filled.unswept(10) == []


async def test_a_store_that_lost_posts_takes_none_out_of_the_files(
    filled: SqlStore, tmp_path: Path
) -> None:
    """The topics hold three days: what is due then are hours of which the store has a part."""
    await archiver(tmp_path, filled).round(NOW_MS)
    filled.rebuild()
    filled.apply(from_topics([one for one in posts() if one.offset >= TOPIC_FROM]), {})
    await archiver(tmp_path, filled).round(NOW_MS)

    archive = Archive(tmp_path)
    held = [
        row for hour in archive.hours(Kind.MENTIONS) for row in archive.rows(Kind.MENTIONS, hour)
    ]
    assert len(held) == 24


async def test_a_killed_restoring_is_begun_again(filled: SqlStore, tmp_path: Path) -> None:
    await archiver(tmp_path, filled).round(NOW_MS)
    before = tables(filled)
    filled.rebuild()
    assert filled.is_new()
    filled.note_restoring(is_under_way=True)
    archive = Archive(tmp_path)
    filled.restore(Kind.WINDOWS, list(archive.rows(Kind.WINDOWS, START_MS)))

    assert filled.is_restoring()
    restore(archive, filled, NOW_MS)
    assert not filled.is_restoring()
    assert tables(filled) == before | {"deletions": tables(filled)["deletions"]}


async def test_a_file_that_cannot_be_read_is_left_as_it_is(
    sqlite_store: SqlStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sqlite_store.apply(records(MENTIONS.name, mention(1)), {})
    made = archiver(tmp_path, sqlite_store)
    await made.round(NOW_MS)
    path = Archive(tmp_path).path(Kind.MENTIONS, START_MS)
    path.write_bytes(b"PAR1 broken")
    sqlite_store.apply(records(MENTIONS.name, mention(2), first=2), {})

    assert await made.round(NOW_MS) == 1
    assert path.read_bytes() == b"PAR1 broken"
    assert "take it back from a backup" in caplog.text
    assert sqlite_store.due_hours(NOW_MS) == [(Kind.MENTIONS, START_MS)]
    told = restore(Archive(tmp_path), sqlite_store, NOW_MS)
    assert [len(one.unreadable) for one in told] == [0, 1]


async def test_old_files_go_and_halves_of_a_killed_process_too(
    sqlite_store: SqlStore, tmp_path: Path
) -> None:
    for one in (mention(1), mention(2, START_MS + 5 * DAY_MS)):
        sqlite_store.apply(records(MENTIONS.name, one, first=one.offset), {})
    made = archiver(tmp_path, sqlite_store, days=2)
    half = tmp_path / "mentions" / "2026-05-23" / "04.pending"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    await made.round(NOW_MS)

    assert Archive(tmp_path).hours(Kind.MENTIONS) == [START_MS + 5 * DAY_MS]
    assert not half.parent.exists()


async def test_a_folder_that_is_away_ends_nothing(
    sqlite_store: SqlStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sqlite_store.apply(records(MENTIONS.name, mention(1)), {})
    made = archiver(tmp_path / "archive", sqlite_store)
    (tmp_path / "archive").rename(tmp_path / "away")

    assert await made.round(NOW_MS) == 1
    assert "trying again later" in caplog.text
    (tmp_path / "away").rename(tmp_path / "archive")
    assert await made.round(NOW_MS) == 0
    assert Archive(tmp_path / "archive").hours(Kind.MENTIONS) == [START_MS]


async def test_of_two_centers_one_writes(sqlite_store: SqlStore, tmp_path: Path) -> None:
    sqlite_store.apply(records(MENTIONS.name, mention(1)), {})
    with Archive(tmp_path).locked() as is_ours:
        assert is_ours
        await archiver(tmp_path, sqlite_store).round(NOW_MS)
        assert Archive(tmp_path).hours(Kind.MENTIONS) == []
    await archiver(tmp_path, sqlite_store).round(NOW_MS)
    assert Archive(tmp_path).hours(Kind.MENTIONS) == [START_MS]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=r"center_archive=.*name a folder"):
        Archive(tmp_path / "file" / "archive")


def test_tables_of_the_version_before_get_what_is_new(transactional_url: str) -> None:
    old = open_store(transactional_url)
    old.apply(records(MENTIONS.name, mention(1)), {})
    with old._database.writing() as tx:
        tx.run("DROP TABLE archive_due")
        tx.run("DROP INDEX mentions_listed")
        tx.run("CREATE INDEX mentions_by_brand_event_time_ms ON mentions (brand, event_time_ms)")
        tx.run("DROP INDEX mentions_identity")
        tx.run("CREATE UNIQUE INDEX mentions_identity ON mentions (brand, part, off)")
        for table, column in (
            ("mentions", "original"),
            ("mentions", "depth"),
            ("deletions", "is_swept"),
        ):
            tx.run(f"ALTER TABLE {table} DROP COLUMN {column}")
        if transactional_url.startswith("sqlite"):
            tx.run("PRAGMA user_version = 1")
        else:
            tx.run("UPDATE schema_version SET version = 1")
            tx.run("DROP AGGREGATE bigint_sum (BIGINT)")
    old.close()

    found = open_store(transactional_url)
    assert found.due_hours(NOW_MS) == [(Kind.MENTIONS, START_MS)]
    came = mention(2, depth=3)
    found.apply(records(MENTIONS.name, mention(1), came, came, first=2), {})
    found.apply(records(WINDOWS.name, *windows_of([came])), {})
    counts = [row.counts[0] for row in found.counts(EVERYTHING, None, Span(0, NOW_MS), Size.DAY)]
    depths = [row.mention.depth for row in found.all_mentions(EVERYTHING, MentionFilter())]
    found.close()
    assert depths == [0, 3]
    assert counts == [1]
