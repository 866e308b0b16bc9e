"""All brands at this moment: what lists and the wall show, worked out once for all who look."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from center.steps import count, net_sentiment
from center.store.protocol import (
    EVERYTHING,
    HOUR_MS,
    MINUTE_MS,
    AlertFilter,
    Brand,
    Span,
    Store,
)
from schemas.alert import Alert, AlertState
from schemas.expectation import Expectation
from sources.words import fold

_FRESH_MS = 2_000
_MOST_ALERTS = 2_000
_HOUR_MIN = HOUR_MS // MINUTE_MS


class BrandNow(NamedTuple):
    """A brand, its last hour and its open alerts."""

    brand: Brand
    group: str
    """The topmost brand that it is a product line of."""
    counts: tuple[int, ...] | None
    expected: float | None
    limit: float | None
    level_a_minute: float | None
    alerts: tuple[Alert, ...]
    alerted_posts: int = 0
    """Posts that an open alert saw up to a minute that is not closed yet."""

    @property
    def posts(self) -> int:
        """Of the last closed hour, or, where an alert saw more since, so many."""
        return max(count(self.counts, "posts"), self.alerted_posts)

    @property
    def net_sentiment(self) -> float | None:
        return net_sentiment(count(self.counts, "positive"), count(self.counts, "negative"))

    @property
    def severity(self) -> int:
        """Of its worst open alert that is not silenced."""
        return max((one.severity for one in self.alerts if not one.silenced_by), default=0)

    @property
    def unusual(self) -> float | None:
        """0: as expected; 1: where a spike begins. Spam and bursts of accounts are left out."""
        if self.expected is None or self.limit is None or self.limit <= self.expected:
            return None
        seen = self.posts - count(self.counts, "spam") - count(self.counts, "bursts")
        return round((seen - self.expected) / (self.limit - self.expected), 3)


class _Quiet(NamedTuple):
    """What follows from the catalogue alone: it changes seldom."""

    catalogue: Mapping[str, Brand]
    brands: Mapping[str, BrandNow]
    """As they are while nothing is known of them."""
    names: Sequence[str]


class Moment(NamedTuple):
    """The board at one time."""

    at_ms: int
    until_ms: int
    """End of the hour that is shown."""
    brands: Mapping[str, BrandNow]
    lively: frozenset[str]
    """Those of which anything is known: posts, what is expected, an open alert."""
    names: Sequence[str]
    """All ids, in the order of the brands' names."""

    def ordered(self, key: Callable[[BrandNow], tuple[float | str, ...]]) -> list[BrandNow]:
        """By the key, smaller first; then those of which nothing is known, by id.

        Of tens of thousands of brands few are talked about.
        """
        quiet = [now for brand, now in self.brands.items() if brand not in self.lively]
        return sorted((self.brands[brand] for brand in self.lively), key=key) + quiet


class Board:
    """Worked out anew when somebody looks, at most every two seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._quiet = _Quiet({}, {}, ())

    def at(self, now_ms: int) -> Moment:
        """The board; not to be shown to anybody without a look at what they may see."""
        with self._lock:
            if self._moment is None or not 0 <= now_ms - self._moment.at_ms < _FRESH_MS:
                self._moment = self._work_out(now_ms)
            return self._moment

    def _work_out(self, now_ms: int) -> Moment:
        until_ms = self._store.freshness().closed_until_ms
        hour = Span(max(0, until_ms - HOUR_MS), until_ms)
        totals = self._store.totals(EVERYTHING, None, hour) if until_ms else {}
        around = Span(hour.from_ms // HOUR_MS * HOUR_MS, until_ms)
        expected: dict[str, list[Expectation]] = defaultdict(list)
        for band in self._store.expectations(EVERYTHING, None, around):
            expected[band.brand].append(band)
        alerts: dict[str, list[Alert]] = defaultdict(list)
        firing = AlertFilter(state=AlertState.FIRING)
        for alert in self._store.alerts(EVERYTHING, firing, None, _MOST_ALERTS):
            alerts[alert.brand].append(alert)
        quiet, names = self._quiet_brands()
        found = dict(quiet)
        lively = quiet.keys() & {*totals, *expected, *alerts}
        for brand in lively:
            hours = expected.get(brand, [])
            found[brand] = quiet[brand]._replace(
                counts=totals.get(brand),
                expected=_expected(hours, hour),
                limit=hours[-1].limits.get(60) if hours else None,
                level_a_minute=hours[-1].level if hours else None,
                alerts=tuple(alerts.get(brand, ())),
                alerted_posts=alerted_posts(alerts.get(brand, ()), until_ms),
            )
        return Moment(now_ms, until_ms, found, frozenset(lively), names)

    def _quiet_brands(self) -> tuple[Mapping[str, BrandNow], Sequence[str]]:
        catalogue = self._store.brands(EVERYTHING)
        if self._quiet.catalogue is not catalogue:
            parents = {brand: one.parent for brand, one in catalogue.items()}
            brands = {
                brand: BrandNow(one, top_of(brand, parents), None, None, None, None, ())
                for brand, one in catalogue.items()
            }
            names = sorted(catalogue, key=lambda brand: (fold(catalogue[brand].name), brand))
            self._quiet = _Quiet(catalogue, brands, names)
        return self._quiet.brands, self._quiet.names


def alerted_posts(alerts: Iterable[Alert], until_ms: int) -> int:
    """The most posts that one of the alerts saw within an hour that reaches beyond `until_ms`.

    An alert of a live feed fires before its minute is closed: a brand that talks for the first time
    would show an alert and no posts.
    """
    seen = (
        one.evidence.posts
        for one in alerts
        if one.updated_at_ms >= until_ms and 0 < one.evidence.horizon_min <= _HOUR_MIN
    )
    return max(seen, default=0)


def top_of(brand: str, parents: Mapping[str, str]) -> str:
    """The topmost brand above a brand, or itself.

    >>> top_of("note", {"note": "redmi", "redmi": "xiaomi", "xiaomi": ""})
    'xiaomi'
    """
    seen = {brand}
    while (parent := parents.get(brand, "")) and parent not in seen:
        brand = parent
        seen.add(brand)
    return brand


def _expected(hours: Sequence[Expectation], hour: Span) -> float | None:
    """Posts of the span; of a part of it without an expectation, as much as of the rest."""
    minutes = 0
    posts = 0.0
    for one in hours:
        begin, end = max(one.start_ms, hour.from_ms), min(one.start_ms + HOUR_MS, hour.to_ms)
        within = max(0, end - begin) // MINUTE_MS
        minutes += within
        posts += one.level * within
    return posts * 60 / minutes if minutes else None
