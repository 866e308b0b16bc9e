"""The results as Markdown tables."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.alerts import on_real
from bench.alerts.on_real import Detection
from bench.evaluate.tables import table


def of_real(results: Sequence[on_real.Result]) -> str:
    """A table for each group of series and view of the windows."""
    parts = []
    for (group, view), of_group in groupby(results, key=lambda one: (one.group, one.view)):
        listed = list(of_group)
        head = ["detector", "windows found", "alerts outside", "standard", "low FP", "low FN"]
        head += ["alerts a month", "median delay"]
        rows = [
            [
                one.system,
                f"{one.found} of {one.windows}",
                f"{one.outside:,}",
                *(f"{score:.1f}" for score in one.scores),
                number(one.alerts_a_month),
                "" if one.delay_min is None else f"{one.delay_min:.0f} min",
            ]
            for one in listed
        ]
        title = f"**{group[0].upper()}{group[1:]}, {listed[0].series} series, windows {view}**"
        parts.append(f"{title}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def of_detections(found: Iterable[Detection]) -> str:
    """leimo's alerts outside the windows."""
    head = ["series", "at", "seen", "expected", "minutes", "severity"]
    rows = [
        [
            one.series,
            one.at,
            f"{one.seen:.0f}",
            f"{one.expected:.1f}",
            str(one.horizon_min),
            str(one.severity),
        ]
        for one in found
    ]
    return table(head, rows)


def number(value: float) -> str:
    """Two significant digits, and no fewer than the whole number has.

    >>> number(0.0412), number(1.26), number(312.4), number(math.nan)
    ('0.041', '1.3', '312', '–')
    """
    if math.isnan(value):
        return "–"
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.{1 - math.floor(math.log10(value))}f}"


def share(value: float) -> str:
    """In percent.

    >>> share(0.953), share(math.nan)
    ('95.3 %', '–')
    """
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"
