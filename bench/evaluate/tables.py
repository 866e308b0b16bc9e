"""Results as Markdown, and the place in a document where they stand."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

OPENING, CLOSING = "<!-- figures: written by make evaluate -->", "<!-- end of figures -->"
_TITLE = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)


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


def put_parts(page: Path, parts: Mapping[str, str]) -> None:
    """Replace those parts, each under its bold title; the others keep what stands there."""
    content = page.read_text(encoding="utf-8")
    figures = content.partition(OPENING)[2].partition(CLOSING)[0]
    pieces = _TITLE.split(figures)[1:]
    standing = dict(zip(pieces[::2], pieces[1::2], strict=True))
    texts = {**standing, **parts}
    put_into(page, "\n\n".join(f"**{title}**\n\n{text.strip()}" for title, text in texts.items()))
