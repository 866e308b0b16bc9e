"""A history replayed: what fires is what a worker would have told, and nothing else."""

import random
from collections.abc import Iterable
from itertools import chain
from typing import Any

import msgspec
import pytest

from analysis.groups import Groups
from analysis.intake import take_in
from analysis.pipeline import Analyser
from analysis.shipped import analyser_of
from backtest.compare import compare
from backtest.history import History
from backtest.knob import suggest, told
from backtest.on_history import Fired, Outcome, replay
from catalogue.file import parse as parse_catalogue
from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState
from schemas.catalogue import Catalogue
from schemas.mention import Tick
from schemas.rules import CrisisRule, Rule, SilenceRule
from sources import raw_posts
from sources.repeats import Repeats
from streams.ticks import PartitionProgress, TickSettings, build_tick
from tests.backtest.past_posts import (
    BURNING,
    BURST_LASTS_MIN,
    BURST_MIN,
    BURSTING,
    CATALOGUE,
    CRISIS_MIN,
    DAY_MIN,
    MINUTE_MS,
    QUIET,
    START_MS,
    Line,
    history,
    post,
)

NOW_MS = START_MS + 30 * DAY_MIN * MINUTE_MS
WATCHED = parse_catalogue(CATALOGUE.encode(), "test.yml").catalogue
SILENCE = SilenceRule(id="quiet", brands=(BURSTING,), false_alerts_per_month=100)


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return analyser_of(WATCHED)


READER = raw_posts.Lines("leimo", NOW_MS)


def records_of(lines: Iterable[Line]) -> list[raw_posts.Line]:
    encoded = map(msgspec.json.encode, lines)
    return [raw_posts.Line(line, offset) for offset, line in enumerate(encoded)]


def past(analyser: Analyser, lines: Iterable[Line], catalogue: Catalogue = WATCHED) -> History:
    made = History(analyser, Groups(catalogue))
    made.add(records_of(lines), READER)
    return made


def outcome_of(
    analyser: Analyser, lines: Iterable[Line], catalogue: Catalogue = WATCHED
) -> Outcome:
    return replay(past(analyser, lines, catalogue), catalogue)


def begins(outcome: Outcome) -> list[tuple[str, str, int]]:
    """Rule, brand and minute of the begin of each alert."""
    return [
        (
            each.first.rule,
            each.first.brand,
            (each.first.started_at_ms - START_MS) // MINUTE_MS,
        )
        for each in outcome.fired
    ]


def with_rules(*rules: Rule) -> Catalogue:
    return msgspec.structs.replace(WATCHED, rules=(*WATCHED.rules, *rules))


def test_the_burst_and_the_crisis_fire_and_the_quiet_brand_does_not(analyser: Analyser) -> None:
    outcome = outcome_of(analyser, history())

    assert begins(outcome) == [
        ("burst", BURSTING, BURST_MIN),
        ("fire", BURNING, CRISIS_MIN + 3),  # the fourth post that tells of it
    ]
    burst, fire = outcome.fired
    assert burst.is_over
    assert burst.lasted_min >= BURST_LASTS_MIN
    assert burst.worst.seen >= 60
    assert burst.worst.state is AlertState.FIRING
    assert burst.first.department == "sales"
    assert fire.worst.seen == 4  # two more in as many minutes are no news yet
    assert fire.lasted_min == 3
    assert any("起火" in sample.text for sample in fire.worst.samples)
    assert outcome.by_rule() == {"burst": 1, "fire": 1}
    assert outcome.by_brand() == {BURSTING: 1, BURNING: 1}
    assert sum(outcome.counts[QUIET].values()) == 2 * DAY_MIN // 10


def test_a_worker_tells_the_same_alerts(analyser: Analyser) -> None:
    """The worker's steps: repeats dropped, mentions applied in order, a tick each five seconds."""
    lines = history()
    lines += [dict(lines[at]) for at in range(BURST_MIN, BURST_MIN + 500)]
    lines.sort(key=lambda line: line["created_at"])
    board, clock, repeats = Board(BoardSettings(), WATCHED), PartitionProgress(0), Repeats(200_000)
    settings = TickSettings(disorder_ms=30_000, idle_ms=5_000, partitions=1)
    alerts: list[Alert] = []
    now_ms = START_MS

    def tick(at_ms: int, *, is_at_end: bool = False) -> Tick:
        return build_tick({0: clock}, lambda _: is_at_end, at_ms, settings)

    for record in records_of(lines):
        intake = take_in([record], 0, repeats, READER, analyser)
        [at_ms] = intake.times_ms
        clock.observe(at_ms)
        while now_ms + 5_000 <= at_ms:
            now_ms += 5_000
            clock.last_read_ms = now_ms
            board.tick(tick(now_ms))
            alerts += board.drain().alerts
        for mention in chain.from_iterable(intake.mentions):
            board.apply(mention)
    board.tick(tick(now_ms + 60_000, is_at_end=True))
    alerts += board.drain().alerts

    def ends(alert: Alert) -> tuple[str, int, int | None]:
        return alert.id, alert.started_at_ms, alert.ended_at_ms

    expected = {ends(alert) for alert in alerts if alert.state is AlertState.RESOLVED}
    assert expected == {ends(each.last) for each in outcome_of(analyser, lines).fired}
    assert len(expected) == 2


def _facts(outcome: Outcome) -> Any:
    return [(each.first, each.worst, each.last) for each in outcome.fired], outcome.counts


def test_neither_order_nor_repeats_matter(analyser: Analyser) -> None:
    lines = history()
    shuffled = [*lines, *lines[::3], *lines[::3]]
    random.Random(1).shuffle(shuffled)
    made = past(analyser, shuffled)

    assert (made.posts, made.records) == (len(lines), len(shuffled))
    assert _facts(outcome_of(analyser, lines)) == _facts(replay(made, WATCHED))


def test_edits_are_not_counted_again_and_deletions_take_nothing_back(analyser: Analyser) -> None:
    lines = [post(number, number, "华为") for number in range(100)]
    edited = [
        {**lines[5], "event": "edit", "edit": 1, "text": "华为手机"},
        {**lines[5], "event": "edit", "edit": 2, "text": "华为平板"},
        {**lines[6], "event": "delete"},
    ]
    for order in (lines + edited, edited + lines):
        assert outcome_of(analyser, order).counts[BURSTING].total() == 100  # type: ignore[attr-defined]
        flags = [mention.is_edit for mention in past(analyser, order).mentions()]
        assert (len(flags), sum(flags)) == (102, 2)


def test_an_edit_of_a_post_that_is_not_there_counts_as_the_post(analyser: Analyser) -> None:
    edits = [post(1, 3, f"华为 {edit}", event="edit", edit=edit) for edit in (1, 2, 2)]
    for order in (edits, edits[::-1]):
        flags = [mention.is_edit for mention in past(analyser, order).mentions()]
        assert flags == [False, True]


def test_a_version_without_the_brand_does_not_make_the_edit_a_post(analyser: Analyser) -> None:
    edit = post(1, 3, "华为", event="edit", edit=1)
    assert [m.is_edit for m in past(analyser, [edit, post(1, 3, "手机")]).mentions()] == [True]


def test_holes_in_the_archive_are_outages_and_raise_nothing(analyser: Analyser) -> None:
    hole = range(DAY_MIN, DAY_MIN + 5 * 60)
    lines = [line for line in history() if (line["created_at"] - START_MS) // MINUTE_MS not in hole]
    made = past(analyser, lines)

    from_ms, to_ms = START_MS + hole.start * MINUTE_MS, START_MS + hole.stop * MINUTE_MS
    assert made.outages() == [(from_ms, to_ms)]
    watched = with_rules(SilenceRule(id="feed"))
    assert begins(replay(made, watched)) == begins(outcome_of(analyser, history()))


def test_an_archive_of_few_posts_has_no_outage_every_night(analyser: Analyser) -> None:
    lines = [post(number, number * 30, "华为") for number in range(100)]
    assert past(analyser, lines).outages() == []


def test_a_brand_that_nobody_mentions_while_others_go_on_is_silent(analyser: Analyser) -> None:
    silent_from = DAY_MIN + 6 * 60
    lines = [post(at, at / 2, f"华为 {at}") for at in range(2 * silent_from)]
    lines += [post(10_000 + at, at, f"格力空调 {at}") for at in range(silent_from + 5 * 60)]
    (alert,) = replay(past(analyser, lines), with_rules(SILENCE)).fired
    assert (alert.first.rule, alert.first.brand) == ("quiet", BURSTING)
    started = (alert.first.started_at_ms - START_MS) // MINUTE_MS
    assert silent_from + 59 <= started <= silent_from + 65
    assert not alert.is_over


def test_what_goes_on_at_the_end_is_still_on(analyser: Analyser) -> None:
    until_ms = START_MS + (BURST_MIN + 5) * MINUTE_MS
    lines = [line for line in history() if line["created_at"] < until_ms]
    (burst,) = outcome_of(analyser, lines).fired
    assert not burst.is_over
    assert burst.lasted_min == 5


def test_an_empty_history_and_one_post_give_nothing(analyser: Analyser) -> None:
    nothing = past(analyser, [])
    assert (len(nothing), nothing.posts, nothing.weeks, nothing.outages()) == (0, 0, 0, [])
    assert outcome_of(analyser, [post(1, 0, "华为")]).fired == []


def test_alerts_of_two_catalogues_are_paired_one_by_one(analyser: Analyser) -> None:
    made = past(analyser, history())
    ours = replay(made, WATCHED).fired
    later = msgspec.structs.replace(WATCHED.rules[0], pending_min=3)
    words = msgspec.structs.replace(WATCHED.rules[1], words=("爆炸",))
    other = CrisisRule(id="flames", words=("起火",))
    theirs = replay(made, msgspec.structs.replace(WATCHED, rules=(later, words, other))).fired

    assert theirs[0].first.started_at_ms > ours[0].first.started_at_ms
    found = [(pair.either.first.rule, pair.found_in) for pair in compare(ours, theirs)]
    assert found == [("burst", "both"), ("fire", "this"), ("flames", "other")]
    assert [pair.found_in for pair in compare(ours, ours)] == ["both", "both"]
    assert [pair.found_in for pair in compare([], ours)] == ["other", "other"]


def test_alerts_at_other_times_are_not_the_same(analyser: Analyser) -> None:
    (burst, _) = replay(past(analyser, history()), WATCHED).fired

    def moved(hours: int) -> Fired:
        by_ms = hours * 60 * MINUTE_MS
        told = [
            msgspec.structs.replace(
                alert,
                started_at_ms=alert.started_at_ms + by_ms,
                updated_at_ms=alert.updated_at_ms + by_ms,
                ended_at_ms=alert.ended_at_ms and alert.ended_at_ms + by_ms,
            )
            for alert in (burst.first, burst.worst, burst.last)
        ]
        return Fired(told[0], told[1], told[2], burst.true_ms + by_ms)

    found = compare([burst, moved(5)], [moved(0), moved(10)])
    assert [pair.found_in for pair in found] == ["both", "this", "other"]


def test_the_suggested_knob_gives_what_it_says(analyser: Analyser) -> None:
    rng = random.Random(7)
    lines = [post(at, at, f"华为 {at}") for at in range(3 * DAY_MIN)]
    number = len(lines)
    for day in range(3):
        for size in (15, 25, 40, 80):
            minute = day * DAY_MIN + rng.randrange(60, DAY_MIN)
            for _ in range(size):
                number += 1
                lines.append(post(number, minute + rng.random() * 5, f"华为 {number}"))
    made = past(analyser, lines)
    tries: list[int] = []
    found = suggest(made, WATCHED, 7.0, lambda done, total: tries.append(done))

    knob = msgspec.structs.replace(WATCHED.rules[0], false_alerts_per_month=found.knob)
    again = replay(made, msgspec.structs.replace(WATCHED, rules=(knob,)))
    assert len(again.fired) / made.weeks == pytest.approx(found.alerts_a_week)
    assert found.of_others == 0
    assert tries[0] == 0
    assert f"false_alerts_per_month: {found.knob:g} would have given" in told(found)


def test_rules_without_a_knob_are_named_when_no_knob_helps(analyser: Analyser) -> None:
    fires = [
        post(10_000 + day * 100 + at, day * DAY_MIN + at, f"老干妈 起火 {day} {at}")
        for day in range(2)
        for at in range(6)
    ]
    found = suggest(past(analyser, history() + fires), WATCHED, 0.1, lambda done, total: None)
    assert found.of_others > 5
    assert not found.is_near
    assert "No knob gives as few as 0.1" in told(found)
    assert "Raise their min_posts" in told(found)
