"""Posts, sentiment and alerts of brands as metrics with a bounded label: chosen ones or the top."""

import difflib
import heapq
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from schemas.alert import EVERY_BRAND
from schemas.window import Window
from streams.metrics import Metrics

RECENT_MS = 5 * 60_000
"""Posts of a brand whose last window ended longer ago, in event time, are told no more."""

log = logging.getLogger(__name__)


class Firing(NamedTuple):
    """An alert that fires."""

    brand: str
    """Whom it is about; `*`: all."""
    severity: int


class BrandMetrics:
    """The newest closed window of each brand, by the partition of `mentions` that it is in."""

    def __init__(
        self, metrics: Metrics, shown: int | Collection[str], known: Collection[str]
    ) -> None:
        """`shown`: how many brands at most, or which; 0: none, and nothing is kept.

        `known`: the brands of the catalogue.
        """
        self._metrics = metrics
        self._most = shown if isinstance(shown, int) else len(shown)
        self._chosen = None if isinstance(shown, int) else frozenset(shown)
        self._newest: dict[int, dict[str, Window]] = {}
        self._unknown: list[str] = []
        self.redefine(known)

    def redefine(self, known: Collection[str]) -> None:
        """The catalogue has these brands now; all others leave. Tells of chosen ones it lacks."""
        self._known = frozenset(known)
        unknown = sorted((self._chosen or frozenset()) - self._known - {EVERY_BRAND})
        if unknown and unknown != self._unknown:
            log.warning(
                "LEIMO_METRICS_BRANDS: the catalogue has no brand %s; `leimo catalogue show` has "
                "their ids",
                ", ".join(_with_nearest(brand, self._known) for brand in unknown),
            )
        self._unknown = unknown

    def take(self, partition: int, windows: Iterable[Window]) -> None:
        """Keep what was just published; a revision of an older window changes nothing."""
        if not self._most:
            return
        newest = self._newest.setdefault(partition, {})
        for window in windows:
            kept = newest.get(window.brand)
            if kept is None or window.start_ms >= kept.start_ms:
                newest[window.brand] = window

    def drop(self) -> None:
        """The partitions are lost: their brands leave at once."""
        self._newest.clear()
        self._show_windows([])
        self._show_alerts({}, {})

    def show(
        self,
        watermarks_ms: Mapping[int, int],
        firing: Iterable[Firing],
        owns: Callable[[str], bool],
    ) -> None:
        """Set the series of the brands to be shown; those of all others leave.

        `watermarks_ms`: of the partitions that are owned. `owns`: whether a brand is in one of
        them, and without an alert if none fires.
        """
        if not self._most:
            return
        recent = self._recent(watermarks_ms)
        self._show_windows(heapq.nlargest(self._most, recent, key=lambda window: window.posts))
        alerts = {brand: 0 for brand in self._chosen or () if self._is_known(brand) and owns(brand)}
        severities = dict(alerts)
        for brand, severity in firing:
            if self._is_shown(brand):
                alerts[brand] = alerts.get(brand, 0) + 1
                severities[brand] = max(severity, severities.get(brand, 0))
        self._show_alerts(alerts, severities)

    def _recent(self, watermarks_ms: Mapping[int, int]) -> list[Window]:
        recent: list[Window] = []
        for partition, watermark_ms in watermarks_ms.items():
            newest = self._newest.get(partition, {})
            for brand, window in list(newest.items()):
                if window.start_ms + window.size_ms + RECENT_MS < watermark_ms:
                    del newest[brand]
            recent += [window for window in newest.values() if self._is_shown(window.brand)]
        return recent

    def _is_known(self, brand: str) -> bool:
        return brand in self._known or brand == EVERY_BRAND

    def _is_shown(self, brand: str) -> bool:
        return self._is_known(brand) and (self._chosen is None or brand in self._chosen)

    def _show_windows(self, windows: Iterable[Window]) -> None:
        posts, sentiment = self._metrics.brand_posts, self._metrics.brand_sentiment
        posts.clear()
        sentiment.clear()
        for window in windows:
            posts.labels(window.brand).set(window.posts)
            own_words = window.posts - window.exposures
            if own_words > 0:
                sentiment.labels(window.brand).set(window.sentiment_milli / 1000 / own_words)

    def _show_alerts(self, alerts: Mapping[str, int], severities: Mapping[str, int]) -> None:
        """The worst first, where there are more brands with alerts than are shown."""
        open_alerts, severity = self._metrics.brand_open_alerts, self._metrics.brand_alert_severity
        open_alerts.clear()
        severity.clear()
        worst = heapq.nlargest(self._most, alerts, key=lambda brand: (severities[brand], brand))
        for brand in worst:
            open_alerts.labels(brand).set(alerts[brand])
            severity.labels(brand).set(severities[brand])


def _with_nearest(brand: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(brand, known, n=1)
    return ascii(brand) + (f" (did you mean {near[0]!r}?)" if near else "")
