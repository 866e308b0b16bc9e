"""Groups of rivals: what rules of kind `share` compare.

A board sees the mentions of its own brands alone. So a post that names brands of a group gives one
more record, keyed by the group, that lists them: one board sees all of a group, and counts it as
exactly as it counts a brand.
"""

from collections.abc import Sequence

from schemas.catalogue import Catalogue
from schemas.mention import GroupMention, Mention
from schemas.rules import ShareRule


class Groups:
    """The groups of a catalogue's rules."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._of: dict[str, list[str]] = {}
        """Brand -> its groups."""
        for rule in catalogue.rules:
            if isinstance(rule, ShareRule):
                for brand in catalogue.brands:
                    if brand.id in rule.brands or (brand.trade and brand.trade in rule.trades):
                        self._of.setdefault(brand.id, []).append(rule.id)

    def of(self, mentions: Sequence[Mention]) -> list[GroupMention]:
        """The mentions of groups in one post, given those of its brands."""
        named: dict[str, list[Mention]] = {}
        for mention in mentions:
            for group in self._of.get(mention.brand, ()):
                named.setdefault(group, []).append(mention)
        return [_group_mention(group, found) for group, found in named.items()]


def _group_mention(group: str, found: Sequence[Mention]) -> GroupMention:
    first = found[0]
    # By position, in the order of the record's fields: less time than keywords take.
    return GroupMention(
        group,
        tuple([mention.brand for mention in found]),
        first.partition,
        first.offset,
        first.event_time_ms,
        first.polarity,
        first.is_repost,
        first.channel,
        first.reach,
        first.author,
        first.text_hash,
        first.place,
        first.is_address,
        first.is_edit,
        first.intents,
        first.spam,
        first.is_newcomer,
        first.region,
    )
