"""Alert rules, by kind: each takes what it uses, and says what holds where nothing is given."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import msgspec

from schemas.mention import Objective

USUAL_RESOLVE_AFTER_MIN = 30
"""Minutes without its condition after which an alert is over, unless its rule says otherwise."""
USUAL_COOL_DOWN_MIN = 9 * 60
"""Minutes after the begin of an alert in which no other begins, unless its rule says otherwise."""
FEWEST_POSTS = 10
"""In an hour, below which a count of posts is no burst, unless its rule says otherwise."""


class RuleKind(StrEnum):
    SPIKE = "spike"
    """More posts than usual."""
    DROP = "drop"
    """Fewer posts than usual."""
    SENTIMENT = "sentiment"
    """More negative posts than usual."""
    CRISIS = "crisis"
    """Posts with certain words, or of certain objectives."""
    INFLUENCER = "influencer"
    """A large account names the brand, or the brand's own accounts are attacked."""
    SILENCE = "silence"
    """No posts at all: of a brand, or of the whole feed."""
    SHARE = "share"
    """A brand's share among its rivals shifts."""
    COMPOSITE = "composite"
    """Several conditions at once."""


class Measure(StrEnum):
    """What a condition of a composite rule compares."""

    POSTS = "posts"
    AUTHORS = "authors"
    REACH = "reach"
    POSITIVE = "positive"
    """Share of positive posts, in percent."""
    NEGATIVE = "negative"
    """Share of negative posts, in percent."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One condition of a composite rule. All limits that are given have to hold."""

    measure: Measure
    over_min: int = 60
    """Minutes up to now, at most 60."""
    at_least: float | None = None
    at_most: float | None = None
    at_least_times: float | None = None
    """Times the brand's usual: of `posts`, `positive` and `negative`."""
    at_most_times: float | None = None


class CommonRule(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What rules of all kinds take."""

    kind: ClassVar[RuleKind]
    id: str
    brands: tuple[str, ...] = ()
    """Ids of the brands it watches; with neither these nor `trades`: all."""
    trades: tuple[str, ...] = ()
    """Trades whose brands it watches."""
    department: str = ""
    """Where its alerts go; empty: the brand's."""
    active_hours: str = ""
    """When it looks, such as `08:00-22:00 +08:00`; empty: always."""
    pending_min: int = 0
    """Minutes for which the condition has to hold before the alert fires."""
    cool_down_min: int = USUAL_COOL_DOWN_MIN
    """Minutes after the begin of an alert in which no new one begins, unless it is much worse."""
    resolve_after_min: int = USUAL_RESOLVE_AFTER_MIN
    """Minutes of event time without the condition until the alert is resolved."""


class KnobRule(CommonRule, frozen=True, kw_only=True):
    """What rules take whose condition is how improbable something is."""

    false_alerts_per_month: float = 1.0
    """How many false alerts a brand and month are acceptable."""


class SpikeRule(KnobRule, frozen=True, kw_only=True, tag="rule/spike"):
    """More posts than usual."""

    kind: ClassVar[Literal[RuleKind.SPIKE]] = RuleKind.SPIKE
    min_posts: int = FEWEST_POSTS
    """Fewest posts in the hour."""
    min_authors: int = 4
    """Fewest distinct authors in the horizon."""


class DropRule(KnobRule, frozen=True, kw_only=True, tag="rule/drop"):
    """Fewer posts than usual."""

    kind: ClassVar[Literal[RuleKind.DROP]] = RuleKind.DROP
    min_posts: int = 30
    """Fewest posts that are expected in the hour."""


class SentimentRule(KnobRule, frozen=True, kw_only=True, tag="rule/sentiment"):
    """More negative posts than usual."""

    kind: ClassVar[Literal[RuleKind.SENTIMENT]] = RuleKind.SENTIMENT
    min_posts: int = 20
    """Fewest posts with a mood in the hour."""
    min_authors: int = 8
    """Fewest distinct authors in the hour."""


class CrisisRule(CommonRule, frozen=True, kw_only=True, tag="rule/crisis"):
    """Posts with certain words, or of certain objectives."""

    kind: ClassVar[Literal[RuleKind.CRISIS]] = RuleKind.CRISIS
    words: tuple[str, ...] = ()
    """Words that count."""
    objectives: tuple[Objective, ...] = ()
    """Posts of these objectives with a negative mood count."""
    min_posts: int = 4
    """Fewest posts that count, in ten minutes."""
    min_authors: int = 3
    """Fewest distinct authors of them."""
    cool_down_min: int = 0
    """Minutes after the begin of an alert in which no new one begins, unless it is much worse."""


class InfluencerRule(CommonRule, frozen=True, kw_only=True, tag="rule/influencer"):
    """A large account names the brand, or the brand's own accounts are attacked."""

    kind: ClassVar[Literal[RuleKind.INFLUENCER]] = RuleKind.INFLUENCER
    min_reach: int = 1_000_000
    """Followers from which an account is large."""
    min_posts: int = 10
    """Fewest negative posts to the brand's own accounts, in the hour."""
    min_authors: int = 5
    """Fewest distinct authors in the hour."""


class SilenceRule(KnobRule, frozen=True, kw_only=True, tag="rule/silence"):
    """No posts at all: of a brand, or of the whole feed."""

    kind: ClassVar[Literal[RuleKind.SILENCE]] = RuleKind.SILENCE
    within_min: int = 60
    """Minutes without a post from which it is silence."""
    cool_down_min: int = 0
    """Minutes after the begin of an alert in which no new one begins, unless it is much worse."""


class ShareRule(KnobRule, frozen=True, kw_only=True, tag="rule/share"):
    """A brand's share among its rivals shifts: those in `brands`, and the brands of `trades`."""

    kind: ClassVar[Literal[RuleKind.SHARE]] = RuleKind.SHARE
    min_posts: int = 50
    """Fewest mentions of them all, in the hour."""


class CompositeRule(CommonRule, frozen=True, kw_only=True, tag="rule/composite"):
    """Several conditions at once."""

    kind: ClassVar[Literal[RuleKind.COMPOSITE]] = RuleKind.COMPOSITE
    conditions: tuple[Condition, ...] = ()
    """All of them have to hold."""
    min_posts: int = 10
    """Fewest posts in the longest span of a condition."""
    min_authors: int = 4
    """Fewest distinct authors in it."""


Rule = (
    SpikeRule
    | DropRule
    | SentimentRule
    | CrisisRule
    | InfluencerRule
    | SilenceRule
    | ShareRule
    | CompositeRule
)
"""One alert rule."""
RULE_OF_KIND: Mapping[RuleKind, type[Rule]] = MappingProxyType(
    {rule.kind: rule for rule in get_args(Rule)}
)


def rule_fields(kind: RuleKind) -> tuple[str, ...]:
    """What a rule of a kind takes, beside `id` and `kind`.

    >>> rule_fields(RuleKind.SHARE)[:2], rule_fields(RuleKind.SHARE)[-2:]
    (('brands', 'trades'), ('false_alerts_per_month', 'min_posts'))
    """
    return tuple(name for name in RULE_OF_KIND[kind].__struct_fields__ if name != "id")
