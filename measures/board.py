"""All brands of one partition of `mentions`: counts, windows, alerts.

The shell decodes records and calls `apply` and `tick`, then `drain`; nothing here knows of Kafka or
of the time of day. Two boards that got the same mentions, in any order within the grace and with
any repetitions, publish the same windows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from measures import alert_life
from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket, bucket_start_ms
from measures.kept_state import Entry, KeptStates
from measures.rules import LOOKS
from measures.rules.crisis import Crises
from measures.trends import AT_LEAST, EVERY_MS
from measures.watermarks import LIVE_MS, Clock
from schemas.alert import Alert
from schemas.catalogue import Brand, Rule, RuleKind
from schemas.mention import Mention, Tick
from schemas.trend import Trend
from schemas.window import Window

_encode = msgspec.msgpack.Encoder().encode
_decode_clock = msgspec.msgpack.Decoder(Clock).decode


class BoardSettings(msgspec.Struct, frozen=True):
    grace_ms: int = 30_000
    """A bucket stays open for so long after the watermark has passed its end."""
    retention_ms: int = 7_200_000
    """Late posts change windows up to this age behind the watermark."""
    allowance_ms: int = 30_000
    """How far behind the clock the posts of a live feed may be."""


class Output(msgspec.Struct):
    """What came of the mentions and ticks since the last drain."""

    windows: list[Window] = msgspec.field(default_factory=list)
    alerts: list[Alert] = msgspec.field(default_factory=list)
    trends: list[Trend] = msgspec.field(default_factory=list)
    changed: set[str] = msgspec.field(default_factory=set)
    """Brands whose state has to be kept anew."""
    late: int = 0
    duplicates: int = 0


class Board:
    """State of one partition."""

    def __init__(
        self,
        settings: BoardSettings,
        rules: Iterable[Rule],
        brands: Mapping[str, Brand],
    ) -> None:
        self.states: dict[str, BrandState] = {}
        self._settings = settings
        self._clock = Clock()
        self._kept = KeptStates()
        self._open: defaultdict[int, set[str]] = defaultdict(set)
        self._revised: set[tuple[int, str]] = set()
        self._touched: dict[str, int] = {}
        self._firing: set[str] = set()
        self._output = Output()
        self.redefine(rules, brands)

    def redefine(self, rules: Iterable[Rule], brands: Mapping[str, Brand]) -> None:
        """The catalogue changed; what was counted stays."""
        self._rules = tuple(rules)
        self._brands = brands
        self._rules_of: dict[str, tuple[Rule, ...]] = {}
        self._crises_of: dict[str, Crises] = {}

    @property
    def watermark_ms(self) -> int | None:
        """Event time below which no more posts are expected; None before it is known."""
        return self._clock.watermark_ms

    @property
    def open_windows(self) -> int:
        return sum(map(len, self._open.values()))

    @property
    def open_alerts(self) -> int:
        return sum(len(self.states[brand].alerts) for brand in self._firing)

    def apply(self, mention: Mention) -> None:
        """Count a mention, once."""
        brand = mention.brand
        state = self.states.get(brand)
        if state is None:
            state = self.states[brand] = BrandState()
        output = self._output
        if state.is_duplicate(mention):
            output.duplicates += 1
            return
        output.changed.add(brand)
        start_ms = bucket_start_ms(mention.event_time_ms)
        if start_ms + BUCKET_MS <= self._limit_ms():
            state.late += 1
            output.late += 1
            return
        bucket = state.buckets.get(start_ms)
        if bucket is None:
            bucket = state.buckets[start_ms] = Bucket()
        bucket.add(mention)
        self._kept.touch(brand, start_ms)
        state.held += not mention.is_edit
        if bucket.revision < 0:
            self._open[start_ms].add(brand)
        else:
            bucket.is_revised = True
            self._revised.add((start_ms, brand))
        if not mention.is_edit:
            self._hear(brand, state, mention, bucket)
        if start_ms > self._touched.get(brand, -1):
            self._touched[brand] = start_ms

    def _hear(self, brand: str, state: BrandState, mention: Mention, bucket: Bucket) -> None:
        """What is talked about; spam neither makes a crisis nor explains one."""
        if mention.spam:
            return
        is_crisis = bool(mention.text) and self._count_hits(brand, mention.text, bucket)
        state.talk.hear(mention, is_crisis=is_crisis)

    def tick(self, tick: Tick) -> None:
        """Event time moved on: close, revise, look for alerts, resolve."""
        self._clock.observe(tick, self._settings.allowance_ms)
        if not self._clock.is_complete:
            return
        self._close()
        self._revise()
        self._look_early(tick.sent_at_ms)
        self._resolve()

    def drain(self) -> Output:
        """What came of it since the last call."""
        output, self._output = self._output, Output()
        return output

    def entries(self, brand: str) -> Iterable[Entry]:
        """What the changelog needs of a brand that has changed since the last call, in order."""
        return self._kept.entries(brand, self.states[brand])

    def restore(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Fill an empty board from the changelog; the clock has to be restored before."""
        self.states = self._kept.restore(entries)
        for brand, state in self.states.items():
            state.prune(self._limit_ms())
            for start_ms, bucket in state.buckets.items():
                if bucket.revision < 0:
                    self._open[start_ms].add(brand)
                elif bucket.is_revised:
                    self._revised.add((start_ms, brand))
            if state.alerts:
                self._firing.add(brand)

    def clock_bytes(self) -> bytes:
        """The clock's value for the changelog."""
        return _encode(self._clock)

    def restore_clock(self, value: bytes) -> None:
        """Go on from a kept clock."""
        self._clock = _decode_clock(value)

    def _limit_ms(self) -> int:
        """End of the ring: buckets that end at or before this are closed for good."""
        watermark_ms = self._clock.watermark_ms
        return -1 if watermark_ms is None else watermark_ms - self._settings.retention_ms

    def _rules_for(self, brand: str) -> tuple[Rule, ...]:
        found = self._rules_of.get(brand)
        if found is None:
            found = self._rules_of[brand] = tuple(
                rule for rule in self._rules if not rule.brands or brand in rule.brands
            )
        return found

    def _count_hits(self, brand: str, text: str, bucket: Bucket) -> bool:
        """Count a text that has a word of a crisis rule, and say so; most have none."""
        crises = self._crises_of.get(brand)
        if crises is None:
            rules = [rule for rule in self._rules_for(brand) if rule.kind is RuleKind.CRISIS]
            crises = self._crises_of[brand] = Crises(rules)
        hit = crises.hit_by(text)
        if hit:
            bucket.hit(hit)
        return bool(hit)

    def _close(self) -> None:
        """Close what is due, in the order of event time."""
        if self._clock.is_idle:
            due = list(self._open)
        else:
            watermark_ms = self._clock.watermark_ms
            if watermark_ms is None:
                return
            last_ms = watermark_ms - self._settings.grace_ms - BUCKET_MS
            due = [start_ms for start_ms in self._open if start_ms <= last_ms]
        for start_ms in sorted(due):
            for brand in sorted(self._open.pop(start_ms)):
                self._close_bucket(brand, start_ms)

    def _close_bucket(self, brand: str, start_ms: int) -> None:
        state = self.states[brand]
        bucket = state.buckets[start_ms]
        self._publish(brand, state, bucket, start_ms)
        baseline = state.baseline
        first_ms = self._clock.first_ms
        baseline.begin(start_ms if first_ms is None else min(first_ms, start_ms))
        if start_ms >= baseline.known_to_ms:
            baseline.pass_empty(start_ms)
            self._look(brand, state, start_ms)
            state.learn(start_ms, bucket)
            self._tell_trend(brand, state, start_ms + BUCKET_MS)
        state.prune(self._limit_ms())

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
        self._output.windows.append(bucket.publish(brand, start_ms, state.late))
        self._kept.touch(brand, start_ms)
        self._output.changed.add(brand)
        state.late = 0

    def _look_early(self, now_ms: int) -> None:
        """Look into the open buckets of a live feed, so that a burst is seen within seconds."""
        touched, self._touched = self._touched, {}
        for brand, start_ms in touched.items():
            if start_ms >= now_ms - LIVE_MS and start_ms in self._open:
                self._look(brand, self.states[brand], start_ms)

    def _look(self, brand: str, state: BrandState, start_ms: int) -> None:
        definition = self._brands.get(brand)
        if definition is None:
            return
        for rule in self._rules_for(brand):
            held = state.alerts.get(rule.id)
            if held is not None and alert_life.is_over(held, rule, start_ms):
                self._tell(brand, alert_life.resolved(state, rule, definition))
            finding = LOOKS[rule.kind](state, start_ms, rule)
            if finding is not None:
                self._tell(brand, alert_life.found(state, rule, definition, start_ms, finding))
        if state.alerts:
            self._firing.add(brand)

    def _resolve(self) -> None:
        """End alerts whose condition is gone, also of brands that nobody mentions any more."""
        watermark_ms = self._clock.watermark_ms
        if watermark_ms is None:
            return
        rules = {rule.id: rule for rule in self._rules}
        for brand in sorted(self._firing):
            state = self.states[brand]
            definition = self._brands.get(brand) or Brand(id=brand, name=brand)
            for rule_id, held in list(state.alerts.items()):
                rule = rules.get(rule_id)
                if rule is None:
                    del state.alerts[rule_id]
                    self._output.changed.add(brand)
                elif alert_life.is_over(held, rule, watermark_ms):
                    self._tell(brand, alert_life.resolved(state, rule, definition))
            if not state.alerts:
                self._firing.discard(brand)

    def _tell(self, brand: str, alert: Alert | None) -> None:
        self._output.changed.add(brand)
        if alert is not None:
            self._output.alerts.append(alert)
