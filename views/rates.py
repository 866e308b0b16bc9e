"""How fast a counter grows, as seen from samples of it."""

from collections import deque


class Rate:
    """Growth a second of a counter over its last samples, and its course.

    >>> rate = Rate()
    >>> for second in range(4):
    ...     rate.sample(100 * second, 1000 * second)
    >>> rate.per_s, rate.course
    (100.0, (100.0, 100.0, 100.0))
    """

    def __init__(self, *, span_ms: int = 5000, kept: int = 60) -> None:
        self._span_ms = span_ms
        self._samples: deque[tuple[int, int]] = deque()
        self._course: deque[float] = deque(maxlen=kept)

    def sample(self, total: int, now_ms: int) -> None:
        """The counter stood at `total` at `now_ms`. A counter that falls starts anew."""
        if self._samples:
            last_ms, last = self._samples[-1]
            if now_ms <= last_ms:
                return
            if total < last:
                self._samples.clear()
                self._course.clear()
            else:
                self._course.append(1000 * (total - last) / (now_ms - last_ms))
        self._samples.append((now_ms, total))
        while len(self._samples) > 2 and self._samples[1][0] <= now_ms - self._span_ms:
            self._samples.popleft()

    @property
    def per_s(self) -> float | None:
        """Growth a second over the last few seconds; None before there are two samples."""
        if len(self._samples) < 2:
            return None
        (first_ms, first), (last_ms, last) = self._samples[0], self._samples[-1]
        return 1000 * (last - first) / (last_ms - first_ms)

    @property
    def course(self) -> tuple[float, ...]:
        """Growth a second between each two samples, oldest first."""
        return tuple(self._course)
