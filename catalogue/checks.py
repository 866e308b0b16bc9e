"""What types cannot say about a catalogue: names that meet, references that lead nowhere."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from analysis import queries
from analysis.brands import spellings
from analysis.han_forms import simplified
from catalogue.check_feeds import checked_feeds
from catalogue.check_subscribers import checked_subscribers, is_zone
from catalogue.findings import Findings, KeyPath, did_you_mean
from catalogue.known_names import KnownNames
from catalogue.yaml_reader import AS_WRITTEN, Raw, Records
from measures.calendar import COUNTRIES, days_of, is_date, is_of_each_year, known_to
from measures.rule_index import active_hours, time_ms
from schemas.catalogue import Brand, Catalogue, Context, Holiday, Intent, Silence
from schemas.rules import RULE_OF_KIND, Measure, Rule, RuleKind, rule_fields
from schemas.topics import CATALOGUE
from sources.words import fold

MAX_WINDOW = 1000
MAX_COMPARED = 10_000
"""Names of one brand whose spellings are compared; no brand has so many."""
MAX_DEFINITION_BYTES = CATALOGUE.max_message_bytes - 4096
"""What the topic takes, less room for the key and the frame of a batch."""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHORT_LATIN = re.compile(r"[a-z0-9]{1,2}|[0-9]{3}")
"""So short that other words, models and sizes are spelled alike: HP, LV, 3M, 360."""

_OF_RULES = frozenset(name for kind in RuleKind for name in rule_fields(kind))


def unused_by(kind: RuleKind) -> frozenset[str]:
    """Fields of other kinds of rules that this one does not take.

    >>> "words" in unused_by(RuleKind.SPIKE), "words" in unused_by(RuleKind.CRISIS)
    (True, False)
    """
    return _OF_RULES.difference(rule_fields(kind))


_POSITIVE = (
    *("false_alerts_per_month", "resolve_after_min"),
    *("min_posts", "min_authors", "min_reach", "within_min"),
)
_NOT_NEGATIVE = ("pending_min", "cool_down_min")
_MOST_MINUTES = 60
_MOST_DAYS = 366
"""A holiday that lasts longer is a slip of the pen."""


def check(records: Records, findings: Findings, known: KnownNames | None = None) -> Catalogue:
    """Find everything; returns the records that have at least what they need.

    Brands are checked as they are written, and returned with what is `known` of their names.
    """
    brands, rules, intents, silences, holidays, subscribers, feeds = records
    _identify("brands", brands, ("id", "name"), findings)
    _identify("rules", rules, ("id", "kind"), findings)
    _identify("intents", intents, ("id", "objective", "query"), findings)
    _identify("silences", silences, ("id", "reason", "until"), findings)
    _identify("holidays", holidays, ("id",), findings)
    _identify("subscribers", subscribers, ("id", "channel", "address"), findings)
    _identify("feeds", feeds, ("id", "kind"), findings)
    brand_ids = [str(raw["id"]) for raw in brands if "id" in raw]
    rule_ids = [str(raw["id"]) for raw in rules if "id" in raw]
    made: dict[int, Brand] = {}
    for index, raw in enumerate(brands):
        if "id" in raw and "name" in raw:
            made[index] = brand = Brand(**_fields(raw))
            _check_brand(brand, ("brands", index), findings)
            _check_references(brand, ("brands", index), brand_ids, findings)
    _check_parents(made, findings)
    _check_shared_names(made, findings)
    _check_shared_accounts(made, findings)
    if known is not None:
        made = _completed(made, brands, known, findings)
    trades = sorted({brand.trade for brand in made.values() if brand.trade})
    for index, raw in enumerate(rules):
        _check_rule(raw, ("rules", index), brand_ids, findings)
        _refuse_unknown_trades(raw, ("rules", index), trades, findings)
    if not brands and not findings.errors:
        findings.error((), "names no brand; write at least one under `brands:`", line=0)
    if brands and not rules:
        findings.warning((), "has no rules, so there will be no alerts; add some under `rules:`")
    made_rules = {at: _rule(raw) for at, raw in enumerate(rules) if raw.keys() >= {"id", "kind"}}
    _check_sizes("brands", made, findings)
    _check_sizes("rules", made_rules, findings)
    return Catalogue(
        brands=tuple(made.values()),
        rules=tuple(made_rules.values()),
        intents=tuple(_checked_intents(intents, findings)),
        silences=tuple(_checked_silences(silences, (brand_ids, rule_ids), findings)),
        holidays=tuple(_checked_holidays(holidays, trades, findings)),
        subscribers=tuple(checked_subscribers(subscribers, (brand_ids, rules), findings)),
        feeds=tuple(checked_feeds(feeds, findings)),
    )


def _fields(raw: Raw) -> Raw:
    """What of a record is part of it."""
    return {key: value for key, value in raw.items() if key != AS_WRITTEN}


def _rule(raw: Raw) -> Rule:
    """The rule, without what its kind does not take."""
    record = RULE_OF_KIND[raw["kind"]]
    return record(**{key: value for key, value in raw.items() if key in record.__struct_fields__})


def _completed(
    made: Mapping[int, Brand], raws: Sequence[Raw], known: KnownNames, findings: Findings
) -> dict[int, Brand]:
    """The brands with what is known of their names; a note for each that becomes another."""
    completed: dict[int, Brand] = {}
    trades: list[str] = []
    for index, brand in made.items():
        if raws[index].get(AS_WRITTEN):
            completed[index] = brand
            continue
        found = known.complete(brand, raws[index].keys())
        completed[index] = found.brand
        if "trade" in found.added:
            trades.append(brand.id)
        context = [key for key in found.added if key != "trade"]
        if context:
            findings.note(
                ("brands", index),
                f"{', '.join(found.brand.ambiguous or (brand.name,))}: {' and '.join(context)} "
                f"completed by what is known of {found.known_as}; `leimo analyse --explain` shows "
                "what it does, `as_written: true` does without",
            )
    if trades:
        shown = ", ".join(trades[:_TRADES_SHOWN]) + (", …" if len(trades) > _TRADES_SHOWN else "")
        findings.note((), f"trade of {shown} filled in by what is known of their names")
    return completed


_TRADES_SHOWN = 5


def _check_sizes(key: str, made: Mapping[int, Brand | Rule], findings: Findings) -> None:
    """Each definition is one record on the topic, and has to fit."""
    for index, record in made.items():
        size = len(msgspec.json.encode(record))
        if size > MAX_DEFINITION_BYTES:
            findings.error(
                (key, index),
                f"{record.id} takes {size:,} bytes, and {MAX_DEFINITION_BYTES:,} are the most "
                "of one record; remove names and words, or split it",
            )


def _checked_intents(intents: Sequence[Raw], findings: Findings) -> Iterator[Intent]:
    for index, raw in enumerate(intents):
        if raw.keys() >= {"id", "objective", "query"}:
            intent = Intent(**raw)
            _check_query(intent.query, ("intents", index, "query"), findings)
            yield intent


def _check_query(query: str, path: KeyPath, findings: Findings) -> None:
    try:
        read = queries.parse(query)
    except queries.QueryError as error:
        findings.error_within(path, error.column, f"{error.message} (character {error.column})")
        return
    if queries.can_hold_empty(read):
        findings.error(path, "holds of nearly every text; ask for a word as well as NOT")


def _identify(
    key: str, records: Sequence[Raw], needed: tuple[str, ...], findings: Findings
) -> None:
    """Each record has what it needs, and an id of its own that is fit for keys."""
    first: dict[str, KeyPath] = {}
    for index, raw in enumerate(records):
        path: KeyPath = (key, index)
        for name in needed:
            if name not in raw and not findings.knows((*path, name)):
                whose = f" of {raw['id']}" if "id" in raw else ""
                findings.error(path, f"{name}{whose} is missing; add `{name}: …`")
        if "id" not in raw:
            continue
        given = str(raw["id"])
        if not _ID.fullmatch(given):
            findings.error(
                (*path, "id"),
                f"{given!r} is no id; use lower-case letters, digits and hyphens, such as "
                f"{_as_id(given)!r}",
            )
        elif given in first:
            findings.error(
                (*path, "id"),
                f"{given!r} is the id of {key}[{first[given][1]}] too (line "
                f"{findings.line_of(first[given])}); give each its own",
            )
        first.setdefault(given, path)


def _as_id(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "my-brand"


def _check_brand(brand: Brand, path: KeyPath, findings: Findings) -> None:
    names = _names(brand, path)
    _refuse_repeated(names, findings)
    _tell_spelled_alike(names, findings)
    for field in ("accounts", "campaigns", "competitors", "ambiguous"):
        listed = getattr(brand, field)
        _refuse_repeated([((*path, field, at), item) for at, item in enumerate(listed)], findings)
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
        _check_query(context.query, (*path, "query"), findings)
    if not 0 <= context.window <= MAX_WINDOW:
        findings.error(
            (*path, "window"), f"{context.window} is not from 0 to {MAX_WINDOW} code points"
        )
    required = {fold(word) for word in context.require}
    decided = [fold(name) for name in brand.ambiguous or (brand.name, *brand.aliases)]
    for field in ("require", "exclude"):
        words = [((*path, field, at), word) for at, word in enumerate(getattr(context, field))]
        _refuse_repeated(words, findings)
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
            _refuse_unknown_brand(other, at, brand_ids, findings)


def _refuse_unknown_brand(
    brand: str, at: KeyPath, brand_ids: Sequence[str], findings: Findings
) -> None:
    if brand not in brand_ids:
        mend = did_you_mean(brand, brand_ids, "write an id that stands under `brands:`")
        findings.error(at, f"{brand!r} is the id of no brand here; {mend}")


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


def _check_rule(raw: Raw, path: KeyPath, brand_ids: Sequence[str], findings: Findings) -> None:
    for at, brand in enumerate(raw.get("brands", ())):
        _refuse_unknown_brand(brand, (*path, "brands", at), brand_ids, findings)
    _check_ranges(raw, path, findings)
    kind = raw.get("kind")
    if not isinstance(kind, RuleKind):
        return
    for name in sorted(unused_by(kind).intersection(raw)):
        message = f"a rule of kind {kind.value} does not use this; remove it, it takes "
        findings.error((*path, name), message + ", ".join(("id", "kind", *rule_fields(kind))))
    words = raw.get("words", ())
    _refuse_repeated([((*path, "words", at), word) for at, word in enumerate(words)], findings)
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


def _refuse_unknown_trades(
    raw: Raw, path: KeyPath, trades: Sequence[str], findings: Findings
) -> None:
    for at, trade in enumerate(raw.get("trades", ())):
        if trade not in trades:
            mend = did_you_mean(trade, trades, "write one that stands under `trade:` of a brand")
            findings.error(
                (*path, "trades", at), f"{trade!r} is the trade of no brand here; {mend}"
            )


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


def _checked_silences(
    silences: Sequence[Raw], ids: tuple[Sequence[str], Sequence[str]], findings: Findings
) -> Iterator[Silence]:
    brand_ids, rule_ids = ids
    for index, raw in enumerate(silences):
        path: KeyPath = ("silences", index)
        for at, brand in enumerate(raw.get("brands", ())):
            _refuse_unknown_brand(brand, (*path, "brands", at), brand_ids, findings)
        for at, rule in enumerate(raw.get("rules", ())):
            if rule not in rule_ids:
                mend = did_you_mean(rule, rule_ids, "write an id that stands under `rules:`")
                findings.error((*path, "rules", at), f"{rule!r} is the id of no rule here; {mend}")
        if raw.keys() >= {"id", "reason", "until"}:
            yield Silence(**raw)
        since_ms, until_ms = (_moment(raw, name, path, findings) for name in ("since", "until"))
        if since_ms is not None and until_ms is not None and until_ms <= since_ms:
            findings.error((*path, "until"), f"{raw['until']} is not after since; swap the two")


def _moment(raw: Raw, name: str, path: KeyPath, findings: Findings) -> int | None:
    """The time of a silence, in ms; None where it is not given or is none."""
    if name not in raw:
        return None
    try:
        return time_ms(raw[name])
    except ValueError:
        findings.error(
            (*path, name),
            f'{raw[name]!r} is no time with its zone; write such as "2026-11-25T08:00+08:00"',
        )
        return None


def _checked_holidays(
    holidays: Sequence[Raw], trades: Sequence[str], findings: Findings
) -> Iterator[Holiday]:
    for index, raw in enumerate(holidays):
        if "id" in raw:
            holiday = Holiday(**raw)
            _check_days(holiday, ("holidays", index), findings)
            _refuse_unknown_trades(raw, ("holidays", index), trades, findings)
            yield holiday


def _check_days(holiday: Holiday, path: KeyPath, findings: Findings) -> None:
    if holiday.zone and not (holiday.is_sale and is_zone(holiday.zone)):
        mend = "write an IANA name, such as Asia/Shanghai, and that beside `is_sale: true` alone"
        findings.error((*path, "zone"), f"{holiday.zone!r} is of no use here; {mend}")
    if holiday.trades and not holiday.is_sale:
        mend = "holidays are everybody's; leave it out, or write `is_sale: true`"
        findings.error((*path, "trades"), f"is of no use here; {mend}")
    if bool(holiday.first) == bool(holiday.country):
        if not holiday.first:
            findings.error(path, f"first of {holiday.id} is missing; name a day, or `country: CN`")
        else:
            findings.error((*path, "country"), "has days of its own; leave first and last out")
        return
    if holiday.country:
        _check_country(holiday, path, findings)
        return
    for name in ("first", "last"):
        given = getattr(holiday, name)
        if given and not is_date(given):
            findings.error((*path, name), f'{given!r} is no day; write such as "2026-10-01"')
            return
    if holiday.last and is_of_each_year(holiday.first) != is_of_each_year(holiday.last):
        findings.error((*path, "last"), "name the year of both days, or of neither")
        return
    _check_length(holiday, path, findings)


def _check_length(holiday: Holiday, path: KeyPath, findings: Findings) -> None:
    one = holiday
    if is_of_each_year(holiday.first):
        first, last = (f"2004-{day}" for day in (holiday.first, holiday.last or holiday.first))
        one = Holiday(holiday.id, first, last)
    days = len(list(islice(days_of(one), _MOST_DAYS + 1)))
    if not days:
        findings.error((*path, "last"), f"{holiday.last} is before {holiday.first}; swap the two")
    elif days > _MOST_DAYS:
        findings.error((*path, "last"), f"{holiday.last} is more than a year after the first day")


def _check_country(holiday: Holiday, path: KeyPath, findings: Findings) -> None:
    where = (*path, "country")
    if holiday.country not in COUNTRIES:
        mend = f"known are {', '.join(COUNTRIES)}; name the days of others with first and last"
        findings.error(where, f"the holidays of {holiday.country!r} are not known; {mend}")
    elif holiday.is_sale:
        findings.error((*path, "is_sale"), "sales are on days of their own; name them with first")
    else:
        findings.note(where, f"its holidays are known up to {known_to()}; later, update leimo")


def _check_ranges(raw: Raw, path: KeyPath, findings: Findings) -> None:
    for name in _POSITIVE:
        if name in raw and not raw[name] > 0:
            findings.error((*path, name), f"{raw[name]} is not above 0")
    for name in _NOT_NEGATIVE:
        if name in raw and raw[name] < 0:
            findings.error((*path, name), f"{raw[name]} is below 0")


def _refuse_repeated(items: Sequence[tuple[KeyPath, str]], findings: Findings) -> None:
    first: dict[str, KeyPath] = {}
    for path, text in items:
        before = first.setdefault(fold(text), path)
        if before != path:
            findings.error(
                path, f"{text!r} stands twice, first in line {findings.line_of(before)}; remove it"
            )


def _is_given(context: Context) -> bool:
    return context != Context()


def _has_context(brand: Brand, name: str) -> bool:
    """True where the brand's context has a say over the name."""
    context = brand.context
    if not (context.require or context.exclude or context.query or brand.ambiguous):
        return False
    return not brand.ambiguous or fold(name) in {fold(other) for other in brand.ambiguous}
