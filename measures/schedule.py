"""When the rules are evaluated: at which brands and minutes something may have changed.

An evaluation costs tens of microseconds, and posts come by the ten thousand a second. So the open
minute of a brand is evaluated only when it holds more posts than the last closed minute left
headroom for (see `measures.headroom`), or something that counts at once: a crisis word, a large
account, an attack. Brands without posts are evaluated every five minutes, where they are missed.
"""

import math
from collections.abc import Iterator

from measures.brand_state import BrandState
from measures.buckets import BUCKET_MS, Bucket
from measures.headroom import Headroom, headroom_after
from measures.moment import Moment
from measures.rule_index import RuleIndex
from measures.rules import MORE_POSTS, QUIET_KINDS, influencer
from measures.watermarks import EventTime
from schemas.mention import GROUP_PREFIX
from schemas.rules import InfluencerRule

_MANY_NEGATIVE = 5
"""Negative posts of a minute that make an evaluation worth while ..."""
_CLEARLY_MORE = 0.15
"""... where their share is so much above the usual one."""
_QUIET_POSTS_AN_HOUR = 10
"""Brands with fewer are never missed."""
_SWEEP_MS = 5 * 60_000


class Schedule:
    """Which brands of one partition have to be evaluated."""

    def __init__(self, states: dict[str, BrandState], index: RuleIndex) -> None:
        self._states = states
        self._headroom: dict[str, Headroom] = {}
        self._busy: set[str] = set()
        """Brands whose silence would be noticed."""
        self.redefine(index)

    def redefine(self, index: RuleIndex) -> None:
        """Rules changed: what they would not notice is not known any more."""
        self._index = index
        self._headroom.clear()
        self._least_posts = math.ceil(min(index.least_posts, index.least_about_one))
        """With fewer, no rule notices more posts."""
        self.least_reach = min(
            (rule.min_reach for rule in index.rules if isinstance(rule, InfluencerRule)),
            default=1 << 62,
        )
        """Of the accounts whose posts count at once."""

    def is_due_closed(self, state: BrandState, bucket: Bucket) -> bool:
        """Whether a minute that is closed may hold something: of small brands hardly one does."""
        return (
            state.ring_posts >= self._index.least_posts
            or bool(state.alerts)
            or self._counts_at_once(bucket)
        )

    def is_due_open(self, brand: str, state: BrandState, start_ms: int) -> bool:
        """Whether an open minute may hold something."""
        bucket = state.buckets[start_ms]
        if state.alerts or self._counts_at_once(bucket):
            return True
        if bucket.negative >= _MANY_NEGATIVE and _is_gloomy(state, bucket):
            return True
        if state.voiced_ms > start_ms - influencer.SPREADS_MS and bucket.reposts:
            return True
        if brand[:1] == GROUP_PREFIX:
            return False
        headroom = self._headroom[brand] if brand in self._headroom else None  # noqa: SIM401
        if headroom is None:
            return state.ring_posts >= self._least_posts or bool(bucket.negative)
        return not headroom.holds(state.buckets, start_ms)

    def due_quiet(self, event_time: EventTime, until_ms: int) -> Iterator[str]:
        """Brands to be missed that had no post in the last minute before `until_ms`.

        `until_ms` is a `sweep_ms`; each time is asked for once, as `event_time` notes.
        """
        if until_ms <= event_time.swept_ms:
            return
        event_time.swept_ms = until_ms
        for brand in sorted(self._busy):
            state = self._states[brand]
            if state.baseline.known_to_ms < until_ms and until_ms - BUCKET_MS not in state.buckets:
                yield brand

    def learned(self, brand: str, moment: Moment, *, is_live: bool) -> None:
        """A closed minute of the brand was learned; in a live feed the next may be evaluated."""
        if is_live:
            rules = self._index.rules_among(brand, MORE_POSTS)
            self._headroom[brand] = headroom_after(moment, rules, self._least_posts)
        else:
            self._headroom.pop(brand, None)
        self.note(brand, moment.state)

    def note(self, brand: str, state: BrandState) -> None:
        """What is known of a brand changed: whether it would be missed."""
        if self._index.rules_among(brand, QUIET_KINDS) and (
            state.alerts or state.baseline.expects_in_an_hour(_QUIET_POSTS_AN_HOUR)
        ):
            self._busy.add(brand)
        else:
            self._busy.discard(brand)

    def _counts_at_once(self, bucket: Bucket) -> bool:
        return bool(
            bucket.hits or bucket.exposed or bucket.attacks or bucket.loudest >= self.least_reach
        )


def sweep_ms(until_ms: int) -> int:
    """End of the last five minutes after which silent brands are evaluated.

    >>> sweep_ms(899_999)
    600000
    """
    return until_ms - until_ms % _SWEEP_MS


def _is_gloomy(state: BrandState, bucket: Bucket) -> bool:
    """Whether an open minute may shift the mood of the hour."""
    return bucket.negative > (state.negative_share + _CLEARLY_MORE) * bucket.spoken
