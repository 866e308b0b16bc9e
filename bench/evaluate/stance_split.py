"""Which labelled mentions may be learned from, and which are measured.

Measured are all mentions of some brands, families together: a model that has learned the name has
not learned the question. A mention of another brand in a group with a measured mention is put
aside, since its words are nearly the same. Nothing here looks at a label.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from analysis.training.stance_pool import Pooled, hash_of

TRAIN, TEST, ASIDE = "train", "test", "aside"
SHARE = 0.25
"""Of the mentions that are measured."""
SLACK = 0.03
TRIALS = 200
"""Choices of brands that are tried; that which puts the fewest aside is bettered and taken."""
LARGEST = 0.2
"""Share of the measured mentions that one family may have: no brand makes the figure alone."""


def split_of(mentions: Sequence[Pooled], families: Mapping[str, str]) -> dict[str, str]:
    """Identity of each mention -> `train`, `test` or `aside`. The same mentions, the same split."""
    family_of = {one.brand: families.get(one.brand, one.brand) for one in mentions}
    sizes = Counter(family_of[one.brand] for one in mentions)
    groups: dict[str, Counter[str]] = {}
    for one in mentions:
        groups.setdefault(one.source.group, Counter())[family_of[one.brand]] += 1
    wanted = SHARE * len(mentions)
    shared = [families for families in groups.values() if len(families) > 1]
    choices = [_choice(sizes, wanted, trial) for trial in range(TRIALS)]
    first = min(choices, key=lambda choice: _aside(shared, choice))
    tested = _bettered(first, sizes, wanted, shared)
    return {
        one.identity: _side(family_of[one.brand], groups[one.source.group], tested)
        for one in mentions
    }


def _choice(sizes: Mapping[str, int], wanted: float, trial: int) -> frozenset[str]:
    """Families in an order of this trial, as long as they fit into the share."""
    chosen, total = [], 0
    for family in sorted(sizes, key=lambda family: hash_of(f"{trial}\t{family}")):
        if total + sizes[family] <= wanted and sizes[family] <= LARGEST * wanted:
            chosen.append(family)
            total += sizes[family]
    return frozenset(chosen)


def _bettered(
    tested: frozenset[str],
    sizes: Mapping[str, int],
    wanted: float,
    shared: Sequence[Counter[str]],
) -> frozenset[str]:
    """One family in or out, as long as that puts fewer mentions aside at about the same share."""
    aside, is_better = _aside(shared, tested), True
    while is_better:
        is_better = False
        for family in sorted(sizes):
            other = tested ^ {family}
            total = sum(sizes[each] for each in other)
            if abs(total - wanted) > SLACK * wanted or sizes[family] > LARGEST * wanted:
                continue
            if (fewer := _aside(shared, other)) < aside:
                tested, aside, is_better = other, fewer, True
    return tested


def _aside(groups: Iterable[Counter[str]], tested: frozenset[str]) -> int:
    return sum(
        n
        for families in groups
        if not tested.isdisjoint(families)
        for family, n in families.items()
        if family not in tested
    )


def _side(family: str, group: Iterable[str], tested: frozenset[str]) -> str:
    if family in tested:
        return TEST
    return TRAIN if tested.isdisjoint(group) else ASIDE
