"""What docs/catalogue.md shows is true."""

import re
from pathlib import Path

import pytest

from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from leimo.catalogue_file import parse
from tests.leimo.test_shipped_catalogue import NoMoods

DOCS = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_a_catalogue_without_errors(block: str) -> None:
    assert parse(block.encode(), DOCS.name).errors == ()


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("美的这款空调真静音", True),
        ("吹着空调看这么美的雪", False),
        ("这花真是美的", False),
        ("美的集团发布财报", True),
    ],
)
def test_the_worked_example_counts_what_its_table_says(text: str, counts: bool) -> None:
    brands = parse(BLOCKS[3].encode(), DOCS.name).catalogue.brands
    found = Analyser(brands, NoMoods(), tokenizer_named()).occurrences(text)
    assert {name.brand for name in found} == ({"midea"} if counts else set())


def test_the_first_attempts_fail_as_told() -> None:
    _, safe, required, _, query, _ = BLOCKS
    assert _counts(safe, "美的这款空调真静音") == 0
    assert _counts(required, "美的这款空调真静音") == 1
    assert _counts(required, "吹着空调看这么美的雪") == 1
    assert _counts(required, "开着空调看最美的风景") == 0
    assert _counts(query, "吹着空调看美的雪") == 0
    assert _counts(query, "问了美的的售后") == 1


def _counts(block: str, text: str) -> int:
    brands = parse(block.encode(), DOCS.name).catalogue.brands
    return len(Analyser(brands, NoMoods(), tokenizer_named()).occurrences(text))
