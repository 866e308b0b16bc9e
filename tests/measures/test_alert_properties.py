"""What holds for any stream and any rules: alerts have proper lives, and nothing else changes them.

A brand with a day's history gets drawn waves of posts, with rules of all kinds that are drawn too.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from analysis.groups import Groups
from measures import alert_records
from measures.board import Board, BoardSettings
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue, Silence
from schemas.mention import (
    AnyMention,
    GroupMention,
    Mention,
    Objective,
    Place,
    Polarity,
    SpamSign,
    Tick,
)
from schemas.rules import (
    RULE_OF_KIND,
    USUAL_COOL_DOWN_MIN,
    Condition,
    Measure,
    Rule,
    RuleKind,
    ShareRule,
    rule_fields,
)
from schemas.window import Window
from tests.measures.feed import DAY, HOUR, Feed, at, check_lives
from tests.measures.stream import LONG_AFTER, board, changelog, note, run

pytestmark = pytest.mark.no_cover
"""Days of minutes: tracing would slow them down three times."""

BRANDS = tuple(Brand(id=name, name=name.upper(), trade="t") for name in "xyz")
SHARE = ShareRule(id="share", trades=("t",), min_posts=5)

CONDITIONS = st.builds(
    Condition,
    measure=st.sampled_from(Measure),
    over_min=st.integers(1, 60),
    at_least=st.sampled_from([None, 1.0, 20.0]),
    at_most=st.sampled_from([None, 50.0]),
    at_least_times=st.sampled_from([None, 0.5, 3.0]),
    at_most_times=st.sampled_from([None, 2.0]),
)


FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "brands": st.sampled_from([(), (), ("x",), ("y", "z")]),
    "trades": st.sampled_from([(), ("t",)]),
    "false_alerts_per_month": st.sampled_from([1.0, 20.0]),
    "min_posts": st.sampled_from([1, 10, 30]),
    "min_authors": st.sampled_from([1, 3, 5]),
    "min_reach": st.sampled_from([1_000_000, 500]),
    "words": st.just(("火",)),
    "objectives": st.sampled_from([(), (Objective.CLIENT_MANAGEMENT,)]),
    "conditions": st.lists(CONDITIONS, min_size=1, max_size=2).map(tuple),
    "within_min": st.sampled_from([60, 5, 90]),
    "active_hours": st.sampled_from(["", "", "20:00-04:00 +08:00"]),
    "pending_min": st.sampled_from([0, 0, 3]),
    "cool_down_min": st.sampled_from([USUAL_COOL_DOWN_MIN, 0, 30]),
    "resolve_after_min": st.sampled_from([1, 5, 30]),
}


def rule_of(kind: RuleKind) -> st.SearchStrategy[Rule]:
    drawn = {name: FIELDS[name] for name in rule_fields(kind) if name != "department"}
    return st.builds(RULE_OF_KIND[kind], id=st.just(f"r-{kind.value}"), **drawn)


RULES = st.tuples(*map(rule_of, RuleKind))
"""One of each kind."""
EDITS = st.lists(
    st.sampled_from(RuleKind).flatmap(rule_of), max_size=4, unique_by=lambda rule: rule.id
).map(tuple)

MANNERS: Sequence[dict[str, Any]] = (
    {},
    {"text": "火", "polarity": Polarity.NEGATIVE, "is_address": True},
    {"reach": 3_000_000, "polarity": Polarity.POSITIVE},
    {"author": "one"},
    {"spam": (SpamSign.PITCH,)},
    {"place": Place.QUOTED},
    {"polarity": Polarity.NEGATIVE, "intents": (Objective.CLIENT_MANAGEMENT,), "is_edit": True},
)


class Wave(NamedTuple):
    """Some minutes with posts of one manner."""

    brand: str
    minutes: int
    posts: int
    manner: int
    late: int
    """How many minutes the posts are behind."""
    then: str
    """The tick at its end."""
    pause: int
    """Minutes without a post afterwards."""


WAVES = st.lists(
    st.builds(
        Wave,
        st.sampled_from("xyz"),
        st.integers(1, 8),
        st.sampled_from([60, 12, 3, 1]),
        st.integers(0, len(MANNERS) - 1),
        st.sampled_from([0, 0, 0, 2, 30]),
        st.sampled_from(["replay", "replay", "idle"]),
        st.sampled_from([0, 0, 0, 4, 35, 3 * HOUR, 11 * HOUR]),
    ),
    min_size=3,
    max_size=12,
)
Steps = list[list[AnyMention | Tick]]
"""What comes until each tick."""


def steps_of(waves: Sequence[Wave], rules: tuple[Rule, ...], lanes: int = 1) -> Steps:
    """The stream, minute by minute; each post in one of so many raw partitions."""
    groups = Groups(Catalogue(BRANDS, rules))
    steps: Steps = []
    minute, offset = DAY, 1000 * DAY
    for wave in waves:
        for _ in range(wave.minutes):
            posts: list[AnyMention] = []
            for number in range(wave.posts):
                offset += 1
                lane = number % lanes
                behind = minute - wave.late + number / max(wave.posts, 1)
                fields = {"author": f"author {offset}"} | MANNERS[wave.manner]
                post = Mention(
                    wave.brand, lane, offset, at(behind), text_hash=offset, post=str(offset),
                    **fields,
                )  # fmt: skip
                posts += [post, *groups.of([post])]
            minute += 1
            steps.append([*posts, marks(minute, lanes)])
        if wave.then == "idle":
            steps.append([marks(minute, lanes, idle=tuple(range(lanes)))])
        minute += wave.pause
    for _ in range(3):
        minute += 50
        steps.append([marks(minute, lanes)])
    return steps


def marks(minute: float, lanes: int, **fields: Any) -> Tick:
    return Tick(LONG_AFTER, lanes, {lane: at(minute) for lane in range(lanes)}, **fields)


@lru_cache(maxsize=1)
def history() -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """A day in which x had many posts, y some, z hardly any."""
    feed = Feed(board(brands="xyz"))
    rnd = random.Random(5)
    groups = Groups(Catalogue(BRANDS, (SHARE,)))
    for _ in range(DAY):
        posts = []
        for name, rate in (("x", 2), ("y", 0.5), ("z", 0.02)):
            mood = rnd.choice(tuple(Polarity))
            posts += feed.mentions(rate, name, polarity=mood)
        named = [group for post in posts for group in groups.of([post])]
        feed.posts(posts, named)
    return feed.subject.partition_state_bytes(), tuple(changelog(feed.subject))


def experienced(rules: tuple[Rule, ...], *, has_history: bool) -> Board:
    known = Catalogue(BRANDS, rules)
    subject = Board(BoardSettings(), known)
    if has_history:
        whole, entries = history()
        subject.restore_partition_state(whole)
        subject.restore(entries)
    return subject


def logged(*, has_history: bool) -> dict[bytes, bytes]:
    """The changelog of a board that is `experienced`."""
    return dict(history()[1]) if has_history else {}


def restored(subject: Board, rules: tuple[Rule, ...], log: dict[bytes, bytes]) -> Board:
    fresh = Board(BoardSettings(), Catalogue(BRANDS, rules))
    fresh.restore_partition_state(subject.partition_state_bytes())
    fresh.restore(note(subject, log))
    return fresh


def comparable(alerts: Sequence[Alert]) -> list[Alert]:
    """Without what is told of the talk: it is bounded, so the order of posts may show."""
    return [
        msgspec.structs.replace(
            alert, terms=(), samples=(), reason=alert.reason.split("; rising")[0]
        )
        for alert in alerts
    ]


@settings(max_examples=150, deadline=None)
@given(RULES, WAVES, st.booleans(), st.dictionaries(st.integers(0, 40), EDITS, max_size=3))
def test_any_stream_and_any_edits_of_the_rules_give_alerts_with_proper_lives(
    rules: tuple[Rule, ...],
    waves: list[Wave],
    has_history: bool,
    edits: dict[int, tuple[Rule, ...]],
) -> None:
    subject = experienced(rules, has_history=has_history)
    alerts: list[Alert] = []
    for number, step in enumerate(steps_of(waves, rules)):
        if number in edits:
            rules = edits[number]
            subject.redefine(Catalogue(BRANDS[: 1 + number % 3], rules))
        alerts += run(subject, step).alerts
    for kind in sorted({alert.kind for alert in alerts}):
        event(kind)
    check_lives(alerts)
    keys = {key for state in subject.states.values() for key in (*state.alerts, *state.past)}
    assert {alert_records.rule_of(key) for key in keys} <= {rule.id for rule in rules}


@settings(max_examples=150, deadline=None)
@given(RULES, WAVES, st.booleans(), st.data())
def test_a_restart_at_any_tick_changes_no_alert_and_no_window(
    rules: tuple[Rule, ...], waves: list[Wave], has_history: bool, data: st.DataObject
) -> None:
    steps = steps_of(waves, rules)
    whole = experienced(rules, has_history=has_history)
    again = experienced(rules, has_history=has_history)
    log = logged(has_history=has_history)
    cuts = data.draw(st.sets(st.integers(0, len(steps)), max_size=3))
    for number, step in enumerate(steps):
        if number in cuts:
            again = restored(again, rules, log)
        expected, found = run(whole, step), run(again, step)
        assert expected.alerts == found.alerts
        assert expected.windows == found.windows
        assert whole.open_alerts == again.open_alerts
        assert expected.suppressed == found.suppressed


SILENCES = st.sampled_from(
    [
        (),
        (Silence(id="all", reason="sale", until="2100-01-01T00:00Z"),),
        (Silence(id="x", reason="fair", until="2100-01-01T00:00Z", brands=("x",)),),
    ]
)
CHANGES = st.tuples(EDITS, st.sampled_from(["x", "xy", "xz", "xyz", "yz"]), SILENCES)


@settings(max_examples=80, deadline=None)
@given(
    RULES,
    WAVES,
    st.booleans(),
    st.dictionaries(st.integers(0, 40), st.tuples(CHANGES, st.booleans()), max_size=4),
)
def test_restarts_at_every_tick_with_changes_of_the_catalogue_change_nothing(
    rules: tuple[Rule, ...],
    waves: list[Wave],
    has_history: bool,
    changes: dict[int, tuple[tuple[tuple[Rule, ...], str, tuple[Silence, ...]], bool]],
) -> None:
    """Brands, rules, groups and silences come, change and go, while a worker runs or while none
    does, and owners change all the time."""
    known = Catalogue(BRANDS[:1], rules)
    whole = experienced(rules, has_history=has_history)
    again = experienced(rules, has_history=has_history)
    whole.redefine(known)
    again.redefine(known)
    watched, log = again.watched_bytes() or b"", logged(has_history=has_history)
    for number, step in enumerate(steps_of(waves, rules)):
        if number in changes:
            (edited, names, silences), _ = changes[number]
            brands = tuple(brand for brand in BRANDS if brand.id in names)
            known = Catalogue(brands, edited, silences=silences)
            whole.redefine(known)
        if number in changes and changes[number][1]:
            again.redefine(known)
        else:
            fresh = Board(BoardSettings(), known)
            fresh.restore_partition_state(again.partition_state_bytes())
            fresh.restore(note(again, log))
            fresh.restore_watched(watched)
            again = fresh
        expected, found = run(whole, step), run(again, step)
        watched = again.watched_bytes() or watched
        assert expected.alerts == found.alerts
        assert expected.windows == found.windows
        assert expected.trends == found.trends
        assert expected.suppressed == found.suppressed
        assert watched_since(whole) == watched_since(again)


def watched_since(subject: Board) -> dict[str, tuple[int, int, int]]:
    """What a later alert is judged by: streams as short as these seldom get to one."""
    return {
        brand: (state.added_ms, state.baseline.since_ms, state.baseline.known_to_ms)
        for brand, state in subject.states.items()
    }


@settings(max_examples=100, deadline=None)
@given(RULES, WAVES, st.booleans(), st.randoms(use_true_random=False))
def test_another_order_within_a_tick_and_repetitions_change_no_alert(
    rules: tuple[Rule, ...], waves: list[Wave], has_history: bool, rnd: random.Random
) -> None:
    """Posts of a raw partition come in order; those of several are woven in any way."""
    steps = steps_of(waves, rules, lanes=3)
    plain = experienced(rules, has_history=has_history)
    mixed = experienced(rules, has_history=has_history)
    expected: list[Alert] = []
    found: list[Alert] = []
    windows: tuple[list[Window], list[Window]] = ([], [])
    for step in steps:
        first, second = run(plain, step), run(mixed, woven(step, rnd))
        expected += comparable(first.alerts)
        found += comparable(second.alerts)
        windows[0].extend(first.windows)
        windows[1].extend(second.windows)
    assert expected == found
    assert windows[0] == windows[1]


def woven(step: Sequence[AnyMention | Tick], rnd: random.Random) -> list[AnyMention | Tick]:
    """The lanes in another interleaving, with parts of them sent twice."""
    posts = [item for item in step if not isinstance(item, Tick)]
    lanes: dict[int, list[AnyMention]] = {}
    for post in posts:
        lanes.setdefault(post.partition, []).append(post)
    mixed: list[AnyMention | Tick] = []
    queues = list(lanes.values())
    while queues:
        queue = rnd.choice(queues)
        mixed.append(queue.pop(0))
        if rnd.random() < 0.1:
            mixed.append(rnd.choice([one for one in mixed if not isinstance(one, Tick)]))
        queues = [queue for queue in queues if queue]
    return [*mixed, *(item for item in step if isinstance(item, Tick))]


def test_groups_are_part_of_these_streams() -> None:
    made = steps_of([Wave("x", 1, 3, 0, 0, "replay", 0)], (SHARE,))
    assert sum(isinstance(item, GroupMention) for step in made for item in step) == 3
