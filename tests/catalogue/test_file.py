"""Reading a catalogue file: every error has its line, its key and its mend."""

from pathlib import Path
from textwrap import dedent

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import yaml_reader as catalogue_yaml
from catalogue.file import CatalogueErrors, Finding, dump_definitions, examine, load, parse
from schemas.catalogue import Brand, Catalogue, Context, Definition
from schemas.rules import CrisisRule, SpikeRule
from tests.catalogue.broken_catalogues import ERRORS, WARNINGS

FILE = "my.yml"


@pytest.mark.parametrize(("content", "line", "key", "message"), ERRORS.values(), ids=ERRORS)
def test_an_error_has_its_line_its_key_and_its_mend(
    content: str, line: int, key: str, message: str
) -> None:
    errors = parse(content.encode(), FILE).errors
    assert any(_is(error, line, key, message) for error in errors), errors


@pytest.mark.parametrize(("content", "line", "key", "message"), ERRORS.values(), ids=ERRORS)
def test_one_mistake_is_told_once(content: str, line: int, key: str, message: str) -> None:
    """Where a key is misspelt, what it left missing is told as well; nothing else is."""
    others = [
        error
        for error in parse(content.encode(), FILE).errors
        if not _is(error, line, key, message)
        and "is missing" not in error.message
        and "unknown key" not in error.message
        and "parents go round" not in error.message
    ]
    assert others == []


@pytest.mark.parametrize(("content", "line", "key", "message"), WARNINGS.values(), ids=WARNINGS)
def test_a_doubtful_value_is_a_warning_and_no_error(
    content: str, line: int, key: str, message: str
) -> None:
    examined = parse(content.encode(), FILE)
    assert examined.errors == ()
    assert len(examined.warnings) == 1
    assert _is(examined.warnings[0], line, key, message), examined.warnings


def _is(found: Finding, line: int, key: str, message: str) -> bool:
    return (found.line, found.key) == (line, key) and message in found.message


def test_every_error_of_a_file_is_told_in_order_of_lines() -> None:
    content = dedent("""
        brands:
          - id: Mi
            name: 360
          - id: huawei
            name: 华为
            competitors: [mi]
        rules:
          - id: a
            kind: crisis
        """)
    with pytest.raises(CatalogueErrors) as caught:
        raise CatalogueErrors(parse(content.encode(), FILE).errors)
    assert str(caught.value).splitlines() == [
        (
            "my.yml:3: brands[0].id: 'Mi' is no id; use lower-case letters, digits and hyphens, "
            "such as 'mi'"
        ),
        'my.yml:4: brands[0].name: 360 is read as a number; put it in quotes: "360"',
        (
            "my.yml:7: brands[1].competitors[0]: 'mi' is the id of no brand here; write an id that "
            "stands under `brands:`"
        ),
        "my.yml:9: rules[0]: a rule of kind crisis needs words; add `words: [召回, …]`",
    ]


def test_a_file_in_order_becomes_the_records_it_says() -> None:
    content = dedent("""
        brands:
          - id: midea
            name: 美的
            aliases: [Midea, 美的集团]
            ambiguous: [美的]
            context:
              require: &trade [空调, 冰箱]
              exclude: [最美的]
              window: 12
            accounts: ["1234567890", 美的集团]
            trade: appliances
            competitors: [gree]
            department: brand-building
            as_written: true
          - id: gree
            name: 格力
            context: {require: *trade}
            parent: midea
            as_written: true
        rules:
          - {id: burst, kind: spike, brands: [gree], false_alerts_per_month: 2, min_posts: 5}
          - {id: fire, kind: crisis, words: [起火], min_authors: 2, resolve_after_min: 60}
        """)
    expected = Catalogue(
        brands=(
            Brand(
                id="midea",
                name="美的",
                aliases=("Midea", "美的集团"),
                ambiguous=("美的",),
                context=Context(require=("空调", "冰箱"), exclude=("最美的",), window=12),
                accounts=("1234567890", "美的集团"),
                trade="appliances",
                competitors=("gree",),
                department="brand-building",
            ),
            Brand(
                id="gree", name="格力", context=Context(require=("空调", "冰箱")), parent="midea"
            ),
        ),
        rules=(
            SpikeRule(
                id="burst",
                brands=("gree",),
                false_alerts_per_month=2.0,
                min_posts=5,
            ),
            CrisisRule(
                id="fire",
                words=("起火",),
                min_authors=2,
                resolve_after_min=60,
            ),
        ),
    )
    assert (expected, (), (), ()) == parse(content.encode(), FILE)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse(b"\xef\xbb\xbf" + "brands: [{id: mi, name: 小米}]".encode(), FILE).errors == ()


def test_bytes_of_another_encoding_are_named_with_their_line() -> None:
    content = b"brands:\n  - id: mi\n    name: " + "小米".encode("gb18030") + b"\n"
    (error, *_) = parse(content, FILE).errors  # 小 is D0 A1, which happens to be UTF-8 as well
    assert (error.line, error.message) == (3, "byte 0xc3 is not UTF-8; save the file as UTF-8")


def test_a_file_that_cannot_be_read_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(CatalogueErrors, match=r"absent\.yml: cannot be read: No such file"):
        load(tmp_path / "absent.yml")
    with pytest.raises(CatalogueErrors, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_is_loaded_or_refused_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "my.yml"
    file.write_text("brands: [{id: mi, name: 小米, as_written: true}]", encoding="utf-8")
    assert load(file).brands == (Brand(id="mi", name="小米"),)
    file.write_text("brands:\n  - {id: mi, name: 小米, aliases: [米]}\n", encoding="utf-8")
    with pytest.raises(
        CatalogueErrors, match=r"my\.yml:2: brands\[0\]\.aliases\[0\]: '米' has one"
    ):
        load(file)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    (error, *_) = parse(b"#" * ((16 << 20) + 1), FILE).errors
    assert "a catalogue has at most 16777216 bytes" in error.message


def test_anchors_that_multiply_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five million words from some kB: each brand refers to the same list."""
    monkeypatch.setattr(catalogue_yaml, "MAX_EXPANDED", 20_000)
    words = "[" + ", ".join(f"词{number}" for number in range(1000)) + "]"
    content = f"brands:\n  - &one {{id: a, name: 甲乙, aliases: {words}}}\n" + "  - *one\n" * 5000
    errors = parse(content.encode(), FILE).errors
    assert any("anchors add more than 20000 values" in error.message for error in errors)


def test_an_anchor_within_itself_ends() -> None:
    assert parse(b"brands: &a [*a]\n", FILE).errors
    assert parse(b"brands:\n  - &a {id: x, name: ab, aliases: &b [*b]}\n", FILE).errors


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    assert parse(b"[" * 100_000, FILE).errors
    assert parse(b"brands: " + b"[" * 900 + b"]" * 900, FILE).errors


@given(st.binary(max_size=200))
def test_any_bytes_are_a_catalogue_or_an_error(content: bytes) -> None:
    examined = parse(content, FILE)
    assert examined.catalogue.brands or examined.errors


_word = st.sampled_from(["id", "name", "小米", "no", "360", "[a]", "{a: b}", "", "2011-1-1", "*x"])
_line = st.tuples(st.sampled_from(["", "  ", "  - ", "    "]), _word, _word).map(
    lambda parts: f"{parts[0]}{parts[1]}: {parts[2]}"
)


@given(st.lists(_line, max_size=8).map("\n".join))
def test_any_lines_are_a_catalogue_or_errors_within_the_file(content: str) -> None:
    examined = parse(f"brands:\n{content}".encode(), FILE)
    assert examined.catalogue.brands or examined.errors
    assert all(0 <= error.line <= content.count("\n") + 2 for error in examined.errors)


def test_definitions_are_dumped_with_key_and_tag() -> None:
    catalogue = Catalogue(brands=(Brand(id="mi", name="小米"),), rules=(SpikeRule(id="burst"),))
    assert list(dump_definitions(catalogue)) == [
        (b"brand:mi", '{"type":"brand","id":"mi","name":"小米"}'.encode()),
        (b"rule:burst", b'{"type":"rule/spike","id":"burst"}'),
    ]


def test_what_is_dumped_decodes_to_the_same() -> None:
    brand = Brand(id="mi", name="小米", context=Context(require=("手机",)), parent="x")
    catalogue = Catalogue(brands=(brand,))
    values = [
        msgspec.json.decode(value, type=Definition) for _, value in dump_definitions(catalogue)
    ]
    assert values == [brand]


def test_examining_never_raises(tmp_path: Path) -> None:
    assert examine(tmp_path / "absent.yml").errors[0].line == 0


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("    context: {query: 空调 AND )}", "my.yml:4:29", "`AND`"),
        ('    context: {query: "空调 AND )"}', "my.yml:4:30", "(character 8)"),
        ("    context:\n      query: (空调 OR", "my.yml:5:20", "a word is missing"),
        ('    context: {query: "空\\u8c03 )"}', "my.yml:4:", "(character 4)"),  # escapes: the line
    ],
)
def test_an_error_in_a_query_names_its_column(line: str, place: str, words: str) -> None:
    text = f"brands:\n  - id: midea\n    name: 美的\n{line}\n"
    found = parse(text.encode(), "my.yml")
    query = [str(error) for error in found.errors if "query" in error.key]
    assert len(query) == 1
    assert query[0].startswith(place)
    assert words in query[0]


def test_intents_are_read_and_checked() -> None:
    good = "brands: [{id: a, name: 小米}]\nrules: [{id: s, kind: spike}]\nintents:\n"
    found = parse(
        f"{good}  - {{id: wish, objective: social-sales, query: 想买}}\n".encode(), "my.yml"
    )
    assert found.errors == ()
    assert [intent.id for intent in found.catalogue.intents] == ["wish"]
    for line, words in (
        ("{id: wish, objective: sales, query: 想买}", "social-sales"),
        ("{id: wish, objective: social-sales}", "query of wish is missing"),
        ("{id: wish, objective: social-sales, query: NOT 想买}", "holds of nearly every text"),
        ("{id: Wish, objective: social-sales, query: 想买}", "is no id"),
    ):
        errors = parse(f"{good}  - {line}\n".encode(), "my.yml").errors
        assert any(words in str(error) for error in errors), errors


def test_confidence_and_campaigns_have_limits() -> None:
    text = "brands: [{id: a, name: 小米, min_confidence: 2, campaigns: [节]}]"
    errors = [str(error) for error in parse(text.encode(), "my.yml").errors]
    assert any("is not from 0 to 1" in error for error in errors)
    assert any("too short for a hashtag" in error for error in errors)
