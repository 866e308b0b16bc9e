"""`mentions` → windows of each brand, and alerts."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from kafka_io.batches import Row
from kafka_io.dead_letters import dead_letter_row
from kafka_io.ledger import TopicPartition
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from measures.board import Board, BoardSettings
from measures.kept_state import KeptStateError
from schemas.alert import EVERY_BRAND, Alert
from schemas.catalogue import Catalogue
from schemas.forgotten import Forgotten
from schemas.mention import Mention, MentionOrTick, Tick
from schemas.signal import Signal
from schemas.topics import (
    ALERTS,
    BRANDS_CHANGELOG,
    EXPECTATIONS,
    MENTIONS,
    POSTS_RAW,
    TRENDS,
    WINDOWS,
    Topic,
)
from schemas.versions import schema_id
from schemas.window import Window
from sources.refusals import InvalidPost, decoded
from streams.app import StreamApp, batch_topic
from streams.brand_metrics import BrandMetrics, Firing
from streams.metrics import Metrics
from streams.stages import EntryError

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(MentionOrTick).decode

_ALERT_SCHEMA = schema_id("alert").encode()
PARTITION_STATE_KEY = b"\x00whole"
"""Key of the partition state: no brand id begins with NUL."""
WATCHED_KEY = b"\x00watched"
"""Key of the ids of the brands that the catalogue had."""


class MeasureStage:
    """Mentions to windows and alerts: one board for each partition, which holds its brands."""

    name = "measure"
    topic = MENTIONS
    changelog: Topic | None = BRANDS_CHANGELOG
    notes: Topic | None = None

    def __init__(self, settings: Settings, metrics: Metrics, catalogue: Catalogue) -> None:
        self._metrics = metrics
        self._catalogue = catalogue
        self._partitions = settings.partitions
        self._board_settings = BoardSettings(
            grace_ms=int(settings.grace_s * 1000),
            retention_ms=int(settings.retention_s * 1000),
            allowance_ms=int(settings.disorder_s * 1000),
        )
        self._boards: dict[int, Board] = {}
        self._changed: dict[int, set[str]] = {}
        """Partition -> brands whose state the changelog lacks."""
        self._of_brands = BrandMetrics(metrics, settings.metrics_brands, _ids(catalogue))
        self.forgotten = Forgotten()
        """What is not to be shown any more; the worker shares one with the other stage."""

    def forget(self, partition: int, fresh: Forgotten) -> None:
        """What was taken back lately: what a partition keeps of it goes, and is told anew."""
        board = self._boards.get(partition)
        if board is not None:
            board.forget(fresh)

    def reissue(self, partition: int, alert: Alert) -> None:
        """An alert of a partition, without posts that it showed before: tell it anew."""
        board = self._boards.get(partition)
        if board is not None:
            board.reissue(alert)

    def note_feeds(self, gaps: Sequence[tuple[int, int]], away_since_ms: int | None) -> None:
        """What live feeds could not give, and since when one is away, in event time."""
        for board in self._boards.values():
            board.note_feeds(gaps, away_since_ms)

    @property
    def partitions(self) -> list[int]:
        """Those that this worker owns."""
        return list(self._boards)

    def redefine(self, catalogue: Catalogue) -> None:
        """Brands and rules changed; the state stays."""
        self._catalogue = catalogue
        for board in self._boards.values():
            board.redefine(catalogue)
        self._of_brands.redefine(_ids(catalogue))

    def open(self, partitions: Collection[int]) -> None:
        """Start with empty boards."""
        for partition in partitions:
            self._changed[partition] = set()
            self._boards[partition] = Board(
                self._board_settings,
                self._catalogue,
                speaks_for_all=partition == 0,
                owns=partial(self._is_in, partition),
            )

    def _is_in(self, partition: int, brand: str) -> bool:
        return partition_for(brand.encode(), self._partitions) == partition

    def recall_from(self, partition: int, start: int) -> int:
        """Nothing to recall: the state holds what was seen."""
        return start

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None:
        """Never called."""

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        """Never asked for."""
        return []

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Fill the board from the changelog; see `streams.stages`."""
        values = dict(entries)
        whole, watched = values.pop(PARTITION_STATE_KEY, None), values.pop(WATCHED_KEY, None)
        board = self._boards[partition]
        try:
            if whole is not None:
                board.restore_partition_state(whole, PARTITION_STATE_KEY)
            board.restore(values.items())
            if watched is not None:
                board.restore_watched(watched, WATCHED_KEY)
            board.forget(self.forgotten)
        except KeptStateError as error:
            raise EntryError(error.key, error) from error

    def counted_to(self) -> dict[TopicPartition, int]:
        """How far the brands of all boards have counted each partition of `posts.raw`."""
        found: dict[TopicPartition, int] = {}
        for board in self._boards.values():
            for partition, offset in board.applied().items():
                source = (POSTS_RAW.name, partition)
                found[source] = max(found.get(source, 0), offset + 1)
        return found

    def drop(self) -> None:
        """Forget all partitions."""
        self._boards.clear()
        self._changed.clear()
        self._of_brands.drop()

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        """Count a batch; returns the windows and alerts that it caused."""
        board = self._boards[partition]
        rows: list[Row] = []
        mentions = 0
        covers = self.forgotten.covers if self.forgotten else None
        for record in records:
            try:
                item = decoded(_decode, record.value or b"")
            except InvalidPost as refusal:
                rows.append(self._put_aside(partition, record, refusal))
                continue
            if type(item) is Mention:
                if covers and covers(item.source, item.post, item.author, item.event_time_ms):
                    board.apply(item, is_forgotten=True)
                else:
                    board.apply(item)
                mentions += 1
            elif type(item) is Tick:
                board.tick(item)
            elif type(item) is Signal:
                board.add_signal(item)
            else:
                board.apply(item)
                mentions += 1
        output = board.drain()
        self._changed[partition] |= output.changed
        self._metrics.mentions.inc(mentions - output.duplicates)
        self._metrics.duplicates.inc(output.duplicates)
        self._metrics.late_posts.inc(output.late)
        for reason, findings in output.suppressed.items():
            self._metrics.suppressed_findings.labels(reason.value).inc(findings)
        self._count_windows(output.windows)
        self._of_brands.take(partition, output.windows)
        rows += [
            Row(WINDOWS.name, partition, window.key, _encode(window)) for window in output.windows
        ]
        rows.extend(self._alert_row(partition, alert) for alert in output.alerts)
        rows += [Row(TRENDS.name, partition, trend.key, _encode(trend)) for trend in output.trends]
        rows.extend(self._signal_rows(partition, output.signals))
        rows += [Row(EXPECTATIONS.name, partition, e.key, _encode(e)) for e in output.expectations]
        return rows

    def append_ms(self, records: Sequence[Any]) -> int:
        """Of the last mention, which has its post's; a tick, which has no key, is always new."""
        mentions = (record for record in reversed(records) if record.key is not None)
        last = next(mentions, None)
        return 0 if last is None else last.timestamp

    def state_rows(self, partition: int) -> list[Row]:
        """What changed of each brand, and of the partition as a whole."""
        board = self._boards[partition]
        topic = BRANDS_CHANGELOG.name
        changed, self._changed[partition] = self._changed[partition], set()
        rows = [
            Row(topic, partition, key, value)
            for brand in changed
            for key, value in board.entries(brand)
        ]
        rows += [Row(topic, partition, *entry) for entry in board.incident_entries()]
        rows.append(Row(topic, partition, PARTITION_STATE_KEY, board.partition_state_bytes()))
        watched = board.watched_bytes()
        if watched is not None:
            rows.append(Row(topic, partition, WATCHED_KEY, watched))
        return rows

    def gauge(self, now_s: float) -> None:
        """Set the gauges about the boards; `now_s` is the wall clock."""
        boards = self._boards.values()
        self._metrics.brands.set(sum(len(board.states) for board in boards))
        self._metrics.open_windows.set(sum(board.open_windows for board in boards))
        self._metrics.open_alerts.set(sum(board.open_alerts for board in boards))
        known = {
            partition: board.watermark_ms
            for partition, board in self._boards.items()
            if board.watermark_ms is not None
        }
        firing = (Firing(*alert) for board in boards for alert in board.firing())
        self._of_brands.show(known, firing, self._owns)
        if known:
            self._metrics.watermark_lag_seconds.set(max(0.0, now_s - min(known.values()) / 1000))

    def _owns(self, brand: str) -> bool:
        """Whether it tells of the brand; of all brands together, partition 0 does."""
        partition = 0 if brand == EVERY_BRAND else partition_for(brand.encode(), self._partitions)
        return partition in self._boards

    def _count_windows(self, windows: Sequence[Window]) -> None:
        revised = sum([window.revision > 0 for window in windows])
        self._metrics.windows.labels("revised").inc(revised)
        self._metrics.windows.labels("closed").inc(len(windows) - revised)

    def _alert_row(self, partition: int, alert: Alert) -> Row:
        self._metrics.alerts.labels(alert.kind, alert.state.value).inc()
        return Row(
            ALERTS.name,
            partition,
            alert.fingerprint.encode(),
            _encode(alert),
            cloud_event_headers(alert),
        )

    def _signal_rows(self, partition: int, signals: Sequence[Signal]) -> Iterator[Row]:
        """Into each other partition, between its mentions."""
        for signal in signals:
            value = _encode(signal)
            for other in range(self._partitions):
                if other != partition:
                    yield Row(MENTIONS.name, other, None, value)

    def _put_aside(self, partition: int, record: Any, refusal: InvalidPost) -> Row:
        self._metrics.dead_letters.labels(refusal.reason.value).inc()
        return dead_letter_row((MENTIONS.name, partition), record, refusal.reason, refusal.detail)


def _ids(catalogue: Catalogue) -> list[str]:
    return [brand.id for brand in catalogue.brands]


def cloud_event_headers(alert: Alert) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in Kafka's binary mode."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{alert.id}/{alert.revision}".encode()),
        ("ce_source", b"/leimo/measure"),
        ("ce_type", f"leimo.alert.{alert.state.value}".encode()),
        ("ce_subject", alert.brand.encode()),
        ("ce_datacontenttype", b"application/json"),
        ("ce_dataschema", _ALERT_SCHEMA),
    ]


def declare(app: StreamApp) -> None:
    """Add the agent to the app."""

    @app.agent(batch_topic(app, MENTIONS), name="measure")  # type: ignore[untyped-decorator]
    async def measure(batches: Any) -> None:
        await app.run_stage(batches)
