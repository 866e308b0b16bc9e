"""Texts that are meant to take long: pieces repeated, alone and with others, up to full length.

Whatever compares one place of a text with another shows up here: it takes four times as long for a
text that is twice as long.
"""

import random
from collections.abc import Iterator, Sequence

from analysis import queries
from schemas.catalogue import Catalogue

MAX_TEXT = 20_000

SIGNS = (
    *"。！？!?；;…\n，, \u3000\t\0·-_.#＃@＠[]【】()（）<>&/:：%+~=\"'“”",
    *(
        "//",
        "//@",
        "//@a:",
        "//@某人：",
        " //@a",
        "http://",
        "https://t.cn/a",
        "www.",
        "t.cn/",
        "a.",
    ),
    *("[哈]", "[哈哈]", "#双十一#", "#a", "#a ", "##", "@某人 ", "@a", "回复@a:", "回覆@a"),
    *("👩‍👩‍👧‍👦", "😀", "🏳️‍🌈", "e\u0301", "\u200b", "\u202e", "İ", "ß", "ﷺ", "Ａ", "９", "￥"),
    *("<br>", "</p><p>", "<p", "<a href='", "&amp;", "&#", "&#x", "&lt", "&#0", "<", ">"),
    *(
        "的",
        "我",
        "好",
        "不",
        "呢",
        "吗",
        "却",
        "但是",
        "不过",
        "如何",
        "怎么样",
        "比",
        "不如",
        "比起",
    ),
    *("如果", "呵呵", "值得买吗", "多少钱", "而", "，但是", "。比"),
    *(
        "a",
        "b",
        "aa ",
        "app",
        "but ",
        "not ",
        "very ",
        "VERY ",
        "good ",
        "bad!",
        "the ",
        "I'm ",
        ":) ",
    ),
    *("1", "12", "a1", "13800138000", "1.", "1a", "第1遍", "5000元"),
    *(
        "关注",
        "转发",
        "评论",
        "抽奖",
        "抽",
        "送",
        "转发抽",
        "关注和转发",
        "关注+",
        "微信",
        "微信:",
        "qq ",
        "qq",
        "vx",
    ),
    *("日赚", "诚招", "代购", "亲", "需要的", "联系", "rt to win", "follow ", "giveaway", "1名"),
    *("スマホ", "の", "ッ", "삼성", "한", "蘋果", "發佈", "が"),
)


def vocabulary(catalogue: Catalogue) -> list[str]:
    """Names, words of contexts and queries of the catalogue, and signs."""
    found = dict.fromkeys(SIGNS)
    for brand in catalogue.brands:
        found |= dict.fromkeys((brand.name, *brand.aliases, *brand.accounts, *brand.campaigns))
        found |= dict.fromkeys((*brand.context.require, *brand.context.exclude))
        if brand.context.query:
            found |= dict.fromkeys(queries.words_of(queries.parse(brand.context.query)))
    for intent in catalogue.intents:
        found |= dict.fromkeys(queries.words_of(queries.parse(intent.query)))
    return [piece for piece in found if piece]


def ambiguous_names(catalogue: Catalogue) -> list[str]:
    """Names of which the text around them decides: those cost most."""
    return [name for brand in catalogue.brands for name in brand.ambiguous or brand.aliases[:1]]


def repeated(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def texts(catalogue: Catalogue, seed: int, length: int = MAX_TEXT) -> Iterator[str]:
    """Endless: blocks of repeated pieces, one after the other or mixed, of `length` code points."""
    rnd = random.Random(seed)
    words = vocabulary(catalogue)
    names = ambiguous_names(catalogue)
    while True:
        yield _text(rnd, words, names, length)


def _text(rnd: random.Random, words: Sequence[str], names: Sequence[str], length: int) -> str:
    def piece() -> str:
        source = rnd.choice((words, SIGNS, SIGNS, names))
        return "".join(rnd.choice(source) for _ in range(rnd.choice((1, 1, 2, 3))))

    shape = rnd.randrange(5)
    if shape == 0:  # one piece after the other, each many times
        blocks = rnd.randint(1, 4)
        return "".join(repeated(piece(), length // blocks) for _ in range(blocks))
    if shape == 1:  # a few pieces in turn
        return repeated("".join(piece() for _ in range(rnd.randint(2, 6))), length)
    if shape == 2:  # a name, and then the rest
        return (rnd.choice(names) + " " + repeated(piece(), length))[:length]
    if shape == 3:  # many different names, with something between
        between = rnd.choice(("", piece()))
        listed = rnd.sample(names, min(len(names), rnd.choice((10, 100, 1000))))
        return repeated(between.join(listed), length)
    few = [piece() for _ in range(rnd.randint(2, 5))]
    return "".join(rnd.choices(few, k=length))[:length]
