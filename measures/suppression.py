"""Whether what a rule found is told, and if not, why: one named reason, the first that holds."""

from collections.abc import Sequence
from typing import NamedTuple

from measures import alert_life
from measures.brand_state import OpenAlert, PastAlert
from measures.rules.finding import Finding
from schemas.alert import SuppressedReason
from schemas.catalogue import Silence
from schemas.rules import Rule, RuleKind

INHIBITED_KINDS = (RuleKind.SPIKE, RuleKind.COMPOSITE)
"""Kinds whose alerts are inhibited during a platform-wide burst."""
OWN_BURST_SEVERITY = 8
"""A brand's burst from this severity on is told during a platform-wide one."""


class Circumstances(NamedTuple):
    """What is known beside the finding at the minute it is about."""

    is_active: bool = True
    """Whether the minute lies in the active hours of the rule."""
    is_platform_burst: bool = False
    """Whether all brands burst within the finding's horizon, and a rule tells of that."""
    open: OpenAlert | None = None
    """The alert that fires about the same."""
    pending: tuple[int, int] | None = None
    """First and newest bucket in which the condition held before, where it waits."""
    past: PastAlert | None = None
    """The last alert about the same."""
    brand: str = ""
    """Id of the brand that it is about."""
    silences: Sequence[Silence] = ()
    """Those in force."""


def suppressed_by(
    rule: Rule, finding: Finding, start_ms: int, around: Circumstances
) -> SuppressedReason | None:
    """Why a finding in the bucket at `start_ms` begins or updates no alert; None: it does.

    Where several reasons hold, the first in the order of `SuppressedReason` is named: what the rule
    does not look at comes before what the platform does, that before the life of the alert, and a
    silence last, since a silenced alert lives and is on the record.

    >>> from schemas.rules import SpikeRule
    >>> rule = SpikeRule(id="spike")
    >>> many = Finding(100, 10, 3, "many posts")
    >>> silence = Silence(id="launch", reason="", until="")
    >>> around = Circumstances(is_platform_burst=True, brand="x", silences=[silence])
    >>> suppressed_by(rule, many, 0, around).value
    'platform_wide_burst'
    """
    if not around.is_active:
        return SuppressedReason.OUTSIDE_ACTIVE_HOURS
    if around.open is not None:
        if not alert_life.has_news(around.open, start_ms, finding):
            return SuppressedReason.ALREADY_FIRING
    elif around.is_platform_burst and is_inhibited(rule, finding):
        return SuppressedReason.PLATFORM_WIDE_BURST
    elif alert_life.is_pending(around.pending, start_ms, alert_life.pending_ms(rule)):
        return SuppressedReason.PENDING
    elif alert_life.is_cooling_down(
        around.past,
        start_ms,
        finding.severity,
        alert_life.cool_down_ms(rule),
        alert_life.worse_in_cool_down(rule),
    ):
        return SuppressedReason.COOL_DOWN
    is_silenced = around.silences and silence_over(around.silences, rule.id, around.brand)
    return SuppressedReason.SILENCE if is_silenced else None


def is_inhibited(rule: Rule, finding: Finding) -> bool:
    """Whether a platform-wide burst explains it: a brand's own burst is far above that of all."""
    return rule.kind in INHIBITED_KINDS and finding.severity < OWN_BURST_SEVERITY


def silence_over(silences: Sequence[Silence], rule: str, brand: str) -> str:
    """Id of the first of the silences that covers alerts of this rule and brand; else empty."""
    return next((one.id for one in silences if covers(one, rule, brand)), "")


def covers(silence: Silence, rule: str, brand: str) -> bool:
    """Whether the silence is about alerts of this rule and brand.

    >>> covers(Silence(id="s", reason="launch", until="", brands=("xiaomi",)), "spike", "xiaomi")
    True
    """
    return (not silence.brands or brand in silence.brands) and (
        not silence.rules or rule in silence.rules
    )
