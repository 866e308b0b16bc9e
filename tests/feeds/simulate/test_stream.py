"""The simulated feed: the same for the same seed, real in shape, and true to its truth."""

from collections import Counter
from itertools import islice
from typing import Any

import orjson
import pytest

from catalogue.file import SHIPPED, load
from feeds.simulate.brands import BRANDS
from feeds.simulate.rhythm import HOUR_MS, factor
from feeds.simulate.stream import Simulation
from feeds.simulate.truth import Truth
from feeds.source import DuePost
from sources.parsing import parse

START_MS = 1_700_000_000_000


def posts(**plan: Any) -> list[DuePost]:
    defaults: dict[str, Any] = {
        "start_ms": START_MS, "rate": 200.0, "duration_s": 20.0, "is_rhythmic": False,
        "first_event_s": 3.0, "event_gap_s": 4.0,
    }  # fmt: skip
    return [post for batch in Simulation(**{**defaults, **plan}).batches() for post in batch]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    assert posts(seed=5) == posts(seed=5)
    assert posts(seed=5) != posts(seed=6)


def test_an_endless_feed_begins_like_one_with_an_end() -> None:
    endless = Simulation(start_ms=START_MS, rate=200.0, is_rhythmic=False)
    ended = Simulation(start_ms=START_MS, rate=200.0, is_rhythmic=False, duration_s=5.0)
    assert list(islice(endless.batches(), 40)) == list(islice(ended.batches(), 40))


def test_every_post_is_a_status_that_the_analysis_reads() -> None:
    for post in posts():
        read = parse("weibo", post.value, START_MS + 100_000)
        assert post.event_time_ms == read.event_time_ms
        assert post.key.decode() == read.author.id


def test_posts_come_by_due_time_somewhat_out_of_order_and_some_twice() -> None:
    made = posts()
    dues = [post.due_ms for post in made]
    times = [post.event_time_ms for post in made]
    repeats = len(made) - len({post.value for post in made})
    assert dues == sorted(dues)
    assert times != sorted(times)
    assert 0 < repeats < len(made) / 50
    assert all(post.due_ms + START_MS >= post.event_time_ms for post in made)


def test_the_rate_is_kept_over_the_mean_day() -> None:
    made = posts(first_event_s=1e6, duration_s=60.0)
    assert len(made) == pytest.approx(200 * 60, rel=0.1)


def test_the_truth_equals_a_recount_of_the_posts() -> None:
    """A brand's posts name it, or repost an original that does; each once."""
    truth = Truth()
    unique = {post.value: post for post in posts(truth=truth)}
    names = {brand.id: brand.name for brand in BRANDS}
    expected: Counter[str] = Counter()
    for value in unique:
        status = orjson.loads(value)
        text = status["text"] + status.get("retweeted_status", {}).get("text", "")
        expected.update(key for key, name in names.items() if name in text)
    assert expected == by_brand(truth)


def test_the_first_event_is_a_crisis_that_doubles_the_posts_of_its_brand() -> None:
    eventful, calm = Truth(), Truth()
    posts(truth=eventful, duration_s=60.0, event_gap_s=30.0)
    posts(truth=calm, duration_s=60.0, first_event_s=1e6)
    first = next(row for row in eventful.rows() if row["type"] == "event")
    assert first["kind"] == "crisis"
    brand = str(first["brand"])
    assert by_brand(eventful)[brand] > 2 * by_brand(calm)[brand]


def by_brand(truth: Truth) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in truth.rows():
        if row["type"] == "minute":
            counts[str(row["brand"])] += int(str(row["posts"]))
    return counts


def test_a_share_of_broken_records_is_broken() -> None:
    def is_broken(value: bytes) -> bool:
        try:
            orjson.loads(value)
        except orjson.JSONDecodeError:
            return True
        return False

    made = posts(broken_share=0.1)
    assert sum(is_broken(post.value) for post in made) / len(made) == pytest.approx(0.1, abs=0.03)


def test_every_simulated_brand_stands_in_the_shipped_catalogue_by_id_and_name() -> None:
    catalogue = {brand.id: {brand.name, *brand.aliases} for brand in load(SHIPPED).brands}
    for brand in BRANDS:
        assert any(name in brand.name for name in catalogue[brand.id]), brand


def test_four_in_the_morning_is_quieter_than_ten_in_the_evening() -> None:
    assert factor(20 * HOUR_MS) < factor(14 * HOUR_MS) / 3
