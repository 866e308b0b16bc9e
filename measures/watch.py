"""What the rules find on a board: looks at brands when something may have changed, and tells.

A look costs tens of microseconds, and posts come by the ten thousand a second. So the open minute
of a brand is looked at only when it holds more posts than the last closed minute left room for,
or something that counts at once: a crisis word, a large account, an attack.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from measures import alert_life
from measures.alert_life import Subject
from measures.baselines import HORIZONS_MIN, Baseline
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket
from measures.crowd import FACTOR, Crowd
from measures.detector import MIN_POSTS, needed
from measures.moment import Moment
from measures.rules import LOOKS, share, silence
from measures.rules.finding import Finding, severity_of
from measures.rules.influencer import MIN_REACH
from measures.scope import Scope
from measures.watermarks import Clock
from schemas.alert import EVERY_BRAND, Alert
from schemas.catalogue import Brand, Rule, RuleKind
from schemas.mention import GROUP_PREFIX

_NO_LIMIT = float("inf")
_ROOM = 0.9
"""Part of the room that may fill up unseen: what is expected moves a little within a minute."""
_MANY_NEGATIVE = 5
"""Negative posts of a minute that make a look worth while ..."""
_CLEARLY_MORE = 0.15
"""... where their share is so much above the usual one."""
_EVERY = Brand(id=EVERY_BRAND, name="all brands")
_FEED = Brand(id=EVERY_BRAND, name="the feed")
_INHIBITED = frozenset({RuleKind.SPIKE, RuleKind.COMPOSITE})
"""Kinds whose alerts are held back while all brands burst."""
_OWN_BURST_SEVERITY = 8
"""A brand's burst from this severity on is told although all burst."""
_QUIET = frozenset({RuleKind.DROP, RuleKind.SILENCE})
"""Kinds that look at minutes without posts."""
_QUIET_POSTS_AN_HOUR = 10
"""Brands with fewer are never missed."""
_MINUTE_MS = 60_000
_SWEEP_MS = 5 * _MINUTE_MS
_DAY_MS = 86_400_000


class Room(NamedTuple):
    """Posts that may come after a closed minute and change nothing."""

    until_ms: int
    """End of the closed minute."""
    minute: float
    """In any one minute."""
    next: float
    """Together, in the next minute."""
    later: float
    """Together, once a second minute has begun."""


class Whole(Protocol):
    """What is kept of a partition as a whole."""

    clock: Clock
    crowd: Crowd
    every: BrandState


class Watch:
    """The rules at work on the brands of one partition."""

    def __init__(
        self, states: dict[str, BrandState], whole: Whole, scope: Scope, *, speaks_for_all: bool
    ) -> None:
        self.told: list[Alert] = []
        self.changed: set[str] = set()
        self.inhibited = 0
        self._states = states
        self._whole = whole
        self._speaks_for_all = speaks_for_all
        self._firing: set[str] = set()
        self._room: dict[str, Room] = {}
        self._busy: set[str] = set()
        """Brands whose silence would be noticed."""
        self._swept_ms = -1
        self._crowd_bursts = False
        self.redefine(scope)

    def redefine(self, scope: Scope) -> None:
        """Rules changed."""
        self._scope = scope
        self._room.clear()
        self._least_reach = min(
            (r.min_reach or MIN_REACH for r in scope.rules if r.kind is RuleKind.INFLUENCER),
            default=1 << 62,
        )

    @property
    def open_alerts(self) -> int:
        """Alerts that fire, of brands and of all."""
        of_brands = sum(len(self._states[brand].alerts) for brand in self._firing)
        return of_brands + (len(self._whole.every.alerts) if self._speaks_for_all else 0)

    def clear(self) -> None:
        """What was told is taken over."""
        self.told, self.changed, self.inhibited = [], set(), 0

    def note(self, brand: str, state: BrandState) -> None:
        """A brand came back from the changelog."""
        if state.alerts:
            self._firing.add(brand)
        self._note_busy(brand, state)

    def pass_empty(self, baseline: Baseline, until_ms: int) -> None:
        """Time without posts of a brand; an outage of the whole feed is not learned."""
        from_ms, to_ms = self._whole.clock.outage
        holidays = self._scope.holidays
        if baseline.known_to_ms < to_ms and from_ms < until_ms:
            baseline.pass_empty(max(from_ms, baseline.known_to_ms), holidays)
            skipped_ms = min(to_ms, until_ms)
            if skipped_ms > baseline.known_to_ms:
                baseline.skip(skipped_ms)
        baseline.pass_empty(until_ms, holidays)

    def look_and_learn(self, brand: str, state: BrandState, start_ms: int) -> None:
        """A minute of the brand is closed: look, then learn it."""
        moment = Moment(state, start_ms, self._scope.holidays)
        if self._is_worth_a_look(brand, state, start_ms):
            self._look(brand, moment)
        baseline = state.baseline
        if moment.sums[-1] >= MIN_POSTS and baseline.is_warm():
            verdict = moment.verdict(1.0, MIN_POSTS)
            if verdict.is_unusual:
                baseline.begin_event(start_ms, moment.sums, moment.means)
        state.learn(start_ms, moment.sums, moment.means, self._scope.holidays)
        self._room[brand] = self._room_of(brand, moment)
        self._note_busy(brand, state)

    def look_early(self, brand: str, start_ms: int) -> None:
        """Look into an open minute, if it may hold something."""
        state = self._states[brand]
        if self._may_hold(brand, state, start_ms):
            self._look(brand, Moment(state, start_ms, self._scope.holidays))

    def look_at_silent(self, until_ms: int) -> None:
        """Look at the busy brands that had no post of late, every five minutes."""
        until_ms -= until_ms % _SWEEP_MS
        if until_ms <= self._swept_ms:
            return
        self._swept_ms = until_ms
        start_ms = until_ms - BUCKET_MS
        for brand in sorted(self._busy):
            state = self._states[brand]
            if state.baseline.known_to_ms >= until_ms or start_ms in state.buckets:
                continue
            self.pass_empty(state.baseline, until_ms)
            self._look(brand, Moment(state, start_ms, self._scope.holidays), _QUIET)
            self._note_busy(brand, state)

    def look_at_crowd(self, start_ms: int) -> None:
        """Whether all brands burst in the minute at `start_ms`."""
        crowd = self._whole.crowd
        self._crowd_bursts = crowd.look(start_ms)
        if not self._crowd_bursts or not self._speaks_for_all:
            return
        seen, expected = crowd.seen(start_ms), crowd.baseline.expected(start_ms)
        if start_ms > crowd.true_ms:
            return
        cause = (
            f"many brands at once have more posts: {seen / expected:.1f} x the usual "
            "(sum of the logarithms of the brands' posts)"
        )
        severity = severity_of(seen, FACTOR * expected)
        finding = Finding(seen, expected, severity, cause, "log posts", horizon_min=1)
        for rule in self._scope.rules:
            if rule.kind is RuleKind.SPIKE and not rule.brands and not rule.trades:
                self._find_of_all(rule, _EVERY, start_ms, finding)

    def look_at_feed(self, now_ms: int) -> None:
        """Whether a live feed fell silent; told by one partition."""
        clock = self._whole.clock
        newest_ms = max(clock.newest.values(), default=0)
        silent_ms = now_ms - newest_ms
        if not self._speaks_for_all or not clock.is_idle or not 0 < silent_ms < _DAY_MS:
            return
        for rule in self._scope.of_feed:
            minutes = silence.within_min(rule)
            if silent_ms >= minutes * _MINUTE_MS:
                cause = f"no posts at all for {silent_ms // _MINUTE_MS} min"
                severity = severity_of(silent_ms, minutes * _MINUTE_MS)
                start_ms = now_ms - now_ms % BUCKET_MS
                finding = Finding(0, 0, severity, cause, horizon_min=minutes)
                self._find_of_all(rule, _FEED, start_ms, finding)

    def resolve(self) -> None:
        """End alerts whose condition is gone, also of brands that nobody mentions any more."""
        watermark_ms = self._whole.clock.watermark_ms
        if watermark_ms is None:
            return
        for brand in sorted(self._firing):
            state = self._states[brand]
            self._resolve(state, self._scope.brands.get(brand), watermark_ms, brand)
            if not state.alerts:
                self._firing.discard(brand)
        self._resolve(self._whole.every, _EVERY, watermark_ms, "")

    def _resolve(self, state: BrandState, brand: Brand | None, now_ms: int, changed: str) -> None:
        rules = self._scope.by_id
        for key, held in list(state.alerts.items()):
            rule = rules.get(key.partition("/")[0])
            if rule is None:
                del state.alerts[key]
                self._change(changed)
            elif alert_life.is_over(held, rule, now_ms):
                about = self._scope.brands.get(held.about) or brand
                named = about or Brand(id=held.about or changed, name=held.about or changed)
                if self._speaks_for_all or state is not self._whole.every:
                    subject = self._subject(state, rule, named, now_ms, held.about)
                    self._tell(changed, alert_life.resolved(subject))

    def _look(self, brand: str, moment: Moment, kinds: frozenset[RuleKind] | None = None) -> None:
        state, start_ms = moment.state, moment.start_ms
        for rule in self._scope.rules_of(brand):
            if kinds is not None and rule.kind not in kinds:
                continue
            if not self._scope.is_active(rule, start_ms):
                continue
            for subject, finding in self._found(brand, moment, rule):
                held = state.alerts.get(subject.key)
                if held is not None and alert_life.is_over(held, rule, start_ms):
                    self._tell(brand, alert_life.resolved(subject))
                elif held is None and self._is_inhibited(rule, finding):
                    self.inhibited += 1
                    continue
                self._find(subject, start_ms, finding, brand)
        if state.alerts:
            self._firing.add(brand)

    def _found(self, brand: str, moment: Moment, rule: Rule) -> Iterator[tuple[Subject, Finding]]:
        state = moment.state
        if rule.kind is RuleKind.SHARE:
            held = {alert.about for alert in state.alerts.values()}
            for finding in share.findings(moment, rule, held):
                about = self._scope.brands.get(finding.about)
                if about is not None:
                    yield (
                        self._subject(state, rule, about, moment.start_ms, finding.about),
                        finding,
                    )
            return
        found = LOOKS[rule.kind](moment, rule, state.alerts.get(rule.id))
        if found is not None:
            named = self._scope.brands[brand]
            yield self._subject(state, rule, named, moment.start_ms), found

    def _subject(
        self, state: BrandState, rule: Rule, brand: Brand, at_ms: int, about: str = ""
    ) -> Subject:
        return Subject(state, rule, brand, self._scope.silences_at(at_ms), about)

    def _find_of_all(self, rule: Rule, brand: Brand, start_ms: int, finding: Finding) -> None:
        if self._scope.is_active(rule, start_ms):
            subject = self._subject(self._whole.every, rule, brand, start_ms)
            self._find(subject, start_ms, finding)

    def _find(self, subject: Subject, start_ms: int, finding: Finding, changed: str = "") -> None:
        self._tell(changed, alert_life.found(subject, start_ms, finding))

    def _tell(self, changed: str, alert: Alert | None) -> None:
        self._change(changed)
        if alert is not None:
            self.told.append(alert)

    def _change(self, brand: str) -> None:
        if brand:
            self.changed.add(brand)

    def _is_inhibited(self, rule: Rule, finding: Finding) -> bool:
        """While all burst, a brand's own burst counts when it is far above that of all."""
        return (
            self._crowd_bursts
            and rule.kind in _INHIBITED
            and finding.severity < _OWN_BURST_SEVERITY
        )

    def _is_worth_a_look(self, brand: str, state: BrandState, start_ms: int) -> bool:
        """Whether a closed minute may hold something; of small brands nearly none does."""
        return state.held >= self._scope.least_posts or self._counts_at_once(
            state, state.buckets[start_ms]
        )

    def _counts_at_once(self, state: BrandState, bucket: Bucket) -> bool:
        return bool(
            state.alerts or bucket.hits or bucket.attacks or bucket.loudest >= self._least_reach
        )

    def _may_hold(self, brand: str, state: BrandState, start_ms: int) -> bool:
        bucket = state.buckets[start_ms]
        if self._counts_at_once(state, bucket) or _is_gloomy(state, bucket):
            return True
        if brand.startswith(GROUP_PREFIX):
            return False
        known = self._room.get(brand)
        if known is None:
            return state.held >= MIN_POSTS or bool(bucket.negative)
        if start_ms < known.until_ms or bucket.posts > known.minute:
            return True
        posts = sum(_posts_since(state.buckets, known.until_ms, start_ms))
        return posts > (known.next if start_ms == known.until_ms else known.later)

    def _room_of(self, brand: str, moment: Moment) -> Room:
        """How many posts after this minute no rule about more posts would notice."""
        start_ms, baseline = moment.start_ms, moment.baseline
        until_ms = start_ms + BUCKET_MS
        rules = self._scope.rules_of(brand)
        if any(rule.kind is RuleKind.COMPOSITE for rule in rules):
            return Room(until_ms, 0.0, 0.0, 0.0)
        if not baseline.is_warm():
            return Room(until_ms, MIN_POSTS - 1, MIN_POSTS - 1, MIN_POSTS - 1)
        buckets = moment.state.buckets
        left = self._scope.least_posts - 1 - moment.sums[-1]
        if left >= moment.sums[-1]:
            return Room(until_ms, left, left, left)
        room = Room(until_ms, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT)
        for rule in rules:
            if rule.kind is not RuleKind.SPIKE:
                continue
            least, knob = rule.min_posts or MIN_POSTS, rule.false_alerts_per_month
            minute = _ROOM * needed(baseline, 0, moment.means[0], knob, least)
            following = later = _NO_LIMIT
            for at, horizon_min in enumerate(HORIZONS_MIN[1:], start=1):
                limit = _ROOM * needed(baseline, at, moment.means[at], knob, least)
                # What has left the horizon a minute later, and two minutes later.
                first_ms = start_ms - (horizon_min - 1) * BUCKET_MS
                before = moment.sums[at] - _voices_at(buckets, first_ms)
                following = min(following, limit - before)
                later = min(later, limit - before + _voices_at(buckets, first_ms + BUCKET_MS))
            room = Room(
                until_ms,
                min(room.minute, minute),
                min(room.next, following),
                min(room.later, later),
            )
        return room

    def _note_busy(self, brand: str, state: BrandState) -> None:
        rules = self._scope.rules_of(brand)
        if any(rule.kind in _QUIET for rule in rules) and (
            state.alerts
            or 60 * state.baseline.least_expected(state.baseline.known_to_ms)
            >= _QUIET_POSTS_AN_HOUR
        ):
            self._busy.add(brand)
        else:
            self._busy.discard(brand)


def _voices_at(buckets: dict[int, Bucket], start_ms: int) -> int:
    bucket = buckets.get(start_ms)
    return 0 if bucket is None else bucket.voices()


def _is_gloomy(state: BrandState, bucket: Bucket) -> bool:
    """Whether an open minute may shift the mood of the hour."""
    negative = bucket.negative
    return (
        negative >= _MANY_NEGATIVE
        and negative > (state.negative_share + _CLEARLY_MORE) * bucket.spoken
    )


def _posts_since(buckets: dict[int, Bucket], since_ms: int, until_ms: int) -> Iterator[int]:
    """Posts of the minutes from `since_ms` to the one at `until_ms`."""
    for start_ms in range(max(since_ms, until_ms - 4 * BUCKET_MS), until_ms + BUCKET_MS, BUCKET_MS):
        bucket = buckets.get(start_ms)
        if bucket is not None:
            yield bucket.posts
