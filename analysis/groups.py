"""Groups of rivals: what rules of kind `share` compare.

A board sees the mentions of its own brands alone. So a post that names brands of a group gives one
more mention, keyed by the group, that lists them: one board sees all of a group, and counts it as
exactly as it counts a brand.
"""

from collections.abc import Sequence

import msgspec

from schemas.catalogue import Catalogue
from schemas.mention import GROUP_PREFIX, Mention
from schemas.rules import ShareRule


class Groups:
    """The groups of a catalogue's rules."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._of: dict[str, list[str]] = {}
        for rule in catalogue.rules:
            if isinstance(rule, ShareRule):
                for brand in catalogue.brands:
                    if brand.id in rule.brands or (brand.trade and brand.trade in rule.trades):
                        self._of.setdefault(brand.id, []).append(GROUP_PREFIX + rule.id)

    def of(self, mentions: Sequence[Mention]) -> list[Mention]:
        """The mentions of groups in one post, given those of its brands."""
        named: dict[str, list[Mention]] = {}
        for mention in mentions:
            for group in self._of.get(mention.brand, ()):
                named.setdefault(group, []).append(mention)
        return [
            msgspec.structs.replace(
                found[0],
                brand=group,
                product=" ".join(mention.brand for mention in found),
                spans=(),
                text="",
                terms=(),
                original_text="",
            )
            for group, found in named.items()
        ]
