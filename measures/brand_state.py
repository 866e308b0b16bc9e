"""All that is kept of one brand, in memory and on `brands-changelog`."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Self

import msgspec

from measures.baselines import Baseline
from measures.buckets import BUCKET_MS, LARGEST_REACH, Bucket
from measures.common_cause import Causes
from measures.explanations import Talk
from measures.horizons import HORIZONS_MIN
from measures.season import NO_HOLIDAYS, Holidays
from measures.spreads import most_learned
from schemas.alert import Evidence, Sample, Term
from schemas.forgotten import Forgotten
from schemas.mention import AnyMention
from schemas.rules import RuleKind

_SHARE_HALF_POSTS = 200
"""The usual share of negative posts moves half way in so many posts."""
_RIVALS_HALF_POSTS = 2000
_FLOODED = 0.2
"""Part of the posts that are bursts of single accounts."""
_ATTACK_KEPT = 0.5 ** (1 / (12 * 60))
"""Of a minute's attacks a minute later: their half-life is half a day."""
BELIEVED_POSTS = 200
"""After so many posts the usual share of negative ones is believed."""
_LOUDEST_KEPT = 0.5 ** (1 / (30 * 24 * 60))
"""Of the largest reach a minute later: its half-life is 30 days."""
NEWS_MS = 24 * 60 * BUCKET_MS
"""What lasts for so long after an alert began is learned: a lasting change becomes the usual."""


class Told(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What stood behind an alert when it was told last.

    Its end shows this again, hours later: by then the minutes and posts that it is made of have
    left the state.
    """

    evidence: Evidence
    terms: tuple[Term, ...]
    samples: tuple[Sample, ...]
    department: str

    def without(self, forgotten: Forgotten) -> Self:
        """Without what was taken back; itself if it shows nothing of that."""
        left = tuple([one for one in self.samples if not forgotten.covers_sample(one)])
        if len(left) == len(self.samples):
            return self
        return msgspec.structs.replace(self, samples=left)


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
    entry_thresholds: list[float] = msgspec.field(default_factory=list)
    """For each horizon the excess with which it began."""
    about: str = ""
    """Brand it is about, where that is another one."""
    negative_before: float = -1.0
    """Usual share of negative posts when it began; below 0: not known."""
    positive_before: float = -1.0
    kind: RuleKind = RuleKind.SPIKE
    """Of the rule that raised it: what is removed from the catalogue still has an end, ..."""
    name: str = ""
    """... and is told by the brand's name, ..."""
    parent: str = ""
    department: str = ""
    """... to whom it was told before: of the rule, or of the brand."""
    told: Told | None = None
    """What the last record showed; None: an earlier build told it."""


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
    ring_posts: int = 0
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
    attacks_total: float = 0.0
    """Negative posts to the brand's own accounts, faded, up to `last_post_ms`."""
    rival_shares: dict[str, float] = msgspec.field(default_factory=dict)
    """Of a group of rivals: brand -> its usual share."""
    past_entries: int = 0
    """Entries of past minutes that were ever written, see `measures.kept_state`."""
    last_post_ms: int = -1
    """Start of the newest learned minute; -1: none was."""
    rivals_since_ms: int = -1
    """Of a group of rivals: since when it has the members that it has."""
    loudest: float = 0.0
    """Largest reach of an account that named it, faded, up to `last_post_ms`."""
    added_ms: int = -1
    """Event time at which it came into the catalogue, or came back; -1: it was there."""
    causes: Causes = msgspec.field(default_factory=Causes)
    """The largest numbers of authors who had something in common."""

    voiced_ms: int = -1
    """Newest minute in which a large account named it in own words; -1: none has."""
    exposed_total: float = 0.0
    """Reposts without words of posts with crisis words, faded as the attacks are."""

    def forget(self, forgotten: Forgotten) -> bool | None:
        """Let go of posts and authors that were taken back; returns what `Talk.forget` does."""
        lost = self.talk.forget(forgotten)
        for open_alert in self.alerts.values():
            if open_alert.told is not None:
                clean = open_alert.told.without(forgotten)
                if clean is not open_alert.told:
                    open_alert.told = clean
                    lost = lost or False
        return lost

    def is_duplicate(self, mention: AnyMention) -> bool:
        """Whether the mention was applied before; if not, it counts as applied from now on."""
        applied, partition = self.applied, mention.partition
        if mention.offset <= (applied[partition] if partition in applied else -1):  # noqa: SIM401
            return True
        applied[partition] = mention.offset
        return False

    def learn(
        self,
        start_ms: int,
        sums: Sequence[float],
        means: Sequence[float],
        holidays: Holidays = NO_HOLIDAYS,
        *,
        is_observed: bool = True,
    ) -> None:
        """Let the baseline know a closed minute; what is unusual now does not become usual.

        `is_observed`: whether all feeds were there; if not, counts say nothing of what is usual.
        """
        bucket = self.buckets[start_ms]
        baseline = self.baseline
        unusual = bool(self.alerts) and any(
            start_ms < open_alert.started_at_ms + NEWS_MS for open_alert in self.alerts.values()
        )
        cap = math.inf
        if baseline.is_warm():
            cap = most_learned(means[0], baseline.spreads.dispersions[1])
        if is_observed:
            baseline.learn(start_ms, bucket.effective_posts(), cap, BUCKET_MS, holidays)
            baseline.learn_sums(start_ms, sums, means, unusual=unusual)
        elif start_ms + BUCKET_MS > baseline.known_to_ms:
            baseline.skip(start_ms + BUCKET_MS)
        attacks = self.usual_attacks(start_ms) if unusual else bucket.attacks
        exposed = float(bucket.exposures_to_crises()) if bucket.exposed else 0.0
        if exposed and unusual:
            exposed = self.usual_exposures(start_ms)
        if attacks or self.attacks_total:
            self.attacks_total = self._faded(self.attacks_total, start_ms) + attacks
        if exposed or self.exposed_total:
            self.exposed_total = self._faded(self.exposed_total, start_ms) + exposed
        loudest, before = bucket.loudest, self.usual_loudest(start_ms)
        bucket.loudest_before = before
        self.loudest = before if before >= loudest else float(loudest)
        if not unusual:
            if bucket.rivals is None:
                self._learn_moods(bucket)
            else:
                self._learn_rivals(bucket.rivals, bucket.authors.bursts())
        self.last_post_ms = start_ms
        self.talk.pass_minute()

    def usual_attacks(self, start_ms: int) -> float:
        """Negative posts to the brand's own accounts a minute, before the one at `start_ms`."""
        return self._usual(self.attacks_total, start_ms)

    def usual_exposures(self, start_ms: int) -> float:
        """Reposts without words of posts with crisis words a minute, before `start_ms`."""
        return self._usual(self.exposed_total, start_ms)

    def _usual(self, total: float, start_ms: int) -> float:
        """A minute, of what fades as the attacks do."""
        observed_min = (start_ms - self.baseline.since_ms) / BUCKET_MS
        if observed_min <= 0 or self.last_post_ms < 0:
            return 0.0
        weights = (1 - math.pow(_ATTACK_KEPT, observed_min)) / (1 - _ATTACK_KEPT)
        return self._faded(total, start_ms) / weights

    def usual_loudest(self, start_ms: int) -> float:
        """The largest reach of the last weeks, before the minute at `start_ms`."""
        if not self.loudest:
            return 0.0
        if self.loudest > LARGEST_REACH:  # kept before the limit was checked
            return 0.0
        return self.loudest * math.pow(_LOUDEST_KEPT, self._minutes_since(start_ms))

    def _faded(self, total: float, start_ms: int) -> float:
        if not total:
            return 0.0
        return total * math.pow(_ATTACK_KEPT, self._minutes_since(start_ms))

    def _minutes_since(self, start_ms: int) -> int:
        """Since the newest learned minute."""
        return max((start_ms - self.last_post_ms) // BUCKET_MS, 0)

    def _learn_moods(self, bucket: Bucket) -> None:
        spoken, positive, negative = bucket.moods()
        if not spoken:
            return
        weight = 1 - 0.5 ** (spoken / _SHARE_HALF_POSTS)
        self.negative_share += (negative / spoken - self.negative_share) * weight
        self.positive_share += (positive / spoken - self.positive_share) * weight
        self.judged = min(self.judged + spoken, BELIEVED_POSTS)

    def compare(self, members: Collection[str], start_ms: int) -> None:
        """Who a group of rivals has; what is usual is learned anew where others are compared."""
        if self.rival_shares.keys() != set(members):
            self.rival_shares = dict.fromkeys(sorted(members), 0.0)
            self.rivals_since_ms, self.judged = start_ms, 0

    def _learn_rivals(self, rivals: Mapping[str, int], bursts: int) -> None:
        """A minute that single accounts flood says nothing of what is usual."""
        shares = self.rival_shares
        posts = sum(rivals.get(brand, 0) for brand in shares)
        if not posts or bursts > _FLOODED * posts:
            return
        weight = 1 - 0.5 ** (posts / _RIVALS_HALF_POSTS)
        if self.judged < BELIEVED_POSTS:
            weight = max(weight, posts / (posts + self.judged))
        for brand, share in shares.items():
            shares[brand] = share + (rivals.get(brand, 0) / posts - share) * weight
        self.judged = min(self.judged + posts, BELIEVED_POSTS)

    def prune(self, limit_ms: int) -> None:
        """Drop published buckets that end at or before `limit_ms`, oldest entries first.

        Entries stand in the order of their first post; one that is kept holds up those behind it.
        The hour before the next minute stays: when a backlog of many hours comes at once, event
        time is far ahead of what was evaluated.
        """
        buckets = self.buckets
        limit_ms = min(limit_ms, self.baseline.known_to_ms - HORIZONS_MIN[-1] * BUCKET_MS)
        gone = []
        for start_ms, bucket in buckets.items():
            if start_ms + BUCKET_MS > limit_ms or bucket.revision < 0 or bucket.is_revised:
                break
            gone.append(start_ms)
        for start_ms in gone:
            self.ring_posts -= buckets.pop(start_ms).posts
