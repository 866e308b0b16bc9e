"""Where results stand in a document."""

from pathlib import Path

import pytest

from bench.evaluate.tables import CLOSING, OPENING, put_into, put_parts

PAGE = f"""# A page
{OPENING}
**One**

| a |

**Two**

old

{CLOSING}
The end.
"""


def test_a_part_that_was_measured_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")

    put_parts(page, {"Two": "new", "Three": "first"})

    assert (
        page.read_text(encoding="utf-8")
        == f"""# A page
{OPENING}
**One**

| a |

**Two**

new

**Three**

first
{CLOSING}
The end.
"""
    )


def test_a_page_without_the_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page", encoding="utf-8")

    with pytest.raises(ValueError, match=r"page\.md: needs a line"):
        put_into(page, "text")
