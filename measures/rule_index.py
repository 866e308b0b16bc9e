"""Which rules apply to which brand and when, and which silences are in force."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from measures.calendar import expected_bursts, like_days
from measures.common_cause import FEWEST_SHARE
from schemas.alert import EVERY_BRAND
from schemas.catalogue import Brand, Catalogue, Silence
from schemas.mention import GROUP_PREFIX, group_key
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
    r"(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)"
    r"(?: (?P<sign>[+-])(?P<offset>\d\d:\d\d)| (?P<zone>[A-Z]\w+/[\w/+-]+))?"
)


class ActiveHours(NamedTuple):
    """Minutes of the day, in UTC or in a zone; they may run over midnight."""

    from_min: int
    until_min: int
    zone: ZoneInfo | None = None
    """Whose local time it is, daylight saving included; None: UTC."""

    def holds(self, at_ms: int) -> bool:
        """Whether it is active at `at_ms`.

        >>> active_hours("08:00-22:00 +08:00").holds(0)
        True
        """
        minute = at_ms % DAY_MS // 60_000
        if self.zone is not None:
            local = datetime.fromtimestamp(at_ms / 1000, self.zone)
            minute = local.hour * 60 + local.minute
        if self.from_min <= self.until_min:
            return self.from_min <= minute < self.until_min
        return minute >= self.from_min or minute < self.until_min


def active_hours(text: str) -> ActiveHours:
    """Read `08:00-22:00 +08:00` or `08:00-22:00 Europe/Berlin`; with neither the hours are UTC.

    Raises:
        ValueError: it is written otherwise.
    """
    read = _HOURS.fullmatch(text)
    if read is None:
        raise ValueError(f"{text!r} is no span of hours; write such as 08:00-22:00 +08:00")
    if read["zone"]:
        return ActiveHours(_minutes(read["from"]), _minutes(read["to"]), _zone(read["zone"]))
    offset = _minutes(read["offset"]) if read["offset"] else 0
    offset = -offset if read["sign"] == "-" else offset
    day = 24 * 60
    return ActiveHours(
        (_minutes(read["from"]) - offset) % day, (_minutes(read["to"]) - offset) % day
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(
            f"{name} is no time zone; write such as 08:00-22:00 Europe/Berlin"
        ) from error


def _minutes(time: str) -> int:
    hours, minutes = int(time[:2]), int(time[3:])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"{time} is no time of the day; write such as 08:00")
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
"""What they ask about is known by counting; all else counts at once."""


class _Among(dict[frozenset[RuleKind], tuple[Rule, ...]]):
    """Kinds -> those of some rules that are of one of them."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules

    def __missing__(self, kinds: frozenset[RuleKind]) -> tuple[Rule, ...]:
        found = self[kinds] = tuple(rule for rule in self._rules if rule.kind in kinds)
        return found


class _AmongOf(dict[str, _Among]):
    """Brand -> the rules that apply to it, by kinds; brands with the same rules share them."""

    def __init__(self, index: "RuleIndex") -> None:
        self._index = index
        self._shared: dict[int, _Among] = {}

    def __missing__(self, brand: str) -> _Among:
        rules = self._index.rules_of(brand)
        found = self._shared.get(id(rules))
        if found is None:
            found = self._shared[id(rules)] = _Among(rules)
        self[brand] = found
        return found


class RuleIndex:
    """The rules and silences of a catalogue, found fast."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rules = catalogue.rules
        self.brands: Mapping[str, Brand] = {brand.id: brand for brand in catalogue.brands}
        self.by_id: Mapping[str, Rule] = {rule.id: rule for rule in catalogue.rules}
        self.holidays = like_days(catalogue.holidays)
        of_all = [rule for rule in catalogue.rules if not rule.brands and not rule.trades]
        self.of_feed = tuple(rule for rule in of_all if isinstance(rule, SilenceRule))
        """Rules about the feed as a whole."""
        self.of_platform = tuple(rule for rule in of_all if rule.kind is RuleKind.SPIKE)
        """Rules that also tell when all brands burst at once."""
        counting = (rule.min_posts for rule in catalogue.rules if isinstance(rule, _COUNTING))
        self.least_posts = min([FEWEST_POSTS, *counting])
        """With fewer posts in two hours, only what counts at once is found, and ..."""
        bursts = (rule.min_posts for rule in catalogue.rules if isinstance(rule, SpikeRule))
        self.least_about_one = min((FEWEST_SHARE * posts for posts in bursts), default=math.inf)
        """... so many posts of a quarter of an hour that are about one thing."""
        self._hours = dict(_hours_of(catalogue.rules))
        self._silences = list(_spans_of(catalogue.silences))
        self._expected_bursts = expected_bursts(catalogue.holidays)
        self._of_brand: dict[str, tuple[Rule, ...]] = {}
        self._shared: dict[tuple[str, ...], tuple[Rule, ...]] = {}
        """Ids of rules -> the rules: most brands have the same."""
        self._among = _AmongOf(self)
        self._groups = {
            group_key(rule.id): rule for rule in catalogue.rules if rule.kind is RuleKind.SHARE
        }
        self._members = {
            group: frozenset(brand.id for brand in catalogue.brands if is_rival(rule, brand))
            for group, rule in self._groups.items()
        }

    def members_of(self, group: str) -> frozenset[str]:
        """Ids of the brands of a group of rivals; none where it is no group any more."""
        return self._members.get(group, frozenset())

    def rules_of(self, brand: str) -> tuple[Rule, ...]:
        """Rules that apply to a brand, at a group, or at all together (`*`)."""
        found = self._of_brand.get(brand)
        if found is None:
            rules = self._rules_of(brand)
            found = self._shared.setdefault(tuple(rule.id for rule in rules), rules)
            self._of_brand[brand] = found
        return found

    def rules_among(self, brand: str, kinds: frozenset[RuleKind]) -> tuple[Rule, ...]:
        """Those of `rules_of` that are of one of these kinds, in the same order."""
        return self._among[brand][kinds]

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
            and applies_to(rule, definition)
        )

    def is_active(self, rule: Rule, at_ms: int) -> bool:
        """Whether the rule is active at this time of the day."""
        hours = self._hours.get(rule.id)
        return hours is None or hours.holds(at_ms)

    def silences_at(self, at_ms: int) -> list[Silence]:
        """Silences in force."""
        return [one for since_ms, until_ms, one in self._silences if since_ms <= at_ms < until_ms]

    def expected_burst_at(self, brand: Brand, at_ms: int) -> str:
        """Id of the day of a big sale that it is for the brand; empty where it is none.

        What all brands do together, the sales of any trade explain.
        """
        for one in self._expected_bursts:
            if one.from_ms <= at_ms < one.until_ms and (
                not one.trades or brand.trade in one.trades or brand.id == EVERY_BRAND
            ):
                return one.id
        return ""


def applies_to(rule: Rule, brand: Brand) -> bool:
    """Whether a rule applies to a brand: by its id, by its trade, or because it applies to all.

    >>> rule = SpikeRule(id="r", trades=("phones",))
    >>> applies_to(rule, Brand(id="a", name="A", trade="phones"))
    True
    """
    return not (rule.brands or rule.trades) or is_rival(rule, brand)


def is_rival(rule: Rule, brand: Brand) -> bool:
    """Whether a rule names a brand, by its id or its trade."""
    return brand.id in rule.brands or (brand.trade != "" and brand.trade in rule.trades)
