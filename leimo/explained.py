"""An explanation of an analysis, as lines for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.explain import Explanation
from schemas.mention import Polarity

_STYLES = {Polarity.POSITIVE: "green", Polarity.NEGATIVE: "red", Polarity.NEUTRAL: ""}


def show(console: Console, explanation: Explanation) -> None:
    """Print everything that led to the analysis. The text is shown as it is, never as markup."""
    for part in _parts(explanation):
        console.print(part)


def _parts(explanation: Explanation) -> Iterator[Text | Table]:
    analysis = explanation.analysis
    yield Text(explanation.text, style="bold")
    yield _line("tokens", " | ".join(analysis.tokens))
    chain = explanation.text[len(analysis.own_words) :]
    if chain:
        yield _line("own words", analysis.own_words)
        yield _line("chain", chain)
    masked = ", ".join(mask.text for mask in explanation.masked)
    yield _line("masked", masked or "nothing")
    yield _line("language", analysis.language or "cannot be told")
    yield _line("intents", ", ".join(analysis.intents) or "none")
    yield _line("spam signs", ", ".join(sign.value for sign in analysis.spam) or "none")
    yield _line("whole text", _mood(analysis.polarity, analysis.score))
    yield _candidates(explanation)
    if explanation.clauses:
        yield _clauses(explanation)
    if explanation.stances:
        yield _stances(explanation)


def _candidates(explanation: Explanation) -> Table:
    table = _table("candidates", "name", "place", "brand", "", "sure", "because")
    for each in explanation.candidates:
        table.add_row(
            Text(explanation.text[each.start : each.end]),
            f"{each.start}-{each.end}",
            each.brand,
            Text("taken", "green") if each.is_taken else Text("refused", "red"),
            f"{each.confidence:.2f}" if each.confidence else "",
            Text(each.because),
        )
    if not explanation.candidates:
        table.add_row("none", "", "", "", "", Text("no name of the catalogue stands in the text"))
    return table


def _clauses(explanation: Explanation) -> Table:
    table = _table("clauses", "clause", "brands", "mood", "words that weighed most")
    for each in explanation.clauses:
        table.add_row(
            Text(each.text.strip()),
            ", ".join(each.brands),
            Text(_mood(each.polarity, each.score), _STYLES[each.polarity]),
            Text("  ".join(f"{ngram.strip()} {pull:+.2f}" for ngram, pull in each.told_by)),
        )
    return table


def _stances(explanation: Explanation) -> Table:
    table = _table("stances", "brand", "mood", "read in", "for it", "against it")
    for each in explanation.stances:
        table.add_row(
            each.brand,
            Text(_mood(each.polarity, each.score), _STYLES[each.polarity]),
            Text(each.read.strip()),
            Text(_told(each.decided_by, each.spoke_for)),
            Text(_told("", each.against)),
        )
    return table


def _told(decided_by: str, pulls: Sequence[tuple[str, float]]) -> str:
    lines = [f"decided: {decided_by}"] if decided_by else []
    return "\n".join([*lines, *(f"{words} {pull:+.2f}" for words, pull in pulls)])


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    return table


def _line(name: str, value: str) -> Text:
    return Text.assemble((f"{name:<12}", "dim"), value)


def _mood(polarity: Polarity, score: float) -> str:
    return f"{polarity.value} {score:+.2f}"
