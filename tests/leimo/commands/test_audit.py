"""`leimo audit`: windows that are right pass, and each way to be wrong is named."""

import asyncio
import json
import uuid

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from typer.testing import CliRunner, Result

from analysis.shipped import analyser_of
from catalogue.topic import publish
from feeds.live.kept import gap_row
from kafka_io.batches import Row
from kafka_io.brokers import ApacheKafka
from kafka_io.dead_letters import dead_letter_row
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.catalogue import Brand, Catalogue
from schemas.dead_letter import DropReason
from schemas.feed import FeedGap, GapReason
from schemas.mention import Mention, Tick
from schemas.topics import MENTIONS, POSTS_RAW, WINDOWS
from schemas.window import Window
from sources.parsing import parse
from tests.kafka_io.broker_log import append
from tests.kafka_io.records import record

pytestmark = pytest.mark.kafka

MINUTE_MS = 60_000
FIRST_MS = 1_767_225_600_000
"""2026-01-01T00:00Z"""
TEXT = "小米手机真好用"
BRAND = Brand(id="xiaomi", name="小米手机", aliases=("小米手机",))
BROKEN = b'{"id": 1'
LIKE = b'{"did":"d","kind":"commit","commit":{"collection":"app.bsky.feed.like"}}'


def post(number: int, minute: int, author: str, text: str, followers: int = 10) -> Row:
    """A raw post by `author`, in `minute` after the first."""
    value = {
        "id": str(number),
        "text": text,
        "created_at": FIRST_MS + minute * MINUTE_MS + number,
        "author": {"id": author, "name": author, "followers": followers},
    }
    headers = [("source", b"leimo"), ("received_at", b"%d" % (FIRST_MS + 10 * MINUTE_MS))]
    return Row(POSTS_RAW.name, 1, author.encode(), msgspec.json.encode(value), headers)


def window(brand: str, minute: int, revision: int = 0, **counts: int) -> Row:
    """A published window; what is not given is zero."""
    fields = dict.fromkeys(set(Window.__struct_fields__) - {"intents"}, 0) | counts
    start_ms = FIRST_MS + minute * MINUTE_MS
    made = Window(
        **fields
        | {"brand": brand, "start_ms": start_ms, "size_ms": MINUTE_MS, "revision": revision}  # type: ignore[arg-type]
    )
    partition = partition_for(brand.encode(), 2)
    return Row(WINDOWS.name, partition, made.key, msgspec.json.encode(made))


POSTS = [
    post(1, 0, "a", TEXT),
    post(2, 0, "b", TEXT, followers=5),
    post(2, 0, "b", TEXT, followers=5),  # the source repeated it
    Row(POSTS_RAW.name, 1, b"c", BROKEN, [("source", b"leimo")]),
    post(3, 1, "a", TEXT),
    post(4, 2, "a", TEXT),  # its minute is not closed yet
    Row(POSTS_RAW.name, 1, b"d", LIKE, [("source", b"jetstream")]),  # skipped, and no dead letter
]
MILLI = next(
    iter(
        analyser_of(Catalogue((BRAND,))).mentions(
            parse("leimo", POSTS[0].value or b"", FIRST_MS), 0, 0
        )
    )
).sentiment_milli
"""The analysis is the product's own; all else is counted by hand."""
ONE = {
    "posts": 1, "originals": 1, "positive": 1, "sentiment_milli": MILLI, "reach": 10,
    "authors": 1, "texts": 1, "earned": 1,
}  # fmt: skip
TWO = {
    "posts": 2, "originals": 2, "positive": 2, "sentiment_milli": 2 * MILLI, "reach": 15,
    "authors": 2, "texts": 1, "earned": 2,
}  # fmt: skip
DEAD = dead_letter_row(
    (POSTS_RAW.name, 1),
    record(BROKEN, key=b"c", offset=3),
    DropReason.NOT_JSON,
    "cut off",
)
RIGHT = [window("xiaomi", 0, posts=99), window("xiaomi", 0, 1, **TWO), window("xiaomi", 1, **ONE)]


@pytest.fixture
def settings(kafka_broker: ApacheKafka, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LEIMO_BROKER", kafka_broker.address)
    monkeypatch.setenv("LEIMO_PARTITIONS", "2")
    monkeypatch.setenv("LEIMO_GROUP", f"audit-{uuid.uuid4().hex}")
    settings = Settings.load()
    asyncio.run(_fill(settings))
    return settings


async def _fill(settings: Settings) -> None:
    await apply_topics(settings)
    await publish(settings, Catalogue((BRAND,), ()))
    await append(settings, *POSTS)


async def take(settings: Settings, raw: int | None = None, mentions: int | None = None) -> None:
    """Commit as the workers' group what they would have: all, or so many of `POSTS`."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker, group_id=settings.group, enable_auto_commit=False
    )
    asked = {POSTS_RAW.name: raw, MENTIONS.name: mentions}
    async with consumer:
        partitions = [TopicPartition(topic, p) for topic in asked for p in range(2)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.commit(
            {
                at: end if (few := asked[at.topic]) is None else min(few, end)
                for at, end in ends.items()
            }
        )


async def remove_before(settings: Settings, offset: int) -> None:
    """As retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(POSTS_RAW.name, 1): RecordsToDelete(before_offset=offset)}
        )
    finally:
        await admin.close()


def audit(
    settings: Settings,
    *rows: Row,
    options: tuple[str, ...] = (),
    raw: int | None = None,
    mentions: int | None = None,
) -> Result:
    asyncio.run(append(settings, *rows))
    asyncio.run(take(settings, raw, mentions))
    result = CliRunner().invoke(app, ["audit", "--settle", "0", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_right_windows_are_exact(settings: Settings) -> None:
    told = audit(settings, *RIGHT, DEAD)

    assert told.exit_code == 0, told.stdout
    assert told.stdout.splitlines() == [
        "7 records read: 4 posts, 1 repeat",
        "2 windows compared, 1 minute still open",
        "lost: 0",
        "counted twice: 0",
        "windows with a wrong number: 0",
        "dead letters missing: 0",
        "dead letters too many: 0",
        "exact",
    ]


def test_what_feeds_could_not_give_is_told(settings: Settings) -> None:
    gaps = [
        FeedGap(
            feed=feed,
            from_ms=FIRST_MS + 1_000 * begin,
            to_ms=FIRST_MS + 1_000 * end,
            reason=GapReason.NO_RESUME,
        )
        for feed, begin, end in (("jetstream", 0, 90), ("mastodon", 30, 120), ("x", -900, -800))
    ]
    since = ("--since", "2026-01-01T00:00Z")
    told = audit(settings, *RIGHT, DEAD, *map(gap_row, gaps), options=since)
    assert "2 gaps of feeds, 2.0 min in all" in told.stdout
    report = json.loads(audit(settings, options=(*since, "--json")).stdout)
    assert (report["gaps"], report["gaps_s"]) == (2, 120.0)


def test_a_post_that_took_too_long_was_put_aside_and_not_counted(settings: Settings) -> None:
    """It can be read all the same: only the dead letter tells."""
    slow = record(POSTS[4].value or b"", key=b"a", offset=4)
    put_aside = dead_letter_row((POSTS_RAW.name, 1), slow, DropReason.TOO_SLOW, "took 6 s")

    told = audit(settings, RIGHT[1], DEAD, put_aside)

    assert told.exit_code == 0, told.stdout
    assert told.stdout.startswith("7 records read: 3 posts, 1 repeat\n1 window compared")


def test_every_way_to_be_wrong_is_counted(settings: Settings) -> None:
    stray = dead_letter_row(
        (POSTS_RAW.name, 1), record(b"", offset=0), DropReason.EMPTY, "no bytes"
    )
    wrong = [
        window("xiaomi", 0, **TWO | {"posts": 1}),
        window("xiaomi", 1, **ONE | {"reach": 11}),
        window("huawei", 1, **ONE),
    ]
    told = audit(settings, *wrong, stray, options=("--json",))
    report = json.loads(told.stdout)

    assert told.exit_code == 1
    assert (report["lost"], report["counted_twice"], report["wrong_windows"]) == (1, 1, 3)
    assert (report["dead_letters_missing"], report["dead_letters_too_many"]) == (1, 1)
    assert report["differences"] == [
        f"huawei at {FIRST_MS + MINUTE_MS}: window too many",
        f"xiaomi at {FIRST_MS}: posts is 1, expected 2",
        f"xiaomi at {FIRST_MS + MINUTE_MS}: reach is 11, expected 10",
    ]


def tick(watermark_min: int, idle: tuple[int, ...] = ()) -> Row:
    """What workers send into the brand's partition of `mentions`."""
    watermark_ms = FIRST_MS + watermark_min * MINUTE_MS
    sent = Tick(watermark_ms, 2, dict.fromkeys((0, 1), watermark_ms), idle)
    return Row(MENTIONS.name, partition_for(b"xiaomi", 2), None, msgspec.json.encode(sent))


def test_a_minute_that_was_closed_in_a_lull_may_be_open_for_other_brands(
    settings: Settings,
) -> None:
    """A window of its partition stands there; that of the brand comes with the watermark."""
    huawei = next(
        name
        for name in (f"b{number}" for number in range(99))
        if partition_for(name.encode(), 2) == partition_for(b"xiaomi", 2)
    )
    other = window(huawei, 9)
    still_open = audit(settings, RIGHT[0], DEAD, other, tick(1), options=("--json",))
    assert [json.loads(still_open.stdout)[key] for key in ("lost", "open_windows")] == [0, 2]

    passed = audit(settings, tick(4), options=("--json",))
    assert passed.exit_code == 1
    assert [json.loads(passed.stdout)[key] for key in ("lost", "open_windows")] == [2, 0]


def test_in_a_lull_nothing_is_open(settings: Settings) -> None:
    told = audit(settings, RIGHT[0], DEAD, window("xiaomi", 9), tick(1, idle=(0, 1)))

    assert "lost: 2" in told.stdout, told.stdout


def test_a_time_without_windows_proves_nothing(settings: Settings) -> None:
    options = ("--since", "2030-01-01T00:00")
    told = audit(settings, *RIGHT, DEAD, options=options)

    assert told.exit_code == 1, told.stdout
    assert "NOTHING COMPARED: there is no closed window in that time." in told.stdout
    assert json.loads(audit(settings, options=(*options, "--json")).stdout)["is_exact"] is False


def test_a_range_looks_at_its_own_windows_only(settings: Settings) -> None:
    rows = [window("xiaomi", 0, **ONE), window("xiaomi", 1, **ONE), DEAD]
    whole = audit(settings, *rows)
    assert "xiaomi at 1767225600000: posts is 1, expected 2" in whole.stdout
    assert whole.stdout.endswith("NOT EXACT\n")

    since = audit(settings, options=("--since", "2026-01-01T00:01"))
    assert "1 window compared, 1 minute still open" in since.stdout
    assert since.exit_code == 0
    until = audit(settings, options=("--until", "2026-01-01T00:01"))
    assert "1 window compared, 0 minutes still open" in until.stdout
    assert until.exit_code == 1


def test_posts_that_are_not_taken_yet_are_no_loss(settings: Settings) -> None:
    """A worker was stopped after the first post: its minute was closed in a lull."""
    first = window("xiaomi", 0, **ONE)
    told = audit(settings, first, tick(9), raw=1)

    assert told.exit_code == 1
    assert told.stdout.splitlines()[:-1] == [
        "1 record read: 1 post, 0 repeats",
        "0 windows compared, 0 minutes still open",
        "6 posts not yet taken by the workers, 1 window left out until they are; see `leimo lag`",
        "lost: 0",
        "counted twice: 0",
        "windows with a wrong number: 0",
        "dead letters missing: 0",
        "dead letters too many: 0",
    ]
    assert "NOTHING COMPARED: posts of every closed window" in told.stdout


def test_posts_that_are_counted_and_not_committed_are_not_too_many(settings: Settings) -> None:
    """A worker was killed between the two; what it left out is found all the same."""
    told = audit(settings, *RIGHT, DEAD, tick(9), raw=4, options=("--json",))
    report = json.loads(told.stdout)

    assert told.exit_code == 0, told.stdout
    assert (report["windows"], report["waiting_posts"], report["waiting_windows"]) == (1, 3, 1)

    lost = audit(settings, window("xiaomi", 0, 2, **ONE), raw=4, options=("--json",))
    assert json.loads(lost.stdout)["lost"] == 1
    assert lost.exit_code == 1


def test_mentions_that_are_not_counted_yet_are_no_loss(settings: Settings) -> None:
    """The second worker is behind the first: a mention and the tick after it wait for it."""
    waiting = Mention("xiaomi", 1, 1, FIRST_MS)
    partition = partition_for(b"xiaomi", 2)
    sent = Row(MENTIONS.name, partition, b"xiaomi", msgspec.json.encode(waiting))
    rows = [window("xiaomi", 0, **ONE), DEAD, tick(1), sent, tick(9)]
    told = audit(settings, *rows, raw=5, mentions=1, options=("--json",))
    report = json.loads(told.stdout)

    assert [report[key] for key in ("lost", "windows", "waiting_windows")] == [0, 0, 1]
    assert report["open_windows"] == 1

    taken = audit(settings, raw=5, options=("--json",))
    report = json.loads(taken.stdout)
    assert [report[key] for key in ("lost", "windows", "waiting_windows")] == [1, 1, 0]


@pytest.mark.parametrize("told_late", [2, 1])
def test_posts_that_were_told_to_be_late_are_not_lost(settings: Settings, told_late: int) -> None:
    """Two posts of the first minute came when it was older than what is kept."""
    rows = [window("xiaomi", 1, **ONE | {"late": told_late}), window("xiaomi", 2, **ONE)]
    told = audit(settings, *rows, DEAD, tick(125), options=("--json",))
    report = json.loads(told.stdout)

    assert report["late"] == told_late
    assert report["is_exact"] is (told_late == 2)
    assert report["lost"] == (0 if told_late == 2 else 2)


def test_posts_that_retention_took_before_the_workers_are_lost(settings: Settings) -> None:
    """Of the minutes around nothing is known: they are not compared."""
    asyncio.run(remove_before(settings, 4))
    told = audit(settings, *RIGHT, DEAD, raw=1)

    assert told.exit_code == 1
    assert "removed by retention before they were counted: 3" in told.stdout
    assert "windows with a wrong number: 0" in told.stdout
    assert told.stdout.endswith("NOT EXACT\n")


def test_a_group_that_took_nothing_is_named(settings: Settings) -> None:
    told = CliRunner().invoke(app, ["audit"], env={"LEIMO_GROUP": "typo"})

    assert told.exit_code == 1
    assert "LEIMO_GROUP=typo: this group has taken no post" in told.stderr


def test_a_time_that_is_none_is_refused() -> None:
    refused = CliRunner().invoke(app, ["audit", "--since", "soon"])

    assert refused.exit_code == 2
    assert "--since 'soon' is no time, such as" in refused.stderr
