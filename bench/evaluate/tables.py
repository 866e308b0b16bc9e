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


def put_into(page: Path, text: str, opening: str = OPENING, closing: str = CLOSING) -> None:
    """Replace what stands between two marks of a page."""
    content = page.read_text(encoding="utf-8")
    before, begins, rest = content.partition(opening)
    _, ends, after = rest.partition(closing)
    if not begins or not ends:
        raise ValueError(f"{page.name}: needs a line {opening!r} and below it {closing!r}")
    page.write_text(f"{before}{opening}\n{text}\n{closing}{after}", encoding="utf-8")
