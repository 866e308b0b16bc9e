"""What the center tells Prometheus of itself, at `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics


class CenterMetrics:
    """In a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.data_age = Gauge(
            "leimo_center_data_age_seconds",
            "Age of what pages show, as /api/health says it; NaN: there is nothing",
            registry=registry,
        )
        self.files = Counter(
            "leimo_center_archive_files_total",
            "Files of hours that were written, anew or over an older one",
            ["kind"],
            registry=registry,
        )
        self.bytes = Counter(
            "leimo_center_archive_bytes_total", "Bytes of these files", registry=registry
        )
        self.failures = Counter(
            "leimo_center_archive_failures_total",
            "Files that could not be written or read; each is tried again",
            registry=registry,
        )
        self.due = Gauge(
            "leimo_center_archive_due_files",
            "Files that lacked something after the last round",
            registry=registry,
        )
        self.round_at = Gauge(
            "leimo_center_archive_last_round_timestamp_seconds",
            "When the last round without a failure ended, seconds since 1970",
            registry=registry,
        )
