"""All that is kept of one brand: the value of the table `brands`."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from measures.baselines import NO_HOLIDAYS, Baseline, Holidays
from measures.buckets import BUCKET_MS, Bucket
from measures.detector import most_learned
from measures.explanations import Talk
from schemas.mention import Mention

_SHARE_HALF_POSTS = 200
"""The usual share of negative posts moves half way in so many posts."""
_RIVALS_HALF_POSTS = 2000
_ATTACK_WEIGHT = 1 / 1000
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
    horizon_min: int = 60
    probability: float = 1.0
    bars: list[float] = msgspec.field(default_factory=list)
    """For each horizon the excess with which it began."""
    about: str = ""
    """Brand it is about, where that is another one."""
    negative_before: float = -1.0
    """Usual share of negative posts when it began; below 0: not known."""
    positive_before: float = -1.0


class PastAlert(msgspec.Struct, array_like=True, gc=False):
    """The last alert of a rule, for its cool-down."""

    started_at_ms: int
    severity: int


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
    pending: dict[str, list[int]] = msgspec.field(default_factory=dict)
    """Alert -> [first, newest] bucket in which the condition held, before it fires."""
    past: dict[str, PastAlert] = msgspec.field(default_factory=dict)
    """Alert -> the last one, while it cools down."""
    positive_share: float = 0.3
    """Usual share of positive posts."""
    attacks_a_minute: float = 0.0
    """Usual negative posts to the brand's own accounts, in minutes with posts."""
    rival_shares: dict[str, float] = msgspec.field(default_factory=dict)
    """Of a group of rivals: brand -> its usual share."""
    past_entries: int = 0
    """Entries of past minutes that were ever written, see `measures.kept_state`."""

    def is_duplicate(self, mention: Mention) -> bool:
        """Whether the mention was applied before; if not, it counts as applied from now on."""
        if mention.offset <= self.applied.get(mention.partition, -1):
            return True
        self.applied[mention.partition] = mention.offset
        return False

    def learn(
        self,
        start_ms: int,
        sums: Sequence[float],
        means: Sequence[float],
        holidays: Holidays = NO_HOLIDAYS,
    ) -> None:
        """Let the baseline know a closed minute; what is unusual now does not become usual."""
        bucket = self.buckets[start_ms]
        baseline = self.baseline
        unusual = bool(self.alerts)
        cap = math.inf
        if baseline.is_warm():
            cap = most_learned(means[0], baseline.dispersions[1])
        baseline.learn(start_ms, bucket.voices(), cap, BUCKET_MS, holidays)
        baseline.learn_sums(start_ms, sums, means, unusual=unusual)
        if not unusual:
            if bucket.rivals is None:
                self._learn_moods(bucket)
            else:
                self._learn_rivals(bucket.rivals)
        self.talk.pass_minute()

    def _learn_moods(self, bucket: Bucket) -> None:
        spoken = bucket.spoken
        if not spoken:
            return
        weight = 1 - 0.5 ** (spoken / _SHARE_HALF_POSTS)
        self.negative_share += (bucket.negative / spoken - self.negative_share) * weight
        self.positive_share += (bucket.positive / spoken - self.positive_share) * weight
        self.attacks_a_minute += (bucket.attacks - self.attacks_a_minute) * _ATTACK_WEIGHT
        self.judged = min(self.judged + spoken, BELIEVED_POSTS)

    def _learn_rivals(self, rivals: Mapping[str, int]) -> None:
        posts = sum(rivals.values())
        if not posts:
            return
        weight = 1 - 0.5 ** (posts / _RIVALS_HALF_POSTS)
        if self.judged < BELIEVED_POSTS:
            weight = max(weight, posts / (posts + self.judged))
        shares = self.rival_shares
        for brand in shares.keys() | rivals.keys():
            share = shares.get(brand, 0.0)
            shares[brand] = share + (rivals.get(brand, 0) / posts - share) * weight
        self.judged = min(self.judged + posts, BELIEVED_POSTS)

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
