"""Figures for messages, read back from Kafka when one is made: minutes of brands, and digests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from zoneinfo import ZoneInfo

import msgspec

from delivery.digest_facts import MINUTE_MS, BrandMinutes, DigestFacts, Minutes
from delivery.digest_times import before
from kafka_io.actions import read_actions
from kafka_io.compacted import read_compacted
from kafka_io.partitions import partition_for
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.catalogue import Subscriber
from schemas.deletion import Deletion
from schemas.delivery import Digest
from schemas.feed import FeedGap
from schemas.forgotten import Forgotten
from schemas.topics import ALERTS, DELETIONS, FEED_GAPS, TRENDS, WINDOWS
from schemas.trend import Trend
from schemas.window import Window
from views.doings import Doings

log = logging.getLogger(__name__)

_RECENT_MS = 3 * 3_600_000
_PATIENCE_S = 5
"""For so long a mail waits for its picture."""
_KEPT = 64
_decode_window = msgspec.json.Decoder(Window).decode


class Figures:
    """Reads one thing after the other, so that many mails do not ask the broker at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()
        self._kept: dict[tuple[str, int], Minutes | None] = {}

    async def recent(self, alert: Alert) -> Minutes | None:
        """Posts of the alert's brand a minute over the three hours up to its newest state; None
        where they cannot be read in time, or there are none."""
        key = (alert.id, alert.revision)
        try:
            async with asyncio.timeout(_PATIENCE_S), self._one_at_a_time:
                if key not in self._kept:
                    to_ms = alert.updated_at_ms + MINUTE_MS
                    found = await self._minutes([alert.brand], to_ms - _RECENT_MS, to_ms)
                    self._keep(key, found.of(alert.brand))
        except TimeoutError:
            log.warning("a mail about alert %s has no picture: the broker is slow", alert.id)
            return None
        return self._kept.get(key)

    def _keep(self, key: tuple[str, int], minutes: Minutes | None) -> None:
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = minutes

    async def of_digest(self, subscriber: Subscriber, digest: Digest) -> DigestFacts:
        """All that a digest tells of the subscriber's brands and their rivals."""
        earlier = before(digest, ZoneInfo(subscriber.zone))
        brands = dict.fromkeys((*subscriber.brands, *subscriber.rivals))
        async with self._one_at_a_time:
            minutes = await self._minutes(list(brands), earlier.from_ms, digest.to_ms)
            alerts = await self._alerts(subscriber.brands, digest)
            trends = await self._trends(subscriber.brands, digest)
            gaps = await self._gaps(earlier.from_ms, digest.to_ms)
            forgotten = await self._forgotten()
            doings = Doings(await read_actions(self._settings))
        return DigestFacts(
            digest=digest,
            earlier=earlier,
            brands=subscriber.brands,
            rivals=subscriber.rivals,
            minutes=minutes,
            alerts=tuple(forgotten.without(alert) or alert for alert in alerts),
            trends=tuple(trends),
            gaps=tuple(gaps),
            doings=doings,
        )

    async def _minutes(self, brands: Collection[str], from_ms: int, to_ms: int) -> BrandMinutes:
        """Windows of some brands, each in its newest revision."""
        found = BrandMinutes(from_ms, to_ms)
        prefixes = {f"{brand}|".encode(): brand for brand in brands}
        partitions = {
            (WINDOWS.name, partition_for(brand.encode(), self._settings.partitions))
            for brand in brands
        }
        async with PartitionReader(self._settings) as reader:
            async for _, records in reader.read(await _since(reader, partitions, from_ms)):
                for record in records:
                    key = record.key or b""
                    if record.value and key[: key.find(b"|") + 1] in prefixes:
                        _add(found, record.value)
        return found

    async def _alerts(self, brands: Collection[str], digest: Digest) -> list[Alert]:
        """Alerts about the brands or their products that fired in that time, in their newest
        state; of an incident the head, where it is among them."""
        newest: dict[str, Alert] = {}
        async for value in self._values(ALERTS.name, digest.from_ms):
            try:
                alert = msgspec.json.decode(value, type=Alert)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if alert.brand not in brands and alert.parent not in brands:
                continue
            held = newest.get(alert.id)
            if held is None or held.revision <= alert.revision:
                newest[alert.id] = alert
        within = [
            alert
            for alert in newest.values()
            if alert.started_at_ms < digest.to_ms
            and (alert.ended_at_ms is None or alert.ended_at_ms >= digest.from_ms)
        ]
        ids = {alert.id for alert in within}
        heads = [a for a in within if a.incident in ("", a.id) or a.incident not in ids]
        return sorted(heads, key=lambda alert: (-alert.severity, alert.started_at_ms, alert.id))

    async def _trends(self, brands: Collection[str], digest: Digest) -> list[Trend]:
        found = []
        async for value in self._values(TRENDS.name, digest.from_ms):
            try:
                trend = msgspec.json.decode(value, type=Trend)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if trend.brand in brands and digest.from_ms <= trend.at_ms <= digest.to_ms:
                found.append(trend)
        return found

    async def _gaps(self, from_ms: int, to_ms: int) -> list[FeedGap]:
        found = []
        for value in (await read_compacted(self._settings, FEED_GAPS.name)).values():
            try:
                gap = msgspec.json.decode(value, type=FeedGap)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if gap.from_ms < to_ms and gap.to_ms > from_ms:
                found.append(gap)
        return sorted(found, key=lambda gap: gap.from_ms)

    async def _forgotten(self) -> Forgotten:
        forgotten = Forgotten()
        for value in (await read_compacted(self._settings, DELETIONS.name)).values():
            try:
                forgotten.add(msgspec.json.decode(value, type=Deletion))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return forgotten

    async def _values(self, topic: str, since_ms: int) -> AsyncIterator[bytes]:
        partitions = {(topic, at) for at in range(self._settings.partitions)}
        async with PartitionReader(self._settings) as reader:
            async for _, records in reader.read(await _since(reader, partitions, since_ms)):
                for record in records:
                    if record.value:
                        yield record.value


async def _since(
    reader: PartitionReader, partitions: Collection[tuple[str, int]], from_ms: int
) -> Mapping[tuple[str, int], tuple[int, int]]:
    """What was written from a time on. What is about a time was written after it."""
    bounds = await reader.bounds(partitions)
    begins = await reader.offsets_at(partitions, from_ms)
    return {
        one: (first if (at := begins.get(one)) is None else max(first, at), end)
        for one, (first, end) in bounds.items()
    }


def _add(found: BrandMinutes, value: bytes) -> None:
    try:
        found.add(_decode_window(value))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
