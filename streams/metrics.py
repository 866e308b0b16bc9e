"""Every metric of a worker, declared once and primed to zero."""

from collections import Counter as Counts
from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from schemas.alert import AlertState, SuppressedReason
from schemas.catalogue import DEFINITION_KINDS, Catalogue, ReceivingChannel, definitions_of, kind_of
from schemas.dead_letter import DropReason
from schemas.delivery import Outcome
from schemas.post import Skipped, Source
from schemas.rules import RuleKind
from streams.version import VERSION

STAGES = ("analyse", "measure")
_COMMIT_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60)
_LATENCY_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 3600)


# They double the number of series, and nothing here asks when a counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call]


class DeliveryMetrics:
    """The metrics of one `leimo deliver`, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.build_info = Gauge(
            "leimo_build_info", "1, with the version that runs", ["version"], registry=registry
        )
        self.deliveries = Counter(
            "leimo_deliveries_total",
            "Alerts at subscribers that came to an end: sent, dead or not_sent",
            ["channel", "outcome"],
            registry=registry,
        )
        self.attempts = Counter(
            "leimo_delivery_attempts_total",
            "Sends by what the receiver answered",
            ["channel", "reason"],
            registry=registry,
        )
        self.repeats = Counter(
            "leimo_delivery_repeats_total",
            "Sends that a kill had cut, so that they may arrive twice",
            registry=registry,
        )
        self.seconds = Histogram(
            "leimo_delivery_seconds",
            "From the append to `alerts` to the receiver's answer, waits and hours included",
            buckets=_LATENCY_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge(
            "leimo_deliveries_waiting", "Deliveries that wait to be sent", registry=registry
        )
        self.receivers_down = Gauge(
            "leimo_receivers_down", "Receivers that failed three times in a row", registry=registry
        )
        self.build_info.labels(VERSION).set(1)
        for channel in ReceivingChannel:
            for outcome in (Outcome.SENT, Outcome.DEAD, Outcome.NOT_SENT):
                self.deliveries.labels(channel.value, outcome.value)


class Metrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        # `process_*`: start time (a crash loop shows there), memory, processor, files. Linux only.
        ProcessCollector(registry=registry)
        self.build_info = Gauge(
            "leimo_build_info", "1, with the version that runs", ["version"], registry=registry
        )
        # What flows.
        self.posts = Counter(
            "leimo_posts_total",
            "Posts read for the first time and analysed",
            ["source"],
            registry=registry,
        )
        self.mentions = Counter(
            "leimo_mentions_total",
            "Mentions of brands and groups of rivals taken, late ones and edits included",
            registry=registry,
        )
        self.windows = Counter(
            "leimo_windows_total", "Windows published", ["kind"], registry=registry
        )
        self.alerts = Counter(
            "leimo_alerts_total", "Alert records published", ["kind", "state"], registry=registry
        )
        # What was put aside, and why.
        self.dead_letters = Counter(
            "leimo_dead_letters_total",
            "Records of posts.raw and mentions put aside",
            ["reason"],
            registry=registry,
        )
        self.skipped_events = Counter(
            "leimo_skipped_events_total",
            "Events of a source that hold no post, such as likes: nothing is wrong with them",
            ["event"],
            registry=registry,
        )
        self.repeats = Counter(
            "leimo_repeats_total", "Posts that the source sent again", registry=registry
        )
        self.duplicates = Counter(
            "leimo_duplicates_total", "Mentions delivered again and skipped", registry=registry
        )
        self.late_posts = Counter(
            "leimo_late_posts_total", "Mentions too late for any window", registry=registry
        )
        self.suppressed_findings = Counter(
            "leimo_suppressed_findings_total",
            "What rules found and nobody was told, by the first reason that applied",
            ["reason"],
            registry=registry,
        )
        self.clamped_times = Counter(
            "leimo_clamped_times_total",
            "Posts dated so far ahead that they count at their receipt",
            registry=registry,
        )
        # How it runs.
        self.commit_seconds = Histogram(
            "leimo_commit_seconds",
            "Duration of a commit",
            ["stage"],
            buckets=_COMMIT_SECONDS,
            registry=registry,
        )
        self.commit_age_seconds = Gauge(
            "leimo_commit_age_seconds",
            "For how long the oldest work that is not committed waits, a commit under way included",
            ["stage"],
            registry=registry,
        )
        self.lag_records = Gauge(
            "leimo_lag_records",
            "Records not read yet of a partition that this worker owns",
            ["topic", "partition"],
            registry=registry,
        )
        self.latency_seconds = Histogram(
            "leimo_latency_seconds",
            "Append of the newest post of a commit to `posts.raw`, to the end of that commit",
            ["stage"],
            buckets=_LATENCY_SECONDS,
            registry=registry,
        )
        self.watermark_lag_seconds = Gauge(
            "leimo_watermark_lag_seconds",
            "Wall clock less event-time watermark, of the partition that is furthest behind",
            registry=registry,
        )
        self.open_windows = Gauge(
            "leimo_open_windows", "Windows with posts that are not closed yet", registry=registry
        )
        self.open_alerts = Gauge(
            "leimo_open_alerts", "Alerts that are firing, silenced ones too", registry=registry
        )
        self.brand_posts = Gauge(
            "leimo_brand_posts",
            "Posts of a brand in its newest closed window; of which brands: LEIMO_METRICS_BRANDS",
            ["brand"],
            registry=registry,
        )
        self.brand_sentiment = Gauge(
            "leimo_brand_sentiment",
            "Mean sentiment of a brand in that window, -1 to 1, in words of the authors' own",
            ["brand"],
            registry=registry,
        )
        self.brand_open_alerts = Gauge(
            "leimo_brand_open_alerts",
            "Alerts of a brand that are firing, silenced ones too; `*`: of all brands together",
            ["brand"],
            registry=registry,
        )
        self.brand_alert_severity = Gauge(
            "leimo_brand_alert_severity",
            "Severity of the worst of those, 1 to 10; 0: none fires",
            ["brand"],
            registry=registry,
        )
        self.brands = Gauge(
            "leimo_brands",
            "Brands and groups of rivals with state in this worker",
            registry=registry,
        )
        self.recovery_remaining_records = Gauge(
            "leimo_recovery_remaining_records",
            "Records of state or of earlier posts left to read before partitions are taken over",
            registry=registry,
        )
        self.catalogue_definitions = Gauge(
            "leimo_catalogue_definitions",
            "Definitions of the catalogue in force; none until the worker has one with a brand",
            ["kind"],
            registry=registry,
        )
        self.catalogue_changes = Counter(
            "leimo_catalogue_changes_total",
            "Times that changes of the catalogue were taken over",
            registry=registry,
        )
        self._prime()

    def show_lag(self, lags: Mapping[tuple[str, int], int]) -> None:
        """Lag of the partitions that are owned now; those of all others leave.

        >>> metrics = Metrics()
        >>> metrics.show_lag({("posts.raw", 0): 7})
        >>> metrics.show_lag({("posts.raw", 1): 3})
        >>> [sample.labels["partition"] for sample in metrics.lag_records.collect()[0].samples]
        ['1']
        """
        self.lag_records.clear()
        for (topic, partition), lag in lags.items():
            self.lag_records.labels(topic, str(partition)).set(lag)

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """How many definitions of each kind are in force."""
        counts = Counts(map(kind_of, definitions_of(catalogue)))
        for kind in DEFINITION_KINDS:
            self.catalogue_definitions.labels(kind).set(counts[kind])

    def _prime(self) -> None:
        self.build_info.labels(VERSION).set(1)
        for source in Source:
            self.posts.labels(source.value)
        for reason in DropReason:
            if reason is not DropReason.NO_POST:
                self.dead_letters.labels(reason.value)
        for event in Skipped:
            self.skipped_events.labels(event.value)
        for kind in ("closed", "revised"):
            self.windows.labels(kind)
        for rule_kind in RuleKind:
            for state in AlertState:
                self.alerts.labels(rule_kind.value, state.value)
        for suppressed in SuppressedReason:
            self.suppressed_findings.labels(suppressed.value)
        for definition_kind in DEFINITION_KINDS:
            self.catalogue_definitions.labels(definition_kind)
        for stage in STAGES:
            self.commit_seconds.labels(stage)
            self.commit_age_seconds.labels(stage)
            self.latency_seconds.labels(stage)


class FeedMetrics:
    """The metrics of a process that runs live feeds, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.build_info = Gauge(
            "leimo_build_info", "1, with the version that runs", ["version"], registry=registry
        )
        self.build_info.labels(VERSION).set(1)
        self.records = Counter(
            "leimo_feed_records_total",
            "Records of a live feed sent to posts.raw",
            ["feed"],
            registry=registry,
        )
        self.passed = Counter(
            "leimo_feed_passed_total",
            "What a live feed received and did not send on, by reason",
            ["feed", "reason"],
            registry=registry,
        )
        self.languages = Counter(
            "leimo_feed_languages_total",
            "Posts of a live feed by the language that they name, sent on or not",
            ["feed", "language"],
            registry=registry,
        )
        self.reconnects = Counter(
            "leimo_feed_reconnects_total",
            "Connections of a live feed that ended, by reason",
            ["feed", "reason"],
            registry=registry,
        )
        self.gap_seconds = Counter(
            "leimo_feed_gap_seconds_total",
            "Event time that a live feed could not give, by reason",
            ["feed", "reason"],
            registry=registry,
        )
        self.is_connected = Gauge(
            "leimo_feed_connected", "1 while a live feed is connected", ["feed"], registry=registry
        )
        self.lag_seconds = Gauge(
            "leimo_feed_lag_seconds",
            "Wall clock less event time of the newest record, when that was sent",
            ["feed"],
            registry=registry,
        )
        self.sample_ratio = Gauge(
            "leimo_feed_sample_ratio",
            "Share of the authors whose posts a live feed takes; 1: all",
            ["feed"],
            registry=registry,
        )
        self.last_event_seconds = Gauge(
            "leimo_feed_last_event_timestamp_seconds",
            "Event time of the newest record of a live feed, since 1970; 0: none yet",
            ["feed"],
            registry=registry,
        )

    def add_feed(self, feed: str, labels: Mapping[str, Iterable[str]]) -> None:
        """Prime the series of a feed; `labels` are the reasons by metric."""
        for metric in (self.records, self.is_connected, self.lag_seconds, self.last_event_seconds):
            metric.labels(feed)
        for name, values in labels.items():
            metric = getattr(self, name)
            for value in values:
                metric.labels(feed, value)
