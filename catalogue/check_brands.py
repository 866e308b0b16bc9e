"""What types cannot say about brands: names that meet, contexts that decide nothing, parents."""

import re
from collections.abc import Mapping, Sequence

from analysis.brands import spellings
from analysis.han_forms import simplified
from catalogue.check_records import check_query, refuse_repeated, refuse_unknown_brand
from catalogue.findings import Findings, KeyPath, did_you_mean
from schemas.catalogue import Brand, Context
from sources.words import fold

MAX_WINDOW = 1000
MAX_COMPARED = 10_000
"""Names of one brand whose spellings are compared; no brand has so many."""
_SHORT_LATIN = re.compile(r"[a-z0-9]{1,2}|[0-9]{3}")
"""So short that other words, models and sizes are spelled alike: HP, LV, 3M, 360."""


def check_brand(brand: Brand, path: KeyPath, brand_ids: Sequence[str], findings: Findings) -> None:
    """What is wrong with one brand; `brand_ids`: those of the catalogue."""
    names = _names(brand, path)
    refuse_repeated(names, findings)
    _tell_spelled_alike(names, findings)
    for field in ("accounts", "campaigns", "competitors", "ambiguous"):
        listed = getattr(brand, field)
        refuse_repeated([((*path, field, at), item) for at, item in enumerate(listed)], findings)
    for at, name in names:
        _check_name(brand, name, at, findings)
    _check_ambiguous(brand, path, findings)
    for number, tag in enumerate(brand.campaigns):
        if len(fold(tag).strip("#＃ ")) < 2:
            findings.error(
                (*path, "campaigns", number), f"{tag!r} is too short for a hashtag; write it out"
            )
    if not 0 <= brand.min_confidence <= 1:
        findings.error(
            (*path, "min_confidence"), f"{brand.min_confidence} is not from 0 to 1; 0.5 is usual"
        )
    if _is_given(brand.context):
        _check_context(brand, (*path, "context"), findings)
    _check_references(brand, path, brand_ids, findings)


def check_shared(brands: Mapping[int, Brand], findings: Findings) -> None:
    """What is wrong between brands: parents that go round, names and accounts of two."""
    _check_parents(brands, findings)
    _check_shared_names(brands, findings)
    _check_shared_accounts(brands, findings)


def _tell_spelled_alike(names: Sequence[tuple[KeyPath, str]], findings: Findings) -> None:
    """Aliases that are found without being listed, since another name is spelled so too."""
    if len(names) > MAX_COMPARED:
        return
    found_by: dict[str, list[int]] = {}
    for at, (_, name) in enumerate(names):
        for form in {simplified(form) for form in spellings(name)}:
            found_by.setdefault(form, []).append(at)
    own = [simplified(next(spellings(name))) for _, name in names]
    for at, (path, name) in enumerate(names[1:], start=1):
        for other in found_by[own[at]][:2]:
            earlier = names[other][1]
            is_both_ways = at in found_by[own[other]]
            if fold(name) != fold(earlier) and (other < at or not is_both_ways):
                findings.note(path, f"{name!r} is found by {earlier!r} already; remove it")
                break


def _names(brand: Brand, path: KeyPath) -> list[tuple[KeyPath, str]]:
    aliases = [((*path, "aliases", at), alias) for at, alias in enumerate(brand.aliases)]
    return [((*path, "name"), brand.name), *aliases]


def _check_name(brand: Brand, name: str, at: KeyPath, findings: Findings) -> None:
    folded = fold(name)
    if len(folded) == 1:
        findings.error(at, f"{name!r} has one character and would be found everywhere; remove it")
    elif _SHORT_LATIN.fullmatch(folded) and not _has_context(brand, name):
        findings.warning(
            at, f"{name!r} is so short that it stands for other things too; give it a context"
        )


def _check_ambiguous(brand: Brand, path: KeyPath, findings: Findings) -> None:
    names = {fold(name): name for name in (brand.name, *brand.aliases)}
    for at, name in enumerate(brand.ambiguous):
        if fold(name) not in names:
            mend = did_you_mean(name, names.values(), "add it to the aliases")
            findings.error((*path, "ambiguous", at), f"{name!r} is neither name nor alias; {mend}")
    if brand.ambiguous and not _is_given(brand.context) and not brand.trade:
        findings.error(
            (*path, "ambiguous"),
            "nothing decides these names; add `trade:`, or `context:` with words",
        )


def _check_context(brand: Brand, path: KeyPath, findings: Findings) -> None:
    context = brand.context
    if not context.require and not context.exclude and not context.query:
        findings.error(path, "decides nothing; add `require:` or `exclude:` words, or a `query:`")
    if context.query:
        check_query(context.query, (*path, "query"), findings)
    if not 0 <= context.window <= MAX_WINDOW:
        findings.error(
            (*path, "window"), f"{context.window} is not from 0 to {MAX_WINDOW} code points"
        )
    required = {fold(word) for word in context.require}
    decided = [fold(name) for name in brand.ambiguous or (brand.name, *brand.aliases)]
    for field in ("require", "exclude"):
        words = [((*path, field, at), word) for at, word in enumerate(getattr(context, field))]
        refuse_repeated(words, findings)
    for at, word in enumerate(context.exclude):
        where = (*path, "exclude", at)
        if fold(word) in required:
            findings.error(where, f"{word!r} is required too; keep one of the two")
        within = next((name for name in decided if fold(word) in name), None)
        if within is not None:
            findings.error(
                where, f"{word!r} stands in {within!r} itself, which it would always refuse"
            )


def _check_references(
    brand: Brand, path: KeyPath, brand_ids: Sequence[str], findings: Findings
) -> None:
    references: list[tuple[KeyPath, str]] = [
        ((*path, "competitors", at), other) for at, other in enumerate(brand.competitors)
    ]
    if brand.parent:
        references.append(((*path, "parent"), brand.parent))
    for at, other in references:
        if other == brand.id:
            findings.error(at, f"{other!r} is the brand itself; remove it")
        else:
            refuse_unknown_brand(other, at, brand_ids, findings)


def _check_parents(brands: Mapping[int, Brand], findings: Findings) -> None:
    parents = {brand.id: brand.parent for brand in brands.values()}
    for index, brand in brands.items():
        seen = [brand.id]
        while (parent := parents.get(seen[-1], "")) and parent not in seen:
            seen.append(parent)
        if parent == brand.id and len(seen) > 1:
            circle = " → ".join((*seen, parent))
            findings.error(("brands", index, "parent"), f"parents go round: {circle}; break it")


def _check_shared_names(brands: Mapping[int, Brand], findings: Findings) -> None:
    """A name of two brands counts for both, unless contexts tell them apart."""
    owners: dict[str, list[tuple[KeyPath, str, Brand]]] = {}
    for index, brand in brands.items():
        for path, name in _names(brand, ("brands", index)):
            owners.setdefault(fold(name), []).append((path, name, brand))
    for sharing in owners.values():
        _, _, first = sharing[0]
        for path, name, brand in sharing[1:]:
            if brand.id == first.id:
                continue
            decided = _has_context(brand, name) + _has_context(first, name)
            message = (
                f"{name!r} is a name of {first.id} too and counts for both; "
                "make it ambiguous in both, with contexts that tell them apart"
            )
            if decided == 0:
                findings.error(path, message)
            elif decided == 1:
                findings.warning(path, message)


def _check_shared_accounts(brands: Mapping[int, Brand], findings: Findings) -> None:
    owner: dict[str, Brand] = {}
    for index, brand in brands.items():
        for at, account in enumerate(brand.accounts):
            first = owner.setdefault(account, brand)
            if first.id not in (brand.id, brand.parent) and first.parent != brand.id:
                findings.warning(
                    ("brands", index, "accounts", at), f"{account!r} is owned by {first.id} too"
                )


def _is_given(context: Context) -> bool:
    return context != Context()


def _has_context(brand: Brand, name: str) -> bool:
    """True where the brand's context has a say over the name."""
    context = brand.context
    if not (context.require or context.exclude or context.query or brand.ambiguous):
        return False
    return not brand.ambiguous or fold(name) in {fold(other) for other in brand.ambiguous}
