"""docs/alerts.md: the marks between which the generated figures stand, a pair for each part."""

from pathlib import Path

from bench.evaluate import tables


def marks(part: str) -> tuple[str, str]:
    """What stands before and behind the figures of a part.

    >>> marks("fleet")[1]
    '<!-- end of fleet -->'
    """
    return f"<!-- {part}: written by make evaluate-alerts -->", f"<!-- end of {part} -->"


def put_into(page: Path, part: str, text: str) -> None:
    """Replace what stands between the marks of a part."""
    tables.put_into(page, text, *marks(part))
