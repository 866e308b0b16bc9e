"""What a brand's volume usually is, by the hour of the day, the day of the week and lately.

O(1) state per brand, learned per step of event time (a minute in the worker, a row in a series):

- the profile of the day: a level for each hour, half-life 10 days of that hour, drawn towards the
  mean of the last days while the hour was seen little, and read between the hours' middles;
- the factor of the weekday: posts seen over posts expected without it, half-life 4 weeks, drawn
  towards 1 until the weekday was seen;
- the recent level, half-life 3 h: after five days the season times how far the last hours were
  above it, so that the evening's posts do not hide a burst of the night; before, the plain level.
  The expected count is the larger of season and level, so that neither the morning's rise nor a
  level that has shifted is a burst;
- for each horizon how far counts vary (`measures.spreads`) and the record of the largest excess so
  far (`measures.extremes`).

Means are weighted sums over sums of weights, so that they hold from the first minutes on. Empty
minutes count as zeros, in closed form: a brand that nobody mentioned since the stream began has a
history of zeros.

Steps are scored before they are learned, and learned at most up to what would have been just
unusual: by the level of what is expected now, by the season of what it expects itself, so that a
burst does not become normal, nor an event of a day the rhythm of its weekday. That past anomalies
contaminate baselines, that counts are over-dispersed and that small bins see sooner: Gnip, "Trend
Detection in Social Data" (2015).
"""

import math
import struct
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from measures.extremes import Extremes
from measures.horizons import HORIZONS_MIN
from measures.spreads import Spreads, most_learned

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WARM_MS = HOUR_MS // 2
"""No verdict before the stream was watched for so long."""
SEASONED_MS = DAY_MS // 2
"""After so long the records are kept; before, a daily rhythm looks like a burst."""

_HOURS = 24
_DAYS = 7
_LEVEL_HALF_LIFE_MIN = 180
_LEVEL_SHRINK = 5.0
"""So many posts as expected count with those of the last hours."""
_RHYTHM_KNOWN_MS = 5 * DAY_MS
"""After so long the season is trusted to say how the level moves within a day."""
_SLOW_HALF_LIFE_MIN = 5 * 24 * 60
_HOUR_HALF_LIFE_MIN = 10 * 60
_DAY_HALF_LIFE_MIN = 4 * 24 * 60
"""Of a weekday's own minutes: four weeks."""
_DISPERSION_HALF_LIFE_MIN = 4 * 24 * 60
_RECORD_HALF_LIFE_MIN = 60 * 24 * 60
_SHRINK_MIN = 30
"""The mean of the last days weighs as much as so many minutes of an hour."""
_FLOOR = 0.01
"""Posts a minute below which no brand is believed to be: guards against empty histories."""
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; the week begins on Monday."""
_SUNDAY = 6

Holidays = frozenset[int]
"""Days since the epoch on which people post as on Sundays."""
NO_HOLIDAYS: Holidays = frozenset()

_FLOAT = struct.Struct("<f")
_BLOCK_MS = 5 * MINUTE_MS
_BLOCKS = HOUR_MS // _BLOCK_MS + 1
_NO_BLOCKS = bytes(_FLOAT.size * _BLOCKS)
_NO_SEASON = bytes(_FLOAT.size * (_HOURS + 2 * _DAYS))


class Baseline(msgspec.Struct, array_like=True, gc=False):
    """The usual volume of one brand: at most 640 bytes in the changelog."""

    since_ms: int = -1
    """Since when the stream is watched; -1: nothing was taken into account."""
    known_to_ms: int = -1
    """End of the last step that was taken into account."""
    level_total: float = 0.0
    usual_total: float = 0.0
    """Posts that the season expected, faded as `level_total`."""
    slow_total: float = 0.0
    of_the_day: float = 0.0
    """Posts a minute by the profile of the day, of the five minutes that are known last."""
    of_the_week: float = 1.0
    """Factor of the weekday, then."""
    blocks: bytes = _NO_BLOCKS
    """32-bit floats: posts a minute that were expected of each five minutes of the last hour."""
    season: bytes = _NO_SEASON
    """32-bit floats: the hours' faded totals; for each weekday posts seen, and posts expected."""
    spreads: Spreads = msgspec.field(default_factory=Spreads)
    extremes: Extremes = msgspec.field(default_factory=Extremes)

    def begin(self, start_ms: int) -> None:
        """The stream was watched since `start_ms`, without a post of this brand."""
        if self.since_ms < 0:
            self.since_ms = self.known_to_ms = start_ms

    def is_warm(self) -> bool:
        """Whether enough was seen for a verdict."""
        return self.since_ms >= 0 and self.known_to_ms - self.since_ms >= WARM_MS

    def is_seasoned(self) -> bool:
        """Whether half a day was seen."""
        return self.since_ms >= 0 and self.known_to_ms - self.since_ms >= SEASONED_MS

    def watched_ms(self) -> int:
        """How long the stream was watched."""
        return self.known_to_ms - self.since_ms if self.since_ms >= 0 else 0

    def expected(self, start_ms: int, holidays: Holidays = NO_HOLIDAYS) -> float:
        """Posts a minute around `start_ms`; all before it must be known.

        >>> baseline = Baseline()
        >>> baseline.begin(0)
        >>> for minute in range(2 * 24 * 60):
        ...     noon = 660 <= minute % 1440 < 780
        ...     baseline.learn(minute * MINUTE_MS, 30 if noon else 2, math.inf)
        >>> round(baseline.expected(2 * DAY_MS)), round(baseline.expected(2 * DAY_MS + DAY_MS // 2))
        (3, 25)
        """
        season = self._season(start_ms, holidays)
        return max(season, self._level(season), _FLOOR)

    def least_expected(self, start_ms: int, holidays: Holidays = NO_HOLIDAYS) -> float:
        """The smaller of the season's and the recent level, in posts a minute."""
        season = self._season(start_ms, holidays)
        return min(season, self._level(season))

    def means(self, start_ms: int, holidays: Holidays = NO_HOLIDAYS) -> list[float]:
        """Posts expected over each horizon up to the minute at `start_ms`.

        Of the minutes before, what was expected then: a slow rise is no surprise in the end.
        """
        now = self.expected(start_ms, holidays)
        means = [now]
        total = now
        at_ms = start_ms
        for horizon_min in HORIZONS_MIN[1:]:
            until_ms = start_ms - (horizon_min - 1) * MINUTE_MS
            while at_ms > until_ms:
                block_ms = (at_ms - 1) // _BLOCK_MS * _BLOCK_MS
                first_ms = max(block_ms, until_ms)
                number = block_ms // _BLOCK_MS % _BLOCKS * _FLOAT.size
                rate = _FLOAT.unpack_from(self.blocks, number)[0]
                is_known = block_ms >= self.since_ms
                total += (at_ms - first_ms) / MINUTE_MS * (rate if is_known else now)
                at_ms = first_ms
            means.append(total)
        return means

    def _season(self, at_ms: int, holidays: Holidays) -> float:
        """Posts a minute by hour and weekday; the same within five minutes."""
        if at_ms // _BLOCK_MS != self.known_to_ms // _BLOCK_MS:
            return self._of_the_day(at_ms) * self._of_the_week(at_ms, holidays)
        return self.of_the_day * self.of_the_week

    def _note_blocks(self, from_ms: int, holidays: Holidays) -> None:
        """Keep what is expected of the five minutes that begin now."""
        last = self.known_to_ms // _BLOCK_MS
        first = max(from_ms // _BLOCK_MS + 1, last - _BLOCKS + 1)
        if first > last:
            return
        blocks = bytearray(self.blocks)
        for number in range(first, last + 1):
            at_ms = number * _BLOCK_MS
            self.of_the_day = self._of_the_day(at_ms)
            self.of_the_week = self._of_the_week(at_ms, holidays)
            season = self.of_the_day * self.of_the_week
            rate = max(season, self._level(season), _FLOOR)
            _FLOAT.pack_into(blocks, number % _BLOCKS * _FLOAT.size, rate)
        self.blocks = bytes(blocks)

    def pass_empty(self, until_ms: int, holidays: Holidays = NO_HOLIDAYS) -> None:
        """Take the time without posts up to `until_ms` into account."""
        minutes = (until_ms - self.known_to_ms) / MINUTE_MS
        if minutes <= 0 or self.since_ms < 0:
            return
        expected = self.expected(self.known_to_ms, holidays)
        self._fade(minutes)
        kept = _fading(minutes, _DISPERSION_HALF_LIFE_MIN)
        self.spreads.learn_empty([expected * horizon for horizon in HORIZONS_MIN], kept)
        season = bytearray(self.season)
        days, rest_ms = divmod(until_ms - self.known_to_ms, DAY_MS)
        if days:
            self.usual_total = 0.0
            for hour in range(_HOURS):
                _multiply(season, hour, _fading(days * 60, _HOUR_HALF_LIFE_MIN))
        at_ms = until_ms - rest_ms
        while at_ms < until_ms:
            end_ms = min(at_ms - at_ms % HOUR_MS + HOUR_MS, until_ms)
            of_hour = (end_ms - at_ms) / MINUTE_MS
            _multiply(season, at_ms % DAY_MS // HOUR_MS, _fading(of_hour, _HOUR_HALF_LIFE_MIN))
            of_day = self._of_the_day(at_ms)
            self.usual_total *= _fading(of_hour, _LEVEL_HALF_LIFE_MIN)
            of_week = self._of_the_week(at_ms, holidays)
            self.usual_total += of_day * of_week * _weight(of_hour, _LEVEL_HALF_LIFE_MIN)
            day = _weekday(at_ms, holidays)
            _count_weekday(season, day, 0.0, of_day * of_hour, of_hour)
            at_ms = end_ms
        self.season = bytes(season)
        from_ms, self.known_to_ms = self.known_to_ms, until_ms
        self._note_blocks(from_ms, holidays)

    def skip(self, until_ms: int) -> None:
        """The stream was not watched until `until_ms`: nothing is learned from that time."""
        self.since_ms += until_ms - self.known_to_ms
        self.known_to_ms = until_ms

    def learn(
        self,
        start_ms: int,
        posts: float,
        cap: float,
        step_ms: int = MINUTE_MS,
        holidays: Holidays = NO_HOLIDAYS,
    ) -> None:
        """Take the count of a finished step, at most `cap`; all before it must be known."""
        minutes = step_ms / MINUTE_MS
        usual = self.of_the_day * minutes
        value = min(float(posts), cap)
        season_posts = self._season(start_ms, holidays) * minutes
        self._fade(minutes)
        self.usual_total *= _fading(minutes, _LEVEL_HALF_LIFE_MIN)
        self.usual_total += season_posts
        self.level_total += value
        if math.isfinite(cap):
            # The level follows what goes on; the season must not take an event for a rhythm.
            usual_posts = max(season_posts, _FLOOR * minutes)
            value = min(value, most_learned(usual_posts, self.spreads.dispersions[1]))
        self.slow_total += value
        season = bytearray(self.season)
        hour = start_ms % DAY_MS // HOUR_MS
        _multiply(season, hour, _fading(minutes, _HOUR_HALF_LIFE_MIN), value)
        _count_weekday(season, _weekday(start_ms, holidays), value, usual, minutes)
        self.season = bytes(season)
        from_ms, self.known_to_ms = self.known_to_ms, start_ms + step_ms
        self._note_blocks(from_ms, holidays)

    def learn_sums(
        self,
        at_ms: int,
        sums: Sequence[float],
        means: Sequence[float],
        *,
        unusual: bool,
        step_ms: int = MINUTE_MS,
    ) -> None:
        """Take the posts seen and expected over each horizon into account, after a verdict.

        `unusual`: an alert fires; then how they spread is not learned.
        """
        if self.is_seasoned():
            self.extremes.learn(at_ms, sums, means)
        if not unusual:
            kept = _fading(step_ms / MINUTE_MS, _DISPERSION_HALF_LIFE_MIN)
            self.spreads.learn(sums, means, kept)

    def _fade(self, minutes: float) -> None:
        self.level_total *= _fading(minutes, _LEVEL_HALF_LIFE_MIN)
        self.slow_total *= _fading(minutes, _SLOW_HALF_LIFE_MIN)
        self.extremes.fade(_fading(minutes, _RECORD_HALF_LIFE_MIN))

    def _watched_min(self) -> float:
        return (self.known_to_ms - self.since_ms) / MINUTE_MS

    def _level(self, season: float) -> float:
        """Posts a minute by the last hours, where the season says `season`."""
        weight = _weight(self._watched_min(), _LEVEL_HALF_LIFE_MIN)
        plain = self.level_total / weight if weight else 0.0
        ratio = (self.level_total + _LEVEL_SHRINK) / (self.usual_total + _LEVEL_SHRINK)
        trust = min(self.watched_ms() / _RHYTHM_KNOWN_MS, 1.0)
        return trust * season * ratio + (1 - trust) * plain

    def _of_the_day(self, at_ms: int) -> float:
        """Posts a minute by the profile of the day, read between the middles of two hours."""
        weight = _weight(self._watched_min(), _SLOW_HALF_LIFE_MIN)
        slow = self.slow_total / weight if weight else 0.0
        position = at_ms % DAY_MS / HOUR_MS - 0.5
        before = math.floor(position)
        share = position - before
        return (1 - share) * self._of_hour(before % _HOURS, slow) + share * self._of_hour(
            (before + 1) % _HOURS, slow
        )

    def _of_hour(self, hour: int, slow: float) -> float:
        weight = _weight(self._minutes_of(hour), _HOUR_HALF_LIFE_MIN)
        total: float = _FLOAT.unpack_from(self.season, hour * _FLOAT.size)[0]
        return (total + _SHRINK_MIN * slow) / (weight + _SHRINK_MIN)

    def _minutes_of(self, hour: int) -> float:
        """Minutes of this hour of the day that were watched."""
        return (_until(self.known_to_ms, hour) - _until(self.since_ms, hour)) / MINUTE_MS

    def _of_the_week(self, at_ms: int, holidays: Holidays) -> float:
        day = _weekday(at_ms, holidays)
        seen: float = _FLOAT.unpack_from(self.season, (_HOURS + day) * _FLOAT.size)[0]
        usual: float = _FLOAT.unpack_from(self.season, (_HOURS + _DAYS + day) * _FLOAT.size)[0]
        # A weekday that was seen once counts half.
        weight = _weight(self._watched_min(), _SLOW_HALF_LIFE_MIN)
        day_posts = 24 * 60 * self.slow_total / weight if weight else 0.0
        return (seen + day_posts) / (usual + day_posts) if day_posts > _FLOOR else 1.0


def _until(at_ms: int, hour: int) -> int:
    """Time that lay in this hour of the day since the epoch, until `at_ms`."""
    days, rest_ms = divmod(at_ms, DAY_MS)
    return days * HOUR_MS + min(max(rest_ms - hour * HOUR_MS, 0), HOUR_MS)


def _weekday(at_ms: int, holidays: Holidays) -> int:
    day = at_ms // DAY_MS
    return _SUNDAY if day in holidays else (day + _EPOCH_WEEKDAY) % _DAYS


@lru_cache(maxsize=4096)
def _fading(minutes: float, half_life_min: float) -> float:
    return math.exp2(-minutes / half_life_min)


@lru_cache(maxsize=4096)
def _weight(minutes: float, half_life_min: float) -> float:
    """Sum of the weights of so many minutes that faded with this half-life."""
    return (1 - _fading(minutes, half_life_min)) / (1 - _fading(1, half_life_min))


def _multiply(season: bytearray, at: int, factor: float, more: float = 0.0) -> None:
    value = _FLOAT.unpack_from(season, at * _FLOAT.size)[0]
    _FLOAT.pack_into(season, at * _FLOAT.size, value * factor + more)


def _count_weekday(season: bytearray, day: int, seen: float, usual: float, minutes: float) -> None:
    kept = _fading(minutes, _DAY_HALF_LIFE_MIN)
    _multiply(season, _HOURS + day, kept, seen)
    _multiply(season, _HOURS + _DAYS + day, kept, usual)
