"""One rule kind, one file: asked about a brand at a minute, it finds something or nothing."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from measures.brand_state import BELIEVED_POSTS, OpenAlert
from measures.horizons import HORIZONS_MIN
from measures.moment import Moment
from measures.rules import composite, crisis, drop, influencer, sentiment, share, silence, spike
from measures.rules.finding import Finding
from schemas.rules import Rule, RuleKind

Evaluator = Callable[[Moment, Any, OpenAlert | None], Finding | None]
"""Of a rule of its kind; given the alert that is open, whether the condition still holds: it ends
later than it begins."""

EVALUATORS: Mapping[RuleKind, Evaluator] = MappingProxyType(
    {
        RuleKind.SPIKE: spike.evaluate,
        RuleKind.DROP: drop.evaluate,
        RuleKind.SENTIMENT: sentiment.evaluate,
        RuleKind.CRISIS: crisis.evaluate,
        RuleKind.INFLUENCER: influencer.evaluate,
        RuleKind.SILENCE: silence.evaluate,
        RuleKind.COMPOSITE: composite.evaluate,
    }
)
"""All but `share`, which is about a group of rivals."""

QUIET_KINDS = frozenset({RuleKind.DROP, RuleKind.SILENCE})
"""Kinds that are evaluated in minutes without posts."""
MORE_POSTS = frozenset({RuleKind.SPIKE, RuleKind.COMPOSITE})
"""Kinds that are about more posts."""
_MAY_ALWAYS = frozenset({RuleKind.DROP, RuleKind.SHARE})
_SPIKE = frozenset({RuleKind.SPIKE})
_QUARTER = HORIZONS_MIN.index(15)
_SHARE: Final = RuleKind.SHARE
_CRISIS = frozenset({RuleKind.CRISIS})
_SENTIMENT = frozenset({RuleKind.SENTIMENT})
_INFLUENCER = frozenset({RuleKind.INFLUENCER})


def kinds_at(
    moment: Moment, least_posts: float, least_reach: int, least_about_one: float
) -> frozenset[RuleKind]:
    """The kinds of rules that may find something in a minute with posts; no other is asked.

    `least_posts`, `least_reach` and `least_about_one`: the smallest that any rule asks for.
    """
    bucket, state = moment.bucket, moment.state
    kinds = _MAY_ALWAYS
    if bucket is None:
        return kinds
    sums = moment.sums
    if sums[-1] >= least_posts:
        kinds |= MORE_POSTS
    elif state.alerts or sums[_QUARTER] >= least_about_one:
        kinds |= _SPIKE
    if bucket.hits or bucket.exposed:
        kinds |= _CRISIS
    if bucket.negative and state.judged >= BELIEVED_POSTS:
        kinds |= _SENTIMENT
    if bucket.attacks or bucket.loudest >= least_reach or influencer.may_spread(moment):
        kinds |= _INFLUENCER
    return kinds


def evaluate(moment: Moment, rule: Rule) -> Iterable[Finding]:
    """What the rule finds of the brand, or of each of a group of rivals; nothing is changed."""
    alerts = moment.state.alerts
    if rule.kind is _SHARE:
        return share.findings(moment, rule, {open_alert.about for open_alert in alerts.values()})
    open_alert = alerts[rule.id] if rule.id in alerts else None  # noqa: SIM401 - a call less
    found = EVALUATORS[rule.kind](moment, rule, open_alert)
    return () if found is None else (found,)
