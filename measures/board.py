"""All brands of one partition of `mentions`: counts, windows, alerts.

The shell decodes records and calls `apply` and `tick`, then `drain`; nothing here knows of Kafka or
of the time of day. Two boards that got the same mentions, in any order within the grace and with
any repetitions, publish the same windows.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial

import msgspec

from measures import alert_records
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket, author_hash, bucket_start_ms
from measures.evaluation import Evaluation
from measures.expectations import Expectations
from measures.incidents import Incidents, IncidentState
from measures.kept_state import Entry, KeptStates, stamped, unstamped
from measures.minutes import Minutes
from measures.partition_state import PartitionState
from measures.platform_burst import KEPT_MS
from measures.rule_index import RuleIndex
from measures.rules.crisis import CrisesOf
from measures.trends import AT_LEAST, EVERY_MS
from measures.watermarks import LIVE_MS, EventTime
from schemas.alert import EVERY_BRAND, Alert, AlertState, SuppressedReason
from schemas.catalogue import Catalogue
from schemas.expectation import Expectation
from schemas.forgotten import Forgotten
from schemas.mention import GROUP_PREFIX, AnyMention, GroupMention, Mention, Tick, group_key
from schemas.signal import Signal
from schemas.trend import Trend
from schemas.window import Window


class BoardSettings(msgspec.Struct, frozen=True):
    grace_ms: int = 30_000
    """A bucket stays open for so long after the watermark has passed its end."""
    retention_ms: int = 7_200_000
    """Late posts change windows up to this age behind the watermark."""
    allowance_ms: int = 30_000
    """How far behind the wall clock the posts of a live feed may be."""


_decode_watched = msgspec.msgpack.Decoder(list[str]).decode
INCIDENTS_KEY = b"\x00incidents"
"""Key of the entry with what is known of incidents: no brand id begins with NUL."""
_decode_incidents = msgspec.msgpack.Decoder(IncidentState).decode
_decode_partition = msgspec.msgpack.Decoder(PartitionState).decode


class Output(msgspec.Struct):
    """What came of the mentions and ticks since the last drain."""

    windows: list[Window] = msgspec.field(default_factory=list)
    alerts: list[Alert] = msgspec.field(default_factory=list)
    trends: list[Trend] = msgspec.field(default_factory=list)
    expectations: list[Expectation] = msgspec.field(default_factory=list)
    signals: list[Signal] = msgspec.field(default_factory=list)
    """For the boards of all other partitions."""
    changed: set[str] = msgspec.field(default_factory=set)
    """Brands whose state has to be kept anew."""
    late: int = 0
    duplicates: int = 0
    suppressed: dict[SuppressedReason, int] = msgspec.field(default_factory=dict)
    """Why findings were not told, and how often."""


class Board:
    """State of one partition."""

    def __init__(
        self,
        settings: BoardSettings,
        catalogue: Catalogue,
        *,
        speaks_for_all: bool = True,
        owns: Callable[[str], bool] = lambda brand: True,
    ) -> None:
        """`speaks_for_all`: whether this partition tells of what all partitions see.

        `owns`: whether a brand's mentions come in this partition.
        """
        self.states: dict[str, BrandState] = {}
        self._settings = settings
        self._partition_state = PartitionState()
        self._kept = KeptStates()
        self._open: dict[int, set[str]] = {}
        self._due = Minutes()
        """Those of `_open`."""
        self._counted = Minutes()
        """Minutes in which posts of all brands are counted."""
        self._revised: set[tuple[int, str]] = set()
        self._touched: dict[str, int] = {}
        self._output = Output()
        self._limit_ms = -1
        """End of the ring: buckets that end at or before this are closed for good."""
        self._speaks_for_all = speaks_for_all
        self._index = RuleIndex(catalogue)
        self._incidents = Incidents()
        self._incidents_changed = False
        self._crises_of = CrisesOf(self._index)
        self._owns = owns
        self._keeps_watched = False
        """Whether the changelog says which brands are watched."""
        self._evaluation, self._expectations = self._at_work()

    def _at_work(self) -> tuple[Evaluation, Expectations]:
        """The rules at work on what is kept."""
        evaluation = Evaluation(
            self.states, self._partition_state, self._index, speaks_for_all=self._speaks_for_all
        )
        expectations = Expectations(
            self.states,
            self._partition_state,
            self._index,
            partial(evaluation.pass_empty, is_glimpse=True),
        )
        return evaluation, expectations

    def redefine(self, catalogue: Catalogue) -> None:
        """The catalogue changed; what was counted stays. Who is new was not watched before."""
        before = self._index.brands.keys()
        self._index = RuleIndex(catalogue)
        self._note_watched(before)
        self._crises_of = CrisesOf(self._index)
        self._evaluation.redefine(self._index)
        self._expectations.redefine(self._index)
        # With the next batch, whatever is in it: the state that says so is kept with that too.
        self._take_told()

    def _note_watched(self, before: Set[str]) -> None:
        """Keep since when brands are watched, by those that were watched before."""
        now = self._index.brands.keys()
        if before == now:
            return
        self._keeps_watched = False
        if self._event_time.watermark_ms is None:
            return
        at_ms = bucket_start_ms(self._event_time.watermark_ms)
        for brand in sorted(before - now):
            if brand in self.states:
                self._leave(self.states[brand], at_ms)
                self._output.changed.add(brand)
        for brand in sorted(now - before):
            if self._owns(brand):
                self._add(self.states.setdefault(brand, BrandState()), at_ms)
                self._output.changed.add(brand)

    def _leave(self, state: BrandState, at_ms: int) -> None:
        """It was watched up to now: that there was no post is known so far."""
        self._evaluation.pass_empty(state.baseline, at_ms)

    @staticmethod
    def _add(state: BrandState, at_ms: int) -> None:
        """It is watched from now on: what was before is not learned, nor taken for silence."""
        state.added_ms = at_ms
        if state.baseline.since_ms >= 0 and state.baseline.known_to_ms < at_ms:
            state.baseline.skip(at_ms)

    @property
    def _event_time(self) -> EventTime:
        return self._partition_state.event_time

    @property
    def watermark_ms(self) -> int | None:
        """Event time below which no more posts are expected; None before it is known."""
        return self._event_time.watermark_ms

    @property
    def open_windows(self) -> int:
        return sum(map(len, self._open.values()))

    @property
    def open_alerts(self) -> int:
        return self._evaluation.open_alerts

    def firing(self) -> Iterator[tuple[str, int]]:
        """Brand (`*`: all) and severity of each alert that fires."""
        return self._evaluation.firing()

    def apply(self, mention: AnyMention, *, is_forgotten: bool = False) -> None:
        """Count a mention, once; of one that is to be forgotten nothing but the number is kept."""
        brand = group_key(mention.group) if type(mention) is GroupMention else mention.brand
        states, output = self.states, self._output
        state = states[brand] if brand in states else None  # noqa: SIM401 - a call less
        if state is None:
            state = states[brand] = BrandState()
        if state.is_duplicate(mention):
            output.duplicates += 1
            return
        output.changed.add(brand)
        event_time_ms = mention.event_time_ms
        start_ms = event_time_ms - event_time_ms % BUCKET_MS
        if start_ms + BUCKET_MS <= self._limit_ms:
            state.late += 1
            output.late += 1
            return
        buckets = state.buckets
        bucket = buckets[start_ms] if start_ms in buckets else None  # noqa: SIM401 - a call less
        if bucket is None:
            bucket = buckets[start_ms] = Bucket()
            self._open_minute(start_ms, brand)
        author = author_hash(mention)
        bucket.add(mention, author)
        if brand in self._kept.pasts:
            self._kept.pasts[brand].touch(start_ms)
        state.ring_posts += not mention.is_edit
        if bucket.revision >= 0:
            bucket.is_revised = True
            self._revised.add((start_ms, brand))
        touched = self._touched
        if brand not in touched or start_ms > touched[brand]:
            touched[brand] = start_ms
        if mention.is_edit:
            return
        if type(mention) is GroupMention:
            bucket.count_rivals(mention)
            return
        if self._partition_state.burst.count(start_ms, bucket.posts):
            self._counted.add(start_ms)
        if not mention.spam:
            self._note_content(state, mention, bucket, author, is_forgotten=is_forgotten)

    def _open_minute(self, start_ms: int, brand: str) -> None:
        brands = self._open.get(start_ms)
        if brands is None:
            brands = self._open[start_ms] = set()
            self._due.add(start_ms)
        brands.add(brand)

    def forget(self, forgotten: Forgotten) -> None:
        """Posts and authors were taken back: their text and names go, counts stay.

        A trend that may show one of the authors is told anew, at the time that it told of.
        """
        for brand, state in self.states.items():
            lost = state.forget(forgotten)
            if lost is None:
                continue
            self._output.changed.add(brand)
            if lost and state.trended_ms:
                self._output.trends.append(state.talk.trend(brand, state.trended_ms))

    def note_feeds(self, gaps: Sequence[tuple[int, int]], away_since_ms: int | None) -> None:
        """What live feeds could not give; see `Evaluation.note_feeds`."""
        self._evaluation.note_feeds(gaps, away_since_ms)
        self._take_told()

    def reissue(self, alert: Alert) -> None:
        """Tell an alert anew, as given, unless a newer record of it or its like is on the way.

        `alert` is the newest published record of its fingerprint, with other content.
        """
        for owner, key in (
            (alert.brand, alert.rule),
            (GROUP_PREFIX + alert.rule, f"{alert.rule}/{alert.brand}"),
        ):
            state = self.states.get(owner)
            open_alert = None if state is None else state.alerts.get(key)
            if open_alert is None:
                continue
            if (open_alert.id, open_alert.revision) != (alert.id, alert.revision):
                return
            open_alert.revision += 1
            self._output.changed.add(owner)
            break
        else:
            if alert.state is AlertState.FIRING:
                return
        again = msgspec.structs.replace(alert, revision=alert.revision + 1)
        if self._incidents.renew(again):
            self._incidents_changed = True
        self._output.alerts.append(again)

    def tick(self, tick: Tick) -> None:
        """Event time moved on: close, revise, evaluate, resolve."""
        self._event_time.observe(tick, self._settings.allowance_ms)
        self._note_limit()
        if not self._event_time.is_complete:
            return
        self._close(tick.sent_at_ms)
        self._revise()
        self._evaluate_open(tick.sent_at_ms)
        self._evaluation.evaluate_feed(tick.sent_at_ms)
        self._evaluation.resolve()
        self._take_told()

    def add_signal(self, signal: Signal) -> None:
        """An alert of another partition has begun: own ones may be parts of what it tells of."""
        if self._incidents.add(signal):
            self._incidents_changed = True
            self._regroup()

    def drain(self) -> Output:
        """What came of it since the last call."""
        output, self._output = self._output, Output()
        return output

    def entries(self, brand: str) -> Iterable[Entry]:
        """What the changelog needs of a brand that has changed since the last call, in order."""
        return self._kept.entries(brand, self.states[brand])

    def incident_entries(self) -> Iterator[tuple[bytes, bytes]]:
        """What the changelog needs of the incidents, if it has changed since the last call."""
        if self._incidents_changed:
            self._incidents_changed = False
            yield INCIDENTS_KEY, stamped(self._incidents.state)

    def restore(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Fill an empty board from the changelog; the partition state has to be restored before."""
        of_brands = dict(entries)
        kept = of_brands.pop(INCIDENTS_KEY, None)
        if kept is not None:
            self._incidents = Incidents(unstamped(INCIDENTS_KEY, kept, _decode_incidents))
        self.states.update(self._kept.restore(of_brands.items()))
        for brand, state in self.states.items():
            state.prune(self._limit_ms)
            for start_ms, bucket in state.buckets.items():
                if bucket.revision < 0:
                    self._open_minute(start_ms, brand)
                elif bucket.is_revised:
                    self._revised.add((start_ms, brand))
            self._evaluation.note(brand, state)
        self._take_told()

    def applied(self) -> dict[int, int]:
        """Partition of `posts.raw` -> last offset that any brand has applied."""
        last: dict[int, int] = {}
        for state in self.states.values():
            for partition, offset in state.applied.items():
                last[partition] = max(last.get(partition, -1), offset)
        return last

    def partition_state_bytes(self) -> bytes:
        """The value of the partition state for the changelog."""
        return stamped(self._partition_state)

    def watched_bytes(self) -> bytes | None:
        """Which brands the catalogue has, for the changelog; None: it says so already.

        From that the next owner sees which of its brands are new, though nobody ran when they came.
        """
        if self._keeps_watched:
            return None
        self._keeps_watched = True
        return stamped(sorted(self._index.brands))

    def restore_watched(self, value: bytes, key: bytes = b"watched") -> None:
        """Compare with the brands that were watched before; after all else is restored."""
        self._keeps_watched = True
        self._note_watched(set(unstamped(key, value, _decode_watched)))

    def restore_partition_state(self, value: bytes, key: bytes = b"whole") -> None:
        """Go on from a kept state; `key` names their entry where it cannot be read."""
        self._partition_state = unstamped(key, value, _decode_partition)
        self._counted = Minutes(self._partition_state.burst.bits)
        self._note_limit()
        self._evaluation, self._expectations = self._at_work()

    def _note_limit(self) -> None:
        """Event time moved on, and with it the end of the ring."""
        watermark_ms = self._event_time.watermark_ms
        if watermark_ms is not None:
            self._limit_ms = watermark_ms - self._settings.retention_ms

    def _note_content(
        self,
        state: BrandState,
        mention: Mention,
        bucket: Bucket,
        author: int,
        *,
        is_forgotten: bool,
    ) -> None:
        """What is talked about; spam neither makes a crisis nor explains one."""
        if not is_forgotten:
            bucket.note_content(mention, author)
        crises = self._crises_of[mention.brand]
        hit, exposed = crises.hit(mention), None
        if hit:
            bucket.hit(hit, mention, author)
        elif mention.original_text:
            exposed = crises.exposed_by(mention.original_text)
            if exposed:
                bucket.expose(exposed, mention, author)
        if not is_forgotten:
            state.talk.note_content(mention, is_crisis=bool(hit or exposed))

    def _close(self, sent_at_ms: int) -> None:
        """Close what is due, in the order of event time, at a tick of `sent_at_ms`."""
        live_from_ms = sent_at_ms - LIVE_MS
        watermark_ms, last_ms = self._event_time.watermark_ms, math.inf
        if not self._event_time.is_idle:
            if watermark_ms is None:
                return
            last_ms = watermark_ms - self._settings.grace_ms - BUCKET_MS
        for start_ms in self._due.take(last_ms):
            self._evaluation.evaluate_platform(start_ms)
            for brand in sorted(self._open.pop(start_ms)):
                self._close_bucket(brand, start_ms, is_live=start_ms >= live_from_ms)
            self._partition_state.burst.learn(start_ms)
            for old_ms in self._counted.take(start_ms + BUCKET_MS - KEPT_MS - 1):
                self._partition_state.burst.forget(old_ms)
        if watermark_ms is not None and not self._event_time.is_idle:
            until_ms = bucket_start_ms(watermark_ms - self._settings.grace_ms)
            self._expectations.sweep(until_ms, sent_at_ms)
            self._evaluation.evaluate_quiet(until_ms)

    def _close_bucket(self, brand: str, start_ms: int, *, is_live: bool) -> None:
        state = self.states[brand]
        bucket = state.buckets[start_ms]
        self._publish(brand, state, bucket, start_ms)
        if start_ms >= state.baseline.known_to_ms:
            self._pass_empty(brand, state, start_ms)
            self._evaluation.evaluate_closed(brand, state, start_ms, is_live=is_live)
            self._tell_trend(brand, state, start_ms + BUCKET_MS)
        state.prune(self._limit_ms)

    def _pass_empty(self, brand: str, state: BrandState, start_ms: int) -> None:
        baseline = state.baseline
        is_new = baseline.since_ms < 0
        if is_new:
            first_ms = state.added_ms if state.added_ms >= 0 else self._event_time.first_ms
            baseline.begin(start_ms if first_ms is None else min(first_ms, start_ms))
        self._expectations.before(brand, state, start_ms, is_new=is_new)
        self._evaluation.pass_empty(baseline, start_ms)

    def _tell_trend(self, brand: str, state: BrandState, now_ms: int) -> None:
        if now_ms >= state.trended_ms + EVERY_MS and state.talk.untold >= AT_LEAST:
            state.trended_ms = now_ms
            self._output.trends.append(state.talk.trend(brand, now_ms))

    def _revise(self) -> None:
        for start_ms, brand in sorted(self._revised):
            state = self.states[brand]
            self._publish(brand, state, state.buckets[start_ms], start_ms)
        self._revised.clear()

    def _publish(self, brand: str, state: BrandState, bucket: Bucket, start_ms: int) -> None:
        window = bucket.publish(brand, start_ms, state.late)
        if not brand.startswith(GROUP_PREFIX):
            self._output.windows.append(window)
        if brand in self._kept.pasts:
            self._kept.pasts[brand].touch(start_ms)
        self._output.changed.add(brand)
        state.late = 0

    def _evaluate_open(self, now_ms: int) -> None:
        """Look into the newest minutes of a live feed, so that a burst is seen within seconds.

        Also into those that a lull has closed: in a feed with few posts there is one after each.
        """
        touched, self._touched = self._touched, {}
        live = [
            (brand, start_ms) for brand, start_ms in touched.items() if start_ms >= now_ms - LIVE_MS
        ]
        if not live:
            return
        self._evaluation.evaluate_platform(max([start_ms for _, start_ms in live]))
        for brand, start_ms in live:
            self._evaluation.evaluate_open(brand, start_ms)

    def _take_told(self) -> None:
        output, evaluation = self._output, self._evaluation
        if evaluation.told:
            self._place(evaluation.begun, evaluation.told)
        output.changed |= evaluation.changed
        output.expectations += self._expectations.told
        self._expectations.told.clear()
        for reason, findings in evaluation.suppressed.items():
            output.suppressed[reason] = output.suppressed.get(reason, 0) + findings
        evaluation.clear()

    def _place(self, begun: Iterable[Signal], told: Iterable[Alert]) -> None:
        """Publish alerts as parts of their incidents."""
        output, incidents = self._output, self._incidents
        self._incidents_changed = True
        for signal in begun:
            incidents.add(signal)
            output.signals.append(signal)
        output.alerts += [incidents.placed(alert) for alert in told]
        self._regroup()

    def _regroup(self) -> None:
        """Publish own alerts again whose incident has another head by now."""
        for alert in self._incidents.moved():
            self._output.alerts.append(alert)
            owner = alert_records.owner_of(alert)
            state = self._partition_state.every if owner == EVERY_BRAND else self.states[owner]
            for open_alert in state.alerts.values():
                if open_alert.id == alert.id:
                    open_alert.revision = alert.revision
                    if owner != EVERY_BRAND:
                        self._output.changed.add(owner)
