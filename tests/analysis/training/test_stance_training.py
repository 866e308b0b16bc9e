"""What the model of stances learns from: reviews and posts about a product as mentions."""

import gzip
from pathlib import Path

from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from analysis.training.corpus import CLASSES, Corpus
from analysis.training.stances import (
    EXPRESSIONS,
    REVIEWS,
    WRITTEN,
    expressions,
    material,
    product_mentions,
    review_mentions,
    written_sentences,
)
from analysis.weights import Input
from schemas.catalogue import Brand
from tests.catalogue.test_shipped import NoMoods


def _write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / "sentiment").mkdir(exist_ok=True)
    content = "".join(f"{line}\n" for line in lines).encode()
    (folder / "sentiment" / f"{name}.tsv.gz").write_bytes(gzip.compress(content, mtime=0))


def test_a_short_review_is_about_what_stands_before_it(tmp_path: Path) -> None:
    _write(tmp_path, "shop_train", ["pos\t质量很好", "neg\t太差", "neg\t" + "很差，" * 40])
    [read] = review_mentions(tmp_path, "shop_train")
    assert read.places == (("质量很好", 0, 0, ()),)
    assert CLASSES[read.label] == "pos"


def test_as_many_reviews_are_learned_as_are_asked_for_and_always_the_same(tmp_path: Path) -> None:
    lines = [f"neg\t第{number}次买，很差" for number in range(REVIEWS["htl_train"] + 9)]
    _write(tmp_path, "htl_train", lines)
    first = review_mentions(tmp_path, "htl_train")
    _write(tmp_path, "htl_train", lines[::-1])
    assert review_mentions(tmp_path, "htl_train") == first
    assert len(first) == REVIEWS["htl_train"]


def test_posts_that_do_not_name_the_product_are_left_out() -> None:
    analyser = Analyser(
        [Brand(id="apple", name="iPhone"), Brand(id="mi", name="小米")],
        NoMoods(),
        tokenizer_named(),
    )
    source = Input("iPhone SE", "mix", 3, "")
    corpus = Corpus(source, (0, 1, 2), ("iPhone SE比小米小", "屏幕太小", "小米发布会"))
    [read] = product_mentions(corpus, analyser)
    assert read.places == (("iPhone SE比小米小", 0, 6, ((10, 12),)),)
    assert CLASSES[read.label] == "pos"


def test_mentions_that_are_measured_are_not_learned(tmp_path: Path) -> None:
    for name in REVIEWS:
        _write(tmp_path, name, ["pos\t质量很好"])
    product = product_mentions(
        Corpus(Input("x", "mix", 1, ""), (0,), ("iPhone好",)),
        Analyser([Brand(id="apple", name="iPhone")], NoMoods(), tokenizer_named()),
    )
    mentions = [product[0]._replace(split=split) for split in ("train", "test", "aside")]
    read = material(tmp_path, mentions, product)
    assert [one.split for one in read.mentions] == ["train"]
    assert {name: len(found) for name, found in read.reviews.items()} == dict.fromkeys(REVIEWS, 1)
    assert len(read.written) > 3000


def test_an_expression_stands_right_behind_the_name_and_takes_a_side() -> None:
    lines = EXPRESSIONS.read_text(encoding="utf-8").splitlines()
    read = list(expressions(lines))
    assert len({one.places for one in read}) == len(lines) > 2000
    assert {CLASSES[one.label] for one in read} == {"pos", "neg"}
    assert all(
        text[end:] in line
        for one, line in zip(read, lines, strict=True)
        for text, _, end, *_ in one.places
    )


def test_every_written_post_names_the_brand_and_none_is_a_sentence_of_a_checklist() -> None:
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()
    read = list(written_sentences(lines))
    assert all(one.places for one in read)
    tests = Path(__file__).parents[1]
    asked = {
        text.replace(name, "")
        for file in ("checklist.tsv", "checklist_fresh.tsv")
        for _, name, _, text in (
            line.split("\t") for line in (tests / file).read_text(encoding="utf-8").splitlines()
        )
    }
    assert not asked & {line.split("\t")[1].replace("{B}", "") for line in lines}
