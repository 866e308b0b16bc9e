"""How often a password may be tried."""

from collections import OrderedDict

FREE = 5
"""So many wrong ones in a row cost nothing."""
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
FORGOTTEN_AFTER_S = 900.0
_MOST_KEPT = 10_000


class Attempts:
    """Wrong passwords by address and by user, and how long each has to wait.

    >>> attempts = Attempts()
    >>> for second in range(6): attempts.failed("li", second)
    >>> attempts.wait_s("li", 5), attempts.wait_s("li", 6), attempts.wait_s("wang", 5)
    (2.0, 1.0, 0.0)
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, who: str, now_s: float) -> float:
        """Seconds until it may try again."""
        count, last_s = self._failures.get(who, (0, 0.0))
        if count <= FREE or now_s - last_s >= FORGOTTEN_AFTER_S:
            return 0.0
        wait_s: float = min(FIRST_WAIT_S * 2 ** min(count - FREE - 1, 30), LONGEST_WAIT_S)
        return max(0.0, last_s + wait_s - now_s)

    def failed(self, who: str, now_s: float) -> None:
        """A wrong password."""
        count, last_s = self._failures.pop(who, (0, now_s))
        self._failures[who] = (1 if now_s - last_s >= FORGOTTEN_AFTER_S else count + 1, now_s)
        if len(self._failures) > _MOST_KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, who: str) -> None:
        """The right one: the wrong ones are forgotten."""
        self._failures.pop(who, None)
