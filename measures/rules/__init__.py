"""One rule kind, one file: each looks at a brand at a minute and finds something or nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from measures.brand_state import BrandState
from measures.rules import crisis, sentiment, spike
from measures.rules.finding import Finding
from schemas.catalogue import Rule, RuleKind

Look = Callable[[BrandState, int, Rule], Finding | None]

LOOKS: Mapping[RuleKind, Look] = MappingProxyType(
    {
        RuleKind.SPIKE: spike.look,
        RuleKind.SENTIMENT: sentiment.look,
        RuleKind.CRISIS: crisis.look,
    }
)
