"""Which rules look at which brand and when, and which silences are in force."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from schemas.alert import EVERY_BRAND
from schemas.catalogue import Brand, Catalogue, Holiday, Silence
from schemas.mention import GROUP_PREFIX
from schemas.rules import (
    FEWEST_POSTS,
    CompositeRule,
    DropRule,
    Rule,
    RuleKind,
    SentimentRule,
    ShareRule,
    SilenceRule,
    SpikeRule,
)

DAY_MS = 86_400_000
_HOURS = re.compile(
    r"(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)(?: (?P<sign>[+-])(?P<offset>\d\d:\d\d))?"
)


class ActiveHours(NamedTuple):
    """Minutes of the day, in UTC; they may run over midnight."""

    from_min: int
    until_min: int

    def holds(self, at_ms: int) -> bool:
        """Whether it is active at `at_ms`.

        >>> active_hours("08:00-22:00 +08:00").holds(0)
        True
        """
        minute = at_ms % DAY_MS // 60_000
        if self.from_min <= self.until_min:
            return self.from_min <= minute < self.until_min
        return minute >= self.from_min or minute < self.until_min


def active_hours(text: str) -> ActiveHours:
    """Read `08:00-22:00 +08:00`; without an offset the hours are UTC.

    Raises:
        ValueError: it is written otherwise.
    """
    read = _HOURS.fullmatch(text)
    if read is None:
        raise ValueError(f"{text!r} is no span of hours; write such as 08:00-22:00 +08:00")
    offset = _minutes(read["offset"]) if read["offset"] else 0
    offset = -offset if read["sign"] == "-" else offset
    day = 24 * 60
    return ActiveHours(
        (_minutes(read["from"]) - offset) % day, (_minutes(read["to"]) - offset) % day
    )


def _minutes(clock: str) -> int:
    hours, minutes = int(clock[:2]), int(clock[3:])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"{clock} is no time of the day; write such as 08:00")
    return hours * 60 + minutes


def time_ms(text: str) -> int:
    """An ISO 8601 time with its zone, in ms.

    Raises:
        ValueError: it is none, or has no zone.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; add Z or such as +08:00")
    return int(read.timestamp() * 1000)


def holiday_days(holidays: Iterable[Holiday]) -> frozenset[int]:
    """Days since the epoch that are holidays.

    What is no date is left out: the check of the catalogue refuses it.
    """
    found: set[int] = set()
    for holiday in holidays:
        with suppress(ValueError):
            found.update(days_of(holiday))
    return frozenset(found)


def days_of(holiday: Holiday) -> Iterator[int]:
    """Days since the epoch of a holiday.

    Raises:
        ValueError: a date is none.
    """
    first = date.fromisoformat(holiday.first)
    last = date.fromisoformat(holiday.last) if holiday.last else first
    epoch = datetime.fromtimestamp(0, UTC).date()
    while first <= last:
        yield (first - epoch).days
        first += timedelta(days=1)


def _hours_of(rules: Iterable[Rule]) -> Iterator[tuple[str, ActiveHours]]:
    for rule in rules:
        with suppress(ValueError):
            if rule.active_hours:
                yield rule.id, active_hours(rule.active_hours)


def _spans_of(silences: Iterable[Silence]) -> Iterator[tuple[int, int, Silence]]:
    for silence in silences:
        with suppress(ValueError):
            since_ms = time_ms(silence.since) if silence.since else 0
            yield since_ms, time_ms(silence.until), silence


_COUNTING = (SpikeRule, DropRule, SentimentRule, ShareRule, CompositeRule)
"""What they look at is known by counting; all else counts at once."""


class RuleIndex:
    """The rules and silences of a catalogue, found fast."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rules = catalogue.rules
        self.brands: Mapping[str, Brand] = {brand.id: brand for brand in catalogue.brands}
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in catalogue.rules}
        self.holidays = holiday_days(catalogue.holidays)
        of_all = [rule for rule in catalogue.rules if not rule.brands and not rule.trades]
        self.of_feed = tuple(rule for rule in of_all if isinstance(rule, SilenceRule))
        """Rules about the feed as a whole."""
        self.of_platform = tuple(rule for rule in of_all if rule.kind is RuleKind.SPIKE)
        """Rules that also tell when all brands burst at once."""
        counting = (rule.min_posts for rule in catalogue.rules if isinstance(rule, _COUNTING))
        self.least_posts = min([FEWEST_POSTS, *counting])
        """With fewer posts in two hours, only what counts at once is found."""
        self._hours = dict(_hours_of(catalogue.rules))
        self._silences = list(_spans_of(catalogue.silences))
        self._of_brand: dict[str, tuple[Rule, ...]] = {}
        self._shared: dict[tuple[str, ...], tuple[Rule, ...]] = {}
        """Ids of rules -> the rules: most brands have the same."""
        self._among: dict[tuple[int, frozenset[RuleKind]], tuple[Rule, ...]] = {}
        self._groups = {
            GROUP_PREFIX + rule.id: rule for rule in catalogue.rules if rule.kind is RuleKind.SHARE
        }
        self._members = {
            group: frozenset(brand.id for brand in catalogue.brands if is_rival(rule, brand))
            for group, rule in self._groups.items()
        }

    def members_of(self, group: str) -> frozenset[str]:
        """Ids of the brands of a group of rivals; none where it is no group any more."""
        return self._members.get(group, frozenset())

    def rules_of(self, brand: str) -> tuple[Rule, ...]:
        """Rules that look at a brand, at a group, or at all together (`*`)."""
        found = self._of_brand.get(brand)
        if found is None:
            rules = self._rules_of(brand)
            found = self._shared.setdefault(tuple(rule.id for rule in rules), rules)
            self._of_brand[brand] = found
        return found

    def rules_among(self, brand: str, kinds: frozenset[RuleKind]) -> tuple[Rule, ...]:
        """Those of `rules_of` that are of one of these kinds, in the same order."""
        rules = self.rules_of(brand)
        key = id(rules), kinds
        found = self._among.get(key)
        if found is None:
            found = self._among[key] = tuple(rule for rule in rules if rule.kind in kinds)
        return found

    def _rules_of(self, brand: str) -> tuple[Rule, ...]:
        if brand == EVERY_BRAND:
            return self.of_platform + self.of_feed
        if brand.startswith(GROUP_PREFIX):
            return (self._groups[brand],) if brand in self._groups else ()
        definition = self.brands.get(brand)
        if definition is None:
            return ()
        return tuple(
            rule
            for rule in self.rules
            if rule.kind is not RuleKind.SHARE
            and (rule.kind is not RuleKind.SILENCE or rule.brands or rule.trades)
            and watches(rule, definition)
        )

    def is_active(self, rule: Rule, at_ms: int) -> bool:
        """Whether the rule looks at this time of the day."""
        hours = self._hours.get(rule.id)
        return hours is None or hours.holds(at_ms)

    def silences_at(self, at_ms: int) -> list[Silence]:
        """Silences in force."""
        return [one for since_ms, until_ms, one in self._silences if since_ms <= at_ms < until_ms]


def watches(rule: Rule, brand: Brand) -> bool:
    """Whether a rule watches a brand: by its id, by its trade, or because it watches all.

    >>> rule = SpikeRule(id="r", trades=("phones",))
    >>> watches(rule, Brand(id="a", name="A", trade="phones"))
    True
    """
    return not (rule.brands or rule.trades) or is_rival(rule, brand)


def is_rival(rule: Rule, brand: Brand) -> bool:
    """Whether a rule names a brand, by its id or its trade."""
    return brand.id in rule.brands or (brand.trade != "" and brand.trade in rule.trades)
