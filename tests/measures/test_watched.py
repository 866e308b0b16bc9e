"""Since when a brand is watched, whoever runs when it comes into the catalogue, or goes."""

from collections.abc import Iterable

import pytest

from measures.board import Board, BoardSettings
from measures.kept_state import KeptStateError
from schemas.rules import Rule, SilenceRule, SpikeRule
from tests.measures.feed import DAY, HOUR, Feed, begun, catalogue, learned
from tests.measures.stream import changelog

SPIKE = SpikeRule(id="spike")
OF_X = SilenceRule(id="quiet", brands=("x",))


def next_owner(feed: Feed, rules: Iterable[Rule], brands: str, *, knows: bool = True) -> Feed:
    """Another worker goes on with another catalogue, and may know what was watched before."""
    before, after = feed.subject, Board(BoardSettings(), catalogue(rules, brands))
    watched = before.watched_bytes()
    after.restore_partition_state(before.partition_state_bytes())
    after.restore(changelog(before))
    if knows and watched is not None:
        after.restore_watched(watched)
    return Feed(after, seed=3, minute=feed.minute)


@pytest.mark.parametrize(("knows", "alerts"), [(True, 0), (False, 1)])
def test_a_brand_added_while_no_worker_runs_does_not_begin_with_a_burst(
    knows: bool, alerts: int
) -> None:
    """Nobody read its posts of yesterday, so there were not none of them."""
    feed = next_owner(learned([SPIKE], DAY, 3, "y"), [SPIKE], "xy", knows=knows)

    feed.minutes(HOUR, 3, "xy")

    assert len(begun(feed.alerts)) == alerts


def test_who_came_then_is_new_for_later_owners_too() -> None:
    feed = learned([SPIKE], DAY, 3, "y")
    for _ in range(3):
        feed = next_owner(feed, [SPIKE], "xy")
        feed.minutes(5, 0.5, "y")

    feed.minutes(HOUR, 3, "xy")

    assert feed.alerts == []


@pytest.mark.parametrize("is_running", [True, False])
def test_a_brand_that_comes_back_was_not_silent_while_nobody_looked(is_running: bool) -> None:
    feed = learned([OF_X], DAY, 3)
    for brands, hours in (("y", 5), ("xy", 0)):
        if is_running:
            feed.subject.redefine(catalogue([OF_X], brands))
        else:
            feed = next_owner(feed, [OF_X], brands)
        feed.minutes(hours * HOUR, 1, "y")

    feed.minutes(50, 1, "y")
    assert feed.alerts == []
    feed.minutes(20, 1, "y")
    assert [alert.brand for alert in begun(feed.alerts)] == ["x"], "it is missed from then on"


def test_the_changelog_is_told_once_which_brands_are_watched() -> None:
    subject = Board(BoardSettings(), catalogue(brands="xy"))
    first = subject.watched_bytes()
    assert first is not None
    assert subject.watched_bytes() is None

    subject.redefine(catalogue([SPIKE], "xy"))
    assert subject.watched_bytes() is None, "rules say nothing of brands"
    subject.redefine(catalogue([SPIKE], "x"))
    second = subject.watched_bytes()
    assert second not in (None, first)

    after = Board(BoardSettings(), catalogue(brands="xy"))
    after.restore_watched(first)
    assert after.watched_bytes() is None


def test_an_entry_that_is_no_list_of_brands_is_refused_by_its_key() -> None:
    with pytest.raises(KeptStateError, match="key"):
        Board(BoardSettings(), catalogue()).restore_watched(b"\x01\x07", b"key")
