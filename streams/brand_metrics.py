"""Posts and sentiment of the busiest brands of a worker, as metrics with a bounded label."""

import heapq
from collections.abc import Iterable, Mapping

from schemas.window import Window
from streams.metrics import Metrics

RECENT_MS = 5 * 60_000
"""A brand whose last window ended longer ago, in event time, is told no more."""


class BrandMetrics:
    """The newest closed window of each brand, by the partition of `mentions` that it is in."""

    def __init__(self, metrics: Metrics, brands: int) -> None:
        """`brands`: how many are shown at most; 0: none, and nothing is kept."""
        self._metrics = metrics
        self._brands = brands
        self._newest: dict[int, dict[str, Window]] = {}

    def take(self, partition: int, windows: Iterable[Window]) -> None:
        """Keep what was just published; a revision of an older window changes nothing."""
        if not self._brands:
            return
        newest = self._newest.setdefault(partition, {})
        for window in windows:
            kept = newest.get(window.brand)
            if kept is None or window.start_ms >= kept.start_ms:
                newest[window.brand] = window

    def drop(self) -> None:
        """The partitions are lost: their brands leave at once."""
        self._newest.clear()
        self.show({})

    def show(self, watermarks_ms: Mapping[int, int]) -> None:
        """Set the series of the busiest brands, by partition's watermark; all others leave."""
        recent: list[Window] = []
        for partition, watermark_ms in watermarks_ms.items():
            newest = self._newest.get(partition, {})
            for brand, window in list(newest.items()):
                if window.start_ms + window.size_ms + RECENT_MS < watermark_ms:
                    del newest[brand]
            recent.extend(newest.values())
        posts, sentiment = self._metrics.brand_posts, self._metrics.brand_sentiment
        posts.clear()
        sentiment.clear()
        for window in heapq.nlargest(self._brands, recent, key=lambda window: window.posts):
            posts.labels(window.brand).set(window.posts)
            own_words = window.posts - window.exposures
            if own_words > 0:
                sentiment.labels(window.brand).set(window.sentiment_milli / 1000 / own_words)
