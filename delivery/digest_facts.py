"""What a digest is made of: counts by minute, alerts, terms, gaps, and their sums. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.alert import Alert, Sample
from schemas.delivery import Digest
from schemas.feed import FeedGap
from schemas.trend import Trend
from schemas.window import Window
from views.doings import Doings

MINUTE_MS = 60_000


class Minutes:
    """Counts of one brand for each minute of a stretch of time, each in its newest revision."""

    def __init__(self, from_ms: int, count: int) -> None:
        self.from_ms = from_ms
        self.posts = np.zeros(count, np.int64)
        self.positive = np.zeros(count, np.int64)
        self.negative = np.zeros(count, np.int64)
        self.moods = np.zeros(count, np.int64)
        """Posts with words of their own, of whatever mood."""
        self.reach = np.zeros(count, np.int64)
        self._revision = np.full(count, -1, np.int32)

    def add(self, window: Window) -> None:
        """Take a window in, where it is newer than what stands there."""
        at = (window.start_ms - self.from_ms) // MINUTE_MS
        if not 0 <= at < len(self.posts) or window.revision < self._revision[at]:
            return
        self._revision[at] = window.revision
        self.posts[at] = window.posts
        self.positive[at] = window.positive
        self.negative[at] = window.negative
        self.moods[at] = window.positive + window.neutral + window.negative
        self.reach[at] = window.reach

    def total(self, from_ms: int, to_ms: int) -> "Total":
        """The sums over `[from_ms, to_ms)`."""
        within = slice(*(max(0, (at - self.from_ms) // MINUTE_MS) for at in (from_ms, to_ms)))
        columns = (self.posts, self.positive, self.negative, self.moods, self.reach)
        return Total(*(int(column[within].sum()) for column in columns))

    def binned(self, from_ms: int, to_ms: int, bins: int) -> list[int]:
        """Posts of equal parts of `[from_ms, to_ms)`."""
        begin, end = ((at - self.from_ms) // MINUTE_MS for at in (from_ms, to_ms))
        edges = np.linspace(begin, end, bins + 1).round().astype(int)
        running = np.concatenate(([0], np.cumsum(self.posts)))
        at_edges: npt.NDArray[np.int64] = running[np.clip(edges, 0, len(self.posts))]
        return [int(count) for count in np.diff(at_edges)]


class Total(NamedTuple):
    """Sums of one brand."""

    posts: int = 0
    positive: int = 0
    negative: int = 0
    moods: int = 0
    reach: int = 0


class BrandMinutes:
    """Counts of brands by minute."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        self._from_ms = from_ms - from_ms % MINUTE_MS
        self._count = -(-(to_ms - self._from_ms) // MINUTE_MS)
        self._held: dict[str, Minutes] = {}

    def add(self, window: Window) -> None:
        """Take a window in; those of other sizes than a minute are of no use here."""
        if window.size_ms != MINUTE_MS:
            return
        found = self._held.get(window.brand)
        if found is None:
            found = self._held[window.brand] = Minutes(self._from_ms, self._count)
        found.add(window)

    def of(self, brand: str) -> Minutes | None:
        """Those of a brand; None: it was not mentioned."""
        return self._held.get(brand)

    def total(self, brand: str, from_ms: int, to_ms: int) -> Total:
        """The sums of a brand over `[from_ms, to_ms)`."""
        found = self._held.get(brand)
        return Total() if found is None else found.total(from_ms, to_ms)


class BrandFigures(NamedTuple):
    """One brand in a digest."""

    brand: str
    now: Total
    then: Total | None
    """In the time before; None: nothing is known of it."""
    share: float | None
    """Of the posts of all brands of the digest; None: there are none."""
    share_then: float | None


class DigestFacts(NamedTuple):
    """What a digest tells."""

    digest: Digest
    earlier: Digest
    brands: tuple[str, ...]
    rivals: tuple[str, ...]
    minutes: BrandMinutes
    alerts: tuple[Alert, ...]
    """The worst first."""
    trends: tuple[Trend, ...]
    gaps: tuple[FeedGap, ...]
    doings: Doings

    def figures(self) -> list[BrandFigures]:
        """Of the brands, then of their rivals."""
        names = tuple(dict.fromkeys((*self.brands, *self.rivals)))
        now = {one: self._total(one, self.digest) for one in names}
        then = {one: self._total(one, self.earlier) for one in names}
        posts, posts_then = (sum(one.posts for one in some.values()) for some in (now, then))
        return [
            BrandFigures(
                brand=one,
                now=now[one],
                then=then[one] if posts_then else None,
                share=now[one].posts / posts if posts else None,
                share_then=then[one].posts / posts_then if posts_then else None,
            )
            for one in names
        ]

    def _total(self, brand: str, digest: Digest) -> Total:
        return self.minutes.total(brand, digest.from_ms, digest.to_ms)

    def terms(self, most: int) -> list[str]:
        """What was said most beside the brands, by its highest count in that time."""
        counts: Counter[str] = Counter()
        for trend in self.trends:
            for term in trend.top:
                counts[term.term] = max(counts[term.term], round(term.count * 100))
        for alert in self.alerts:
            for found in alert.terms:
                counts[found.term] = max(counts[found.term], found.count * 100)
        return [term for term, _ in counts.most_common(most)]

    def rising(self, most: int) -> list[str]:
        """Words whose share rose most surely."""
        scores: Counter[str] = Counter()
        for trend in self.trends:
            for term in trend.rising:
                scores[term.term] = max(scores[term.term], round(term.score * 100))
        return [term for term, _ in scores.most_common(most)]

    def posts(self, most: int) -> list[Sample]:
        """Posts behind the alerts, those of the largest accounts first, each once."""
        found = {
            (sample.source, sample.post): sample
            for sample in _samples(self.alerts)
            if self.digest.from_ms <= sample.event_time_ms < self.digest.to_ms
        }
        return sorted(found.values(), key=lambda one: (-one.reach, one.post))[:most]


def _samples(alerts: Iterable[Alert]) -> Iterator[Sample]:
    for alert in alerts:
        yield from alert.samples
