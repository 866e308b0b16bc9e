"""How many posts of spam accounts are marked, and how many of everybody else's."""

import gzip
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from analysis import filler, spam
from analysis.han_forms import simplified
from analysis.shipped import analyser_of
from analysis.training.filler import (
    TEST_PARTS,
    Posts,
    at_false_alarms,
    elsewhere,
    is_learned_elsewhere,
    learn,
    marked,
    own_words,
    read_posts,
    tags_and_places,
)
from analysis.training.senses import texts_of
from catalogue.file import SHIPPED, load
from schemas.mention import Mention, SpamSign
from sources import words
from sources.parsing import parse

ELSEWHERE = (
    "smp_usual_train3",
    "smp_virus_train3",
    "w18_train",
    "ws_train_stripped",
    "shop_train",
    "htl_train",
    "car_train3",
)
"""Sets that the model learns a part of, beside the statuses."""
EVERYDAY = ("smp_usual_eval3", "smp_virus_eval3", *ELSEWHERE[2:])
FOLDS = 5
_BATCH = 500
_RECEIVED_MS = 1_700_000_000_000

Flags = NDArray[np.bool_]


class Result(NamedTuple):
    """Shares of posts that a system marks."""

    data: str
    system: str
    posts: int
    marked: int


def results(folder: Path) -> Iterator[Result]:
    """Posts of accounts that were not learned, then what people write elsewhere."""
    posts = read_posts(folder / "spam" / "posts.tsv.gz")
    files = [folder / "stream" / "weibo_statuses.ndjson.gz"]
    files += [folder / "sentiment" / f"{name}.tsv.gz" for name in ELSEWHERE]
    others = list(elsewhere(files))
    test = np.isin(posts.parts(), TEST_PARTS)
    yield from _of_accounts("test accounts", posts, [test], others)
    folds = [posts.parts() % FOLDS == number for number in range(FOLDS)]
    yield from _of_accounts("all accounts, cross-validated", posts, folds, others)
    yield from _on_text_alone("test accounts", posts, test)
    yield _everyday("statuses 2010-2015, each text once", files[0])
    for name in EVERYDAY:
        yield _everyday(name, folder / "sentiment" / f"{name}.tsv.gz")
    yield from _dressed(folder / "sentiment" / f"{EVERYDAY[0]}.tsv.gz", posts.only(test))
    yield from _of_mentions(files[0])


def _of_accounts(
    data: str, posts: Posts, left_out: Sequence[Flags], others: Sequence[tuple[str, str]]
) -> Iterator[Result]:
    """The patterns, the model that learned the accounts not left out, and both."""
    asked = np.logical_or.reduce(left_out)
    by_model = np.zeros(len(asked), np.bool_)
    for out in left_out:
        by_model[out] = marked(learn(posts.only(~out), others), posts.only(out).texts)
    by_patterns = np.array([bool(_patterns(text)) for text in posts.texts])
    for whose, among in (("spam", posts.is_spam), ("normal", ~posts.is_spam)):
        for system, found in (
            ("patterns", by_patterns),
            ("filler", by_model),
            ("any sign", by_patterns | by_model),
        ):
            rows = among & asked
            yield _result(f"{data}: {whose}", system, found[rows])


def _on_text_alone(data: str, posts: Posts, test: Flags) -> Iterator[Result]:
    """A plain regression over characters, its threshold found as ours is."""
    parts = posts.parts()

    def scores(learned: Flags, asked: Flags) -> NDArray[np.float64]:
        model = make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True),
            LogisticRegression(C=10, max_iter=300),
        )
        model.fit(posts.only(learned).texts, posts.is_spam[learned])
        found: NDArray[np.float64] = model.decision_function(posts.only(asked).texts)
        return found

    normal = []
    for number in range(4):
        asked = ~test & (parts % 4 == number)
        normal.append(scores(~test & ~asked, asked)[~posts.is_spam[asked]])
    found = scores(~test, test) > at_false_alarms(np.concatenate(normal))
    for whose, among in (("spam", posts.is_spam[test]), ("normal", ~posts.is_spam[test])):
        yield _result(f"{data}: {whose}", "plain character LR", found[among])


def _everyday(data: str, file: Path) -> Result:
    """Texts that the shipped weights did not learn."""
    own = {own_words(text) for text in texts_of(file)}
    unseen = sorted(text for text in own if not is_learned_elsewhere(text))
    return _result(data, "filler", _marked_now(unseen))


def _dressed(file: Path, posts: Posts) -> Iterator[Result]:
    """Everyday texts with a tag and a place of the posts behind them, which say nothing."""
    own = sorted({own_words(text).strip() for text in texts_of(file)})
    tags, places = tags_and_places(posts)
    tag, place = cycle(tags), cycle(places)
    for name, texts in (
        ("a tag", [f"{text}{next(tag)}" for text in own]),
        ("a place", [f"{text} {next(place)}" for text in own]),
        ("a tag and a place", [f"{text}{next(tag)} {next(place)}" for text in own]),
    ):
        yield _result(f"{EVERYDAY[0]}, {name} put behind", "filler", _marked_now(texts))


def _marked_now(texts: Sequence[str]) -> Flags:
    return marked(filler.shipped(), texts)


def _of_mentions(statuses: Path) -> Iterator[Result]:
    """Statuses that name a brand of the shipped catalogue."""
    analyser = analyser_of(load(SHIPPED))
    found: list[list[Mention]] = []
    with gzip.open(statuses) as opened:
        lines = list(opened)
    for start in range(0, len(lines), _BATCH):
        posts = [parse("weibo", line, _RECEIVED_MS) for line in lines[start : start + _BATCH]]
        found += [m for m in analyser.mentions_many(posts, 0, range(len(posts))) if m]
    for sign in SpamSign:
        is_marked = np.array([sign in mentions[0].spam for mentions in found])
        yield _result("statuses that name a brand", sign.value, is_marked)


def _patterns(text: str) -> tuple[SpamSign, ...]:
    return spam.signs_of(simplified(words.mask(words.fold(text))), "")


def _result(data: str, system: str, found: Flags) -> Result:
    return Result(data, system, len(found), int(found.sum()))
