"""What docs/catalogue.md shows is true."""

import re
from pathlib import Path

import pytest

from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from catalogue.check_rules import unused_by
from catalogue.file import parse
from schemas.catalogue import Holiday, Silence
from schemas.rules import RULE_OF_KIND, Condition, InfluencerRule, RuleKind, SilenceRule
from tests.catalogue.test_shipped import NoMoods

DOCS = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"
TEXT = DOCS.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
RULES = TEXT[TEXT.index("## Rules") : TEXT.index("## YAML that is read")]


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
    _, safe, required, _, query, *_ = BLOCKS
    assert _counts(safe, "美的这款空调真静音") == 0
    assert _counts(required, "美的这款空调真静音") == 1
    assert _counts(required, "吹着空调看这么美的雪") == 1
    assert _counts(required, "开着空调看最美的风景") == 0
    assert _counts(query, "吹着空调看美的雪") == 0
    assert _counts(query, "问了美的的售后") == 1


def _counts(block: str, text: str) -> int:
    brands = parse(block.encode(), DOCS.name).catalogue.brands
    return len(Analyser(brands, NoMoods(), tokenizer_named()).occurrences(text))


def test_there_is_an_example_of_each_kind_of_rule() -> None:
    rules = [rule for block in BLOCKS for rule in parse(block.encode(), "x").catalogue.rules]
    assert {rule.kind for rule in rules} == set(RuleKind)


@pytest.mark.parametrize("record", [*RULE_OF_KIND.values(), Condition, Silence, Holiday])
def test_every_key_is_told(record: type) -> None:
    told = set(re.findall(r"`([a-z_]+)`", RULES))
    assert set(record.__struct_fields__) - told == set()  # type: ignore[attr-defined]


def test_the_defaults_of_each_kind_are_those_of_the_code() -> None:
    rows = re.findall(r"\| `(\w+)` \| ([\d–]+) \| ([\d–]+) \| (\d+) \|", RULES)
    rules = {kind: RULE_OF_KIND[kind](id="r") for kind in RuleKind}
    assert rows == [
        (
            kind.value,
            str(getattr(rule, "min_posts", "–")),
            str(getattr(rule, "min_authors", "–")),
            str(rule.cool_down_min),
        )
        for kind, rule in rules.items()
    ]
    assert f"({InfluencerRule(id='r').min_reach:,})" in RULES
    assert f"Minutes without a post ({SilenceRule(id='r').within_min})" in RULES


@pytest.mark.parametrize("kind", list(RuleKind))
def test_the_table_of_keys_names_the_kinds_that_use_them(kind: RuleKind) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([a-z][a-z, ]*) \| \S", RULES, re.MULTILINE)
    kinds = {key: names for key, names in rows if key in unused_by_some()}
    assert kinds.keys() == unused_by_some()
    for key, names in kinds.items():
        excepted = names.partition("all but ")[2]
        is_named = kind.value not in excepted if excepted else kind.value in names.split(", ")
        assert is_named == (key not in unused_by(kind)), key


def unused_by_some() -> frozenset[str]:
    """Keys that not every kind uses."""
    return frozenset().union(*(unused_by(kind) for kind in RuleKind))
