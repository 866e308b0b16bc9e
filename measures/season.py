"""What a brand's volume usually is by the hour of the day and by the weekday, as it is kept.

32-bit floats in one array: the hours' faded totals; for each weekday posts seen, then those
expected.
"""

import math
from array import array
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
FLOOR = 0.01
"""Posts a minute below which no brand is believed to be: guards against empty histories."""

HOURS: Final = 24
DAYS: Final = 7
FLOAT: Final = "f"
EMPTY = bytes(4 * (HOURS + 2 * DAYS))
HOUR_HALF_LIFE_MIN = 10 * 60
_HOUR_LOST = 1 - math.exp2(-1 / HOUR_HALF_LIFE_MIN)
_SHRINK_MIN = 30
"""The mean of the last days weighs as much as so many minutes of an hour."""
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; the week begins on Monday."""

Holidays = Mapping[int, int]
"""Days since the epoch on which people post as on another weekday, and its number."""
NO_HOLIDAYS: Holidays = MappingProxyType({})


def weekday_of(at_ms: int, holidays: Holidays) -> int:
    """Number of the weekday from Monday on; a holiday has that of another day.

    >>> weekday_of(0, NO_HOLIDAYS), weekday_of(0, {0: 6})
    (3, 6)
    """
    day = at_ms // DAY_MS
    return holidays[day] if day in holidays else (day + _EPOCH_WEEKDAY) % DAYS


def _place(at_ms: int) -> tuple[int, int, float, float]:
    """The two hours between whose middles a time lies, and the weights of both."""
    position = at_ms % DAY_MS / HOUR_MS - 0.5
    before = math.floor(position)
    share = position - before
    return before % HOURS, (before + 1) % HOURS, 1 - share, share


MINUTES_A_DAY = DAY_MS // MINUTE_MS
PLACES = tuple(_place(minute * MINUTE_MS) for minute in range(MINUTES_A_DAY))
"""Of the begin of each minute of a day."""


class Profile(dict[int, float]):
    """Hour of the day -> posts a minute, at one state of a season: each is worked out once."""

    __slots__ = ("_known_ms", "_observed_ms", "_season", "_since_ms", "_slow", "day_posts")

    def __init__(
        self, season: "array[float]", since_ms: int, known_to_ms: int, day_posts: float, slow: float
    ) -> None:
        """`day_posts` and `slow`: posts of a day and a minute, by the mean of the last days."""
        self._season = season
        known_days, self._known_ms = known_to_ms // DAY_MS, known_to_ms % DAY_MS
        since_days, self._since_ms = since_ms // DAY_MS, since_ms % DAY_MS  # `divmod` is a call
        self._observed_ms = (known_days - since_days) * HOUR_MS
        self._slow = _SHRINK_MIN * slow
        self.day_posts = day_posts

    def __missing__(self, hour: int) -> float:
        self.work_out(hour, 1)
        return self[hour]

    def work_out(self, first: int, count: int) -> None:
        """So many hours from this one on, round the clock: at once, since a call for each costs
        more than all of it."""
        season, slow, observed_whole_ms = self._season, self._slow, self._observed_ms
        known_of_day_ms, since_of_day_ms = self._known_ms, self._since_ms
        worked_out_ms, weight = -1, 0.0
        for number in range(first, first + count):
            hour = number % HOURS
            # Minutes of this hour of the day that were observed.
            begin_ms = hour * HOUR_MS
            observed_ms = observed_whole_ms
            known_ms, since_ms = known_of_day_ms - begin_ms, since_of_day_ms - begin_ms
            if known_ms > 0:
                observed_ms += known_ms if known_ms < HOUR_MS else HOUR_MS
            if since_ms > 0:
                observed_ms -= since_ms if since_ms < HOUR_MS else HOUR_MS
            if observed_ms != worked_out_ms:
                faded = math.exp2(-(observed_ms / MINUTE_MS) / HOUR_HALF_LIFE_MIN)
                weight, worked_out_ms = (1 - faded) / _HOUR_LOST + _SHRINK_MIN, observed_ms
            self[hour] = (season[hour] + slow) / weight

    def of_the_day(self, at_ms: int) -> float:
        """Posts a minute by the profile of the day, read between the middles of two hours."""
        before, after, left, right = (
            _place(at_ms) if at_ms % MINUTE_MS else PLACES[at_ms // MINUTE_MS % MINUTES_A_DAY]
        )
        return left * self[before] + right * self[after]

    def of_the_week(self, weekday: int) -> float:
        """Factor of the weekday; one that was seen once counts half."""
        day_posts = self.day_posts
        if day_posts <= FLOOR:
            return 1.0
        at, season = HOURS + weekday, self._season
        return (season[at] + day_posts) / (season[at + DAYS] + day_posts)
