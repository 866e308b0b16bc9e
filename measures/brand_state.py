"""All that is kept of one brand: the value of the table `brands`."""

import math

import msgspec

from measures.baselines import Baseline
from measures.buckets import BUCKET_MS, Bucket
from measures.explanations import Talk
from schemas.mention import Mention

_SHARE_HALF_POSTS = 200
"""The usual share of negative posts moves half way in so many posts."""
BELIEVED_POSTS = 200
"""After so many posts the usual share of negative ones is believed."""


class OpenAlert(msgspec.Struct, array_like=True, gc=False):
    """An alert that fires."""

    id: str
    started_at_ms: int
    true_at_ms: int
    """Newest bucket in which the condition held."""
    revision: int
    severity: int
    seen: float
    expected: float
    unit: str
    cause: str
    told_at_ms: int
    """Event time of the last published revision."""


class BrandState(msgspec.Struct, array_like=True, gc=False):
    """Counts, baseline, open alerts and, in the same value, how far the input was applied."""

    applied: dict[int, int] = msgspec.field(default_factory=dict)
    """Partition of `posts.raw` -> last applied offset."""
    buckets: dict[int, Bucket] = msgspec.field(default_factory=dict)
    """Start ms -> bucket: a sparse ring."""
    held: int = 0
    """Posts in the ring."""
    late: int = 0
    """Posts too late for any window, since the last published one."""
    baseline: Baseline = msgspec.field(default_factory=Baseline)
    negative_share: float = 0.2
    """Usual share of negative posts."""
    judged: int = 0
    """Posts from which that share was learned, up to where it is believed."""
    alerts: dict[str, OpenAlert] = msgspec.field(default_factory=dict)
    """Rule -> alert that fires."""
    talk: Talk = msgspec.field(default_factory=Talk)
    trended_ms: int = 0
    """Event time of the last published trend."""
    past_entries: int = 0
    """Entries of past minutes that were ever written, see `measures.kept_state`."""

    def is_duplicate(self, mention: Mention) -> bool:
        """Whether the mention was applied before; if not, it counts as applied from now on."""
        if mention.offset <= self.applied.get(mention.partition, -1):
            return True
        self.applied[mention.partition] = mention.offset
        return False

    def recent(self, start_ms: int, minutes: int) -> list[Bucket]:
        """The buckets of the last `minutes` up to the one that starts at `start_ms`."""
        first_ms = start_ms - (minutes - 1) * BUCKET_MS
        if len(self.buckets) < minutes:
            return [bucket for at, bucket in self.buckets.items() if first_ms <= at <= start_ms]
        starts = range(first_ms, start_ms + BUCKET_MS, BUCKET_MS)
        return [self.buckets[at] for at in starts if at in self.buckets]

    def learn(self, start_ms: int, bucket: Bucket) -> None:
        """Let the baseline know a closed minute; what is unusual now does not become usual."""
        baseline = self.baseline
        expected = baseline.expected(start_ms)
        if self.alerts:
            cap = expected
        elif baseline.is_warm():
            cap = expected + 4 * math.sqrt(expected * baseline.dispersion) + 2
        else:
            cap = math.inf
        baseline.learn(start_ms, bucket.voices(), cap)
        spoken = bucket.spoken
        if not self.alerts and spoken:
            share = bucket.negative / spoken
            weight = 1 - 0.5 ** (spoken / _SHARE_HALF_POSTS)
            self.negative_share += (share - self.negative_share) * weight
            self.judged = min(self.judged + spoken, BELIEVED_POSTS)
        self.talk.pass_minute()

    def prune(self, limit_ms: int) -> None:
        """Drop published buckets that end at or before `limit_ms`, oldest entries first.

        Entries stand in the order of their first post; one that is kept holds up those behind it.
        """
        buckets = self.buckets
        while buckets:
            start_ms, bucket = next(iter(buckets.items()))
            if start_ms + BUCKET_MS > limit_ms or bucket.revision < 0 or bucket.is_revised:
                return
            self.held -= buckets.pop(start_ms).posts
