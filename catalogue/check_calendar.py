"""What types cannot say about times: silences and holidays."""

from collections.abc import Iterator, Sequence
from itertools import islice

from catalogue.check_records import refuse_unknown_brand, refuse_unknown_trades
from catalogue.check_subscribers import is_zone
from catalogue.findings import Findings, KeyPath, did_you_mean
from catalogue.yaml_reader import Raw
from measures.calendar import COUNTRIES, days_of, is_date, is_of_each_year, known_to
from measures.rule_index import time_ms
from schemas.catalogue import Holiday, Silence

_MOST_DAYS = 366
"""A holiday that lasts longer is a slip of the pen."""


def checked_silences(
    silences: Sequence[Raw], ids: tuple[Sequence[str], Sequence[str]], findings: Findings
) -> Iterator[Silence]:
    """Find all that is wrong; yields those that have what they need."""
    brand_ids, rule_ids = ids
    for index, raw in enumerate(silences):
        path: KeyPath = ("silences", index)
        for at, brand in enumerate(raw.get("brands", ())):
            refuse_unknown_brand(brand, (*path, "brands", at), brand_ids, findings)
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


def checked_holidays(
    holidays: Sequence[Raw], trades: Sequence[str], findings: Findings
) -> Iterator[Holiday]:
    """Find all that is wrong; yields those that have what they need."""
    for index, raw in enumerate(holidays):
        if "id" in raw:
            holiday = Holiday(**raw)
            _check_days(holiday, ("holidays", index), findings)
            refuse_unknown_trades(raw, ("holidays", index), trades, findings)
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
