"""Which knob gives as many alerts a week as somebody wants to read."""

from collections.abc import Callable
from typing import NamedTuple

from backtest.history import History
from backtest.on_history import replay, with_knob
from schemas.catalogue import Catalogue
from schemas.rules import KnobRule

_LEAST, _MOST = 0.01, 100.0
_TRIES = 7
_NEAR = 0.1
"""No better knob is looked for when the alerts are so near to those wanted, in parts of them."""

OnTry = Callable[[int, int], None]


class Suggestion(NamedTuple):
    """A value of `false_alerts_per_month`, and the alerts a week that it would have given."""

    knob: float
    alerts_a_week: float
    of_others: float
    """Of these, alerts a week by rules that have no knob."""
    wanted: float

    @property
    def is_near(self) -> bool:
        """Whether it comes near to what was wanted, by a quarter of it."""
        return abs(self.alerts_a_week - self.wanted) <= self.wanted / 4


def suggest(
    history: History, catalogue: Catalogue, alerts_a_week: float, on_try: OnTry
) -> Suggestion:
    """Search by halving, on a logarithmic scale, the knob of all rules."""
    others = {rule.id for rule in catalogue.rules if not isinstance(rule, KnobRule)}
    weeks = max(history.weeks, 1e-9)
    low, high = _LEAST, _MOST
    tried: list[Suggestion] = []
    for number in range(_TRIES):
        on_try(number, _TRIES)
        knob = float(f"{(low * high) ** 0.5:.2g}")
        by_rule = replay(history, with_knob(catalogue, knob)).by_rule()
        given = by_rule.total() / weeks
        of_others = sum(count for rule, count in by_rule.items() if rule in others) / weeks
        tried.append(Suggestion(knob, given, of_others, alerts_a_week))
        if abs(given - alerts_a_week) <= _NEAR * alerts_a_week:
            break
        low, high = (low, knob) if given > alerts_a_week else (knob, high)
    on_try(_TRIES, _TRIES)
    return min(tried, key=lambda each: abs(each.alerts_a_week - alerts_a_week))


def told(suggestion: Suggestion) -> str:
    """The suggestion as a sentence or two."""
    knob, given = suggestion.knob, suggestion.alerts_a_week
    text = f"false_alerts_per_month: {knob:g} would have given {given:.1f} alerts a week."
    if suggestion.is_near:
        return text
    if given > suggestion.wanted:
        return (
            f"{text} No knob gives as few as {suggestion.wanted:g}: {suggestion.of_others:.1f} a "
            "week come of rules without one. Raise their min_posts, min_authors or min_reach, or "
            "watch fewer brands."
        )
    return f"{text} No knob gives as many as {suggestion.wanted:g}: lower min_posts as well."
