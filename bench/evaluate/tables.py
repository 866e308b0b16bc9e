"""Results as Markdown, and the place in a document where they stand."""

from collections.abc import Sequence
from pathlib import Path

OPENING, CLOSING = "<!-- figures: written by make evaluate -->", "<!-- end of figures -->"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    texts = ["| " + " | ".join(line) + " |" for line in lines]
    texts[1] = texts[1].replace(" ", "")
    return "\n".join(texts)


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the marks of a page."""
    content = page.read_text(encoding="utf-8")
    before, opening, rest = content.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not opening or not closing:
        raise ValueError(f"{page.name}: needs a line {OPENING!r} and below it {CLOSING!r}")
    page.write_text(f"{before}{OPENING}\n{text}\n{CLOSING}{after}", encoding="utf-8")
