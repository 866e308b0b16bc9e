"""docs/alerts.md: the marks between which the generated figures stand, a pair for each part."""

from pathlib import Path


def marks(part: str) -> tuple[str, str]:
    """What stands before and behind the figures of a part.

    >>> marks("fleet")[1]
    '<!-- end of fleet -->'
    """
    return f"<!-- {part}: written by make evaluate-alerts -->", f"<!-- end of {part} -->"


def put_into(page: Path, part: str, text: str) -> None:
    """Replace what stands between the marks of a part."""
    opening, closing = marks(part)
    content = page.read_text(encoding="utf-8")
    before, found, rest = content.partition(opening)
    _, ended, after = rest.partition(closing)
    if not found or not ended:
        raise ValueError(f"{page.name}: needs a line {opening!r} and below it {closing!r}")
    page.write_text(f"{before}{opening}\n{text}\n{closing}{after}", encoding="utf-8")
