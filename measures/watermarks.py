"""How far event time has come, for one partition of `mentions`.

The watermark is the lowest of the raw partitions' own, without those that are idle:

    raw 0  ----------------w0
    raw 1  -------w1                     watermark = w1
    raw 2  -----------w2 (idle)
"""

import msgspec

from schemas.mention import Tick

_MINUTE_MS = 60_000
LIVE_MS = 10 * _MINUTE_MS
"""Event time this near to the wall clock makes a feed live: then the clock moves event time on."""

OUTAGE_MS = 5 * _MINUTE_MS
"""Silence of the whole feed for so long is taken for an outage."""


class EventTime(msgspec.Struct, array_like=True):
    """Event time of one partition of `mentions`; kept in the changelog, never goes back."""

    partitions: int = 0
    """Partitions of `posts.raw`; 0: no tick was seen."""
    newest: dict[int, int] = msgspec.field(default_factory=dict)
    """Raw partition -> highest watermark of any tick, ms."""
    idle: set[int] = msgspec.field(default_factory=set)
    """Raw partitions that are idle now."""
    watermark_ms: int | None = None
    """None until a tick has named every raw partition."""
    first_ms: int | None = None
    """The first watermark, at a full minute: since then the stream is observed."""

    idle_since_ms: int = -1
    """Newest watermark when every raw partition fell silent; -1: one is not."""
    outage: tuple[int, int] = (-1, -1)
    """Begin and end, in event time, of the last time the whole feed was silent for long."""
    swept_ms: int = -1
    """Event time up to which rules were asked about brands without posts."""

    def observe(self, tick: Tick, allowance_ms: int) -> None:
        """Take a tick into account.

        `allowance_ms` is how far behind the wall clock the posts of a live feed may be.
        """
        self.partitions = tick.partitions
        for partition, watermark_ms in tick.watermarks.items():
            if watermark_ms > self.newest.get(partition, -1):
                self.newest[partition] = watermark_ms
        self.idle -= tick.watermarks.keys()
        self.idle.update(tick.idle)
        reached = self._reached(tick.sent_at_ms - allowance_ms)
        if reached is not None and (self.watermark_ms is None or reached > self.watermark_ms):
            self.watermark_ms = reached
            if self.first_ms is None:
                self.first_ms = reached - reached % _MINUTE_MS
        self._note_outage()

    @property
    def is_complete(self) -> bool:
        """Whether ticks have named every raw partition."""
        return bool(self.partitions) and len(self.newest.keys() | self.idle) >= self.partitions

    @property
    def is_idle(self) -> bool:
        """Whether every raw partition is silent: then nothing more is expected for now."""
        return bool(self.partitions) and len(self.idle) >= self.partitions

    def _note_outage(self) -> None:
        """What nobody read is no silence of a brand: that time is not learned."""
        now_ms = self.watermark_ms
        if now_ms is None:
            return
        if self.is_idle:
            if self.idle_since_ms < 0:
                self.idle_since_ms = max(self.newest.values())
            if now_ms - self.idle_since_ms >= OUTAGE_MS:
                self.outage = (self.idle_since_ms, now_ms)
        else:
            if self.idle_since_ms >= 0 and now_ms - self.idle_since_ms >= OUTAGE_MS:
                self.outage = (self.idle_since_ms, now_ms)
            self.idle_since_ms = -1

    def _reached(self, clock_ms: int) -> int | None:
        if not self.is_complete or not self.newest:
            return None
        active = [mark for partition, mark in self.newest.items() if partition not in self.idle]
        if active:
            return min(active)
        newest_ms = max(self.newest.values())
        return max(newest_ms, clock_ms) if newest_ms >= clock_ms - LIVE_MS else newest_ms
