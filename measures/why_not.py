"""Why nobody was told of a brand: what each rule saw, what it asks for, and what suppressed it.

The answer is worked out anew from what is kept of the brand: its minutes of the last two hours,
what is usual, the alerts that fire, wait or cool down. What is usual, and which alerts there are,
is known as of now: where the minute is older than the last change of these, an answer may differ
from what the worker found then. What was told stands in `alerts`; this is for what was not.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from measures.alert_life import resolve_after_ms
from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.buckets import BUCKET_MS, bucket_start_ms
from measures.moment import Moment
from measures.partition_state import PartitionState
from measures.rule_index import RuleIndex
from measures.rules import EVALUATORS, crisis, drop, influencer, sentiment, share, silence
from measures.rules.finding import Finding
from measures.suppression import INHIBITED_KINDS, Circumstances, suppressed_by
from schemas.alert import SuppressedReason
from schemas.mention import GROUP_PREFIX
from schemas.rules import (
    CompositeRule,
    CrisisRule,
    DropRule,
    InfluencerRule,
    Rule,
    RuleKind,
    SentimentRule,
    ShareRule,
    SilenceRule,
    SpikeRule,
)


class WhyNot(StrEnum):
    """What became of what a rule saw; the reasons of `SuppressedReason` under their own names."""

    FIRES = "fires"
    """Its alert fires: somebody was told, or a silence says that nobody is."""
    HOLDS = "holds"
    """By what is known now it would be told; it may have been, or it is about to be."""
    BELOW_LIMIT = "below_limit"
    NO_POSTS = "no_posts"
    """The rule is asked about minutes with posts of its matter, and this is none."""
    WARMING_UP = "warming_up"
    """It does not know yet what is usual."""
    FEW_AUTHORS = "few_authors"
    """There are enough posts, by too few people."""
    OUTSIDE_ACTIVE_HOURS = SuppressedReason.OUTSIDE_ACTIVE_HOURS.value
    PLATFORM_WIDE_BURST = SuppressedReason.PLATFORM_WIDE_BURST.value
    PENDING = SuppressedReason.PENDING.value
    COOL_DOWN = SuppressedReason.COOL_DOWN.value
    SILENCE = SuppressedReason.SILENCE.value


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule, at one minute of one brand."""

    rule: str
    kind: str
    reason: WhyNot
    seen: float | None = None
    expected: float | None = None
    """What is usual; None: the rule asks for no usual."""
    limit: float | None = None
    """From where on, or up to where, it finds something; None: it is no single number."""
    unit: str = ""
    horizon_min: int = 0
    alert: str = ""
    """Id of the alert that fires."""
    is_held_open: bool = False
    """It would not begin by what this minute sees; an alert that fires stays open for longer."""
    held_at_ms: int = 0
    """Of an alert that fires: start of the last minute in which its condition held. To go on, it
    asks for less than to begin."""
    over_at_ms: int = 0
    """When it ends, unless its condition holds again."""
    cause: str = ""
    """What was found, where something was."""


class Seen(NamedTuple):
    """What a rule has to do with, whether it finds something or not."""

    seen: float | None
    expected: float | None
    limit: float | None
    unit: str
    horizon_min: int
    is_warming_up: bool = False
    has_posts: bool = True
    is_beyond: bool = False


class NotKeptError(ValueError):
    """Of this brand and minute nothing is kept.

    `minutes`: the minute that was asked for, and the first and the last that are kept; ms, empty
    where none is.
    """

    def __init__(self, *minutes: int) -> None:
        super().__init__("nothing is kept of this minute", *minutes)
        self.minutes = minutes


def minute_of(state: BrandState, at_ms: int | None) -> int:
    """Start of the minute that is meant; None: the newest with posts.

    Raises:
        NotKeptError: what was in that minute is not known any more, or not yet.
    """
    if not state.buckets:
        raise NotKeptError
    first_ms, newest_ms = min(state.buckets), max(state.buckets)
    start_ms = newest_ms if at_ms is None else bucket_start_ms(at_ms)
    if start_ms < first_ms or start_ms >= max(state.baseline.known_to_ms, newest_ms + BUCKET_MS):
        raise NotKeptError(start_ms, first_ms, newest_ms)
    return start_ms


def answers(
    index: RuleIndex,
    partition_state: PartitionState,
    states: Mapping[str, BrandState],
    brand: str,
    start_ms: int,
) -> list[Answer]:
    """What each rule that applies to the brand makes of the minute at `start_ms`.

    `states` holds the brand, and the groups of rivals that it is in as far as they are known.
    """
    found = []
    for rule in index.rules_of(brand):
        state = states[brand]
        found.append(_answer(index, partition_state, state, rule, _Asked(brand, brand, start_ms)))
    for rule in index.rules:
        group = GROUP_PREFIX + rule.id
        if isinstance(rule, ShareRule) and brand in index.members_of(group) and group in states:
            asked = _Asked(brand, f"{rule.id}/{brand}", start_ms)
            found.append(_answer(index, partition_state, states[group], rule, asked))
    return found


class _Asked(NamedTuple):
    brand: str
    key: str
    """Of the alert in the state."""
    start_ms: int


def _answer(
    index: RuleIndex, partition_state: PartitionState, state: BrandState, rule: Rule, asked: _Asked
) -> Answer:
    key = asked.key if isinstance(rule, ShareRule) else rule.id
    start_ms = asked.start_ms
    moment = Moment(state, start_ms, index.holidays, partition_state.event_time.outage[1])
    seen = _SEEN[rule.kind](moment, rule, asked.brand)
    finding = _finding(moment, rule, asked.brand)
    open_alert = state.alerts.get(key)
    if open_alert is not None and open_alert.started_at_ms <= start_ms:
        return _fires(rule, seen, open_alert, is_held_open=finding is None)
    if finding is None:
        return _told(rule, seen, _why_nothing(seen))
    past, waits = state.past.get(key), state.pending.get(key)
    around = Circumstances(
        index.is_active(rule, start_ms),
        rule.kind in INHIBITED_KINDS
        and _is_platform_burst(index, partition_state, finding, start_ms),
        None,
        None if waits is None else (waits[0], waits[1]),
        past if past is not None and past.started_at_ms <= start_ms else None,
        asked.brand,
        index.silences_at(start_ms),
    )
    reason = suppressed_by(rule, finding, start_ms, around)
    why = WhyNot.HOLDS if reason is None else WhyNot(reason.value)
    return _told(rule, seen, why, cause=finding.cause)


def _fires(rule: Rule, seen: Seen, open_alert: OpenAlert, *, is_held_open: bool) -> Answer:
    return msgspec.structs.replace(
        _told(rule, seen, WhyNot.FIRES, alert=open_alert.id, cause=open_alert.cause),
        is_held_open=is_held_open,
        held_at_ms=open_alert.true_at_ms,
        over_at_ms=open_alert.true_at_ms + resolve_after_ms(rule),
    )


def _told(rule: Rule, seen: Seen, reason: WhyNot, alert: str = "", cause: str = "") -> Answer:
    return Answer(
        rule=rule.id,
        kind=rule.kind.value,
        reason=reason,
        seen=_rounded(seen.seen),
        expected=_rounded(seen.expected),
        limit=_rounded(seen.limit),
        unit=seen.unit,
        horizon_min=seen.horizon_min,
        alert=alert,
        cause=cause,
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)


def _why_nothing(seen: Seen) -> WhyNot:
    if seen.is_warming_up:
        return WhyNot.WARMING_UP
    if not seen.has_posts:
        return WhyNot.NO_POSTS
    return WhyNot.FEW_AUTHORS if seen.is_beyond else WhyNot.BELOW_LIMIT


def _finding(moment: Moment, rule: Rule, brand: str) -> Finding | None:
    """What would begin an alert."""
    if isinstance(rule, ShareRule):
        return next((f for f in share.findings(moment, rule, set()) if f.about == brand), None)
    return EVALUATORS[rule.kind](moment, rule, None)


def _is_platform_burst(
    index: RuleIndex, partition_state: PartitionState, finding: Finding, start_ms: int
) -> bool:
    first_ms = start_ms - (finding.horizon_min - 1) * BUCKET_MS
    return bool(index.of_platform) and partition_state.burst.has_burst(first_ms, start_ms)


def _spike(moment: Moment, rule: SpikeRule, brand: str) -> Seen:
    if not moment.baseline.is_warm():
        return Seen(moment.sums[-1], None, None, "posts", 60, is_warming_up=True)
    verdict = moment.verdict(rule.false_alerts_per_month, rule.min_posts)
    return Seen(
        verdict.seen, verdict.expected, verdict.needed, "posts", verdict.horizon_min,
        is_beyond=verdict.is_unusual,
    )  # fmt: skip


def _drop(moment: Moment, rule: DropRule, brand: str) -> Seen:
    expected = drop.expected_at(moment)
    limit = drop.limit_of(moment, rule, expected) if expected >= rule.min_posts else None
    return Seen(
        moment.sums[-1], expected, limit, "posts", drop.HORIZON_MIN,
        is_warming_up=not drop.is_known(moment),
    )  # fmt: skip


def _sentiment(moment: Moment, rule: SentimentRule, brand: str) -> Seen:
    moods = [bucket.moods() for bucket in moment.last(sentiment.HORIZON_MIN)]
    posts, negative = sum(spoken for spoken, _, _ in moods), sum(bad for _, _, bad in moods)
    is_known = moment.state.judged >= BELIEVED_POSTS
    usual = sentiment.usual_share(moment.state)
    limit = sentiment.least_share(usual, posts, rule.false_alerts_per_month) if posts else None
    share_now = negative / posts if posts else None
    return Seen(
        None if share_now is None else 100 * share_now,
        100 * usual if is_known else None,
        None if limit is None or not is_known else 100 * limit,
        "% negative",
        sentiment.HORIZON_MIN,
        is_warming_up=not is_known,
        has_posts=moment.bucket is not None and moment.bucket.negative > 0,
        is_beyond=posts >= rule.min_posts
        and share_now is not None and limit is not None and share_now >= limit,
    )  # fmt: skip


def _crisis(moment: Moment, rule: CrisisRule, brand: str) -> Seen:
    seen, bucket = crisis.weight_of(moment, rule), moment.bucket
    has_posts = bucket is not None and bool(bucket.hits_of(rule.id) or bucket.exposed_to(rule.id))
    return Seen(
        seen, None, rule.min_posts, "posts", crisis.HORIZON_MIN,
        has_posts=has_posts, is_beyond=seen >= rule.min_posts,
    )  # fmt: skip


def _influencer(moment: Moment, rule: InfluencerRule, brand: str) -> Seen:
    bucket, usual = moment.bucket, moment.state.usual_loudest(moment.start_ms)
    upset = None if bucket is None else bucket.upset
    limit = rule.min_reach if usual < rule.min_reach else influencer.NEWS_FACTOR * usual
    seen = 0 if upset is None else upset.reach
    return Seen(seen, usual, limit, "followers", 1, has_posts=upset is not None)


def _silence(moment: Moment, rule: SilenceRule, brand: str) -> Seen:
    minutes = (moment.start_ms - silence.last_ms(moment)) // BUCKET_MS
    return Seen(max(minutes, 0), None, rule.within_min, "min without posts", rule.within_min)


def _share(moment: Moment, rule: ShareRule, brand: str) -> Seen:
    state = moment.state
    counts = [bucket.rivals or {} for bucket in moment.last(share.HORIZON_MIN)]
    named = sum(sum(of_minute.get(one, 0) for one in state.rival_shares) for of_minute in counts)
    own = sum(of_minute.get(brand, 0) for of_minute in counts)
    usual = state.rival_shares.get(brand)
    return Seen(
        100 * own / named if named else None,
        None if usual is None else 100 * usual,
        None,
        "% share",
        share.HORIZON_MIN,
        is_warming_up=state.judged < BELIEVED_POSTS,
        has_posts=named > 0,
    )


def _composite(moment: Moment, rule: CompositeRule, brand: str) -> Seen:
    minutes = max((condition.over_min for condition in rule.conditions), default=60)
    posts = sum(bucket.effective_posts() for bucket in moment.last(minutes))
    return Seen(
        posts, None, rule.min_posts, "posts", minutes,
        is_warming_up=not moment.baseline.is_warm(), has_posts=moment.bucket is not None,
    )  # fmt: skip


_SEEN: Mapping[RuleKind, Callable[[Moment, Any, str], Seen]] = MappingProxyType(
    {
        RuleKind.SPIKE: _spike,
        RuleKind.DROP: _drop,
        RuleKind.SENTIMENT: _sentiment,
        RuleKind.CRISIS: _crisis,
        RuleKind.INFLUENCER: _influencer,
        RuleKind.SILENCE: _silence,
        RuleKind.SHARE: _share,
        RuleKind.COMPOSITE: _composite,
    }
)


def groups_of(index: RuleIndex, brand: str) -> Iterator[str]:
    """The groups of rivals that a brand is in: each has a state of its own."""
    for rule in index.rules:
        group = GROUP_PREFIX + rule.id
        if isinstance(rule, ShareRule) and brand in index.members_of(group):
            yield group
