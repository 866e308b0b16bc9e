"""Steps of time in a viewer's zone, and windows added up over them. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    HOUR_MS,
    INTENTS,
    MINUTE_MS,
    SIZE_MS,
    CountRow,
    Size,
    Span,
)

MOST_STEPS = 2_000


class Step(StrEnum):
    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"


STEP_MS: Mapping[Step, int] = {
    Step.MINUTE: MINUTE_MS,
    Step.FIVE_MINUTES: 5 * MINUTE_MS,
    Step.QUARTER: 15 * MINUTE_MS,
    Step.HOUR: HOUR_MS,
    Step.DAY: DAY_MS,
}


class By(StrEnum):
    """What a series is divided by."""

    NONE = "none"
    CHANNEL = "channel"
    INTENT = "intent"
    POLARITY = "polarity"
    PLACE = "place"


COLUMNS = (
    *("posts", "originals", "reposts", "exposures", "positive", "neutral", "negative"),
    *("sentiment_milli", "reach", "authors", "owned", "paid", "earned", "spam", "bursts", "edits"),
)
"""Of series that are not divided."""
_AT = {name: at for at, name in enumerate(COUNT_NAMES)}


class TooManyStepsError(ValueError):
    """A span that has more steps than anyone can see."""


def usual_step(span: Span) -> Step:
    """The finest step that gives a few hundred points.

    >>> [str(usual_step(Span(0, hours * HOUR_MS))) for hours in (1, 24, 72, 24 * 31, 24 * 400)]
    ['1m', '5m', '15m', '1h', '1d']
    """
    length_ms = span.to_ms - span.from_ms
    for step, step_ms in STEP_MS.items():
        if length_ms <= 750 * step_ms:
            return step
    return Step.DAY


def edges(span: Span, step: Step, zone: ZoneInfo) -> list[int]:
    """Where steps begin and, last, where the last one ends; the span is taken out to whole steps.

    Days are those of the zone, so some have 23 or 25 hours; shorter steps are counted from the
    zone's midnight.

    Raises:
        TooManyStepsError: they are more than `MOST_STEPS`.
    """
    step_ms = STEP_MS[step]
    if (span.to_ms - span.from_ms) // step_ms > MOST_STEPS:
        raise TooManyStepsError(f"steps of {step.value} are more than {MOST_STEPS} over this span")
    found: list[int] = []
    day = _day_of(span.from_ms, zone)
    begin = _midnight(day, zone)
    while begin < span.to_ms:
        day += timedelta(days=1)
        end = _midnight(day, zone)
        inner = range(begin, end, step_ms) if step is not Step.DAY else (begin,)
        found += inner
        begin = end
    found.append(begin)
    first = max(0, bisect_right(found, span.from_ms) - 1)
    last = next(at for at, edge in enumerate(found) if edge >= span.to_ms)
    return found[first : last + 1]


def _day_of(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )


def _midnight(day: datetime, zone: ZoneInfo) -> int:
    """Where a day begins, to the minute: windows are not cut. `day` is its wall clock."""
    at_s = day.replace(tzinfo=zone, fold=0).timestamp()
    return int(at_s) // 60 * MINUTE_MS


def coarsest(boundaries: Iterable[int]) -> Size:
    """The largest windows that no boundary cuts.

    >>> str(coarsest([0, DAY_MS])), str(coarsest([HOUR_MS])), str(coarsest([1800_000]))
    ('1d', '1h', '1m')
    """
    listed = list(boundaries)
    for size in (Size.DAY, Size.HOUR):
        if all(boundary % SIZE_MS[size] == 0 for boundary in listed):
            return size
    return Size.MINUTE


class Line(NamedTuple):
    """One series."""

    key: str
    columns: tuple[str, ...]
    points: list[list[int]]
    """`[start_ms, values...]`"""


def lines(rows: Sequence[CountRow], boundaries: Sequence[int], by: By) -> list[Line]:
    """Windows of one brand, added up over steps; 0 where there are none."""
    sums = [[0] * len(COUNT_NAMES) for _ in boundaries[1:]]
    for row in rows:
        held = sums[bisect_right(boundaries, row.start_ms) - 1]
        for at, value in enumerate(row.counts):
            held[at] += value
    return [
        Line(
            key,
            ("start_ms", *columns),
            [
                [start_ms, *(_value(counts, name) for name in columns)]
                for start_ms, counts in zip(boundaries, sums, strict=False)
            ],
        )
        for key, columns in divided(by)
    ]


def divided(by: By) -> list[tuple[str, tuple[str, ...]]]:
    """Key and columns of each series of a division.

    >>> divided(By.PLACE)
    [('own', ('own',)), ('elsewhere', ('exposures',))]
    """
    match by:
        case By.NONE:
            return [("", COLUMNS)]
        case By.CHANNEL:
            return [(name, (name,)) for name in ("owned", "paid", "earned")]
        case By.POLARITY:
            return [(name, (name,)) for name in ("positive", "neutral", "negative")]
        case By.PLACE:
            return [("own", ("own",)), ("elsewhere", ("exposures",))]
        case By.INTENT:
            return [(one.value, (intent_column(one.value),)) for one in INTENTS]


def intent_column(objective: str) -> str:
    """Column of windows that counts posts of an objective."""
    return f"intent_{objective.replace('-', '_')}"


def _value(counts: Sequence[int], name: str) -> int:
    if name == "own":
        return counts[_AT["posts"]] - counts[_AT["exposures"]]
    return counts[_AT[name]]


def count(counts: Sequence[int] | None, name: str) -> int:
    """One figure of a row of counts; 0 of none."""
    return _value(counts, name) if counts else 0


def net_sentiment(positive: int, negative: int) -> float | None:
    """100 · (P − N) / (P + N), to a tenth; None where nobody took sides.

    >>> net_sentiment(3, 1), net_sentiment(0, 0)
    (50.0, None)
    """
    sides = positive + negative
    return round(100 * (positive - negative) / sides, 1) if sides else None
