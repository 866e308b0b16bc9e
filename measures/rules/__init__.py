"""One rule kind, one file: each looks at a brand at a minute and finds something or nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from measures.brand_state import OpenAlert
from measures.moment import Moment
from measures.rules import composite, crisis, drop, influencer, sentiment, silence, spike
from measures.rules.finding import Finding
from schemas.catalogue import Rule, RuleKind

Look = Callable[[Moment, Rule, OpenAlert | None], Finding | None]
"""Given the alert that is open, whether the condition still holds: it ends later than it begins."""

LOOKS: Mapping[RuleKind, Look] = MappingProxyType(
    {
        RuleKind.SPIKE: spike.look,
        RuleKind.DROP: drop.look,
        RuleKind.SENTIMENT: sentiment.look,
        RuleKind.CRISIS: crisis.look,
        RuleKind.INFLUENCER: influencer.look,
        RuleKind.SILENCE: silence.look,
        RuleKind.COMPOSITE: composite.look,
    }
)
"""All but `share`, which looks at a group of rivals."""
