"""How long to wait before a source is asked again."""

from random import Random


class Backoff:
    """Exponential with full jitter: any time up to a bound that doubles from try to try.

    Full jitter, since feeds that lost the same server together must not come back together.

    >>> backoff = Backoff(Random(1), base_s=1, cap_s=5)
    >>> [backoff.bound_s() for _ in range(5) if backoff.next_s() <= 5]
    [2.0, 4.0, 5, 5, 5]
    >>> backoff.reset()
    >>> backoff.bound_s()
    1.0
    """

    def __init__(self, random: Random, base_s: float = 0.5, cap_s: float = 60.0) -> None:
        self._random = random
        self._base_s = base_s
        self._cap_s = cap_s
        self._tries = 0

    def bound_s(self) -> float:
        """The longest that the next pause may be."""
        return min(self._cap_s, self._base_s * float(1 << min(self._tries, 30)))

    def next_s(self, after_s: float | None = None) -> float:
        """The next pause: at least `after_s`, where the source named it; 0 is at once, once.

        A source that has named 0 again and again is not believed: it would be asked without end.
        """
        if after_s == 0 and self._tries < _AT_ONCE:
            self._tries += 1
            return 0.0
        pause_s = self._random.uniform(0, self.bound_s())
        self._tries += 1
        return pause_s + (after_s or 0.0)

    def reset(self) -> None:
        """Something came: the next failure is a first one again."""
        self._tries = 0


_AT_ONCE = 3
