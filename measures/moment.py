"""A brand at one minute, as the rules see it: what is asked for is computed once."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from measures.baselines import Baseline
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket
from measures.common_cause import FEWEST_AUTHORS, KEPT, Cause, Names, largest, names_in
from measures.common_cause import HORIZONS as CAUSE_HORIZONS
from measures.detector import MIN_POSTS, Verdict, is_more, is_unusual, judge
from measures.horizons import HORIZONS_MIN
from measures.season import NO_HOLIDAYS, Holidays
from measures.sketches import PER_AUTHOR

_FIVE_MS, _QUARTER_MS, _HOUR_MS = (minutes * BUCKET_MS for minutes in HORIZONS_MIN[1:])


T = TypeVar("T")


class _Once(Generic[T]):
    """A property that is computed when it is first read, and is a plain attribute from then on."""

    def __init__(self, compute: Callable[["Moment"], T]) -> None:
        self._compute, self._name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, moment: "Moment", owner: object = None) -> T:
        found: T = self._compute(moment)
        moment.__dict__[self._name] = found
        return found


class Moment:
    """The last hour of a brand, up to the minute that starts at `start_ms`."""

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
        buckets = state.buckets
        self.bucket: Bucket | None = (
            buckets[start_ms] if start_ms in buckets else None  # noqa: SIM401 - a call less
        )
        """The minute itself; None: no posts."""
        self._by_author: dict[int, Mapping[int, int]] = {}
        self._verdicts: dict[tuple[float, float], Verdict] = {}
        self._unusual: dict[tuple[float, float], bool] = {}

    @_Once
    def hour(self) -> list[tuple[int, Bucket]]:
        """Start and bucket of the minutes with posts of the last hour, in any order."""
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

    @_Once
    def sums(self) -> list[float]:
        """Posts over each horizon, without spam and the bursts of single accounts."""
        minute = five = quarter = hour = 0
        start_ms, bucket, buckets = self.start_ms, self.bucket, self.state.buckets
        minutes = len(buckets)
        if bucket is not None and minutes == 1:
            posts = float(bucket.effective_posts())
            return [posts, posts, posts, posts]
        # In a backlog there may be hundreds: then the hour's are looked up.
        for at, bucket in buckets.items() if minutes <= HORIZONS_MIN[-1] else self.hour:
            age_ms = start_ms - at
            if not 0 <= age_ms < _HOUR_MS:
                continue
            effective = bucket.published_effective_posts
            if effective < 0 or bucket.is_revised:
                effective = bucket.effective_posts()
            hour += effective
            if age_ms < _QUARTER_MS:
                quarter += effective
                if age_ms < _FIVE_MS:
                    five += effective
                    if not age_ms:
                        minute = effective
        return [float(minute), float(five), float(quarter), float(hour)]

    @_Once
    def means(self) -> list[float]:
        """Posts expected over each horizon; where few were seen, by the rate of now."""
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

    @_Once
    def causes(self) -> dict[int, Cause]:
        """Horizon number -> what most authors have in common, where there are more than usual."""
        sums, means, baseline = self.sums, self.means, self.baseline
        with_more = [
            at
            for at in CAUSE_HORIZONS
            if sums[at] >= FEWEST_AUTHORS
            and sums[at] > means[at]
            and is_more(baseline, at, sums[at], means[at])
        ]
        if not with_more:
            return {}
        usual, said = self.state.talk.usual(), self._said(HORIZONS_MIN[with_more[-1]])
        found = {}
        for at in with_more:
            first_ms = self.start_ms - (HORIZONS_MIN[at] - 1) * BUCKET_MS
            found[at] = largest([names for newest, names in said if newest >= first_ms], usual)
        return found

    def _said(self, minutes: int) -> list[tuple[int, Names]]:
        """Minutes, and what their kept authors said, each for as many as are kept one of.

        Up to the first busy minute whole numbers are added up, so those that lie on the same side
        of the shortest horizon stand together.
        """
        found: list[tuple[int, Names]] = []
        quiet: tuple[list[str], list[str]] = [], []
        is_quiet = True
        first_ms = self.start_ms - (minutes - 1) * BUCKET_MS
        lately_ms = self.start_ms - (HORIZONS_MIN[CAUSE_HORIZONS[0]] - 1) * BUCKET_MS
        for at, bucket in self.hour:
            if at < first_ms:
                continue
            said = bucket.said_by_author()
            if not said:
                continue
            if bucket.largest_said:  # as many are kept as ever are
                authors = bucket.published_authors
                if authors < 0 or bucket.is_revised:
                    authors = bucket.authors.count()
                is_quiet, each = False, authors / KEPT
                found.append((at, names_in(each if each > 1.0 else 1.0, said.values())))
            elif is_quiet:
                quiet[at >= lately_ms].extend(said.values())
            else:
                found.append((at, names_in(1.0, said.values())))
        before, lately = quiet
        if before:
            found.insert(0, (first_ms, names_in(1.0, before)))
        if lately:
            found.insert(0, (self.start_ms, names_in(1.0, lately)))
        return found

    def posts_by_author(self, minutes: int) -> Mapping[int, int]:
        """Hash of an author -> posts without spam; of each minute `sketches.SIZE` authors."""
        found = self._by_author.get(minutes)
        if found is None:
            counts: defaultdict[int, int] = defaultdict(int)
            for bucket in self.last(minutes):
                for author, posts in bucket.authors.kept():
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
