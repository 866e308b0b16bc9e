"""What a post mentions, under small catalogues. The model here says what a test tells it to."""

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.pipeline import Analyser
from analysis.tokens import Tokenizer, tokenizer_named
from schemas.catalogue import Brand, Context, Intent
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign
from schemas.post import Author, Post, PostEvent, Quoted, Source
from sources.parsing import parse
from sources.words import fold

TOKENIZER: Tokenizer = tokenizer_named("rjieba")
AT_MS = 1_306_835_215_000


class Mood(msgspec.Struct, frozen=True):
    polarity: Polarity
    score: float


class GoodAndBad:
    """The first 好 or 差 after a brand is what is said about it."""

    def score(self, text: str) -> Mood:
        at = [(text.find(word), word) for word in "好差" if word in text]
        if not at:
            return Mood(Polarity.NEUTRAL, 0.0)
        return Mood(
            *((Polarity.POSITIVE, 0.8) if min(at)[1] == "好" else (Polarity.NEGATIVE, -0.5))
        )

    def towards(self, text: str, start: int, end: int, rivals: object = ()) -> Mood:
        return self.score(text[end:])


XIAOMI = Brand(
    id="xiaomi",
    name="小米",
    aliases=("Xiaomi", "红米 Note"),
    ambiguous=("小米",),
    context=Context(require=("手机", "雷军"), exclude=("粥", "煮"), window=10),
    accounts=("小米公司", "1771925961"),
)
HUAWEI = Brand(id="huawei", name="华为")
MEIDI = Brand(id="midea", name="美的", context=Context(require=("空调",)))
BRANDS = (XIAOMI, HUAWEI, MEIDI)
ANALYSER = Analyser(BRANDS, GoodAndBad(), TOKENIZER)


def post_of(text: str, quoted: str | None = None, **changes: Any) -> Post:
    post = Post(
        source=Source.WEIBO,
        id="1",
        text=text,
        event_time_ms=AT_MS,
        author=Author("7", "zaku", 1204),
        is_repost=quoted is not None,
        quoted=None if quoted is None else Quoted("2", quoted),
    )
    return msgspec.structs.replace(post, **changes)


def mentions(text: str, quoted: str | None = None, **changes: Any) -> list[Mention]:
    return ANALYSER.mentions(post_of(text, quoted, **changes), 3, 42)


def named(text: str, quoted: str | None = None) -> list[str]:
    return [mention.brand for mention in mentions(text, quoted)]


@pytest.mark.parametrize(
    ("text", "quoted", "expected"),
    [
        ("华为不错", None, ["huawei"]),  # own words
        ("转发微博", "华为不错", ["huawei"]),  # the quoted original
        ("看看//@甲:华为不错", None, ["huawei"]),  # the chain
        ("华为和华为", "华为", ["huawei"]),  # one mention for a brand in a post
        ("华为和小米手机", None, ["huawei", "xiaomi"]),  # several, by id
        ("小米手机", "华为", ["huawei", "xiaomi"]),  # one from each part
        ("@华为 你好", None, []),  # a handle
        ("没有品牌", "也没有", []),  # nothing
        # context
        ("小米真好", None, []),  # ambiguous, and nothing decides
        ("小米手机", None, ["xiaomi"]),  # a required word near
        ("小米煮粥", None, []),  # an excluded one
        ("小米。一二三四五六七八九十手机", None, []),  # a required word too far away
        ("小米真好", "雷军发布会", ["xiaomi"]),  # a required word in the quote
        ("小米真好", "新手機發佈會", ["xiaomi"]),  # in traditional characters
        ("小米真好", "小米手机", ["xiaomi"]),  # the brand in the quote
        ("小米真好，就买xiaomi", None, ["xiaomi"]),  # an alias that is sure
        ("Xiaomi", None, ["xiaomi"]),  # not ambiguous
        ("美的人生", None, []),  # the adjective
        ("美的空调", None, ["midea"]),  # the brand
        ("红米Note好", None, ["xiaomi"]),  # another separator
    ],
)
def test_posts_mention_the_brands_they_name(
    text: str, quoted: str | None, expected: list[str]
) -> None:
    assert named(text, quoted) == expected


def test_one_sure_occurrence_carries_the_others_but_no_excluded_one() -> None:
    text = "小米手机。一二三四五六七八九十，小米好。一二三四五六七八九十，煮小米"
    (mention,) = mentions(text)
    assert [text[span.start : span.end] for span in mention.spans] == ["小米", "小米"]
    assert [span.start for span in mention.spans] == [0, 16]


def test_a_mention_carries_its_post() -> None:
    text = "华为手机好漂亮 #新品#"
    (mention,) = mentions(text)
    assert (mention.brand, mention.partition, mention.offset) == ("huawei", 3, 42)
    assert (mention.event_time_ms, mention.post, mention.source) == (AT_MS, "1", "weibo")
    assert (mention.author, mention.reach, mention.text) == ("7", 1204, text)
    assert [(span.start, span.end, span.alias) for span in mention.spans] == [(0, 2, "华为")]
    assert mention.terms == ("手机", "漂亮", "#新品")
    assert (mention.polarity, mention.sentiment_milli) == (Polarity.POSITIVE, 800)
    assert mention.channel is Channel.EARNED


@pytest.mark.parametrize(
    ("text", "polarity", "milli"),
    [
        ("华为好", Polarity.POSITIVE, 800),  # one clause
        ("华为差", Polarity.NEGATIVE, -500),  # the other way
        ("华为好，华为差", Polarity.POSITIVE, 150),  # their mean: (800 - 500) / 2
        ("转发//@甲:华为差", Polarity.NEUTRAL, 0),  # the chain carries no mood
        ("差//@甲:华为差", Polarity.NEUTRAL, 0),  # nor does it lend any
    ],
)
def test_sentiment_is_that_of_own_words_towards_the_brand(
    text: str, polarity: Polarity, milli: int
) -> None:
    (mention,) = mentions(text)
    assert (mention.polarity, mention.sentiment_milli) == (polarity, milli)


def test_a_brand_in_the_quote_alone_is_volume_without_mood_or_spans() -> None:
    (mention,) = mentions("真差", "华为好")
    assert (mention.polarity, mention.sentiment_milli, mention.spans) == (Polarity.NEUTRAL, 0, ())
    assert mention.is_repost
    assert mention.text == "真差"


@pytest.mark.parametrize(
    ("text", "changes", "channel"),
    [
        ("小米手机", {"author": Author("9", "小米公司")}, Channel.OWNED),  # by name
        ("小米手机", {"author": Author("1771925961", "x")}, Channel.OWNED),  # by id
        ("小米手机 #广告#", {}, Channel.PAID),  # a hashtag
        ("小米手机【广告】", {}, Channel.PAID),  # a label
        ("小米手机 [广告]", {}, Channel.PAID),  # another
        ("小米手机 #ad", {}, Channel.PAID),  # in English
        ("小米手机 #adidas", {}, Channel.EARNED),  # no advertising
        ("小米手机的广告", {}, Channel.EARNED),  # talk about it
        ("小米手机//@甲:#广告#", {}, Channel.EARNED),  # somebody else's mark
    ],
)
def test_channels_tell_whose_voice_it_is(
    text: str, changes: dict[str, Any], channel: Channel
) -> None:
    assert mentions(text, **changes)[0].channel is channel


def test_copies_share_their_hash() -> None:
    def hashed(text: str, quoted: str | None = None) -> int:
        return mentions(text, quoted)[0].text_hash

    assert hashed("华为真好！ http://t.cn/1") == hashed("华为真好 @甲 http://t.cn/2")
    assert hashed("华为真好") != hashed("华为真差")
    assert hashed("转发微博", "华为真好") == hashed("[赞]", "华为 真好！") == hashed("华为真好")


def test_samples_are_own_words_of_at_most_140_code_points() -> None:
    (mention,) = mentions("华为" + "好" * 200 + "//@甲:转")
    assert mention.text == "华为" + "好" * 138
    assert mentions("转发微博", "华为")[0].text == ""


def test_deletions_mention_nothing() -> None:
    assert mentions("华为", event=PostEvent.DELETE) == []


def test_an_alias_of_two_brands_mentions_both() -> None:
    both = Analyser(
        [Brand(id="b", name="苹果"), Brand(id="a", name="苹果")], GoodAndBad(), TOKENIZER
    )
    assert [mention.brand for mention in both.mentions(post_of("苹果"), 0, 0)] == ["a", "b"]


def test_without_brands_nothing_is_mentioned() -> None:
    assert Analyser([], GoodAndBad(), TOKENIZER).mentions(post_of("华为 ＡＢＣ"), 0, 0) == []


PIECES = (
    "小米 手机 华为 煮 粥 美的 空调 Xiaomi ｘｉａｏｍｉ 好 差 ， 。 @小米 [小米] //@甲: #小米# "
    "http://t.cn/a 转发微博 红米-note"
)
TEXTS = st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=14).map("".join)
POSTS = st.builds(post_of, TEXTS, st.none() | TEXTS)


@given(st.lists(POSTS, max_size=6), st.randoms(use_true_random=False))
def test_mentions_depend_on_nothing_but_the_post(posts: list[Post], random: Random) -> None:
    offsets = range(len(posts))
    one_by_one = [
        ANALYSER.mentions(post, 0, offset) for post, offset in zip(posts, offsets, strict=True)
    ]
    assert ANALYSER.mentions_many(posts, 0, offsets) == one_by_one
    fresh = Analyser(BRANDS[::-1], GoodAndBad(), TOKENIZER)
    order = list(offsets)
    random.shuffle(order)
    for offset in order:
        assert fresh.mentions(posts[offset], 0, offset) == one_by_one[offset]


@given(POSTS)
def test_spans_hold_the_alias(post: Post) -> None:
    for mention in ANALYSER.mentions(post, 0, 0):
        for span in mention.spans:
            there = fold(post.text[span.start : span.end])
            assert there.replace("-", " ") == fold(span.alias)


@given(st.text(), st.none() | st.text())
def test_no_text_breaks_the_analysis(text: str, quoted: str | None) -> None:
    ANALYSER.mentions(post_of(text, quoted), 0, 0)
    ANALYSER.analyse(text)


def test_a_text_of_one_name_gives_a_mention_of_bounded_size() -> None:
    (mention,) = mentions("小米手机" * 5_000)
    assert len(mention.spans) == 16
    assert len(mention.text) == 140


def test_every_occurrence_is_shown() -> None:
    text = "华为好，小米手机差//@甲:华为"
    analysis = ANALYSER.analyse(text)
    assert [(each.brand, each.start, each.polarity.value) for each in analysis.occurrences] == [
        ("huawei", 0, "positive"),
        ("xiaomi", 4, "negative"),
        ("huawei", 14, "neutral"),
    ]
    assert (analysis.own_words, analysis.polarity) == ("华为好，小米手机差", Polarity.POSITIVE)
    assert "".join(analysis.tokens) == text
    assert json.loads(msgspec.json.encode(analysis))["occurrences"][0]["alias"] == "华为"


def test_both_tokenizers_find_nearly_the_same_in_real_posts(shared_data: Path) -> None:
    """Brands of real statuses; F1 of the two engines' mentions. 1.0 was seen over 440."""
    with gzip.open(shared_data / "brands" / "nsi_brands_zh.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    brands = [Brand(id=row["qid"], name=row["canonical"], aliases=tuple(row["zh"])) for row in rows]
    fast = Analyser(brands, GoodAndBad(), TOKENIZER)
    reference = Analyser(brands, GoodAndBad(), tokenizer_named("jieba"))
    found: list[set[tuple[int, str]]] = [set(), set()]
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as lines:
        for index, line in enumerate(lines):
            if index % 20 == 0:
                post = parse("weibo", line, 1_700_000_000_000)
                for analyser, names in zip((fast, reference), found, strict=True):
                    names.update((index, each.brand) for each in analyser.mentions(post, 0, index))
    assert len(found[1]) > 100
    assert 2 * len(found[0] & found[1]) / (len(found[0]) + len(found[1])) > 0.99


PARENT = Brand(id="mi", name="小米科技", campaigns=("小米节",), accounts=("小米公司",))
CHILD = Brand(id="redmi", name="红米手机", parent="mi")
GRANDCHILD = Brand(id="note", name="红米Note", parent="redmi")
FAMILY = Analyser(
    [PARENT, CHILD, GRANDCHILD, HUAWEI],
    GoodAndBad(),
    TOKENIZER,
    [Intent(id="wish", objective=Objective.SOCIAL_SALES, query="想买")],
)


def family(text: str, quoted: str | None = None, **changes: Any) -> dict[str, Mention]:
    found = FAMILY.mentions(post_of(text, quoted, **changes), 0, 0)
    return {mention.brand: mention for mention in found}


def test_what_names_a_product_counts_for_its_brands_too() -> None:
    found = family("红米Note好")
    assert {brand: mention.product for brand, mention in found.items()} == {
        "note": "",
        "redmi": "note",
        "mi": "note",
    }
    assert {mention.sentiment_milli for mention in found.values()} == {800}
    assert family("红米Note好，小米科技")["mi"].product == ""  # named itself
    through = family("红米Note好", "小米科技")["mi"]  # itself in the quote alone
    assert (through.product, through.place) == ("note", Place.OWN)
    assert family("转发微博", "红米手机")["mi"].place is Place.QUOTED


def test_what_is_said_of_a_product_is_no_rival_of_its_brand() -> None:
    assert family("小米科技的红米手机好，华为差")["mi"].sentiment_milli > 0


@pytest.mark.parametrize(
    ("text", "brand", "is_address"),
    [
        ("@小米公司 手机差", "mi", True),  # to the brand's account
        ("回复@小米公司:好", "mi", True),  # an answer to it
        ("小米科技好", "mi", False),  # about it
    ],
)
def test_a_handle_of_a_brand_in_own_words_is_an_address(
    text: str, brand: str, is_address: bool
) -> None:
    mention = family(text)[brand]
    assert (mention.is_address, mention.place) == (is_address, Place.OWN)


def test_a_handle_in_the_chain_says_who_wrote_there() -> None:
    assert family("好看//@小米公司:新品") == {}


def test_a_mood_is_heard_in_what_is_addressed() -> None:
    assert family("@小米公司 手机差")["mi"].polarity is Polarity.NEGATIVE


def test_a_tag_of_a_campaign_names_the_brand_and_is_paid() -> None:
    assert family("#小米节# 抢到了")["mi"].channel is Channel.PAID
    assert family("小米节抢到了") == {}


@pytest.mark.parametrize(
    ("text", "quoted", "place"),
    [
        ("华为好", None, Place.OWN),
        ("华为好//@甲:华为", "华为", Place.OWN),
        ("好//@甲:华为好", "华为", Place.CHAIN),
        ("好", "华为好", Place.QUOTED),
    ],
)
def test_the_place_nearest_to_the_author_counts(
    text: str, quoted: str | None, place: Place
) -> None:
    mention = family(text, quoted)["huawei"]
    assert mention.place is place
    assert (mention.sentiment_milli == 0) == (place is not Place.OWN)


@pytest.mark.parametrize(
    ("text", "quoted", "card", "place"),
    [
        ("看看", None, "华为发布会", Place.CARD),
        ("", None, "华为好", Place.CARD),
        ("好", "华为", "华为差", Place.CARD),  # the author chose the card, and wrote no quote
        ("好//@甲:华为", None, "华为", Place.CHAIN),
        ("华为好", None, "华为差", Place.OWN),
        ("好", "华为", "小狗", Place.QUOTED),
    ],
)
def test_what_a_card_names_is_an_exposure(
    text: str, quoted: str | None, card: str, place: Place
) -> None:
    mention = family(text, quoted, card=card)["huawei"]
    assert mention.place is place
    assert (mention.sentiment_milli != 0) == (place is Place.OWN)
    assert bool(mention.spans) == (place in (Place.OWN, Place.CHAIN))


def test_a_card_tells_what_an_ambiguous_name_in_the_text_means() -> None:
    assert mentions("小米不错") == []
    assert [mention.brand for mention in mentions("小米不错", card="雷军谈手机")] == ["xiaomi"]


def test_a_product_in_a_card_counts_for_its_brand_there() -> None:
    found = family("看看", card="红米手机")
    assert (found["mi"].place, found["mi"].product) == (Place.CARD, "redmi")


def test_posts_without_words_are_copies_where_they_show_the_same_card() -> None:
    hashes = [family("", card=card)["huawei"].text_hash for card in ("华为", "华为", "华为好")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_intents_signs_and_language_are_those_of_own_words() -> None:
    found = family("想买华为//@甲:转发抽奖送手机")["huawei"]
    assert (found.intents, found.spam, found.language) == ((Objective.SOCIAL_SALES,), (), "zh")
    found = family("好看//@甲:想买华为")["huawei"]
    assert found.intents == ()
    assert family("转发微博", "华为转发抽奖")["huawei"].spam == (SpamSign.GIVEAWAY,)
    assert family("i love 华为".replace("华为", "huawei"), "华为")["huawei"].language == "en"


FILLER = "岁月不语；我们都在路上……愿你安好、有些人走着走着就散了：别回头！#华为# 扬州·和平小区"


def test_filler_is_a_sign_of_its_own() -> None:
    [found] = mentions(FILLER, app="皮皮时光机")
    assert found.spam == (SpamSign.BOT, SpamSign.FILLER)
    assert ANALYSER.analyse(FILLER).spam == [SpamSign.FILLER]
    assert mentions("华为手机真好用")[0].spam == ()


def test_filler_is_sought_in_own_words_alone() -> None:
    chain = f"说得真对 //@小王:{FILLER}"
    for text, quoted in (("转发微博", FILLER), (chain, None), ("好", FILLER)):
        assert mentions(text, quoted)[0].spam == ()
    assert mentions(f"{FILLER} //@小王:转")[0].spam == (SpamSign.FILLER,)
    assert ANALYSER.analyse("转发微博").spam == []


def test_each_post_of_a_batch_gets_its_own_signs() -> None:
    posts = [post_of(text) for text in ("华为好", FILLER, "没有牌子", "huawei great", FILLER)]
    signs = [[m.spam for m in found] for found in ANALYSER.mentions_many(posts, 0, range(5))]
    filler = (SpamSign.FILLER,)
    assert signs == [[()], [filler], [], [m.spam for m in mentions("huawei great")], [filler]]


def test_an_edit_says_that_it_is_one() -> None:
    assert family("华为", event=PostEvent.EDIT, edit=1)["huawei"].is_edit
    assert not family("华为")["huawei"].is_edit


def test_traditional_posts_name_the_same_brands() -> None:
    assert family("華為好")["huawei"].text == "華為好"
