import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import brands as brands_module
from analysis.brands import Matcher, spellings
from analysis.tokens import Tokenizer, edges, tokenizer_named
from schemas.catalogue import Brand
from sources.words import fold

TOKENIZER: Tokenizer = tokenizer_named("rjieba")


def found(text: str, *aliases: str) -> list[str]:
    """What stands in the text, cut from it at the spans."""
    brands = [Brand(id=f"b{index}", name=alias) for index, alias in enumerate(aliases)]
    hits = Matcher(brands, TOKENIZER).find(text)
    return [] if hits is None else [text[start:end] for start, end, _ in hits.hits]


@pytest.mark.parametrize(
    ("text", "aliases", "expected"),
    [
        # Han: token edges
        ("小米手机不错", ["小米"], ["小米"]),  # between two tokens
        ("喝了小米粥", ["小米"], []),  # within a token
        ("全家人都来了", ["全家"], []),  # within another
        ("发扬光大", ["光大"], []),  # at the end of an idiom
        ("#小米#发布会", ["小米"], ["小米"]),  # a hashtag
        ("小米，华为，小米", ["小米", "华为"], ["小米", "华为", "小米"]),  # each time
        ("《小米》", ["小米"], ["小米"]),  # beside punctuation
        ("海底捞月", ["海底捞"], []),  # three characters need edges
        ("逛街喝茶颜悦色", ["茶颜悦色"], ["茶颜悦色"]),  # four do not
        ("开宝马车来的", ["宝马"], ["宝马"]),  # a token that says no more
        ("要不换回阿迪吧。", ["阿迪"], ["阿迪"]),  # a particle is no part of a name
        ("去楼下酒吧坐", ["楼下酒"], []),  # unless it is a bar
        # Latin and digits: word edges
        ("training", ["ai"], []),  # within a word
        ("AI is here", ["ai"], ["AI"]),  # case
        ("我的iPhone很好", ["iphone"], ["iPhone"]),  # Han on both sides
        ("ｉＰｈｏｎｅ", ["iPhone"], ["ｉＰｈｏｎｅ"]),  # width
        ("iPhone5S 好", ["iPhone"], ["iPhone"]),  # a long name and a number
        ("mi8 好", ["mi"], []),  # a short one needs an edge
        ("x_iphone", ["iphone"], []),  # within an identifier
        ("小米8很好", ["小米8"], ["小米8"]),  # mixed
        ("小米88很好", ["小米8"], []),  # within a number
        # separators
        ("iPhone15 和 iPhone-15", ["iPhone 15"], ["iPhone15", "iPhone-15"]),  # fewer and other
        ("喝coca cola", ["Coca-Cola"], ["coca cola"]),  # space for hyphen
        ("喝可口可乐", ["可口 可乐"], ["可口可乐"]),  # none for a space
        # masks
        ("@小米公司 好", ["小米"], []),  # a handle
        ("[小米]好", ["小米"], []),  # an emoticon
        ("http://xiaomi.com/a", ["xiaomi"], []),  # a link
        # overlaps
        ("小米之家很大", ["小米", "小米之家"], ["小米之家"]),  # the longest
        ("小米粥真香", ["小米", "小米粥"], ["小米粥"]),  # of another brand too
        ("中国好声音", ["国好", "好声音"], ["好声音"]),  # one that does not stand hides none
    ],
)
def test_aliases_are_found_where_they_stand_alone(
    text: str, aliases: list[str], expected: list[str]
) -> None:
    assert found(text, *aliases) == expected


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("小米", {"小米"}),  # Han without a gap
        ("iPhone", {"iphone"}),  # Latin without a gap
        ("7-11", {"7-11"}),  # numbers alone stay as they are
        ("S8", {"s8"}),  # one letter and a number stay together
    ],
)
def test_names_without_a_gap_have_one_spelling(alias: str, expected: set[str]) -> None:
    assert set(spellings(alias)) == expected


@pytest.mark.parametrize(
    ("alias", "most", "without"),
    [
        ("Mate20", {"mate20", "mate 20", "mate-20", "mate·20", "mate‑20", "mate—20"}, {"mate 2 0"}),
        ("a b c d", {"a b c d", "abcd", "a-b-c-d", "a·b·c·d", "a–b–c–d"}, {"a-b c d"}),  # all alike
        ("Coca-Cola", {"coca cola", "cocacola", "coca‐cola", "coca–cola", "coca\xa0cola"}, set()),
        ("McDonald's", {"mcdonald’s", "mcdonald‘s", "mcdonaldʼs", "mcdonalds"}, {"mcdonald s"}),
        ("L’Oréal", {"l'oreal", "l’oreal", "loreal"}, {"l'oréal"}),  # texts lose their accents too
        ("H&M", {"h&m", "h&amp;m", "h & m"}, {"hm"}),
        ("X's", {"x's", "x’s"}, {"xs"}),  # too short to do without
    ],
)
def test_a_name_has_the_spellings_that_people_type(
    alias: str, most: set[str], without: set[str]
) -> None:
    assert most <= set(spellings(alias))
    assert set(spellings(alias)).isdisjoint(without)


@pytest.mark.parametrize(
    ("alias", "text", "named"),
    [
        ("McDonald's", "去McDonald’s吃", "McDonald’s"),
        ("McDonald’s", "MCDONALDS真好吃", "MCDONALDS"),
        ("L'Oreal", "买了L’Oréal的口红", "L’Oréal"),
        ("L'Oréal", "LOREAL 好用", "LOREAL"),
        ("Nescafe", "一杯ＮＥＳＣＡＦÉ", "ＮＥＳＣＡＦÉ"),
        ("Nescafé", "一杯nescafe", "nescafe"),
        ("H&M", "逛H&amp;M去", "H&amp;M"),
        ("H&M", "逛Ｈ＆Ｍ去", "Ｈ＆Ｍ"),
        ("Coca-Cola", "Coca‑Cola好喝", "Coca‑Cola"),
        ("Coca Cola", "Coca—Cola好喝", "Coca—Cola"),
    ],
)
def test_spellings_are_found_where_they_stand_in_the_original(
    alias: str, text: str, named: str
) -> None:
    matcher = Matcher([Brand(id="a", name=alias)], TOKENIZER)
    found = matcher.find(text)
    assert found is not None
    assert [text[start:end] for start, end, _ in found.hits] == [named]


ALPHABET = st.sampled_from(
    ["小", "米", "粥", "手", "机", "a", "A", "Ａ", "i", "1", " ", "-", "@", "[", "]", "，", "İ"]
)


@given(
    st.text(ALPHABET, max_size=40),
    st.lists(st.sampled_from(["小米", "手机", "ai", "a1", "小米 手机", "米"]), unique=True),
)
def test_spans_point_at_the_alias_in_the_original(text: str, aliases: list[str]) -> None:
    matcher = Matcher([Brand(id=alias, name=alias) for alias in aliases], TOKENIZER)
    hits = matcher.find(text)
    end_before = 0
    for start, end, pattern in hits.hits if hits else ():
        assert end_before <= start < end <= len(text)
        assert fold(text[start:end]) == matcher.patterns[pattern]
        squeezed = fold(text[start:end]).replace(" ", "").replace("-", "")
        assert squeezed in {alias.replace(" ", "") for alias in aliases}
        end_before = end


def test_one_alias_may_name_two_brands() -> None:
    matcher = Matcher([Brand(id="a", name="苹果"), Brand(id="b", name="苹果")], TOKENIZER)
    assert [target.brand for target in matcher.targets[0]] == [0, 1]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("喝可口 可乐吗", (1, 6)),  # a space
        ("喝可口·可乐吗", (1, 6)),
        ("喝可😀口可乐吗", (1, 6)),  # an emoji
        ("喝可 口 可 乐吗", (1, 8)),
        ("喝可口，可乐吗", None),  # punctuation parts them
        ("喝可口     可乐吗", None),  # far apart
        ("我小 米饭", None),  # short names are not put together
    ],
)
def test_han_names_are_found_across_gaps(text: str, span: tuple[int, int] | None) -> None:
    matcher = Matcher([Brand(id="a", name="可口可乐", aliases=("小米",))], TOKENIZER)
    found = matcher.find(text)
    assert (None if found is None else tuple(found.hits[0][:2])) == span


NAMED = Matcher(
    [Brand(id=f"b{n}", name=name) for n, name in enumerate(("小米", "可口可乐", "iPhone", "全家"))],
    TOKENIZER,
)
PIECES = st.sampled_from(
    ["小米", "小", "米", "粥", "可口", " ", "·", "可乐", "iphone", "ｉPhone", "İ", "Σ", "\0", "\n"]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


@given(st.lists(TEXTS, max_size=8), st.integers(1, 30))
def test_many_texts_are_searched_as_each_is_alone(texts: list[str], joined: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(brands_module, "MAX_JOINED", joined)
        assert NAMED.find_many(texts) == [NAMED.find(text) for text in texts]


@given(
    st.lists(
        st.sampled_from(["小米", "小米粥", "全家", "全家人", "，", "\0", " ", "a-b", "喝了", "。"])
    )
)
def test_the_run_around_a_name_is_cut_as_the_whole_text_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    whole = edges(TOKENIZER.cut(text))
    runs = brands_module._Runs(text, TOKENIZER.cut)
    for start in range(len(text) - 1):
        for at in (start, start + 2):
            assert (at in runs.edges(start, start + 2)) == (at in whole)
