"""What ClickHouse, which has no transactions, needs besides the contract."""

from collections.abc import Iterator
from typing import Any

import pytest

from center.store.opening import ClickHouseStore, open_store
from center.store.protocol import (
    DAY_MS,
    EVERYTHING,
    MentionFilter,
    MentionSort,
    Offsets,
    Record,
    Size,
    Span,
)
from kafka_io.brokers import free_port
from schemas.deletion import Deletion, DeletionScope
from schemas.errors import OperatorError
from schemas.topics import ALERTS, DELETIONS, MENTIONS, WINDOWS
from tests.center.records import START_MS, alert, mention, records, windows_of

ALWAYS = Span(0, 1 << 60)
ALL = MentionFilter()


@pytest.fixture
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseStore]:
    found = open_store(clickhouse_url)
    assert isinstance(found, ClickHouseStore)
    found.empty()
    yield found
    found.close()


def state(store: ClickHouseStore) -> dict[str, Any]:
    """Everything that a batch of windows, mentions, deletions and alerts leaves."""
    rows = store.mentions(EVERYTHING, ALL, MentionSort.TIME, None, 1000)
    return {
        **{size: store.counts(EVERYTHING, None, ALWAYS, size) for size in Size},
        "mentions": rows,
        "found": store.mentions(
            EVERYTHING, ALL._replace(words="手机"), MentionSort.TIME, None, 1000
        ),
        "alert": store.alert(EVERYTHING, "a1"),
        "fresh": store.freshness(),
        "offsets": store.offsets(),
    }


def gone(subject: str) -> Deletion:
    return Deletion(
        scope=DeletionScope.POST, source="weibo", subject=subject, at_ms=START_MS + DAY_MS
    )


def a_batch() -> tuple[list[Record], Offsets]:
    mentions = [mention(n, START_MS + n * 3_600_000) for n in range(40)]
    windows = windows_of(mentions)
    found = [
        *records(DELETIONS.name, gone("p3")),
        *records(WINDOWS.name, *windows),
        *records(MENTIONS.name, *mentions),
        *records(ALERTS.name, alert()),
    ]
    positions = {(WINDOWS.name, 0): len(windows), (MENTIONS.name, 0): 40}
    return found, positions | {(DELETIONS.name, 0): 1, (ALERTS.name, 0): 1}


class _Killed(BaseException):
    """The process ends here: what was written before stays."""


def test_a_batch_that_was_cut_off_anywhere_is_whole_when_it_comes_again(
    clickhouse: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, positions = a_batch()
    clickhouse.apply(batch, positions)
    expected = state(clickhouse)
    client = clickhouse._database._writer  # type: ignore[attr-defined]
    clickhouse.empty()
    steps = 0
    while True:
        left = steps

        def counted(work: Any) -> Any:
            def step(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise _Killed
                left -= 1
                return work(*arguments, **named)

            return step

        with monkeypatch.context() as patched:
            patched.setattr(client, "insert", counted(client.insert))
            patched.setattr(client, "command", counted(client.command))
            try:
                clickhouse.apply(batch, positions)
            except _Killed:
                assert clickhouse.offsets() == {}
            else:
                break
        steps += 1
    assert steps > 7
    assert state(clickhouse) == expected


def test_what_is_taken_back_stays_so_when_the_post_comes_again(
    clickhouse: ClickHouseStore,
) -> None:
    batch, positions = a_batch()
    clickhouse.apply(batch, positions)
    clickhouse.apply(records(DELETIONS.name, gone("p5"), first=1), {})
    clickhouse.restart(MENTIONS.name, 0)
    clickhouse.apply(batch, positions)

    rows = clickhouse.mentions(EVERYTHING, ALL, MentionSort.TIME, None, 1000)
    assert sorted(row.mention.offset for row in rows if row.is_deleted) == [3, 5]
    assert all(row.mention.text == "" for row in rows if row.is_deleted)


def test_text_that_was_taken_back_goes_from_the_disk(clickhouse: ClickHouseStore) -> None:
    batch, positions = a_batch()
    clickhouse.apply(batch, positions)
    clickhouse.apply(records(DELETIONS.name, gone("p5"), first=1), {})
    written = "SELECT COUNT(*) FROM mentions WHERE post = 'p5' AND text <> '' SETTINGS final = 0"
    assert clickhouse._database.rows(written) == [(1,)]
    clickhouse.prune(START_MS + DAY_MS)
    assert clickhouse._database.rows(written) == [(0,)]


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(OperatorError, match="look at its address"):
        open_store(f"clickhouse://leimo@127.0.0.1:{free_port()}/leimo")


def test_newer_tables_are_refused(clickhouse: ClickHouseStore, clickhouse_url: str) -> None:
    client = clickhouse._database._writer  # type: ignore[attr-defined]
    held = client.query("SELECT version FROM schema_version").result_rows[0][0]
    client.insert("schema_version", [[99]], ["version"])
    try:
        with pytest.raises(OperatorError, match="of version 99"):
            open_store(clickhouse_url)
    finally:
        client.insert("schema_version", [[held]], ["version"])
