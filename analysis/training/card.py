"""The part of a model card that a training run knows: inputs, settings, figures."""

from analysis.weights import Weights

OPENING, CLOSING = "<!-- figures: written by training -->", "<!-- end of figures -->"


def refresh(card: str, weights: Weights, size_bytes: int) -> str:
    """The card with new figures between its marks. Raises `ValueError` where a mark is missing."""
    return put_between(card, figures(weights, size_bytes))


def put_between(card: str, text: str) -> str:
    """The card with the text, each line ended, between its marks."""
    before, opening, rest = card.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not opening or not closing:
        raise ValueError(f"model card: needs a line {OPENING!r} and below it {CLOSING!r}")
    return f"{before}{OPENING}\n{text}{CLOSING}{after}"


def figures(weights: Weights, size_bytes: int) -> str:
    """Tables in Markdown, each line ended."""
    header = weights.header
    lines = [
        f"Version {header.version}: {len(weights.keys):,} n-grams, {size_bytes:,} bytes.",
        "",
        "| held out | rows | classes | accuracy | macro-F1 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {f.name} | {f.rows:,} | {f.classes} | {f.accuracy:.3f} | {f.macro_f1:.3f} |"
        for f in header.held_out
    ]
    lines += ["", "| learned from | role | rows | learned | sha256 |", "|---|---|---|---|---|"]
    lines += [
        f"| {i.name} | {i.kind} | {i.rows:,} | {i.learned:,} | `{i.sha256[:16]}…` |"
        for i in header.trained_on
    ]
    settings = ", ".join(f"{name} {value}" for name, value in sorted(header.settings.items()))
    lines += ["", f"Settings: {settings}."]
    return "\n".join(lines) + "\n"
