"""Brands, rules and intents: the definitions that the topic `catalogue` carries."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from schemas.mention import Objective


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Words that decide an ambiguous alias, looked for in the author's own words and the quote."""

    require: tuple[str, ...] = ()
    """Unless empty, one of these must stand within `window` code points of the alias."""
    exclude: tuple[str, ...] = ()
    """None of these may overlap or touch the alias, or stand within `window` of it."""
    query: str = ""
    """A boolean query over the text, see `analysis.queries`: it must hold."""
    window: int = 30


class Brand(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="brand"
):
    """One brand to watch."""

    id: str
    """Lower-case letters, digits and hyphens: the key everywhere."""
    name: str
    aliases: tuple[str, ...] = ()
    """Names that are looked for besides `name`."""
    ambiguous: tuple[str, ...] = ()
    """Those of `name` and `aliases` that are common words too: `context` applies to these alone.
    Where it is empty and `context` is given, `context` applies to all. Where `context` leaves it
    open, what is said around the name decides, by the words of the brand's `trade`."""
    context: Context = Context()
    accounts: tuple[str, ...] = ()
    """The brand's own accounts: screen names or ids."""
    campaigns: tuple[str, ...] = ()
    """Hashtags of its campaigns, without `#`: a post with one names the brand and is paid."""
    min_confidence: float = 0.5
    """Mentions that are less sure than this, 0 to 1, are dropped."""
    trade: str = ""
    competitors: tuple[str, ...] = ()
    """Ids of brands."""
    parent: str = ""
    """Id of the brand this one is a product line of: what names this one counts for that too."""
    department: str = ""
    """Where its alerts go unless the rule says otherwise."""


class RuleKind(StrEnum):
    SPIKE = "spike"
    SENTIMENT = "sentiment"
    CRISIS = "crisis"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="rule"):
    """One alert rule. Fields that a kind does not use are refused by the check of the catalogue."""

    id: str
    kind: RuleKind
    brands: tuple[str, ...] = ()
    """Ids of the brands it watches; empty: all."""
    department: str = ""
    false_alerts_per_month: float = 1.0
    """`spike`, `sentiment`: how many false alerts a brand and month are acceptable."""
    min_posts: int = 0
    """Fewest posts in the horizon; 0: the kind's default."""
    min_authors: int = 0
    """Fewest distinct authors in the horizon; 0: the kind's default."""
    words: tuple[str, ...] = ()
    """`crisis`: words that count."""
    resolve_after_min: int = 30
    """Minutes of event time without the condition until the alert is resolved."""


class Intent(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="intent"
):
    """What a post that mentions a brand may want, and which objective that serves."""

    id: str
    objective: Objective
    query: str
    """A boolean query over the own words, see `analysis.queries`."""


Definition = Brand | Rule | Intent


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All definitions together: the shape of `catalogue.yml` (there without tags)."""

    brands: tuple[Brand, ...] = ()
    rules: tuple[Rule, ...] = ()
    intents: tuple[Intent, ...] = ()


def catalogue_of(definitions: Iterable[Definition]) -> Catalogue:
    """Definitions of all kinds, as one catalogue."""
    listed = list(definitions)
    return Catalogue(
        brands=tuple(item for item in listed if isinstance(item, Brand)),
        rules=tuple(item for item in listed if isinstance(item, Rule)),
        intents=tuple(item for item in listed if isinstance(item, Intent)),
    )


def definitions_of(catalogue: Catalogue) -> tuple[Definition, ...]:
    """All definitions of a catalogue: brands, rules, intents."""
    return (*catalogue.brands, *catalogue.rules, *catalogue.intents)


def definition_key(definition: Definition) -> bytes:
    """Key of a definition on the topic.

    >>> definition_key(Brand(id="xiaomi", name="小米"))
    b'brand:xiaomi'
    """
    return f"{definition.__struct_config__.tag}:{definition.id}".encode()
