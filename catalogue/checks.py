"""What types cannot say about a catalogue, all together: each kind has a file of its own."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from catalogue.check_brands import check_brand, check_shared
from catalogue.check_calendar import checked_holidays, checked_silences
from catalogue.check_feeds import checked_feeds
from catalogue.check_records import check_query, identify, refuse_unknown_trades
from catalogue.check_rules import check_rule
from catalogue.check_subscribers import checked_subscribers
from catalogue.findings import Findings
from catalogue.known_names import KnownNames, name_key
from catalogue.yaml_reader import AS_WRITTEN, Raw, Records
from schemas.catalogue import Brand, Catalogue, Intent
from schemas.rules import RULE_OF_KIND, Rule
from schemas.topics import CATALOGUE

MAX_DEFINITION_BYTES = CATALOGUE.max_message_bytes - 4096
"""What the topic takes, less room for the key and the frame of a batch."""
_TRADES_SHOWN = 5


def check(records: Records, findings: Findings, known: KnownNames | None = None) -> Catalogue:
    """Find everything; returns the records that have at least what they need.

    Brands are checked as they are written, and returned with what is `known` of their names.
    """
    brands, rules, intents, silences, holidays, subscribers, feeds = records
    identify("brands", brands, ("id", "name"), findings)
    identify("rules", rules, ("id", "kind"), findings)
    identify("intents", intents, ("id", "objective", "query"), findings)
    identify("silences", silences, ("id", "reason", "until"), findings)
    identify("holidays", holidays, ("id",), findings)
    identify("subscribers", subscribers, ("id", "channel", "address"), findings)
    identify("feeds", feeds, ("id", "kind"), findings)
    brand_ids = [str(raw["id"]) for raw in brands if "id" in raw]
    rule_ids = [str(raw["id"]) for raw in rules if "id" in raw]
    made: dict[int, Brand] = {}
    for index, raw in enumerate(brands):
        if "id" in raw and "name" in raw:
            made[index] = brand = Brand(**_fields(raw))
            check_brand(brand, ("brands", index), brand_ids, findings)
    check_shared(made, findings)
    if known is not None:
        made = _completed(made, brands, known, findings)
    trades = sorted({brand.trade for brand in made.values() if brand.trade})
    for index, raw in enumerate(rules):
        check_rule(raw, ("rules", index), brand_ids, findings)
        refuse_unknown_trades(raw, ("rules", index), trades, findings)
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
        silences=tuple(checked_silences(silences, (brand_ids, rule_ids), findings)),
        holidays=tuple(checked_holidays(holidays, trades, findings)),
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
    taken = {name_key(name) for brand in made.values() for name in (brand.name, *brand.aliases)}
    for index, brand in made.items():
        if raws[index].get(AS_WRITTEN):
            completed[index] = brand
            continue
        found = known.complete(brand, raws[index].keys(), taken)
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
            check_query(intent.query, ("intents", index, "query"), findings)
            yield intent
