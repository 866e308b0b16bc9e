"""The report of a backtest: one HTML file without anything from elsewhere."""

from collections import Counter
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from leimo.backtest import History, Outcome
from leimo.plots import svg_of_counts
from leimo.times import shown
from schemas.catalogue import Catalogue

_PLOTS = 20
_LISTED = 2000
_COLOURS = ("#e03131", "#1971c2", "#2f9e44", "#f08c00", "#9c36b5", "#0c8599", "#c2255c", "#5c940d")
_HOUR_MS = 3_600_000


def write_report(
    path: Path, history: History, catalogue: Catalogue, outcome: Outcome, other: Outcome | None
) -> None:
    """Write the page. Texts of posts are escaped: they are anybody's."""
    names = {brand.id: brand.name for brand in catalogue.brands}
    colours = {
        rule.id: _COLOURS[number % len(_COLOURS)] for number, rule in enumerate(catalogue.rules)
    }
    by_brand = Counter(alert.brand for alert in outcome.begun)
    environment = Environment(
        loader=PackageLoader("leimo", "templates"), autoescape=select_autoescape(default=True)
    )
    page = environment.get_template("backtest.html").render(
        posts=history.posts,
        mentions=len(history),
        weeks=outcome.weeks,
        total=len(outcome.begun),
        other_total=None if other is None else len(other.begun),
        rules=[
            (rule.id, rule.kind.value, colours[rule.id], outcome.by_rule()[rule.id],
             None if other is None else other.by_rule()[rule.id])
            for rule in catalogue.rules
        ],
        brands=[(names.get(brand, brand), count) for brand, count in by_brand.most_common(_PLOTS)],
        plots=[
            (names.get(brand, brand), _plot(brand, outcome, colours))
            for brand, _ in by_brand.most_common(_PLOTS)
            if brand in outcome.counts
        ],
        alerts=[
            (shown(alert.started_at_ms), outcome.worst[alert.id], names.get(alert.brand, "all"))
            for alert in outcome.begun[:_LISTED]
        ],
        left_out=max(len(outcome.begun) - _LISTED, 0),
    )  # fmt: skip
    path.write_text(page, "utf-8")


def _plot(brand: str, outcome: Outcome, colours: dict[str, str]) -> str:
    """Posts by the hour, with the beginnings of alerts."""
    held = outcome.counts[brand]
    # An hour without posts on both sides of a run, so that the area comes down to zero.
    around = {at_ms + side for at_ms in held for side in (-_HOUR_MS, 0, _HOUR_MS)}
    counts = [(at_ms, float(held.get(at_ms, 0))) for at_ms in sorted(around)]
    marks = [
        (alert.started_at_ms, colours.get(alert.rule, "#000000"))
        for alert in outcome.begun
        if alert.brand == brand
    ]
    return svg_of_counts(counts, marks)
