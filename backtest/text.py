"""What a backtest found, as lines for a person and as objects for a program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from backtest.compare import Pair
from backtest.history import History
from backtest.on_history import Fired, Outcome
from schemas.alert import EVERY_BRAND, Alert
from schemas.catalogue import Catalogue
from schemas.counted import counted
from views.plain_text import cut, fit, one_line, width_of
from views.times import shown

_DAY_MIN = 24 * 60
_SAMPLE_CELLS = 110
_MARKS = {"both": " ", "this": "+", "other": "-"}


class Names(NamedTuple):
    """How brands and the compared files are called."""

    brands: Mapping[str, str]
    this: str = "this file"
    other: str = "the other file"

    def of(self, brand: str) -> str:
        """Name of a brand, safe to show."""
        return "all brands" if brand == EVERY_BRAND else one_line(self.brands.get(brand, brand))


def names_of(catalogues: Iterable[Catalogue], this: str, other: str) -> Names:
    """The names that some catalogues use; the first wins."""
    brands: dict[str, str] = {}
    for catalogue in catalogues:
        for brand in catalogue.brands:
            brands.setdefault(brand.id, brand.name)
    return Names(brands, one_line(this), one_line(other))


def summary(history: History, outcome: Outcome) -> Iterator[str]:
    """What was read, and how much was found."""
    repeats = history.records - history.posts
    repeated = f" ({counted(repeats, 'repeat')} left out)" if repeats else ""
    yield (
        f"{counted(history.posts, 'post')}{repeated}, {len(history):,} of them about "
        f"{counted(len(outcome.counts), 'brand')}"
    )
    yield f"{moment(history.first_ms)} to {moment(history.end_ms)} UTC: {span(history)}"
    outages = history.outages()
    if outages:
        longest = max(end_ms - start_ms for start_ms, end_ms in outages) // 60_000
        one = len(outages) == 1
        yield (
            f"{len(outages):,} {'hole' if one else 'holes'} in the archive, "
            f"{'' if one else 'at most '}{lasting(longest)}: taken for {'an ' if one else ''}"
            f"outage{'' if one else 's'}, not for silence"
        )
    yield f"{counted(len(outcome.fired), 'alert')}{weekly(history, len(outcome.fired))}"


def moment(time_ms: int) -> str:
    """A minute in UTC.

    >>> moment(1779717600000)
    '2026-05-25 14:00'
    """
    return shown(time_ms)[:16].replace("T", " ")


def span(history: History) -> str:
    """How long a history is."""
    weeks = history.weeks
    if weeks >= 2:
        return f"{weeks:.1f} weeks"
    return lasting((history.end_ms - history.first_ms) // 60_000)


def weekly(history: History, count: int) -> str:
    """So many a week; nothing where the history is too short to say."""
    return f", {rate(count / history.weeks)} a week" if history.weeks * 7 >= 1 else ""


def rate(a_week: float) -> str:
    """
    >>> rate(0.001), rate(0.26), rate(31.23)
    ('less than 0.1', '0.3', '31.2')
    """
    return f"{a_week:.1f}" if a_week >= 0.1 or not a_week else "less than 0.1"


def lasting(minutes: int) -> str:
    """A span of time as people say it.

    >>> [lasting(minutes) for minutes in (1, 90, 120, 3000)]
    ['1 min', '1 h 30 min', '2 h', '2 d 2 h']
    """
    days, minutes = divmod(minutes, _DAY_MIN)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    parts.append(f"{minutes} min" if minutes and not days else "")
    return " ".join(filter(None, parts)) or "0 min"


def what(alert: Alert, names: Names) -> str:
    """The reason without the name of the brand, which stands beside it."""
    return one_line(alert.reason.removeprefix(f"{names.brands.get(alert.brand, '')}: "))


def how_long(fired: Fired) -> str:
    """How long the condition held."""
    minutes = lasting(fired.lasted_min)
    return f"for {minutes}" if fired.is_over else f"{minutes}, still on at the end"


def rule_lines(
    catalogue: Catalogue, history: History, outcome: Outcome, other: Outcome | None, names: Names
) -> Iterator[str]:
    """Alerts of each rule."""
    ours, theirs = outcome.by_rule(), other.by_rule() if other is not None else {}
    rules = sorted({rule.id for rule in catalogue.rules} | theirs.keys())
    told = [rule for rule in rules if ours[rule] or theirs.get(rule)]
    width = max(map(len, told), default=0)
    for rule in sorted(told, key=lambda rule: -ours[rule]):
        line = f"  {rule:<{width}}  {ours[rule]:>7,}"
        if other is not None:
            yield f"{line}  {theirs.get(rule, 0):>7,} with {names.other}"
        else:
            yield line + weekly(history, ours[rule])
    quiet = [rule for rule in rules if rule not in told]
    if quiet:
        yield f"  none: {', '.join(quiet)}"


def brand_lines(outcome: Outcome, names: Names, most: int = 10) -> Iterator[str]:
    """The brands with the most alerts."""
    listed = outcome.by_brand().most_common()
    width = max((width_of(names.of(brand)) for brand, _ in listed[:most]), default=0)
    for brand, count in listed[:most]:
        yield f"  {fit(names.of(brand), width)}  {count:>7,}"
    if len(listed) > most:
        yield f"  and {counted(len(listed) - most, 'more brand')}"


def alert_lines(pairs: Sequence[Pair], names: Names, *, is_compared: bool) -> Iterator[str]:
    """Two lines an alert: when, who, which rule, how bad, how long; what happened; a post."""
    for pair in pairs:
        fired = pair.either
        worst = fired.worst
        mark = f"{_MARKS[pair.found_in]} " if is_compared else ""
        silenced = f", silenced by {one_line(worst.silenced_by)}" if worst.silenced_by else ""
        yield (
            f"{mark}{moment(fired.first.started_at_ms)}  {names.of(worst.brand)}  {worst.rule}  "
            f"severity {worst.severity}, {how_long(fired)}{silenced}"
        )
        yield f"    {what(worst, names)}"
        for sample in worst.samples[:1]:
            yield f"    “{cut(one_line(sample.text), _SAMPLE_CELLS)}”"


def objects(
    pairs: Sequence[Pair], history: History, names: Names, *, is_compared: bool
) -> Iterator[dict[str, Any]]:
    """One object an alert, then one that sums up."""
    for pair in pairs:
        fired = pair.either
        extra = {
            "brand_name": names.brands.get(fired.worst.brand, ""),
            "ended_at_ms": fired.last.ended_at_ms,
            "lasted_min": fired.lasted_min,
        }
        if is_compared:
            extra["found_in"] = pair.found_in
        yield {"type": "alert"} | msgspec.to_builtins(fired.worst) | extra
    yield {
        "type": "summary",
        "posts": history.posts,
        "repeats": history.records - history.posts,
        "about_brands": len(history),
        "from_ms": history.first_ms,
        "until_ms": history.end_ms,
        "outages": history.outages(),
        "alerts": sum(pair.found_in != "other" for pair in pairs),
    }
