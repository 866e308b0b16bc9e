"""What is expected of each brand in an hour of event time, as it was known when the hour began.

    hour ─┬──────────┬────────────────────────────►
          │          └ a live feed: told of a brand without a post so far, by its slot
          └ told with the brand's first closed minute of the hour

So each hour of a brand is told once, with the same figures whenever it is told: they depend on what
came before the hour alone. Slots spread the brands of a live feed over five minutes. A replay,
in which a month passes in a minute, tells of the hours in which a brand has posts, and of no other.
"""

import math
import zlib
from collections.abc import Callable

import msgspec

from measures.baselines import Baseline
from measures.brand_state import BrandState
from measures.detector import limits
from measures.horizons import HORIZONS_MIN
from measures.partition_state import PartitionState
from measures.rule_index import RuleIndex
from measures.season import HOUR_MS, MINUTE_MS
from measures.watermarks import LIVE_MS
from schemas.expectation import Expectation
from schemas.rules import RuleKind, SpikeRule

SLOTS = 5
"""Minutes of an hour over which the brands of a live feed are spread."""
_DIGITS = 4
_BURSTS = frozenset({RuleKind.SPIKE})


class Expectations:
    """Tells what is expected of the brands of one partition."""

    def __init__(
        self,
        states: dict[str, BrandState],
        partition_state: PartitionState,
        index: RuleIndex,
        look_ahead: Callable[[Baseline, int], None],
    ) -> None:
        """`look_ahead` lets the copy of a baseline know that no post came until a time."""
        self.told: list[Expectation] = []
        self._states = states
        self._partition_state = partition_state
        self._index = index
        self._look_ahead = look_ahead

    def redefine(self, index: RuleIndex) -> None:
        """Brands and rules changed: the next hour is told by the new ones."""
        self._index = index

    def before(self, brand: str, state: BrandState, at_ms: int, *, is_new: bool = False) -> None:
        """The minute at `at_ms` is about to be learned: the first of its hour tells the hour.

        `is_new`: nothing was known of the brand before.
        """
        hour_ms = at_ms - at_ms % HOUR_MS
        if not is_new and (
            state.last_post_ms >= hour_ms
            or slot_ms(brand, hour_ms) <= self._partition_state.expected_ms
        ):
            return
        self._tell(brand, state, hour_ms)

    def sweep(self, until_ms: int, sent_at_ms: int) -> None:
        """All minutes before `until_ms` are closed, as a tick of `sent_at_ms` says: brands whose
        slot has come are told of, where the feed is live."""
        hour_ms = until_ms - until_ms % HOUR_MS
        last_ms = min(until_ms, hour_ms + (SLOTS - 1) * MINUTE_MS)
        partition_state = self._partition_state
        if not 0 <= sent_at_ms - until_ms < LIVE_MS or last_ms <= partition_state.expected_ms:
            return
        for brand in sorted(self._states):
            state = self._states[brand]
            due_ms = slot_ms(brand, hour_ms)
            if (
                partition_state.expected_ms < due_ms <= last_ms
                and state.baseline.since_ms >= 0
                and state.last_post_ms < hour_ms
            ):
                self._tell(brand, state, hour_ms)
        partition_state.expected_ms = last_ms

    def _tell(self, brand: str, state: BrandState, hour_ms: int) -> None:
        if brand not in self._index.brands:
            return
        baseline = state.baseline
        if baseline.known_to_ms < hour_ms:
            baseline = _copied(baseline)
            self._look_ahead(baseline, hour_ms)
        level = baseline.expected(hour_ms + HOUR_MS // 2, self._index.holidays)
        self.told.append(
            Expectation(
                brand=brand,
                start_ms=hour_ms,
                level=round(level, _DIGITS),
                limits=self._limits(brand, baseline, level),
            )
        )

    def _limits(self, brand: str, baseline: Baseline, level: float) -> dict[int, int]:
        """By the most sensitive of the rules about spikes; none where there is no verdict yet."""
        rules = self._index.rules_among(brand, _BURSTS)
        if not rules or not baseline.is_warm():
            return {}
        means = [level * horizon_min for horizon_min in HORIZONS_MIN]
        found = [
            limits(baseline, means, rule.false_alerts_per_month, rule.min_posts)
            for rule in rules
            if isinstance(rule, SpikeRule)
        ]
        return {
            horizon_min: math.floor(min(of_horizon)) + 1
            for horizon_min, of_horizon in zip(HORIZONS_MIN, zip(*found, strict=True), strict=True)
        }


def slot_ms(brand: str, hour_ms: int) -> int:
    """When a brand without posts is told of, in a live feed: the same for every owner.

    >>> 0 <= slot_ms("xiaomi", 3_600_000) - 3_600_000 < 300_000
    True
    """
    return hour_ms + zlib.crc32(brand.encode()) % SLOTS * MINUTE_MS


def _copied(baseline: Baseline) -> Baseline:
    """One to look ahead with: what is learned must not depend on who looked."""
    spreads, extremes = baseline.spreads, baseline.extremes
    return msgspec.structs.replace(
        baseline,
        spreads=msgspec.structs.replace(
            spreads, dispersions=[*spreads.dispersions], means=[*spreads.means]
        ),
        extremes=msgspec.structs.replace(extremes),
    )
