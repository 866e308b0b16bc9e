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
    return GroupMention(
        group=group,
        brands=tuple([mention.brand for mention in found]),
        partition=first.partition,
        offset=first.offset,
        event_time_ms=first.event_time_ms,
        polarity=first.polarity,
        is_repost=first.is_repost,
        channel=first.channel,
        reach=first.reach,
        author=first.author,
        text_hash=first.text_hash,
        place=first.place,
        is_address=first.is_address,
        is_edit=first.is_edit,
        intents=first.intents,
        spam=first.spam,
        is_newcomer=first.is_newcomer,
        region=first.region,
    )
