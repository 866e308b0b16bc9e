"""Whether many brands burst at once: a holiday, an outage, a change of the feed.

Of each minute it adds up, over the brands, the bit length of their posts: a brand that doubles
adds one, whatever its size, so that one brand's burst hardly moves the sum, and a burst of all
does. The sum has a baseline of its own. While it is far above, alerts about more posts of single
brands are inhibited, and there is one alert about all.
"""

import math

import msgspec

from measures.detector import gamma_quantile
from measures.minute_baseline import MinuteBaseline
from measures.season import MINUTE_MS
from measures.spreads import most_learned

MIN_EXPECTED = 10
"""With a smaller usual sum, nothing is platform-wide."""
FACTOR = 1.7
_FEWEST = FACTOR * MIN_EXPECTED
"""With fewer no burst begins, whatever is expected."""
_LASTING_FACTOR = 1.3
_TAIL = 1e-7
"""Of a minute: once in twenty years."""
_LASTING_MS = 5 * MINUTE_MS
KEPT_MS = 15 * MINUTE_MS
"""For so long after the end of a minute others may ask what was seen in it."""


class PlatformBurst(msgspec.Struct, array_like=True, gc=False):
    """All brands of a partition together; kept in the changelog beside event time."""

    baseline: MinuteBaseline = msgspec.field(default_factory=MinuteBaseline)
    bits: dict[int, int] = msgspec.field(default_factory=dict)
    """Start of a minute -> sum of the bit lengths of the brands' posts."""
    since_ms: int = -1
    """Start of the last burst of all; -1: there was none."""
    true_ms: int = -1
    """Newest minute in which it held."""

    def count(self, start_ms: int, posts: int) -> bool:
        """A brand has so many posts now in the minute at `start_ms`; called at each post.

        Returns whether it is the first of this minute.
        """
        if posts & (posts - 1):
            return False
        bits = self.bits
        seen = bits[start_ms] if start_ms in bits else 0  # noqa: SIM401 - a call less
        bits[start_ms] = seen + 1
        return not seen

    def seen(self, start_ms: int) -> float:
        """In the minute at `start_ms`, so far."""
        return self.bits.get(start_ms, 0)

    def evaluate(self, start_ms: int) -> bool:
        """Whether all burst, in the minute at `start_ms`; it ends later than it begins."""
        baseline = self.baseline
        goes_on = self.since_ms >= 0 and start_ms < self.true_ms + _LASTING_MS
        if not baseline.is_warm() or (not goes_on and self.seen(start_ms) < _FEWEST):
            return False
        expected = baseline.expected(start_ms)
        if expected < MIN_EXPECTED:
            return False
        limit = max(
            FACTOR * expected,
            gamma_quantile(expected, baseline.spreads.dispersion(0, expected), _TAIL),
        )
        if goes_on:
            limit = _LASTING_FACTOR * expected
        if self.seen(start_ms) < limit:
            return goes_on
        if not goes_on:
            self.since_ms = start_ms
        self.true_ms = max(self.true_ms, start_ms)
        return True

    def has_burst(self, first_ms: int, last_ms: int) -> bool:
        """Whether the last burst of all reaches into these minutes."""
        return 0 <= self.since_ms <= last_ms and self.true_ms >= first_ms

    def learn(self, start_ms: int) -> None:
        """Learn the minute at `start_ms`, which is closed; to be called in the order of minutes."""
        seen, baseline = self.bits.get(start_ms), self.baseline
        if seen is None:
            return
        baseline.begin(start_ms)
        if start_ms < baseline.known_to_ms:
            return
        baseline.pass_empty(start_ms)
        usual = baseline.expected(start_ms)
        cap = most_learned(usual, 1.0) if baseline.is_warm() else math.inf
        is_burst = self.since_ms >= 0 and self.since_ms <= start_ms <= self.true_ms
        baseline.learn(start_ms, seen, cap)
        baseline.learn_count(float(seen), usual, unusual=is_burst)

    def forget(self, start_ms: int) -> None:
        """The minute at `start_ms` is closed since `KEPT_MS`."""
        self.bits.pop(start_ms, None)
