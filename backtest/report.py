"""The report of a backtest: one HTML file without anything from elsewhere."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from backtest.compare import Pair
from backtest.history import History
from backtest.on_history import BIN_MS, Outcome
from backtest.plots import svg_of_counts
from backtest.text import Names, how_long, moment, summary, what
from schemas.alert import Alert, Sample
from schemas.catalogue import Catalogue
from schemas.counted import counted
from schemas.errors import OperatorError
from views.plain_text import one_line

_PLOTS = 60
_LISTED = 1000
_BARS = 700
"""Most steps of a plot."""
_COLOURS = ("#e8590c", "#1971c2", "#2f9e44", "#9c36b5", "#e03131", "#0c8599", "#c2255c", "#5c940d")
_STEPS_MS = tuple(
    minutes * 60_000 for minutes in (10, 30, 60, 180, 360, 1440, 2 * 1440, 7 * 1440, 28 * 1440)
)
_STEP_NAMES = ("10 min", "30 min", "hour", "3 h", "6 h", "day", "2 days", "week", "4 weeks")
_BEFORE_MS, _AFTER_MS = 12 * 3_600_000, 12 * 3_600_000
_SPARK_WIDTH, _SPARK_HEIGHT = 216, 44


class Spark(NamedTuple):
    """Posts around an alert: paths of an SVG, in its own units."""

    area: str
    begin: float
    end: float
    most: int
    """Posts in the highest ten minutes."""


class Card(NamedTuple):
    """One alert as the page shows it."""

    when: str
    name: str
    rule: str
    colour: str
    alert: Alert
    what: str
    how_long: str
    found_in: str
    spark: Spark | None
    facts: tuple[str, ...]
    samples: tuple[tuple[str, str], ...]
    """Who, and what they wrote."""


def write_report(
    path: Path,
    history: History,
    catalogue: Catalogue,
    outcomes: tuple[Outcome, Outcome | None],
    pairs: list[Pair],
    names: Names,
) -> None:
    """Write the page. Texts of posts are escaped: they are anybody's.

    Raises:
        OperatorError: the file cannot be written.
    """
    outcome, other = outcomes
    kinds = {rule.id: rule.kind.value for rule in catalogue.rules}
    rules = [*kinds, *sorted({pair.either.first.rule for pair in pairs} - kinds.keys())]
    told = [rule for rule in rules if any(pair.either.first.rule == rule for pair in pairs)]
    colours = {rule: _COLOURS[number % len(_COLOURS)] for number, rule in enumerate(told)}
    ours, theirs = outcome.by_rule(), other.by_rule() if other is not None else Counter[str]()
    environment = Environment(
        loader=PackageLoader("backtest", "templates"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("backtest.html").render(
        title=counted(len(outcome.fired), "alert"),
        summary=list(summary(history, outcome))[:-1],
        weeks=history.weeks,
        names=names,
        is_compared=other is not None,
        totals=(len(outcome.fired), 0 if other is None else len(other.fired)),
        found=Counter(pair.found_in for pair in pairs),
        rules=[(rule, kinds.get(rule, ""), colours[rule], ours[rule], theirs[rule])
               for rule in told],
        quiet=[rule for rule in rules if rule not in told],
        plots=list(_plots(history, outcomes, colours, names)),
        cards=[_card(pair, outcomes, colours, names) for pair in pairs[:_LISTED]],
        left_out=max(len(pairs) - _LISTED, 0),
        spark_size=(_SPARK_WIDTH, _SPARK_HEIGHT),
    )  # fmt: skip
    try:
        path.write_text(page, "utf-8", "replace")
    except OSError as error:
        mend = "name a file that can be written"
        raise OperatorError(f"--report {path}: {error.strerror or error}; {mend}") from error


def _plots(
    history: History,
    outcomes: tuple[Outcome, Outcome | None],
    colours: Mapping[str, str],
    names: Names,
) -> Iterator[tuple[str, int, str, str]]:
    """Name, alerts, step and picture of the brands with the most alerts, of both where compared."""
    outcome, other = outcomes
    by_brand = outcome.by_brand()
    if other is not None:
        by_brand |= other.by_brand()
    spanned_ms = history.end_ms - history.first_ms
    number = next(
        (at for at, step_ms in enumerate(_STEPS_MS) if spanned_ms / step_ms <= _BARS),
        len(_STEPS_MS) - 1,
    )
    step_ms = _STEPS_MS[number]
    for brand, alerts in by_brand.most_common(_PLOTS):
        posts_of = outcome.counts.get(brand) or (other.counts.get(brand) if other else None)
        if posts_of is None:
            continue
        counts: Counter[int] = Counter()
        for at_ms, posts in posts_of.items():
            counts[at_ms - at_ms % step_ms] += posts
        first_ms = history.first_ms - history.first_ms % step_ms
        steps = [
            (at_ms, float(counts[at_ms]))
            for at_ms in range(first_ms, history.end_ms + step_ms, step_ms)
        ]
        marks, others = (
            [
                (fired.first.started_at_ms, colours[fired.first.rule])
                for fired in (each.fired if each is not None else ())
                if fired.first.brand == brand
            ]
            for each in (outcome, other)
        )
        yield names.of(brand), alerts, _STEP_NAMES[number], svg_of_counts(steps, marks, others)


def _card(
    pair: Pair,
    outcomes: tuple[Outcome, Outcome | None],
    colours: Mapping[str, str],
    names: Names,
) -> Card:
    fired = pair.either
    alert = fired.worst
    counts = outcomes[0].counts.get(alert.brand)
    if counts is None and outcomes[1] is not None:
        counts = outcomes[1].counts.get(alert.brand)
    start_ms, until_ms = fired.first.started_at_ms, fired.true_ms
    return Card(
        when=moment(start_ms),
        name=names.of(alert.brand),
        rule=alert.rule,
        colour=colours[alert.rule],
        alert=alert,
        what=what(alert, names),
        how_long=how_long(fired),
        found_in=pair.found_in,
        spark=None if counts is None else _spark(counts, start_ms, until_ms),
        facts=tuple(_facts(alert)),
        samples=tuple((_writer(sample), one_line(sample.text)) for sample in alert.samples),
    )


def _facts(alert: Alert) -> Iterator[str]:
    """What helps to judge it at a glance."""
    evidence = alert.evidence
    if alert.department:
        yield f"goes to {alert.department}"
    if evidence.authors:
        yield counted(evidence.authors, "author")
    if evidence.posts and evidence.copies:
        yield f"{evidence.copies / evidence.posts:.0%} copies"
    if evidence.spam:
        yield f"{evidence.spam:,} spam, not counted"
    if evidence.negative_now is not None and evidence.negative_before is not None:
        yield f"{evidence.negative_now:.0%} negative, {evidence.negative_before:.0%} before"
    if alert.silenced_by:
        yield f"silenced by {alert.silenced_by}"


def _writer(sample: Sample) -> str:
    return counted(sample.reach, "follower") if sample.reach else ""


def _spark(counts: Mapping[int, int], start_ms: int, until_ms: int) -> Spark:
    """Posts in ten minutes from half a day before the begin to half a day after it."""
    first_ms = start_ms - start_ms % BIN_MS - _BEFORE_MS
    bins = range(first_ms, start_ms + _AFTER_MS + BIN_MS, BIN_MS)
    values = [counts.get(at_ms, 0) for at_ms in bins]
    most = max(*values, 1)
    wide = _SPARK_WIDTH / len(values)

    def x_of(at_ms: int) -> float:
        return round(min((at_ms - first_ms) / BIN_MS * wide, _SPARK_WIDTH), 1)

    points = [f"M0 {_SPARK_HEIGHT}"]
    for number, value in enumerate(values):
        height = round(_SPARK_HEIGHT - value / most * (_SPARK_HEIGHT - 2), 1)
        points.append(f"L{number * wide:.1f} {height}h{wide:.2f}")
    points.append(f"L{_SPARK_WIDTH} {_SPARK_HEIGHT}Z")
    end = x_of(until_ms + 60_000)
    return Spark(" ".join(points), x_of(start_ms), max(end, x_of(start_ms) + 1.5), max(values))
