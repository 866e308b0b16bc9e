"""Every metric of `leimo feed push`, primed to zero."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from schemas.dead_letter import DropReason
from schemas.post import Source

ANSWERS = (200, 400, 401, 403, 408, 413, 415, 422, 429, 503)
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class PushMetrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.posts = Counter(
            "leimo_push_posts_total",
            "Posts accepted: acknowledged by the broker",
            ["source"],
            registry=registry,
        )
        self.refused = Counter(
            "leimo_push_refused_posts_total",
            "Posts refused one by one, and told in the answer",
            ["reason"],
            registry=registry,
        )
        self.requests = Counter(
            "leimo_push_requests_total", "Requests answered", ["status"], registry=registry
        )
        self.body_bytes = Counter(
            "leimo_push_body_bytes_total", "Bytes of bodies, as they came", registry=registry
        )
        self.in_flight_bytes = Gauge(
            "leimo_push_in_flight_bytes",
            "Bytes of posts that are not answered yet; at its bound the answer is 429",
            registry=registry,
        )
        self.seconds = Histogram(
            "leimo_push_request_seconds",
            "From the head of a request to its answer",
            buckets=_SECONDS,
            registry=registry,
        )
        self.broker_up = Gauge(
            "leimo_push_broker_up", "1: the broker takes posts; 0: answers are 503",
            registry=registry,
        )  # fmt: skip
        for source in Source:
            self.posts.labels(source.value)
        for reason in DropReason:
            self.refused.labels(reason.value)
        for status in ANSWERS:
            self.requests.labels(str(status))
