"""What types cannot say about rules: fields of other kinds, ranges, hours, conditions."""

from collections.abc import Sequence

from catalogue.check_records import refuse_repeated, refuse_unknown_brand
from catalogue.findings import Findings, KeyPath
from catalogue.yaml_reader import Raw
from measures.rule_index import active_hours
from schemas.rules import Measure, RuleKind, rule_fields

_OF_RULES = frozenset(name for kind in RuleKind for name in rule_fields(kind))
_POSITIVE = (
    *("false_alerts_per_month", "resolve_after_min"),
    *("min_posts", "min_authors", "min_reach", "within_min"),
)
_NOT_NEGATIVE = ("pending_min", "cool_down_min")
_MOST_MINUTES = 60


def unused_by(kind: RuleKind) -> frozenset[str]:
    """Fields of other kinds of rules that this one does not take.

    >>> "words" in unused_by(RuleKind.SPIKE), "words" in unused_by(RuleKind.CRISIS)
    (True, False)
    """
    return _OF_RULES.difference(rule_fields(kind))


def check_rule(raw: Raw, path: KeyPath, brand_ids: Sequence[str], findings: Findings) -> None:
    """What is wrong with one rule."""
    for at, brand in enumerate(raw.get("brands", ())):
        refuse_unknown_brand(brand, (*path, "brands", at), brand_ids, findings)
    _check_ranges(raw, path, findings)
    kind = raw.get("kind")
    if not isinstance(kind, RuleKind):
        return
    for name in sorted(unused_by(kind).intersection(raw)):
        message = f"a rule of kind {kind.value} does not use this; remove it, it takes "
        findings.error((*path, name), message + ", ".join(("id", "kind", *rule_fields(kind))))
    words = raw.get("words", ())
    refuse_repeated([((*path, "words", at), word) for at, word in enumerate(words)], findings)
    _check_hours(raw, path, findings)
    if kind is RuleKind.COMPOSITE:
        _check_conditions(raw, path, findings)
    if (
        kind is RuleKind.SHARE
        and not raw.get("trades")
        and len(raw.get("brands", ())) < 2
        and not _is_misread(raw, path, ("trades", "brands"), findings)
    ):
        findings.error(path, "a rule of kind share compares brands; add two, or `trades:`")
    if kind is RuleKind.CRISIS:
        is_misread = _is_misread(raw, path, ("words", "objectives"), findings)
        if not words and not raw.get("objectives") and not is_misread:
            findings.error(path, "a rule of kind crisis needs words; add `words: [召回, …]`")
        for at, word in enumerate(words):
            if len(word) == 1:
                findings.warning(
                    (*path, "words", at), f"{word!r} stands in many other words; write it out"
                )


def _is_misread(raw: Raw, path: KeyPath, names: Sequence[str], findings: Findings) -> bool:
    """Whether one of these was given and is wrong, which was told already."""
    misread = [name for name in names if findings.knows((*path, name)) and not raw.get(name)]
    return any(name not in raw or findings.knows((*path, name, 0)) for name in misread)


def _check_hours(raw: Raw, path: KeyPath, findings: Findings) -> None:
    if "active_hours" not in raw:
        return
    where = (*path, "active_hours")
    try:
        hours = active_hours(raw["active_hours"])
    except ValueError as error:
        findings.error(where, str(error))
        return
    if hours.from_min == hours.until_min:
        mend = "leave it out to look always"
        findings.error(where, f"{raw['active_hours']!r} ends when it begins; {mend}")


def _check_conditions(raw: Raw, path: KeyPath, findings: Findings) -> None:
    conditions = raw.get("conditions", ())
    if not conditions and not _is_misread(raw, path, ("conditions",), findings):
        findings.error(path, "a rule of kind composite needs `conditions:`; add at least one")
    for at, condition in enumerate(conditions):
        where = (*path, "conditions", at)
        limits = (condition.at_least, condition.at_most)
        times = (condition.at_least_times, condition.at_most_times)
        if all(limit is None for limit in (*limits, *times)):
            findings.error(where, "limits nothing; add at_least, at_most, or one with _times")
        if not 1 <= condition.over_min <= _MOST_MINUTES:
            findings.error(where, f"over_min {condition.over_min} is not from 1 to 60 minutes")
        if condition.measure in (Measure.AUTHORS, Measure.REACH) and times != (None, None):
            findings.error(where, f"{condition.measure} has no usual; use at_least or at_most")


def _check_ranges(raw: Raw, path: KeyPath, findings: Findings) -> None:
    for name in _POSITIVE:
        if name in raw and not raw[name] > 0:
            findings.error((*path, name), f"{raw[name]} is not above 0")
    for name in _NOT_NEGATIVE:
        if name in raw and raw[name] < 0:
            findings.error((*path, name), f"{raw[name]} is below 0")
