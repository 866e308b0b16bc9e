"""What the shipped catalogue knows of a name serves a brand of one's own."""

import msgspec
import pytest

from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from catalogue.file import SHIPPED, known_names, load, parse
from catalogue.known_names import KnownNames
from schemas.catalogue import Brand, Context
from tests.catalogue.test_shipped import NoMoods

KNOWN = KnownNames(
    [
        Brand(
            id="xiaomi",
            name="小米",
            aliases=("MIUI", "米家"),
            ambiguous=("小米", "米家"),
            context=Context(require=("手机", "雷军"), exclude=("小米粥", "红枣"), window=20),
            min_confidence=0.7,
            trade="phones",
        ),
        Brand(id="oppo", name="OPPO", trade="phones"),
        Brand(id="midea", name="美的", ambiguous=("美的",), trade="appliances"),
        Brand(id="farm", name="小米农场", trade="food"),
    ]
)
MI = Brand(id="mi", name="小米")
LENT = Context(require=("手机", "雷军"), exclude=("小米粥", "红枣"), window=20)


def complete(brand: Brand, *given: str) -> Brand:
    return KNOWN.complete(brand, {"id", "name", *given}).brand


def test_a_bare_name_gets_all_that_is_known_of_it() -> None:
    expected = Brand(
        id="mi", name="小米", ambiguous=("小米",), context=LENT, min_confidence=0.7, trade="phones"
    )
    assert complete(MI) == expected
    assert KNOWN.complete(MI, set()).known_as == "xiaomi"
    assert KNOWN.complete(MI, set()).added == ("ambiguous", "context", "min_confidence", "trade")


def test_traditional_characters_and_case_do_not_matter() -> None:
    assert complete(Brand(id="m", name="Oppo")).trade == "phones"
    lenovo = KnownNames([Brand(id="lenovo", name="联想", ambiguous=("联想",), trade="computers")])
    assert lenovo.complete(Brand(id="l", name="聯想"), set()).brand.ambiguous == ("聯想",)


def test_a_sure_name_lends_its_trade_alone() -> None:
    assert complete(Brand(id="o", name="OPPO")) == Brand(id="o", name="OPPO", trade="phones")


TV = KnownNames(
    [
        Brand(
            id="tv",
            name="长虹",
            aliases=("长虹电器", "Changhong"),
            ambiguous=("长虹",),
            context=Context(exclude=("气贯长虹",)),
            min_confidence=0.6,
        )
    ]
)


def test_sure_names_that_go_on_from_a_name_are_names_too() -> None:
    assert TV.complete(Brand(id="a", name="长虹"), set()).brand.aliases == ("长虹电器",)
    with_alias = Brand(id="a", name="长虹", aliases=("長虹電器",))
    assert TV.complete(with_alias, set()).brand.aliases == ("長虹電器",)
    assert TV.complete(Brand(id="a", name="长虹"), set(), {"长虹电器"}).brand.aliases == ()
    assert TV.complete(Brand(id="a", name="Changhong"), set()).brand.aliases == ()


def test_names_of_another_brand_of_the_catalogue_stay_its_own() -> None:
    text = "brands: [{id: fruit, name: 苹果}, {id: phones, name: 苹果手机}]"
    fruit, phones = parse(text.encode(), "my.yml").catalogue.brands
    assert "苹果公司" in fruit.aliases
    assert "苹果手机" not in fruit.aliases
    assert phones.name == "苹果手机"


def test_required_words_do_not_keep_out_a_name_that_is_trusted() -> None:
    """What its author requires came to mind; who names the words that decide means them."""
    context = Context(require=("电视",))
    brand = Brand(id="a", name="长虹", context=context)
    assert TV.complete(brand, {"context"}).brand.min_confidence == 0
    assert TV.complete(brand, {"context", "min_confidence"}).brand.min_confidence == 0.5
    strict = msgspec.structs.replace(brand, ambiguous=("长虹",))
    assert TV.complete(strict, {"context", "ambiguous"}).brand.min_confidence == 0.6
    assert complete(Brand(id="mi", name="小米", context=context)).min_confidence == 0.7


def test_a_company_by_its_full_name_is_found_where_the_short_one_is_known() -> None:
    brands = parse((MINE % "").encode(), "my.yml").catalogue.brands
    analyser = Analyser(brands, NoMoods(), tokenizer_named())
    assert {name.brand for name in analyser.occurrences("苹果公司真的不错")} == {"fruit"}


def test_a_name_that_nobody_knows_stays_as_it_is() -> None:
    brand = Brand(id="x", name="老干妈", aliases=("小米辣",))
    assert KNOWN.complete(brand, set()) == (brand, "", ())


def test_words_of_the_author_come_first_and_win() -> None:
    own = Context(require=("红枣", "手机"), exclude=("雷军",), window=9)
    brand = complete(msgspec.structs.replace(MI, context=own))
    assert brand.context == Context(require=("红枣", "手机"), exclude=("雷军", "小米粥"), window=9)


def test_of_names_under_a_context_those_that_are_known_to_be_sure_are_sure() -> None:
    own = Brand(id="mi", name="小米", aliases=("MIUI", "小米X"), context=Context(require=("屏幕",)))
    assert complete(own).ambiguous == ("小米", "小米X")


def test_what_the_author_calls_ambiguous_is() -> None:
    own = Brand(id="mi", name="小米", aliases=("MIUI",), ambiguous=("小米", "MIUI"), trade="phones")
    assert complete(own).ambiguous == ("小米", "MIUI")
    assert complete(own).context == LENT
    sure = Brand(id="mi", name="MIUI", ambiguous=("MIUI",), trade="phones")
    assert complete(sure) == sure


def test_a_given_confidence_and_a_given_trade_stay() -> None:
    own = msgspec.structs.replace(MI, trade="telephones")
    assert complete(own, "min_confidence", "trade").min_confidence == 0.5
    assert complete(own, "trade").trade == "telephones"
    assert complete(own, "trade").context == LENT


def test_a_brand_of_another_known_trade_is_somebody_else() -> None:
    millet = msgspec.structs.replace(MI, trade="food")
    assert complete(millet, "trade") == millet


def test_a_query_decides_alone() -> None:
    own = msgspec.structs.replace(MI, context=Context(query="小米 AND 手机"))
    assert complete(own) == msgspec.structs.replace(own, trade="phones")


def test_excluded_words_that_stand_in_a_name_are_left_out() -> None:
    own = Brand(id="mi", name="小米", aliases=("小米粥铺",), ambiguous=("小米", "小米粥铺"))
    assert complete(own).context.exclude == ("红枣",)


def test_the_brand_with_more_names_in_common_is_meant() -> None:
    known = KnownNames(
        [
            Brand(id="a", name="光明", aliases=("莫斯利安",), trade="dairy"),
            Brand(id="b", name="光明", aliases=("光明地产",), trade="property"),
        ]
    )
    for alias, trade in (("莫斯利安", "dairy"), ("光明地产", "property")):
        brand = Brand(id="x", name="光明", aliases=(alias,))
        assert known.complete(brand, set()).brand.trade == trade


def test_the_shipped_brands_are_complete() -> None:
    for brand in load(SHIPPED).brands:
        assert known_names().complete(brand, {"min_confidence"}).added == (), brand.id


MINE = "brands: [{id: mi, name: 小米}, {id: fruit, name: 苹果%s}]\nrules: [{id: a, kind: spike}]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("早上喝了小米粥", set()),
        ("小米加点红枣煮着喝", set()),
        ("小米发布会开始了", {"mi"}),
        ("要不是客服态度好，我早就退了小米", {"mi"}),
        ("一斤苹果，好吃", set()),
        ("苹果的系统真好", {"fruit"}),
    ],
)
def test_a_catalogue_of_bare_names_tells_brands_from_words(text: str, found: set[str]) -> None:
    brands = parse((MINE % "").encode(), "my.yml").catalogue.brands
    analyser = Analyser(brands, NoMoods(), tokenizer_named())
    assert {name.brand for name in analyser.occurrences(text)} == found


def test_as_written_does_without() -> None:
    examined = parse((MINE % ", as_written: true").encode(), "my.yml")
    assert examined.errors == ()
    assert examined.catalogue.brands[1] == Brand(id="fruit", name="苹果")
    assert [note.key for note in examined.notes if note.key] == ["brands[0]"]
    (error,) = parse((MINE % ", as_written: maybe").encode(), "my.yml").errors
    assert "maybe is neither true nor false" in error.message


@pytest.mark.parametrize(
    ("name", "aliases", "told"),
    [
        ("小米", "[MIUI, 红米]", []),
        ("华为", "[華為]", ["'華為' is found by '华为' already"]),
        ("某品牌", "[iPhone15, iPhone 15]", ["'iPhone 15' is found by 'iPhone15' already"]),
        ("某品牌", "[Lay's, Lays, Lay’s]", ["'Lays' is found by \"Lay's\"", "'Lay’s' is found by"]),
        ("Nescafe", "[Nescafé]", ["'Nescafé' is found by 'Nescafe' already"]),
        ("H&M", "[H&amp;M]", ["'H&amp;M' is found by 'H&M' already"]),
    ],
)
def test_an_alias_that_another_spelling_finds_is_told(
    name: str, aliases: str, told: list[str]
) -> None:
    content = f"brands: [{{id: x, name: '{name}', aliases: {aliases}}}]"
    notes = [note for note in parse(content.encode(), "x").notes if "aliases" in note.key]
    assert [note.message[: len(start)] for note, start in zip(notes, told, strict=True)] == told
