"""The rules at work on a board: what they find, begin and end, and what is learned afterwards.

When they are evaluated says `measures.schedule`, what a rule finds `measures.rules`, whether that
is told `measures.suppression`.
"""

import math
from collections.abc import Iterator, Sequence

from measures import alert_life, alert_records
from measures.alert_records import Subject
from measures.baselines import Baseline
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS
from measures.common_cause import FEWEST_AUTHORS, HORIZONS
from measures.detector import MIN_POSTS
from measures.feed_gaps import Stretch, Unobserved, merged
from measures.horizons import HORIZONS_MIN
from measures.moment import Moment
from measures.partition_state import PartitionState
from measures.platform_burst import FACTOR
from measures.rule_index import RuleIndex
from measures.rules import QUIET_KINDS, evaluate, kinds_at
from measures.rules.finding import Finding, severity_of
from measures.schedule import Schedule, sweep_ms
from measures.signals import signal_of
from measures.suppression import INHIBITED_KINDS
from schemas.alert import EVERY_BRAND, Alert, SuppressedReason
from schemas.catalogue import Brand
from schemas.mention import group_key
from schemas.rules import RULE_OF_KIND, Rule, RuleKind
from schemas.signal import Signal

_EVERY = Brand(id=EVERY_BRAND, name="all brands")
_FEED = Brand(id=EVERY_BRAND, name="the feed")
_MINUTE_MS = 60_000
_FRESH_MS = 60 * _MINUTE_MS
"""A gap that ended longer ago is told by nobody: it is found in `leimo feed gaps`."""
_TOLD_MIN = 2
"""Nor is a shorter one."""
_DAY_MS = 86_400_000
_QUARTER = HORIZONS_MIN.index(15)


class Evaluation:
    """The rules at work on the brands of one partition."""

    def __init__(
        self,
        states: dict[str, BrandState],
        partition_state: PartitionState,
        index: RuleIndex,
        *,
        speaks_for_all: bool,
    ) -> None:
        self.told: list[Alert] = []
        self.begun: list[Signal] = []
        """Of those that fire for the first time."""
        self.changed: set[str] = set()
        self.suppressed: dict[SuppressedReason, int] = {}
        """Why findings were not told, and how often."""
        self._states = states
        self._partition_state = partition_state
        self._speaks_for_all = speaks_for_all
        self._firing: set[str] = set()
        self._evaluated: set[str] = set()
        """Brands with alerts that were evaluated since alerts were last ended."""
        self._ended_ms = -1
        """Up to then what was over has ended."""
        self._closed_ms = -1
        """All minutes that end at or before are closed."""
        self._is_platform_bursting = False
        self._unobserved = Unobserved(partition_state.gaps)
        self._index = index
        self._schedule = Schedule(states, index)
        self.redefine(index)

    def redefine(self, index: RuleIndex) -> None:
        """Rules changed: alerts that no rule asks for any more end."""
        self._index = index
        self._ended_ms = -1
        self._schedule.redefine(index)
        for brand in sorted(self._states):
            state = self._states[brand]
            self._forget(brand, state)
            self._schedule.note(brand, state)
        self._forget(EVERY_BRAND, self._partition_state.every)

    @property
    def open_alerts(self) -> int:
        """Alerts that fire, of brands and of all."""
        return sum(1 for _ in self.firing())

    def firing(self) -> Iterator[tuple[str, int]]:
        """Brand (`*`: all) and severity of each alert that fires."""
        for brand in self._firing:
            for open_alert in self._states[brand].alerts.values():
                yield open_alert.about or brand, open_alert.severity
        if self._speaks_for_all:
            for open_alert in self._partition_state.every.alerts.values():
                yield EVERY_BRAND, open_alert.severity

    def clear(self) -> None:
        """What was told is taken over."""
        self.told, self.begun, self.changed, self.suppressed = [], [], set(), {}

    def note(self, brand: str, state: BrandState) -> None:
        """A brand came back from the changelog, where rules of another time may have left it."""
        if state.alerts:
            self._firing.add(brand)
            self._evaluated.add(brand)
        self._forget(brand, state)
        self._schedule.note(brand, state)

    def pass_empty(self, baseline: Baseline, until_ms: int, *, is_glimpse: bool = False) -> None:
        """Time without posts of a brand; an outage of the whole feed is not learned.

        `is_glimpse`: see `Baseline.pass_empty`.
        """
        known_to_ms = baseline.known_to_ms
        if until_ms <= known_to_ms:
            return
        if self._unobserved.stretches or self._partition_state.event_time.outage[1] > known_to_ms:
            self._skip_outage(baseline, until_ms)
        baseline.pass_empty(until_ms, self._index.holidays, is_glimpse=is_glimpse)

    def evaluate_closed(
        self, brand: str, state: BrandState, start_ms: int, *, is_live: bool
    ) -> None:
        """A minute of the brand is closed: evaluate the rules, then learn it.

        `is_live`: whether rules are asked about the next minute before it is closed.
        """
        moment = self._moment(state, start_ms)
        bucket = state.buckets[start_ms]
        if bucket.rivals is not None:
            state.compare(self._index.members_of(brand), start_ms)
        sums = moment.sums
        if (
            self._schedule.is_due_closed(state, bucket)
            or sums[_QUARTER] >= self._index.least_about_one
        ):
            self._evaluate(brand, moment, self._kinds_at(moment))
        baseline = state.baseline
        is_warm = baseline.is_warm()
        if sums[-1] >= MIN_POSTS and is_warm and moment.is_unusual(1.0, MIN_POSTS):
            baseline.extremes.begin_event(start_ms, sums, moment.means)
        least_reach = self._schedule.least_reach
        if bucket.loud is not None and bucket.loudest >= least_reach:
            loud = bucket.loudest_post()
            if loud is not None and loud.reach >= least_reach:
                state.voiced_ms = start_ms
        is_observed = not self._unobserved.stretches or not self._unobserved.holds(start_ms)
        if is_warm and is_observed and sums[_QUARTER] >= FEWEST_AUTHORS:
            for at, cause in moment.causes.items():
                state.causes.learn(start_ms, HORIZONS.index(at), cause.authors)
        state.learn(start_ms, sums, moment.means, self._index.holidays, is_observed=is_observed)
        self._schedule.learned(brand, moment, is_live=is_live)

    def evaluate_open(self, brand: str, start_ms: int) -> None:
        """Look into an open minute, if it may hold something."""
        state = self._states[brand]
        if self._schedule.is_due_open(brand, state, start_ms):
            moment = self._moment(state, start_ms)
            self._evaluate(brand, moment, self._kinds_at(moment))

    def evaluate_quiet(self, until_ms: int) -> None:
        """Look at the busy brands that had no post of late, every five minutes.

        All minutes up to `until_ms` are closed.
        """
        self._closed_ms = max(self._closed_ms, until_ms)
        until_ms = sweep_ms(until_ms)
        start_ms = until_ms - BUCKET_MS
        for brand in self._schedule.due_quiet(self._partition_state.event_time, until_ms):
            state = self._states[brand]
            self.pass_empty(state.baseline, until_ms)
            self._evaluate(brand, self._moment(state, start_ms), QUIET_KINDS)
            self._schedule.note(brand, state)

    def evaluate_platform(self, start_ms: int) -> None:
        """Whether all brands burst in the minute at `start_ms`."""
        burst = self._partition_state.burst
        if burst.baseline.since_ms >= 0:
            self._skip_outage(burst.baseline, start_ms)
        self._is_platform_bursting = burst.evaluate(start_ms)
        if not self._is_platform_bursting or not self._speaks_for_all or start_ms > burst.true_ms:
            return
        seen, expected = burst.seen(start_ms), burst.baseline.expected(start_ms)
        cause = (
            f"many brands at once have more posts: {seen / expected:.1f} x the usual "
            "(sum of the logarithms of the brands' posts)"
        )
        severity = severity_of(seen, FACTOR * expected)
        finding = Finding(seen, expected, severity, cause, "log posts", horizon_min=1)
        for rule in self._index.of_platform:
            self._find_of_all(rule, start_ms, finding)

    def note_feeds(self, gaps: Sequence[tuple[int, int]], away_since_ms: int | None) -> None:
        """What feeds could not give, in event time, and since when one of them is away.

        One partition tells of what is new and fresh, as the rules about the feed.
        """
        kept = merged([*self._partition_state.gaps, *gaps])
        fresh = sorted(set(kept) - set(self._partition_state.gaps))
        self._partition_state.gaps = kept
        self._unobserved.note(kept, away_since_ms)
        now_ms = self._partition_state.event_time.watermark_ms
        if not self._speaks_for_all or now_ms is None:
            return
        for from_ms, to_ms in fresh:
            minutes = math.ceil((to_ms - from_ms) / _MINUTE_MS)
            if not now_ms - _FRESH_MS <= to_ms or minutes < _TOLD_MIN:
                continue
            cause = f"posts of {minutes} min are missing, which the feed could not give"
            severity = severity_of(minutes, _TOLD_MIN)
            finding = Finding(0, 0, severity, cause, horizon_min=minutes)
            for rule in self._index.of_feed:
                self._find_of_all(rule, to_ms - to_ms % BUCKET_MS, finding)

    def evaluate_feed(self, now_ms: int) -> None:
        """Whether a live feed fell silent; told by one partition."""
        event_time = self._partition_state.event_time
        newest_ms = max(event_time.newest.values(), default=0)
        silent_ms = now_ms - newest_ms
        if not self._speaks_for_all or not event_time.is_idle or not 0 < silent_ms < _DAY_MS:
            return
        for rule in self._index.of_feed:
            minutes = rule.within_min
            if silent_ms >= minutes * _MINUTE_MS:
                cause = f"no posts at all for {silent_ms // _MINUTE_MS} min"
                severity = severity_of(silent_ms, minutes * _MINUTE_MS)
                start_ms = now_ms - now_ms % BUCKET_MS
                finding = Finding(0, 0, severity, cause, horizon_min=minutes)
                self._find_of_all(rule, start_ms, finding)

    def resolve(self) -> None:
        """End alerts whose condition is gone, also of brands that nobody mentions any more."""
        event_time = self._partition_state.event_time
        if event_time.watermark_ms is None:
            return
        now_ms = event_time.watermark_ms if event_time.is_idle else self._closed_ms
        # While time stands still, nothing ends but what has just begun.
        moved = now_ms != self._ended_ms
        for brand in sorted(self._firing if moved else self._evaluated):
            state = self._states[brand]
            if self._end(brand, state, now_ms):
                self._schedule.note(brand, state)
            if not state.alerts:
                self._firing.discard(brand)
        self._evaluated.clear()
        self._ended_ms = now_ms
        if self._speaks_for_all:
            self._end(EVERY_BRAND, self._partition_state.every, now_ms)

    def _end(self, brand: str, state: BrandState, now_ms: int) -> bool:
        """End the alerts of a brand that are over; whether there were any."""
        over = [
            (open_alert.about, rule)
            for key, open_alert in state.alerts.items()
            if alert_life.is_over(
                open_alert.true_at_ms,
                alert_life.resolve_after_ms(rule := self._index.by_id[alert_records.rule_of(key)]),
                now_ms,
            )
        ]
        for about, rule in over:
            subject = self._subject(brand, state, rule, now_ms, about)
            self._tell(brand, alert_records.resolved(subject))
        return bool(over)

    def _forget(self, brand: str, state: BrandState) -> None:
        """End what no rule asks for any more."""
        if not (state.alerts or state.pending or state.past):
            return
        rules = {rule.id: rule for rule in self._index.rules_of(brand)}
        for key, open_alert in sorted(state.alerts.items()):
            rule_id = alert_records.rule_of(key)
            rule = rules.get(rule_id)
            if (
                rule is None
                or rule.kind is not open_alert.kind
                or not self._is_of(rule, open_alert.about)
            ):
                former = RULE_OF_KIND[open_alert.kind](id=rule_id)
                now_ms = max(
                    self._partition_state.event_time.watermark_ms or 0, open_alert.true_at_ms
                )
                subject = self._subject(brand, state, former, now_ms, open_alert.about)
                self._tell(brand, alert_records.withdrawn(subject, now_ms))
        for noted in (state.pending, state.past):
            for key in [key for key in noted if alert_records.rule_of(key) not in rules]:
                del noted[key]
                self._change(brand)

    def _is_of(self, rule: Rule, about: str) -> bool:
        """Whether a rule about rivals still is about this one."""
        return not about or about in self._index.members_of(group_key(rule.id))

    def _kinds_at(self, moment: Moment) -> frozenset[RuleKind]:
        index = self._index
        return kinds_at(
            moment, index.least_posts, self._schedule.least_reach, index.least_about_one
        )

    def _evaluate(self, brand: str, moment: Moment, kinds: frozenset[RuleKind]) -> None:
        state, start_ms = moment.state, moment.start_ms
        if state.alerts:
            # What comes after the end has to be as much as at any begin.
            self._end(brand, state, start_ms)
        for rule in self._index.rules_among(brand, kinds):
            for finding in evaluate(moment, rule):
                subject = self._subject(brand, state, rule, start_ms, finding.about)
                is_burst = rule.kind in INHIBITED_KINDS and self._is_platform_burst(
                    finding, start_ms
                )
                self._find(brand, subject, start_ms, finding, is_platform_burst=is_burst)
        if state.alerts:
            self._firing.add(brand)
            self._evaluated.add(brand)

    def _moment(self, state: BrandState, start_ms: int) -> Moment:
        observed_since_ms = self._partition_state.event_time.outage[1]
        if state.added_ms > observed_since_ms:  # noqa: PLR1730 - a call less
            observed_since_ms = state.added_ms
        if self._unobserved.stretches:
            observed_since_ms = max(observed_since_ms, self._unobserved.observed_since_ms(start_ms))
        return Moment(state, start_ms, self._index.holidays, observed_since_ms)

    def _subject(
        self, brand: str, state: BrandState, rule: Rule, at_ms: int, about: str = ""
    ) -> Subject:
        named = about or brand
        if named == EVERY_BRAND:
            definition = _FEED if rule.kind is RuleKind.SILENCE else _EVERY
        else:
            definition = self._index.brands.get(named) or Brand(id=named, name=named)
        return Subject(
            state,
            rule,
            definition,
            self._index.silences_at(at_ms),
            about,
            self._index.expected_burst_at,
        )

    def _find_of_all(self, rule: Rule, start_ms: int, finding: Finding) -> None:
        every = self._partition_state.every
        if self._index.is_active(rule, start_ms):
            self._end(EVERY_BRAND, every, start_ms)
        subject = self._subject(EVERY_BRAND, every, rule, start_ms)
        self._find(EVERY_BRAND, subject, start_ms, finding, is_platform_burst=False)

    def _find(
        self,
        brand: str,
        subject: Subject,
        start_ms: int,
        finding: Finding,
        *,
        is_platform_burst: bool,
    ) -> None:
        """Tell what was found, or count why not."""
        notice = alert_records.notice_of(
            subject,
            start_ms,
            finding,
            is_active=self._index.is_active(subject.rule, start_ms),
            is_platform_burst=is_platform_burst,
        )
        if notice.is_kept:
            self._change(brand)
        if notice.suppressed is not None:
            counts = self.suppressed
            counts[notice.suppressed] = counts.get(notice.suppressed, 0) + 1
        alert = notice.alert
        if alert is not None:
            self.told.append(alert)
            if alert.revision == 0:
                moment = Moment(subject.state, start_ms)
                self.begun.append(signal_of(alert, subject.rule, finding, moment))

    def _tell(self, brand: str, alert: Alert) -> None:
        self._change(brand)
        self.told.append(alert)

    def _change(self, brand: str) -> None:
        """The brand's state has to be kept anew; what is about all is kept anyway."""
        if brand != EVERY_BRAND:
            self.changed.add(brand)

    def _is_platform_burst(self, finding: Finding, start_ms: int) -> bool:
        """Whether all burst, or did as far back as the horizon of the finding reaches.

        Where no rule tells of all, nothing is inhibited: somebody has to be told.
        """
        if not self._index.of_platform:
            return False
        first_ms = start_ms - (finding.horizon_min - 1) * BUCKET_MS
        return self._is_platform_bursting or self._partition_state.burst.has_burst(
            first_ms, start_ms
        )

    def _skip_outage(self, baseline: Baseline, until_ms: int) -> None:
        """Leave what was not observed before `until_ms` out of what is learned."""
        stretches: Sequence[Stretch] = (self._partition_state.event_time.outage,)
        if self._unobserved.stretches:
            stretches = sorted((*stretches, *self._unobserved.stretches))
        for from_ms, to_ms in stretches:
            if baseline.known_to_ms >= to_ms or from_ms >= until_ms:
                continue
            baseline.pass_empty(max(int(from_ms), baseline.known_to_ms), self._index.holidays)
            skipped_ms = int(min(to_ms, until_ms))
            if skipped_ms > baseline.known_to_ms:
                baseline.skip(skipped_ms)
