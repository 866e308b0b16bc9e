"""Learning senses: from names that need no context, and the same each time."""

import zlib
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from analysis.senses import Senses
from analysis.training.senses import main

CATALOGUE = """
brands:
  - {id: apple, name: iPhone, aliases: [苹果], ambiguous: [苹果], trade: phones,
     context: {require: [手机], exclude: [好吃]}}
  - {id: vw, name: 一汽大众, trade: cars}
"""
TEXTS = [
    *(f"iPhone的屏幕和电池真好，充电{n}次" for n in range(30)),
    *(f"一汽大众的发动机和底盘不错，油耗{n}升" for n in range(30)),
    *(f"今天的苹果真好吃，买了{n}斤" for n in range(30)),
    *(f"下雨了，我们在家里看书听音乐{n}" for n in range(30)),
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    catalogue = tmp_path / "brands.yml"
    catalogue.write_text(CATALOGUE, encoding="utf-8")
    texts = tmp_path / "texts.tsv"
    texts.write_text("".join(f"x\t{text}\n" for text in TEXTS), encoding="utf-8")
    return catalogue, texts


def learn(files: tuple[Path, Path], *options: str) -> bytes:
    catalogue, texts = files
    out = texts.with_suffix(".lm")
    assert main(["--out", str(out), "--catalogue", str(catalogue), *options, str(texts)]) == 0
    return out.read_bytes()


def test_it_learns_how_a_trade_is_talked_about(files: tuple[Path, Path]) -> None:
    senses = Senses.from_bytes(learn(files))
    assert senses.header.learned_from == {"texts": 120}

    def evidence(trade: str, *words: str) -> float:
        return senses.evidence(trade, (f"w:{word}" for word in words))

    assert evidence("phones", "屏幕", "电池") > evidence("phones", "发动机", "底盘")
    assert evidence("cars", "发动机", "底盘") > evidence("cars", "屏幕", "电池")
    assert evidence("phones", "屏幕") > evidence("phones", "好吃")  # an excluded word was near


def test_it_learns_how_often_a_name_means_its_brand(tmp_path: Path) -> None:
    catalogue, texts = tmp_path / "brands.yml", tmp_path / "texts.tsv"
    catalogue.write_text(CATALOGUE, encoding="utf-8")
    fruit = [f"好吃的苹果{word}" for word in "甲乙丙丁戊己庚辛壬癸"]
    phone = [f"手机是苹果{word}" for word in "甲乙丙丁戊己庚辛壬癸"]

    def learned(listed: list[str]) -> float:
        lines = [f"x\t{text}\n" for text in (*TEXTS[:60], *TEXTS[90:], *listed)]
        texts.write_text("".join(lines), encoding="utf-8")
        return Senses.from_bytes(learn((catalogue, texts))).header.names["苹果"]

    assert learned(fruit) < 0 < learned(phone)
    assert learned(phone[:1]) == learned(phone[:1] * 9)  # copies count once


def test_the_same_files_give_the_same_bytes(files: tuple[Path, Path]) -> None:
    assert learn(files) == learn(files)


def test_nothing_is_learned_from_what_is_left_out(files: tuple[Path, Path]) -> None:
    left_out = files[1].with_name("left_out.txt")
    cars = [text for text in TEXTS if "一汽大众" in text]
    left_out.write_text("\n".join(str(zlib.crc32(text.encode())) for text in cars))
    senses = Senses.from_bytes(learn(files, "--left-out", str(left_out)))
    assert senses.header.learned_from == {"texts": 90}
    assert "cars" not in senses.header.classes


def test_the_card_tells_what_was_learned_from_what(files: tuple[Path, Path]) -> None:
    card = files[1].with_name("card.md")
    card.write_text("# Card\n<!-- figures: written by training -->\n<!-- end of figures -->\n")
    learn(files, "--card", str(card))
    assert "| texts | 120 |" in card.read_text(encoding="utf-8")
