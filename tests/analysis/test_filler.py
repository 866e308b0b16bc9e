"""Filler: the same verdict in any batch, and a file that comes back as it was."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import training
from analysis.filler import BATCH, LEAST_LENGTH, SHAPES, FillerError, FillerModel, coded, shapes

MODEL = FillerModel.load()
MIXED = "岁月不语；我们都在路上……愿你安好、有些人走着走着就散了：别回头！#乒乓球# 扬州·和平小区"
TEXTS = [
    MIXED,
    "今天的小米手机发布会看得很开心，屏幕真好看，准备买一台给爸爸",
    "海底捞的服务员态度很差，等了一个小时还没有位子，再也不去了",
    "早上好",
    "",
    "#",
    "@小王 http://t.cn/abc 123",
]

WRITTEN = Path(training.__file__).with_name("written_stances.tsv")
TAGS = (
    "#周末去哪儿#",
    "#今天也要加油#",
    "#篮球赛#",
    "#秋天的第一杯奶茶#",
    "#旅行日记#",
    "#晒娃#",
    "#电影#",
)
PLACES = ("扬州·和平小区", "成都·春熙路", "广州·天河城", "杭州·西湖", "西安·大唐不夜城")


def shapes_of(text: str) -> list[int]:
    codes, starts = coded([text])
    numbers: list[int] = shapes(codes, starts, np.array([len(codes)]))[0].tolist()
    return numbers


def test_mixed_sentences_with_an_alien_tag_and_a_place_are_filler() -> None:
    assert MODEL.is_filler(MIXED)


@pytest.mark.parametrize("text", TEXTS[1:])
def test_what_people_say_is_not(text: str) -> None:
    assert not MODEL.is_filler(text)


def test_a_tag_and_a_place_behind_what_people_say_make_no_filler() -> None:
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()[::8]
    said = [line.partition("\t")[2].replace("{B}", "小米").replace("{R}", "苹果") for line in lines]
    dressed = [
        f"{text}{tag} {place}"
        for text, tag, place in zip(said, cycle(TAGS), cycle(PLACES), strict=False)
    ]
    assert sum(MODEL.are_filler(said)) / len(said) < 0.02
    assert sum(MODEL.are_filler(dressed)) / len(dressed) < 0.05


def test_a_short_text_is_none_whatever_it_scores() -> None:
    short = MIXED[:LEAST_LENGTH]
    assert MODEL.is_filler(MIXED)
    assert not MODEL.is_filler(short[:-1])
    assert MODEL.are_filler([short[:-1], MIXED, ""]) == [False, True, False]


@given(st.lists(st.one_of(st.text(), st.sampled_from(TEXTS)), max_size=8))
def test_a_batch_says_what_each_text_alone_gets(texts: list[str]) -> None:
    together = MODEL.are_filler(texts)
    assert together == [MODEL.is_filler(text) for text in texts]
    if texts:
        assert MODEL.scores(texts).tolist() == [MODEL.scores([text])[0] for text in texts]


def test_more_texts_than_a_pass_holds_are_judged_alike() -> None:
    many = TEXTS * (BATCH // len(TEXTS) + 2)
    assert MODEL.are_filler(many) == MODEL.are_filler(TEXTS) * (len(many) // len(TEXTS))


@pytest.mark.parametrize("text", ["字" * 5_000, "#" * 5_000, "\x03\x02" * 600, "\ud800"])
def test_any_length_and_any_sign_has_a_score(text: str) -> None:
    assert len(MODEL.scores([text, text])) == 2


@given(st.text())
def test_each_kind_has_one_shape_of_its_own(text: str) -> None:
    numbers = shapes_of(text)
    assert len(numbers) == len({number // 64 for number in numbers}) == SHAPES // 64


def test_links_handles_and_digits_are_alike() -> None:
    one = MODEL.scores(["看 http://t.cn/abc @小王 12 页"])[0]
    assert MODEL.scores(["看 网页链接 @小李 98 页"])[0] == one
    assert MODEL.scores(["看 网页链接 @小李 98 本"])[0] != one


def test_a_place_and_a_tag_change_the_shape() -> None:
    plain = shapes_of("有些话不必说")
    assert shapes_of("有些话不必想") == plain
    assert shapes_of("有些话不必说 扬州·和平小区") != plain
    assert shapes_of("有些话不必说#乒乓#") != shapes_of("#乒乓#有些话不必说")


def test_a_file_comes_back_as_it_was() -> None:
    raw = MODEL.to_bytes()
    again = FillerModel.from_bytes(raw)
    assert again.header == MODEL.header
    assert again.to_bytes() == raw
    assert again.scores(TEXTS).tolist() == MODEL.scores(TEXTS).tolist()


@pytest.mark.parametrize("raw", [b"", b"nothing", MODEL.to_bytes()[:-7]])
def test_refuses_what_is_no_file_of_filler(raw: bytes) -> None:
    with pytest.raises(FillerError, match=r"analysis\.training\.filler"):
        FillerModel.from_bytes(raw)


def test_refuses_a_file_with_weights_missing() -> None:
    short = FillerModel(MODEL.header, MODEL.ngrams[:-1], MODEL.shapes)
    with pytest.raises(FillerError, match="wanted a whole file"):
        FillerModel.from_bytes(short.to_bytes())
