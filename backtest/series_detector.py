"""The worker's detector on rows whose step is not told beforehand."""

from itertools import pairwise
from statistics import median_low

from measures.series import Judged, SeriesDetector

USUAL_STEP_MS = 300_000
"""Taken for the step while there is one row alone."""
_LOOKED_AT = 50
"""Rows that tell the step."""


class PacedDetector:
    """Judges row by row; learns from the first rows how far apart rows are.

    The step is the middle of the gaps so far, until 50 rows were seen. Where it changes, a new
    detector takes the rows before once more. So what is said of a row depends on it and on those
    before it, and a cut file gives the beginning of what the whole file gives.

    >>> detector = PacedDetector()
    >>> judged = [detector.take(row * 60_000, 5) for row in range(100)]
    >>> detector.step_ms, round(judged[-1].expected)
    (60000, 5)
    """

    def __init__(
        self,
        false_alerts_per_month: float = 1.0,
        min_posts: float = 10,
        step_ms: int | None = None,
    ) -> None:
        """`step_ms`: of all rows; None: as the rows tell."""
        self._options = (false_alerts_per_month, min_posts)
        self.step_ms = step_ms or USUAL_STEP_MS
        self._first: list[tuple[int, float | None]] | None = None if step_ms else []
        """The rows so far, while they tell the step."""
        self._detector = SeriesDetector(self.step_ms, *self._options)

    def take(self, at_ms: int, value: float | None) -> Judged:
        """Judge a row, then learn it."""
        if self._first is not None:
            self._tell_step(self._first, at_ms)
            self._first.append((at_ms, value))
            if len(self._first) == _LOOKED_AT:
                self._first = None
        return self._detector.take(at_ms, value)

    def _tell_step(self, first: list[tuple[int, float | None]], at_ms: int) -> None:
        times = [*(row_ms for row_ms, _ in first), at_ms]
        gaps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
        step_ms = median_low(gaps) if gaps else USUAL_STEP_MS
        if step_ms != self.step_ms:
            self.step_ms = step_ms
            self._detector = SeriesDetector(step_ms, *self._options)
            for row in first:
                self._detector.take(*row)
