"""How many more posts of a brand change nothing, so that no rule has to be asked.

Known after a closed minute, for the open ones behind it:

    closed minute | open minute | another one
                  until_ms
                  <--- next --->
                  <-------- later ----------->
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from measures.buckets import BUCKET_MS, Bucket
from measures.common_cause import FEWEST_SHARE, HORIZONS, SPREADS
from measures.detector import MIN_POSTS, limits
from measures.horizons import HORIZONS_MIN
from measures.moment import Moment
from schemas.rules import Rule, RuleKind, SpikeRule

_NO_LIMIT = float("inf")
_SPIKE: Final = RuleKind.SPIKE
_COMPOSITE: Final = RuleKind.COMPOSITE
_FILLED = 0.9
"""Part of the headroom that may fill up unseen: what is expected moves a little within a minute."""
_LONGER = range(1, len(HORIZONS_MIN))
"""Numbers of the horizons of more than a minute."""
_MINUTES_BACK = 4
"""Open minutes that are added up: before them, the grace is over."""


class Headroom(NamedTuple):
    """Posts that may come after a closed minute and change nothing."""

    until_ms: int
    """End of the closed minute."""
    minute: float
    """In any one minute."""
    next: float
    """Together, in the next minute."""
    later: float
    """Together, once a second minute has begun."""

    def holds(self, buckets: Mapping[int, Bucket], start_ms: int) -> bool:
        """Whether the posts up to the open minute at `start_ms` fit in."""
        if start_ms < self.until_ms or buckets[start_ms].posts > self.minute:
            return False
        if start_ms == self.until_ms:
            return buckets[start_ms].posts <= self.next
        posts = 0
        first_ms = start_ms - _MINUTES_BACK * BUCKET_MS
        if first_ms < self.until_ms:  # noqa: PLR1730 - a call less
            first_ms = self.until_ms
        for at_ms in range(first_ms, start_ms + BUCKET_MS, BUCKET_MS):
            if at_ms in buckets:
                posts += buckets[at_ms].posts
        return posts <= self.later


def headroom_after(moment: Moment, rules: Sequence[Rule], least_posts: int) -> Headroom:
    """What no rule about more posts would notice; `least_posts`: below, there is no rule."""
    until_ms = moment.start_ms + BUCKET_MS
    for rule in rules:
        if rule.kind is _COMPOSITE:
            return Headroom(until_ms, 0.0, 0.0, 0.0)
    if not moment.baseline.is_warm():
        few = MIN_POSTS - 1
        return Headroom(until_ms, few, few, few)
    seen = moment.sums[-1]
    left = least_posts - 1 - seen
    if left >= seen:
        return Headroom(until_ms, left, left, left)
    found: Headroom | None = None
    for rule in rules:
        if rule.kind is _SPIKE:
            of_rule = _headroom_for(rule, moment)
            found = of_rule if found is None else _smaller(found, of_rule)
    return found or Headroom(until_ms, _NO_LIMIT, _NO_LIMIT, _NO_LIMIT)


def _headroom_for(rule: SpikeRule, moment: Moment) -> Headroom:
    """What one spike rule would not notice."""
    start_ms, baseline, buckets = moment.start_ms, moment.baseline, moment.state.buckets
    least, knob = rule.min_posts, rule.false_alerts_per_month
    sums, means = moment.sums, moment.means
    noted = limits(baseline, means, knob, least)
    fewest = FEWEST_SHARE * least - 1.0
    for at in HORIZONS:
        # At least so many posts are needed for a look at what they have in common.
        mean = means[at]
        spread = mean + SPREADS * mean**0.5
        limit = spread if spread > fewest else fewest
        if limit < noted[at]:  # noqa: PLR1730 - a call less
            noted[at] = limit
    following = later = _NO_LIMIT
    for at in _LONGER:
        # What has left the horizon a minute later, and two minutes later.
        first_ms = start_ms - (HORIZONS_MIN[at] - 1) * BUCKET_MS
        before = sums[at]
        if first_ms in buckets:
            before -= buckets[first_ms].effective_posts()
        left = _FILLED * noted[at] - before
        if left < following:  # noqa: PLR1730 - a call less
            following = left
        if first_ms + BUCKET_MS in buckets:
            left += buckets[first_ms + BUCKET_MS].effective_posts()
        if left < later:  # noqa: PLR1730
            later = left
    return Headroom(start_ms + BUCKET_MS, _FILLED * noted[0], following, later)


def _smaller(one: Headroom, other: Headroom) -> Headroom:
    return Headroom(
        one.until_ms,
        min(one.minute, other.minute),
        min(one.next, other.next),
        min(one.later, other.later),
    )
