"""The detector on a series of counts at even steps: what `leimo detect` and the evaluation run."""

import math
from collections import deque
from itertools import islice
from typing import NamedTuple

from measures.alert_life import (
    USUAL_COOL_DOWN_MS,
    USUAL_RESOLVE_AFTER_MS,
    WORSE_VOLUME_IN_COOL_DOWN,
    is_cooling_down,
    is_over,
)
from measures.baselines import Baseline
from measures.brand_state import PastAlert
from measures.detector import MIN_POSTS, Verdict, entry_thresholds_of, judge, lasts
from measures.horizons import HORIZONS_MIN
from measures.season import MINUTE_MS
from measures.spreads import most_learned


class Judged(NamedTuple):
    """One row of a series."""

    expected: float
    """Posts of the row."""
    verdict: Verdict | None
    """None: the value is not known."""
    is_alert: bool
    """Whether an alert starts here."""

    @property
    def score(self) -> float:
        """0 to 1; from 0.5 on where an alert starts, and below in all other rows.

        What goes on after an alert, and what comes before anything is known, scores half.
        """
        if self.verdict is None:
            return 0.0
        score = self.verdict.score
        return score if self.is_alert or not self.verdict.is_unusual else score / 2


class SeriesDetector:
    """Judges row by row, each before it is learned; never looks ahead.

    >>> detector = SeriesDetector(step_ms=300_000)
    >>> quiet = [detector.take(row * 300_000, 4 + row % 3) for row in range(1000)]
    >>> any(row.is_alert for row in quiet), detector.take(300_000_000, 60).is_alert
    (False, True)
    """

    def __init__(
        self, step_ms: int, false_alerts_per_month: float = 1.0, min_posts: float = MIN_POSTS
    ) -> None:
        self.baseline = Baseline()
        self._step_ms = step_ms
        self._knob = false_alerts_per_month
        self._least = min_posts
        self._rows = [max(1, round(horizon * MINUTE_MS / step_ms)) for horizon in HORIZONS_MIN]
        self._seen: deque[float] = deque(maxlen=self._rows[-1])
        self._means: deque[float] = deque(maxlen=self._rows[-1])
        self._alert: PastAlert | None = None
        """The last one, whether it is over or not."""
        self._true_ms = 0
        """Newest row in which its condition held."""
        self._entry_thresholds: list[float] = []
        self._resolve_after_ms = max(USUAL_RESOLVE_AFTER_MS, step_ms)

    def take(self, at_ms: int, value: float | None) -> Judged:
        """Judge the row at `at_ms`, then learn it.

        Rows that are left out or have no value are unknown, not silence: nothing is learned of
        them. A row that is not later than the one before takes the place of the next step.
        """
        baseline = self.baseline
        if baseline.since_ms < 0:
            baseline.begin(at_ms)
        start_ms = max(at_ms, baseline.known_to_ms)
        self._skip_to(start_ms)
        expected = baseline.expected(start_ms) * self._step_ms / MINUTE_MS
        if value is None:
            self._skip_to(start_ms + self._step_ms)
            return Judged(expected, None, is_alert=False)
        seen = max(value, 0.0)
        self._seen.append(seen)
        self._means.append(expected)
        sums = [_last(self._seen, rows) for rows in self._rows]
        means = [_last(self._means, rows) for rows in self._rows]
        verdict = judge(baseline, sums, means, self._knob, self._least)
        is_unusual = verdict.is_unusual and baseline.is_warm()
        is_open = self._is_open(start_ms, verdict, sums, means)
        is_alert = is_unusual and not is_open and not self._is_cooling_down(start_ms, verdict)
        if is_alert:
            self._begin(start_ms, verdict, means)
        if is_unusual:
            baseline.extremes.begin_event(start_ms, sums, means)
        self._learn(start_ms, seen, sums, means, unusual=is_unusual or is_open)
        return Judged(expected, verdict, is_alert)

    def _is_open(
        self, start_ms: int, verdict: Verdict, sums: list[float], means: list[float]
    ) -> bool:
        """Whether the last alert goes on: what comes now is an update of it."""
        alert = self._alert
        if alert is None or is_over(self._true_ms, self._resolve_after_ms, start_ms):
            return False
        if lasts(sums, means, self._entry_thresholds):
            self._true_ms = start_ms
            alert.severity = max(alert.severity, verdict.severity)
        return True

    def _is_cooling_down(self, start_ms: int, verdict: Verdict) -> bool:
        return is_cooling_down(
            self._alert,
            start_ms,
            verdict.severity,
            USUAL_COOL_DOWN_MS,
            WORSE_VOLUME_IN_COOL_DOWN,
        )

    def _begin(self, start_ms: int, verdict: Verdict, means: list[float]) -> None:
        self._alert, self._true_ms = PastAlert(start_ms, verdict.severity), start_ms
        self._entry_thresholds = entry_thresholds_of(self.baseline, means, self._knob, self._least)

    def _learn(
        self,
        start_ms: int,
        value: float,
        sums: list[float],
        means: list[float],
        *,
        unusual: bool,
    ) -> None:
        baseline = self.baseline
        cap = most_learned(self._means[-1], baseline.spreads.dispersions[1])
        if not baseline.is_warm():
            cap = math.inf
        baseline.learn(start_ms, value, cap, self._step_ms)
        baseline.learn_sums(start_ms, sums, means, unusual=unusual, step_ms=self._step_ms)

    def _skip_to(self, start_ms: int) -> None:
        missing_ms = start_ms - self.baseline.known_to_ms
        if missing_ms > 0:
            self.baseline.skip(start_ms)
        for _ in range(min(missing_ms // self._step_ms, self._rows[-1])):
            # As expected: a gap is neither a drop nor part of a burst.
            mean = self._means[-1] if self._means else 0.0
            self._seen.append(mean)
            self._means.append(mean)


def _last(values: deque[float], rows: int) -> float:
    return sum(islice(reversed(values), rows))
