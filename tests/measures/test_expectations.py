"""What was expected is told once for each hour of a brand, by what came before the hour."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from measures.board import Board, BoardSettings
from measures.expectations import SLOTS, slot_ms
from measures.season import HOUR_MS, MINUTE_MS
from schemas.catalogue import Brand, Catalogue
from schemas.expectation import Expectation
from schemas.mention import Mention, Tick
from schemas.rules import Rule, SpikeRule
from tests.measures.stream import LONG_AFTER, changelog

SPIKE = SpikeRule(id="spike")
EAGER = SpikeRule(id="eager", false_alerts_per_month=20.0)
BRANDS = tuple(Brand(id=f"b{number}", name=f"b{number}") for number in range(12))
BEGIN_MS = 1_400_000_400_000
"""A full hour."""
GOLDEN = Path(__file__).with_name("expectations.golden.jsonl")


def subject(*rules: Rule, brands: Sequence[Brand] = BRANDS) -> Board:
    return Board(BoardSettings(), Catalogue(tuple(brands), rules))


def mention(minute: int, offset: int, brand: str) -> Mention:
    at_ms = BEGIN_MS + minute * MINUTE_MS
    return Mention(brand, 0, offset, at_ms, author=f"a{offset}", text_hash=offset)


def tick(minute: float, *, is_live: bool) -> Tick:
    at_ms = BEGIN_MS + int(minute * MINUTE_MS)
    return Tick(at_ms + 1000 if is_live else LONG_AFTER, 1, {0: at_ms})


def stream(minutes: int, *, is_live: bool, brands: int = 3) -> list[Mention | Tick]:
    """Brand 0 has a post a minute, brand 1 one in 90 minutes, brand 2 one at the begin."""
    items: list[Mention | Tick] = []
    for minute in range(minutes):
        posts = [0] + [1] * (minute % 90 == 3) + [2] * (minute == 1)
        items += [
            mention(minute, 100 * minute + number, f"b{number}")
            for number in posts
            if number < brands
        ]
        items.append(tick(minute + 1, is_live=is_live))
    return items


def told(board: Board, items: Sequence[Mention | Tick]) -> list[Expectation]:
    for item in items:
        if isinstance(item, Mention):
            board.apply(item)
        else:
            board.tick(item)
    return board.drain().expectations


def hours(found: Sequence[Expectation], brand: str) -> list[int]:
    return [(one.start_ms - BEGIN_MS) // HOUR_MS for one in found if one.brand == brand]


def test_a_live_feed_tells_each_hour_of_each_brand_once() -> None:
    found = told(subject(SPIKE), stream(6 * 60, is_live=True))

    assert max(Counter(one.key for one in found).values()) == 1
    assert {brand: sorted(hours(found, brand)) for brand in ("b0", "b1", "b2")} == {
        "b0": [0, 1, 2, 3, 4, 5],
        "b1": [0, 1, 2, 3, 4, 5],
        "b2": [0, 1, 2, 3, 4, 5],
    }


def test_a_replay_tells_of_the_hours_with_posts() -> None:
    found = told(subject(SPIKE), stream(6 * 60, is_live=False))

    assert hours(found, "b0") == [0, 1, 2, 3, 4, 5]
    assert hours(found, "b1") == [0, 1, 3, 4]
    assert hours(found, "b2") == [0]


def test_it_is_the_same_in_a_replay_as_in_a_live_feed() -> None:
    live = {one.key: one for one in told(subject(SPIKE), stream(6 * 60, is_live=True))}
    again = told(subject(SPIKE), stream(6 * 60, is_live=False))

    assert len(again) == 11
    for one in again:
        assert live[one.key].level == pytest.approx(one.level, abs=1e-3)


def test_a_quiet_brand_is_told_of_in_its_slot_and_the_others_in_theirs() -> None:
    board = subject(SPIKE)
    told(board, [mention(0, number, brand.id) for number, brand in enumerate(BRANDS)])
    minutes: dict[str, int] = {}
    for minute in range(1, 80):
        for one in told(board, [tick(minute, is_live=True)]):
            if one.start_ms == BEGIN_MS + HOUR_MS:
                minutes[one.brand] = minute
    slots = {
        brand.id: (slot_ms(brand.id, BEGIN_MS + HOUR_MS) - BEGIN_MS) // MINUTE_MS
        for brand in BRANDS
    }
    # A minute is closed half a minute after its end.
    assert minutes == {brand: max(slot, 60) + 1 for brand, slot in slots.items()}
    assert len(set(minutes.values())) == SLOTS


def test_the_level_is_what_was_usual_and_the_limits_those_of_the_most_sensitive_rule() -> None:
    items = stream(30 * 60, is_live=False, brands=1)
    one, both = told(subject(SPIKE), items)[-1], told(subject(SPIKE, EAGER), items)[-1]

    assert one.level == pytest.approx(1.0, rel=0.05)
    assert list(one.limits) == [1, 5, 15, 60]
    assert sorted(one.limits.values()) == list(one.limits.values())
    assert one.limits[60] > 60
    assert both.limits[60] < one.limits[60]


def test_the_limit_is_where_a_spike_is_told() -> None:
    """As far as the number goes: the level within the hour, and the authors, are other matters."""
    board = subject(SPIKE)
    found = told(board, stream(30 * 60, is_live=False, brands=1))
    limit = found[-1].limits[1]
    for posts in (limit - 2, limit + 1):
        again = subject(SPIKE)
        again.restore_partition_state(board.partition_state_bytes())
        again.restore(changelog(board))
        for number in range(posts):
            again.apply(mention(30 * 60, 1_000_000 + number, "b0"))
        again.tick(tick(30 * 60 + 2, is_live=False))
        assert bool(again.drain().alerts) is (posts >= limit)


def test_without_a_rule_or_in_the_first_half_hour_there_is_no_limit() -> None:
    assert {str(one.limits) for one in told(subject(), stream(120, is_live=True))} == {"{}"}
    assert told(subject(SPIKE), stream(5, is_live=True))[0].limits == {}


def test_nothing_is_told_of_what_is_no_brand_of_the_catalogue() -> None:
    found = told(subject(SPIKE, brands=BRANDS[1:]), stream(120, is_live=True))
    assert {one.brand for one in found} == {"b1", "b2"}


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize("every", [1, 7, 61])
def test_restarts_change_nothing(*, is_live: bool, every: int) -> None:
    items = stream(5 * 60, is_live=is_live)
    plain, board = subject(SPIKE), subject(SPIKE)
    expected = told(plain, items)
    found: list[Expectation] = []
    for number, item in enumerate(items):
        found += told(board, [item])
        if isinstance(item, Tick) and number % every == 0:
            fresh = subject(SPIKE)
            fresh.restore_partition_state(board.partition_state_bytes())
            fresh.restore(changelog(board))
            board = fresh
    assert found == expected


def test_to_look_ahead_teaches_nothing() -> None:
    """The states are the same as those of a board whose brands it tells nothing of."""
    items = stream(4 * 60, is_live=True)
    watched, unwatched = subject(), subject(brands=())
    told(watched, items)
    told(unwatched, items)
    assert {name: msgspec.msgpack.encode(state) for name, state in watched.states.items()} == {
        name: msgspec.msgpack.encode(state) for name, state in unwatched.states.items()
    }


def test_a_replay_gives_what_it_always_gave() -> None:
    """`expectations.golden.jsonl` was looked at once; `python -m tests.measures.test_expectations`
    writes it anew after the detector was changed on purpose."""
    found = golden_replay()
    lines = [
        msgspec.json.decode(line, type=Expectation) for line in GOLDEN.read_bytes().splitlines()
    ]
    assert [one.key for one in found] == [one.key for one in lines]
    for one, golden in zip(found, lines, strict=True):
        assert one.level == pytest.approx(golden.level, rel=1e-6)
        assert one.limits == golden.limits


def golden_replay() -> list[Expectation]:
    return told(subject(SPIKE), stream(30 * 60, is_live=True))


if __name__ == "__main__":
    GOLDEN.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in golden_replay()))
