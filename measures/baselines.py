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
- for each horizon how far counts vary (`measures.spreads`) and the peak: the largest excess so
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
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, NamedTuple

import msgspec

from measures import season as seasons
from measures.extremes import Extremes
from measures.horizons import HORIZONS_MIN
from measures.season import (
    DAY_MS,
    DAYS,
    FLOAT,
    FLOOR,
    HOUR_HALF_LIFE_MIN,
    HOUR_MS,
    HOURS,
    MINUTE_MS,
    MINUTES_A_DAY,
    NO_HOLIDAYS,
    PLACES,
    Holidays,
    Profile,
    weekday_of,
)
from measures.spreads import Spreads, most_learned

WARM_MS = HOUR_MS // 2
"""No verdict before the stream was observed for so long."""
SEASONED_MS = DAY_MS // 2
"""After so long the peaks are kept; before, a daily rhythm looks like a burst."""

_LEVEL_HALF_LIFE_MIN = 180
_LEVEL_SHRINK = 5.0
"""So many posts as expected count with those of the last hours."""
_RHYTHM_KNOWN_MS = 5 * DAY_MS
"""After so long the season is trusted to say how the level moves within a day."""
_SLOW_HALF_LIFE_MIN = 5 * 24 * 60
_DAY_HALF_LIFE_MIN = 4 * 24 * 60
"""Of a weekday's own minutes: four weeks."""
_DISPERSION_HALF_LIFE_MIN = 4 * 24 * 60
_PEAK_HALF_LIFE_MIN = 60 * 24 * 60
_LEVEL_LOST = 1 - math.exp2(-1 / _LEVEL_HALF_LIFE_MIN)
_SLOW_LOST = 1 - math.exp2(-1 / _SLOW_HALF_LIFE_MIN)

_BLOCK_MIN = 5
BLOCK_MS = _BLOCK_MIN * MINUTE_MS
_BLOCKS = HOUR_MS // BLOCK_MS + 1
_NO_BLOCKS = bytes(4 * _BLOCKS)


class Fadings(NamedTuple):
    """What is left of each total after some time."""

    level: float
    slow: float
    peak: float
    dispersion: float
    hour: float
    day: float


@lru_cache(maxsize=4096)
def fadings_of(minutes: float) -> Fadings:
    """After so many minutes."""
    return Fadings(
        math.exp2(-minutes / _LEVEL_HALF_LIFE_MIN),
        math.exp2(-minutes / _SLOW_HALF_LIFE_MIN),
        math.exp2(-minutes / _PEAK_HALF_LIFE_MIN),
        math.exp2(-minutes / _DISPERSION_HALF_LIFE_MIN),
        math.exp2(-minutes / HOUR_HALF_LIFE_MIN),
        math.exp2(-minutes / _DAY_HALF_LIFE_MIN),
    )


@lru_cache(maxsize=1024)
def _passing(passed_ms: int) -> tuple[float, float, float, float]:
    """Of up to an hour: what is left of level, hour and weekday, and its weight in the level."""
    fadings = fadings_of(passed_ms / MINUTE_MS)
    weight = (1 - fadings.level) / _LEVEL_LOST
    return fadings.level, fadings.hour, fadings.day, weight


_HOUR_PASSING = _passing(HOUR_MS)


_Pieces = tuple[tuple[int, float], ...]
"""How many blocks ago, and minutes of that block."""


@lru_cache(maxsize=1024)
def _pieces(into_ms: int) -> tuple[_Pieces, ...]:
    """Of what each horizon but the first adds to the one before, so far into a block.

    >>> _pieces(0)[0], _pieces(2 * MINUTE_MS)[0]
    (((1, 4.0),), ((0, 2.0), (1, 2.0)))
    """
    found: list[_Pieces] = []
    at_ms = into_ms
    for horizon_min in HORIZONS_MIN[1:]:
        until_ms = into_ms - (horizon_min - 1) * MINUTE_MS
        pieces = []
        while at_ms > until_ms:
            block = (at_ms - 1) // BLOCK_MS
            first_ms = max(block * BLOCK_MS, until_ms)
            pieces.append((-block, (at_ms - first_ms) / MINUTE_MS))
            at_ms = first_ms
        found.append(tuple(pieces))
    return tuple(found)


class Baseline(msgspec.Struct, array_like=True, gc=False):
    """The usual volume of one brand: at most 640 bytes in the changelog."""

    since_ms: int = -1
    """Since when the stream is observed; -1: nothing was taken into account."""
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
    season: bytes = seasons.EMPTY
    """32-bit floats: the hours' faded totals; for each weekday posts seen, and posts expected."""
    spreads: Spreads = msgspec.field(default_factory=Spreads)
    extremes: Extremes = msgspec.field(default_factory=Extremes)

    horizons_min: ClassVar[Sequence[int]] = HORIZONS_MIN
    """Those of which it learns how far counts vary."""

    def begin(self, start_ms: int) -> None:
        """The stream was observed since `start_ms`, without a post of this brand."""
        if self.since_ms < 0:
            self.since_ms = self.known_to_ms = start_ms

    def is_warm(self) -> bool:
        """Whether enough was seen for a verdict."""
        return self.since_ms >= 0 and self.known_to_ms - self.since_ms >= WARM_MS

    def is_seasoned(self) -> bool:
        """Whether half a day was seen."""
        return self.since_ms >= 0 and self.known_to_ms - self.since_ms >= SEASONED_MS

    def observed_ms(self) -> int:
        """How long the stream was observed."""
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
        trust, ratio, plain = self._level()
        level = trust * season * ratio + plain
        higher = level if level > season else season
        return higher if higher > FLOOR else FLOOR  # calls cost more

    def least_expected(self, start_ms: int, holidays: Holidays = NO_HOLIDAYS) -> float:
        """The smaller of the season's and the recent level, in posts a minute."""
        season = self._season(start_ms, holidays)
        trust, ratio, plain = self._level()
        return min(season, trust * season * ratio + plain)

    def expects_in_an_hour(self, posts: float) -> bool:
        """Whether the smaller of the season's and the recent level are so many posts, now."""
        season = self.of_the_day * self.of_the_week
        if 60 * season < posts:
            return False
        trust, ratio, plain = self._level()
        return 60 * (trust * season * ratio + plain) >= posts

    def means(self, start_ms: int, holidays: Holidays = NO_HOLIDAYS) -> list[float]:
        """Posts expected over each horizon up to the minute at `start_ms`.

        Of the minutes before, what was expected then: a slow rise is no surprise in the end.
        """
        now = self.expected(start_ms, holidays)
        means = [now]
        total = now
        blocks = array(FLOAT, self.blocks)
        newest, oldest = start_ms // BLOCK_MS, -(-self.since_ms // BLOCK_MS)
        for pieces in _pieces(start_ms % BLOCK_MS):
            for back, minutes in pieces:
                number = newest - back
                total += minutes * (blocks[number % _BLOCKS] if number >= oldest else now)
            means.append(total)
        return means

    def _season(self, at_ms: int, holidays: Holidays) -> float:
        """Posts a minute by hour and weekday; the same within five minutes."""
        if at_ms // BLOCK_MS != self.known_to_ms // BLOCK_MS:
            profile = self._profile()
            return profile.of_the_day(at_ms) * profile.of_the_week(weekday_of(at_ms, holidays))
        return self.of_the_day * self.of_the_week

    def _profile(self) -> Profile:
        """What the season says now."""
        since_ms, known_to_ms = self.since_ms, self.known_to_ms
        minutes = (known_to_ms - since_ms) / MINUTE_MS
        weight = (1 - math.exp2(-minutes / _SLOW_HALF_LIFE_MIN)) / _SLOW_LOST
        slow = self.slow_total / weight if weight else 0.0
        day_posts = 24 * 60 * self.slow_total / weight if weight else 0.0
        return Profile(array(FLOAT, self.season), since_ms, known_to_ms, day_posts, slow)

    def _level(self) -> tuple[float, float, float]:
        """Trust, ratio and rest: by the last hours there are `trust * season * ratio + rest`."""
        observed_ms = self.known_to_ms - self.since_ms
        ratio = (self.level_total + _LEVEL_SHRINK) / (self.usual_total + _LEVEL_SHRINK)
        if observed_ms >= _RHYTHM_KNOWN_MS and self.since_ms >= 0:
            return 1.0, ratio, 0.0
        kept = math.exp2(-(observed_ms / MINUTE_MS) / _LEVEL_HALF_LIFE_MIN)
        weight = (1 - kept) / _LEVEL_LOST
        plain = self.level_total / weight if weight else 0.0
        trust = observed_ms / _RHYTHM_KNOWN_MS if self.since_ms >= 0 else 0.0
        return trust, ratio, (1 - trust) * plain

    def _note_blocks(self, from_ms: int, holidays: Holidays) -> None:
        """Keep what is expected of the five minutes that begin now."""
        last = self.known_to_ms // BLOCK_MS
        first, oldest = from_ms // BLOCK_MS + 1, last - _BLOCKS + 1
        if first < oldest:  # noqa: PLR1730 - a call less
            first = oldest
        if first > last:
            return
        blocks = array(FLOAT, self.blocks)
        profile, (trust, ratio, plain) = self._profile(), self._level()
        of_the_week = profile.of_the_week(weekday_of(first * BLOCK_MS, holidays))
        from_hour = PLACES[first * _BLOCK_MIN % MINUTES_A_DAY][0]
        until_hour = PLACES[last * _BLOCK_MIN % MINUTES_A_DAY][1]
        profile.work_out(from_hour, (until_hour - from_hour) % HOURS + 1)
        for number in range(first, last + 1):
            minute = number * _BLOCK_MIN % MINUTES_A_DAY
            if not minute:
                of_the_week = profile.of_the_week(weekday_of(number * BLOCK_MS, holidays))
            before, after, left, right = PLACES[minute]
            of_the_day = left * profile[before] + right * profile[after]
            season = of_the_day * of_the_week
            rate = trust * season * ratio + plain
            rate = rate if rate > season else season
            blocks[number % _BLOCKS] = rate if rate > FLOOR else FLOOR
        self.of_the_day, self.of_the_week = of_the_day, of_the_week
        self.blocks = blocks.tobytes()

    def pass_empty(
        self, until_ms: int, holidays: Holidays = NO_HOLIDAYS, *, is_glimpse: bool = False
    ) -> None:
        """Take the time without posts up to `until_ms` into account.

        `is_glimpse`: nobody asks it afterwards what is expected of that very five minutes, nor of
        the hour before.
        """
        minutes = (until_ms - self.known_to_ms) / MINUTE_MS
        if minutes <= 0 or self.since_ms < 0:
            return
        expected = self.expected(self.known_to_ms, holidays)
        fadings = self._fade(minutes)
        self.spreads.learn_empty(
            [expected * horizon for horizon in self.horizons_min], fadings.dispersion
        )
        self._pass_hours(until_ms, holidays)
        from_ms, self.known_to_ms = self.known_to_ms, until_ms
        if not is_glimpse:
            self._note_blocks(from_ms, holidays)

    def _pass_hours(self, until_ms: int, holidays: Holidays) -> None:
        """The season passes whole days at once, and the rest hour by hour."""
        season, profile = array(FLOAT, self.season), self._profile()
        passed_ms = until_ms - self.known_to_ms
        days, rest_ms = passed_ms // DAY_MS, passed_ms % DAY_MS  # `divmod` is a call
        usual_total = self.usual_total
        if days:
            usual_total = 0.0
            kept = math.exp2(-days * 60 / HOUR_HALF_LIFE_MIN)
            season[:HOURS] = array(FLOAT, [each * kept for each in season[:HOURS]])
        at_ms = until_ms - rest_ms
        weekday = weekday_of(at_ms, holidays)
        if rest_ms:
            # The first piece is read between two middles, the others at the begin of their hour.
            first = PLACES[at_ms % DAY_MS // MINUTE_MS][0]
            hours = (until_ms - 1) // HOUR_MS - at_ms // HOUR_MS
            if first != at_ms % DAY_MS // HOUR_MS:
                hours += 2
            else:
                hours = hours + 1 if hours else 2
            profile.work_out(first, hours if hours < HOURS else HOURS)
        of_week, day = profile.of_the_week(weekday), HOURS + weekday
        while at_ms < until_ms:
            since_ms = at_ms % DAY_MS
            if not since_ms:
                weekday = weekday_of(at_ms, holidays)
                of_week, day = profile.of_the_week(weekday), HOURS + weekday
            hour = since_ms // HOUR_MS
            of_hour_ms, left_ms = HOUR_MS - at_ms % HOUR_MS, until_ms - at_ms
            if left_ms < of_hour_ms:  # noqa: PLR1730 - a call less
                of_hour_ms = left_ms
            if of_hour_ms == HOUR_MS:
                level_kept, hour_kept, day_kept, weight = _HOUR_PASSING
                of_day = 0.5 * profile[(hour or HOURS) - 1] + 0.5 * profile[hour]
            else:
                level_kept, hour_kept, day_kept, weight = _passing(of_hour_ms)
                if at_ms % MINUTE_MS:
                    of_day = profile.of_the_day(at_ms)
                else:  # the same without a call
                    before, after, left, right = PLACES[since_ms // MINUTE_MS]
                    of_day = left * profile[before] + right * profile[after]
            usual_total = usual_total * level_kept + of_day * of_week * weight
            season[hour] *= hour_kept
            season[day] *= day_kept
            season[day + DAYS] = season[day + DAYS] * day_kept + of_day * (of_hour_ms / MINUTE_MS)
            at_ms += of_hour_ms
        self.usual_total = usual_total
        self.season = season.tobytes()

    def skip(self, until_ms: int) -> None:
        """The stream was not observed until `until_ms`: nothing is learned from that time."""
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
        value = float(posts) if posts <= cap else cap
        season_posts = self._season(start_ms, holidays) * minutes
        fadings = self._fade(minutes)
        self.usual_total = self.usual_total * fadings.level + season_posts
        self.level_total += value
        if cap < math.inf:
            # The level follows what goes on; the season must not take an event for a rhythm.
            least = FLOOR * minutes
            usual_posts = season_posts if season_posts >= least else least
            limit = most_learned(usual_posts, self.spreads.dispersions[1])
            value = value if value <= limit else limit
        self.slow_total += value
        season = array(FLOAT, self.season)
        hour = start_ms % DAY_MS // HOUR_MS
        season[hour] = season[hour] * fadings.hour + value
        day = HOURS + weekday_of(start_ms, holidays)
        season[day] = season[day] * fadings.day + value
        season[day + DAYS] = season[day + DAYS] * fadings.day + usual
        self.season = season.tobytes()
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
            kept = fadings_of(step_ms / MINUTE_MS).dispersion
            self.spreads.learn(sums, means, kept)

    def _fade(self, minutes: float) -> Fadings:
        fadings = fadings_of(minutes)
        self.level_total *= fadings.level
        self.slow_total *= fadings.slow
        self.extremes.fade(fadings.peak)
        return fadings
