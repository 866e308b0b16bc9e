"""A brand at one minute, as the rules see it: what is asked for is computed once."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from measures.baselines import Baseline
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket
from measures.common_cause import FEWEST_AUTHORS, KEPT, Cause, Usual, largest
from measures.common_cause import HORIZONS as CAUSE_HORIZONS
from measures.detector import MIN_POSTS, Verdict, is_more, is_unusual, judge
from measures.horizons import HORIZONS_MIN
from measures.season import NO_HOLIDAYS, Holidays
from measures.sketches import PER_AUTHOR

_FIVE_MS, _QUARTER_MS = HORIZONS_MIN[1] * BUCKET_MS, HORIZONS_MIN[2] * BUCKET_MS


class Moment:
    """The last hour of a brand, up to the minute that starts at `start_ms`."""

    __slots__ = (
        "_by_author",
        "_causes",
        "_hour",
        "_means",
        "_sums",
        "_unusual",
        "_verdicts",
        "baseline",
        "holidays",
        "observed_since_ms",
        "start_ms",
        "state",
    )

    def __init__(
        self,
        state: BrandState,
        start_ms: int,
        holidays: Holidays = NO_HOLIDAYS,
        observed_since_ms: int = -1,
    ) -> None:
        self.state = state
        self.baseline: Baseline = state.baseline
        self.start_ms = start_ms
        self.holidays = holidays
        self.observed_since_ms = observed_since_ms
        """Since then the feed is read without an outage, and for this brand too."""
        self._by_author: dict[int, Mapping[int, int]] = {}
        self._causes: dict[int, Cause] | None = None
        self._hour: list[tuple[int, Bucket]] | None = None
        self._sums: list[float] | None = None
        self._means: list[float] | None = None
        self._verdicts: dict[tuple[float, float], Verdict] = {}
        self._unusual: dict[tuple[float, float], bool] = {}

    @property
    def bucket(self) -> Bucket | None:
        """The minute itself; None: no posts."""
        return self.state.buckets.get(self.start_ms)

    @property
    def hour(self) -> list[tuple[int, Bucket]]:
        """Start and bucket of the minutes with posts of the last hour, in any order."""
        hour = self._hour
        if hour is None:
            hour = self._hour = self._minutes()
        return hour

    def _minutes(self) -> list[tuple[int, Bucket]]:
        buckets = self.state.buckets
        first_ms = self.start_ms - (HORIZONS_MIN[-1] - 1) * BUCKET_MS
        if len(buckets) <= HORIZONS_MIN[-1]:
            return [(at, one) for at, one in buckets.items() if first_ms <= at <= self.start_ms]
        starts = range(first_ms, self.start_ms + BUCKET_MS, BUCKET_MS)
        return [(at, buckets[at]) for at in starts if at in buckets]

    def last(self, minutes: int) -> list[Bucket]:
        """The buckets of the last `minutes`, at most an hour."""
        first_ms = self.start_ms - (minutes - 1) * BUCKET_MS
        return [bucket for at, bucket in self.hour if at >= first_ms]

    @property
    def sums(self) -> list[float]:
        """Posts over each horizon, without spam and the bursts of single accounts."""
        sums = self._sums
        if sums is None:
            sums = self._sums = self._summed()
        return sums

    def _summed(self) -> list[float]:
        minute = five = quarter = hour = 0
        start_ms = self.start_ms
        for at, bucket in self.hour:
            effective = bucket.published_effective_posts
            if effective < 0 or bucket.is_revised:
                effective = bucket.effective_posts()
            age_ms = start_ms - at
            hour += effective
            if age_ms < _QUARTER_MS:
                quarter += effective
                if age_ms < _FIVE_MS:
                    five += effective
                    if not age_ms:
                        minute = effective
        return [float(minute), float(five), float(quarter), float(hour)]

    @property
    def means(self) -> list[float]:
        """Posts expected over each horizon; where few were seen, by the rate of now."""
        means = self._means
        if means is None:
            means = self._means = self._expected()
        return means

    def _expected(self) -> list[float]:
        if self.sums[-1] < MIN_POSTS:
            rate = self.baseline.expected(self.start_ms, self.holidays)
            return [rate * horizon_min for horizon_min in HORIZONS_MIN]
        return self.baseline.means(self.start_ms, self.holidays)

    def verdict(self, false_alerts_per_month: float, least: float) -> Verdict:
        """The detector's, for this knob and these fewest posts."""
        key = (false_alerts_per_month, least)
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = judge(
                self.baseline, self.sums, self.means, false_alerts_per_month, least
            )
        return found

    def is_unusual(self, false_alerts_per_month: float, least: float) -> bool:
        """Whether the verdict is that it is; found sooner."""
        key = (false_alerts_per_month, least)
        found = self._unusual.get(key)
        if found is None:
            found = self._unusual[key] = is_unusual(
                self.baseline, self.sums, self.means, false_alerts_per_month, least
            )
        return found

    @property
    def causes(self) -> dict[int, Cause]:
        """Horizon number -> what most authors have in common, where there are more than usual."""
        found = self._causes
        if found is None:
            found = self._causes = {}
            sums, means, baseline = self.sums, self.means, self.baseline
            usual: Usual | None = None
            for at in CAUSE_HORIZONS:
                seen = sums[at]
                if (
                    seen >= FEWEST_AUTHORS
                    and seen > means[at]
                    and is_more(baseline, at, seen, means[at])
                ):
                    usual = usual or self.state.talk.usual()
                    found[at] = largest(self._said(HORIZONS_MIN[at]), usual)
        return found

    def _said(self, minutes: int) -> list[tuple[float, Collection[str]]]:
        """What the kept authors of each minute said, each for as many as are kept one of."""
        found: list[tuple[float, Collection[str]]] = []
        of_one: list[str] = []
        for bucket in self.last(minutes):
            said = bucket.said
            if len(said) == KEPT:
                each = bucket.authors.count() / KEPT
                found.append((each if each > 1.0 else 1.0, said.values()))
            elif not found:
                # Up to the first busy minute, whole numbers are added up: at once is the same.
                of_one += said.values()
            elif said:
                found.append((1.0, said.values()))
        return [(1.0, of_one), *found] if of_one else found

    def posts_by_author(self, minutes: int) -> Mapping[int, int]:
        """Hash of an author -> posts without spam; of each minute `sketches.SIZE` authors."""
        found = self._by_author.get(minutes)
        if found is None:
            counts: defaultdict[int, int] = defaultdict(int)
            for bucket in self.last(minutes):
                for author, posts in bucket.authors.kept().items():
                    if posts:  # who wrote spam alone stands there with none
                        counts[author] += posts
            found = self._by_author[minutes] = dict(counts)
        return found

    def busiest(self, minutes: int) -> int:
        """Posts of the busiest author beyond `sketches.PER_AUTHOR`: one voice, however loud."""
        return max(max(self.posts_by_author(minutes).values(), default=0) - PER_AUTHOR, 0)

    def authors(self, minutes: int) -> int:
        """Distinct authors; at least so many, where a minute had more than are kept."""
        return len(self.posts_by_author(minutes))
