"""What the live view shows: recent minutes of each brand, and alerts. Pure: no clock, no broker.

Two sources meet in one minute of one brand. A closed minute is a `Window`, whose highest
revision is the truth. A minute that is still open is counted here from `Mention` records, so
that a post is seen at once and not when its window closes; the window then takes over.

The board may be given windows and alerts in any order and any number of times: the view is the
same. Mentions of a brand come in order within each raw partition; repeats are skipped by offset.
"""

from collections.abc import Mapping

from schemas.alert import Alert, AlertState
from schemas.mention import Mention, Polarity, Tick
from schemas.window import Window
from views.plain_text import one_line
from views.view import ORDERS, AlertRow, BrandRow, Order, View, alert_rank

MINUTE_MS = 60_000
TREND_MINUTES = 30
RECENT_MINUTES = 5
RESOLVED_SHOWN_MS = 30 * MINUTE_MS
"""A resolved alert stays on the board this long, in event time."""


class _Minute:
    """Counts of one brand in one minute: (posts, positive, negative), closed and live."""

    __slots__ = ("closed", "live", "revision")

    def __init__(self) -> None:
        self.revision = -1
        self.closed = (0, 0, 0)
        self.live = (0, 0, 0)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.live if self.revision < 0 else self.closed


class _Brand:
    __slots__ = ("minutes", "offsets")

    def __init__(self) -> None:
        self.minutes: dict[int, _Minute] = {}
        self.offsets: dict[int, int] = {}
        """Raw partition -> highest offset counted."""

    def minute(self, start_ms: int) -> _Minute:
        minute = self.minutes.get(start_ms)
        if minute is None:
            minute = self.minutes[start_ms] = _Minute()
        return minute


class Scoreboard:
    """Bounded state behind the live view."""

    def __init__(
        self,
        names: Mapping[str, str],
        *,
        only: frozenset[str] = frozenset(),
        max_brands: int = 5000,
        max_alerts: int = 500,
    ) -> None:
        """`names` maps brand ids to names; `only` holds the ids to watch (empty: all)."""
        self._names = {brand: one_line(name) for brand, name in names.items()}
        self._only = only
        self._max_brands = max_brands
        self._max_alerts = max_alerts
        self._brands: dict[str, _Brand] = {}
        self._alerts: dict[str, Alert] = {}
        self._event_time_ms: int | None = None
        self._began_ms: int | None = None
        self._tick_sent_at_ms: int | None = None
        self._pruned_ms = 0
        self.mentions_total = 0
        """Mentions counted since the board began."""

    def name(self, brand: str, name: str) -> None:
        """The brand is called so from now on."""
        self._names[brand] = one_line(name)

    def window(self, window: Window) -> None:
        """A closed bucket; of any size, but only minutes count."""
        if window.size_ms != MINUTE_MS or not self._is_watched(window.brand):
            return
        self._saw(window.start_ms + MINUTE_MS, window.start_ms)
        if self._is_gone(window.start_ms):
            return
        minute = self._brand(window.brand).minute(window.start_ms)
        if window.revision > minute.revision:
            minute.revision = window.revision
            minute.closed = (window.posts, window.positive, window.negative)

    def mention(self, mention: Mention) -> None:
        """A brand in a post."""
        if not self._is_watched(mention.brand):
            return
        start_ms = mention.event_time_ms // MINUTE_MS * MINUTE_MS
        self._saw(mention.event_time_ms, start_ms)
        brand = self._brand(mention.brand)
        if mention.offset <= brand.offsets.get(mention.partition, -1):
            return
        brand.offsets[mention.partition] = mention.offset
        self.mentions_total += 1
        if self._is_gone(start_ms):
            return
        minute = brand.minute(start_ms)
        posts, positive, negative = minute.live
        minute.live = (
            posts + 1,
            positive + (mention.polarity is Polarity.POSITIVE),
            negative + (mention.polarity is Polarity.NEGATIVE),
        )

    def tick(self, tick: Tick) -> None:
        """Event time moves on, also where no brand is mentioned."""
        self._tick_sent_at_ms = max(self._tick_sent_at_ms or 0, tick.sent_at_ms)
        if tick.watermarks:
            self._saw(max(tick.watermarks.values()), None)

    def alert(self, alert: Alert) -> None:
        """A state of an alert: the highest revision stays."""
        if not self._is_watched(alert.brand):
            return
        known = self._alerts.get(alert.id)
        if known is None or alert.revision > known.revision:
            self._alerts[alert.id] = alert
        if len(self._alerts) > 2 * self._max_alerts:
            kept = sorted(self._alerts.values(), key=alert_rank)[: self._max_alerts]
            self._alerts = {alert.id: alert for alert in kept}

    def view(self, *, order: Order = Order.VOLUME, first: int = 0, limit: int = 50) -> View:
        """The board now: `limit` brands from place `first` of the `order`."""
        self._prune()
        severities = self._severities()
        now_ms = self._event_time_ms
        rows = [] if now_ms is None else self._rows(now_ms, severities)
        rows.sort(key=ORDERS[order])
        return View(
            event_time_ms=now_ms,
            tick_sent_at_ms=self._tick_sent_at_ms,
            brands=tuple(rows[first : first + limit]),
            alerts=self._alert_rows(),
            brands_total=len(rows),
            posts=sum(row.posts for row in rows),
            mentions_total=self.mentions_total,
        )

    def _rows(self, now_ms: int, severities: Mapping[str, int]) -> list[BrandRow]:
        rows = []
        for brand, state in self._brands.items():
            trend = self._trend(state, now_ms)
            if any(trend):
                counts = _recent(state, now_ms)
                severity = severities.get(brand, 0)
                rows.append(BrandRow(brand, self._name(brand), *counts, trend, severity))
        return rows

    def _trend(self, state: _Brand, now_ms: int) -> tuple[int | None, ...]:
        newest_ms = now_ms // MINUTE_MS * MINUTE_MS
        began_ms = self._began_ms
        trend: list[int | None] = []
        for start_ms in _starts(newest_ms, TREND_MINUTES):
            minute = state.minutes.get(start_ms)
            if minute is not None:
                trend.append(minute.counts[0])
            else:
                trend.append(None if began_ms is None or start_ms < began_ms else 0)
        return tuple(trend)

    def _alert_rows(self) -> tuple[AlertRow, ...]:
        now_ms = self._event_time_ms
        shown = [
            alert
            for alert in self._alerts.values()
            if alert.state is AlertState.FIRING
            or now_ms is None
            or (alert.ended_at_ms or alert.updated_at_ms) > now_ms - RESOLVED_SHOWN_MS
        ]
        shown.sort(key=alert_rank)
        return tuple(AlertRow(self._name(alert.brand), alert) for alert in shown)

    def _severities(self) -> dict[str, int]:
        severities: dict[str, int] = {}
        for alert in self._alerts.values():
            if alert.state is AlertState.FIRING:
                severities[alert.brand] = max(severities.get(alert.brand, 0), alert.severity)
        return severities

    def _name(self, brand: str) -> str:
        return self._names.get(brand) or one_line(brand)

    def _brand(self, brand: str) -> _Brand:
        state = self._brands.get(brand)
        if state is None:
            state = self._brands[brand] = _Brand()
            if len(self._brands) > 2 * self._max_brands:
                self._keep_busiest(brand)
        return state

    def _is_watched(self, brand: str) -> bool:
        return not self._only or brand in self._only

    def _saw(self, event_time_ms: int, start_ms: int | None) -> None:
        if self._event_time_ms is None or event_time_ms > self._event_time_ms:
            self._event_time_ms = event_time_ms
        if start_ms is not None and (self._began_ms is None or start_ms < self._began_ms):
            self._began_ms = start_ms

    def _oldest_ms(self) -> int:
        """Start of the oldest minute that is still shown."""
        newest_ms = (self._event_time_ms or 0) // MINUTE_MS * MINUTE_MS
        return newest_ms - (TREND_MINUTES - 1) * MINUTE_MS

    def _is_gone(self, start_ms: int) -> bool:
        return start_ms < self._oldest_ms()

    def _prune(self) -> None:
        """Forget minutes that left the trend, once a minute of event time."""
        oldest_ms = self._oldest_ms()
        if oldest_ms == self._pruned_ms:
            return
        self._pruned_ms = oldest_ms
        for brand, state in list(self._brands.items()):
            for start_ms in [start for start in state.minutes if start < oldest_ms]:
                del state.minutes[start_ms]
            if not state.minutes:
                del self._brands[brand]
        if len(self._brands) > self._max_brands:
            self._keep_busiest("")

    def _keep_busiest(self, newcomer: str) -> None:
        """Keep the `max_brands` brands with most posts, and `newcomer`."""

        def posts(item: tuple[str, _Brand]) -> tuple[bool, int]:
            brand, state = item
            return brand == newcomer, sum(m.counts[0] for m in state.minutes.values())

        busiest = sorted(self._brands.items(), key=posts, reverse=True)
        self._brands = dict(busiest[: self._max_brands])


def _starts(newest_ms: int, minutes: int) -> range:
    """Starts of the last `minutes` minutes, the newest last."""
    return range(newest_ms - (minutes - 1) * MINUTE_MS, newest_ms + 1, MINUTE_MS)


def _recent(state: _Brand, now_ms: int) -> tuple[int, int, int]:
    """Posts, positive and negative of the last 5 minutes, as a sliding window over minutes.

    The open minute and the four before it count in full, the fifth before it in the share of it
    that the 5 minutes still cover: a steady feed gives a steady figure, also right after the
    minute turns.
    """
    newest_ms = now_ms // MINUTE_MS * MINUTE_MS
    total = [0.0, 0.0, 0.0]
    for start_ms in _starts(newest_ms, RECENT_MINUTES + 1):
        minute = state.minutes.get(start_ms)
        if minute is None:
            continue
        covered = min(MINUTE_MS, start_ms + MINUTE_MS - (now_ms - RECENT_MINUTES * MINUTE_MS))
        share = max(0, covered) / MINUTE_MS
        for index, count in enumerate(minute.counts):
            total[index] += share * count
    posts, positive, negative = (round(value) for value in total)
    positive = min(positive, posts)
    return posts, positive, min(negative, posts - positive)
