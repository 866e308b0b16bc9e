"""What `measure` puts aside, and why; what it tells of brands."""

import logging
from collections.abc import Callable

import msgspec
import pytest

from agents.measure import MeasureStage
from kafka_io.batches import Row
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from measures.board import Board, BoardSettings
from schemas.alert import EVERY_BRAND
from schemas.catalogue import Brand, Catalogue
from schemas.expectation import Expectation
from schemas.mention import Mention, MentionOrTick, Polarity
from schemas.rules import CrisisRule, SilenceRule
from schemas.topics import EXPECTATIONS, POSTS_DEAD
from streams.brand_metrics import RECENT_MS
from streams.metrics import Metrics
from tests.kafka_io.records import record
from tests.measures.stream import MINUTE, mention, tick

FIRE = CrisisRule(id="fire", words=("起火",))
SPREAD = 4
"""Partitions over which the brands of `BRANDS` are spread."""
BRANDS = ("xiaomi", "huawei", "oppo", "vivo", "apple", "honor")


def catalogue(*brands: str) -> Catalogue:
    return Catalogue(tuple(Brand(id=brand, name=brand.title()) for brand in brands), (FIRE,))


class Worker:
    """A stage, what it is fed, and the series that it shows."""

    def __init__(self, shown: int | str = 20, partitions: int = 1) -> None:
        self.metrics = Metrics()
        settings = Settings.load(
            broker="127.0.0.1:1", partitions=partitions, metrics_brands=str(shown)
        )
        self.stage = MeasureStage(settings, self.metrics, catalogue(*BRANDS))
        self._partitions = partitions
        self._offset = 0
        self.rows: list[Row] = []

    def feed(self, minute: float, **posts: int) -> None:
        """So many posts of each brand; a brand in capitals is on fire."""
        for brand, count in posts.items():
            text = "手机起火" if brand.isupper() else "手机"
            for _ in range(count):
                self._offset += 1
                fields = {"text": text, "sentiment_milli": 500, "polarity": Polarity.POSITIVE}
                item = mention(minute, self._offset, brand.lower(), **fields)
                partition = partition_for(item.brand.encode(), self._partitions)
                if partition in self.owned:
                    self.step(partition, item)

    def reach(self, minute: float) -> None:
        """Event time moves on in all partitions that are owned, and the gauges are set."""
        for partition in self.owned:
            self.step(partition, tick(minute))
        self.stage.gauge(0)

    def own(self, *partitions: int) -> None:
        """A rebalance: all that was owned is dropped."""
        self.stage.drop()
        self.owned = partitions
        self.stage.open(partitions)

    def step(self, partition: int, item: MentionOrTick) -> None:
        value = msgspec.json.encode(item)
        self.rows += self.stage.step(partition, [record(value, topic="mentions")])

    def series(self, name: str, label: str = "brand") -> dict[str, float]:
        return {
            sample.labels[label]: sample.value
            for family in self.metrics.registry.collect()
            for sample in family.samples
            if sample.name == name
        }

    @property
    def posts(self) -> dict[str, float]:
        return self.series("leimo_brand_posts")

    @property
    def alerts(self) -> dict[str, float]:
        return self.series("leimo_brand_open_alerts")

    @property
    def suppressed(self) -> dict[str, float]:
        return self.series("leimo_suppressed_findings_total", "reason")


@pytest.fixture
def worker() -> Callable[..., Worker]:
    """Makes workers that own every partition."""

    def new(shown: int | str = 20, partitions: int = 1) -> Worker:
        made = Worker(shown, partitions)
        made.own(*range(partitions))
        made.reach(0)
        return made

    return new


@pytest.fixture
def stage(worker: Callable[..., Worker]) -> MeasureStage:
    return worker().stage


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", b"not_json"),
        (None, b"not_json"),
        (b"\xff", b"not_json"),
        (b'{"type":"mention"}', b"wrong_type"),
        (b"[]", b"wrong_type"),
    ],
)
async def test_the_reason_says_what_is_wrong(
    stage: MeasureStage, value: bytes | None, reason: bytes
) -> None:
    (row,) = stage.step(0, [record(value, topic="mentions")])
    assert row.topic == POSTS_DEAD.name
    assert dict(row.headers)["reason"] == reason


async def test_the_busiest_brands_have_posts_and_sentiment(worker: Callable[..., Worker]) -> None:
    told = worker(shown=2)
    told.feed(0.5, xiaomi=5, huawei=9, oppo=1)
    told.reach(2)

    assert told.posts == {"xiaomi": 5, "huawei": 9}
    assert told.series("leimo_brand_sentiment") == {"xiaomi": 0.5, "huawei": 0.5}
    assert told.alerts == {}


async def test_an_alert_of_a_brand_is_shown_while_it_fires(worker: Callable[..., Worker]) -> None:
    told = worker()
    told.feed(0.5, XIAOMI=8, huawei=9)
    told.reach(2)

    assert told.alerts == {"xiaomi": 1}
    assert 1 <= told.series("leimo_brand_alert_severity")["xiaomi"] <= 10
    assert told.metrics.registry.get_sample_value("leimo_open_alerts") == 1

    told.reach(200)

    assert told.alerts == {}
    assert told.series("leimo_brand_alert_severity") == {}


async def test_of_many_brands_with_alerts_the_worst_are_shown(
    worker: Callable[..., Worker],
) -> None:
    told = worker(shown=1)
    told.feed(0.5, XIAOMI=8, HUAWEI=80, OPPO=8)
    told.reach(2)

    assert list(told.alerts) == ["huawei"]


async def test_chosen_brands_are_shown_and_no_others(worker: Callable[..., Worker]) -> None:
    told = worker(shown="xiaomi, oppo")
    told.feed(0.5, XIAOMI=8, HUAWEI=9)
    told.reach(2)

    assert told.posts == {"xiaomi": 8}
    assert told.alerts == {"xiaomi": 1, "oppo": 0}
    assert told.series("leimo_brand_alert_severity")["oppo"] == 0


async def test_a_chosen_brand_is_told_of_by_the_worker_that_owns_it(
    worker: Callable[..., Worker],
) -> None:
    one, other = worker(",".join(BRANDS), SPREAD), worker(",".join(BRANDS), SPREAD)
    one.own(0, 1)
    other.own(2, 3)
    one.reach(0)
    other.reach(0)

    assert one.alerts
    assert other.alerts
    assert sorted([*one.alerts, *other.alerts]) == sorted(BRANDS)


@pytest.mark.parametrize("shown", [20, ",".join(BRANDS)])
async def test_brands_leave_with_their_partition(
    worker: Callable[..., Worker], shown: int | str
) -> None:
    told = worker(shown, SPREAD)
    posts = dict.fromkeys(map(str.upper, BRANDS), 8)
    told.feed(0.5, **posts)
    told.reach(2)
    assert set(told.posts) == set(told.alerts) == set(BRANDS)

    told.stage.drop()
    names = ("posts", "sentiment", "open_alerts", "alert_severity")
    assert [told.series(f"leimo_brand_{name}") for name in names] == [{}, {}, {}, {}]

    told.own(1)
    told.reach(0)
    told.feed(0.5, **posts)
    told.reach(2)

    kept = {brand for brand in BRANDS if partition_for(brand.encode(), SPREAD) == 1}
    assert 0 < len(kept) < len(BRANDS)
    assert set(told.posts) == set(told.alerts) == kept


@pytest.mark.parametrize("shown", [20, "xiaomi,huawei"])
async def test_brands_leave_with_the_catalogue(
    worker: Callable[..., Worker], shown: int | str
) -> None:
    told = worker(shown)
    told.feed(0.5, XIAOMI=8, HUAWEI=9)
    told.reach(2)
    assert set(told.posts) == set(told.alerts) == {"xiaomi", "huawei"}

    told.stage.redefine(catalogue("xiaomi"))
    told.stage.gauge(0)
    assert set(told.posts) == set(told.alerts) == {"xiaomi"}

    told.feed(2.5, huawei=9)  # was on its way
    told.reach(4)
    assert set(told.posts) == set(told.alerts) == {"xiaomi"}


async def test_a_brand_without_recent_posts_leaves_and_a_chosen_one_keeps_its_alerts(
    worker: Callable[..., Worker],
) -> None:
    told = worker("xiaomi")
    told.feed(0.5, XIAOMI=8)
    told.reach(2)
    told.reach(2 + RECENT_MS / MINUTE)

    assert told.posts == {}
    assert told.alerts == {"xiaomi": 1}


async def test_a_chosen_brand_that_nobody_knows_is_told_with_the_nearest(
    worker: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        told = worker(f"xiaomi,huawai,{EVERY_BRAND}")
        told.stage.redefine(catalogue("xiaomi", "huawei"))
    [line] = caplog.messages
    assert line.startswith(
        "LEIMO_METRICS_BRANDS: the catalogue has no brand 'huawai' (did you mean"
    )
    assert "'huawei'" in line
    assert "xiaomi" not in line

    told.stage.redefine(catalogue("xiaomi", "huawai"))
    told.reach(1)
    assert set(told.alerts) == {"xiaomi", "huawai", EVERY_BRAND}


async def test_alerts_of_all_brands_together_are_shown_under_a_star(
    worker: Callable[..., Worker],
) -> None:
    told = worker()
    silence = SilenceRule(id="silent", within_min=5)
    told.stage.redefine(msgspec.structs.replace(catalogue(*BRANDS), rules=(silence,)))
    told.feed(0.5, xiaomi=8)
    told.reach(2)
    idle = tick(2, watermarks={}, idle=(0,), sent_at_ms=tick(20).watermarks[0])
    told.step(0, idle)
    told.stage.gauge(0)

    assert told.alerts == {EVERY_BRAND: 1}


async def test_why_nobody_was_told_is_counted(worker: Callable[..., Worker]) -> None:
    told = worker()
    waits = msgspec.structs.replace(FIRE, pending_min=30)
    told.stage.redefine(msgspec.structs.replace(catalogue(*BRANDS), rules=(waits,)))
    told.feed(0.5, XIAOMI=8)
    told.reach(2)

    assert told.alerts == {}
    assert told.suppressed["pending"] >= 1
    assert {reason for reason, findings in told.suppressed.items() if findings} == {"pending"}


async def test_nothing_is_shown_where_none_is_wanted(worker: Callable[..., Worker]) -> None:
    told = worker(shown=0)
    told.feed(0.5, XIAOMI=8)
    told.reach(2)

    assert told.posts == told.alerts == {}


async def test_the_latency_is_that_of_posts_and_not_of_ticks(stage: MeasureStage) -> None:
    """A tick is always new: it would hide how long the posts before it have waited."""
    post, tick_after = record(b"{}", key=b"xiaomi", timestamp=1), record(b"{}", timestamp=2)

    assert stage.append_ms([post, tick_after]) == 1
    assert stage.append_ms([tick_after]) == 0


def test_it_knows_how_far_it_has_counted(stage: MeasureStage) -> None:
    assert stage.counted_to() == {}
    before = Board(BoardSettings(), Catalogue((Brand(id="xiaomi", name="Xiaomi"),)))
    for partition, offset in ((2, 7), (5, 0), (2, 9)):
        before.apply(Mention("xiaomi", partition, offset, 1_767_225_600_000))
    entries = before.entries("xiaomi")
    stage.restore(0, [(key, value) for key, value in entries if value is not None])

    assert stage.counted_to() == {("posts.raw", 2): 10, ("posts.raw", 5): 1}


async def test_what_was_expected_of_a_brand_goes_where_its_windows_go(
    worker: Callable[..., Worker],
) -> None:
    told = worker(partitions=SPREAD)
    told.feed(0.5, xiaomi=3, huawei=1)
    told.reach(2)

    rows = [row for row in told.rows if row.topic == EXPECTATIONS.name]
    found = [msgspec.json.decode(row.value or b"", type=Expectation) for row in rows]
    assert sorted(one.brand for one in found) == ["huawei", "xiaomi"]
    for row, one in zip(rows, found, strict=True):
        assert row.partition == partition_for(one.brand.encode(), SPREAD)
        assert row.key == one.key
