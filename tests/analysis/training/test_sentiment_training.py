"""Learning the sentiment weights: from labelled files to the same bytes."""

import gzip
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from analysis.sentiment import SentimentModel
from analysis.training.card import CLOSING, OPENING, refresh
from analysis.training.corpus import CorpusError, fold_of, read_corpus, trace_of
from analysis.training.fit import sharpen
from analysis.training.sentiment import main, sort_out
from analysis.weights import Weights

SUBJECTS = ["手机", "电脑", "耳机", "鞋子", "饭店", "电影", "酒店", "汽车", "咖啡", "书包"]
SAID = {
    "pos": ["真好用", "很喜欢", "特别棒"],
    "neg": ["真难用", "很讨厌", "特别烂"],
    "neu": ["在桌上", "有三个", "放进去"],
}


def write_rows(path: Path, labels: tuple[str, ...]) -> Path:
    rows = [
        f"{label}\t今天的{subject}{word}，第{number}次"
        for label in labels
        for subject in SUBJECTS
        for word in SAID[label]
        for number in range(4)
    ]
    path.write_bytes(gzip.compress("\n".join(rows).encode(), mtime=0))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    three = write_rows(tmp_path / "three.tsv.gz", ("pos", "neg", "neu"))
    two = write_rows(tmp_path / "two.tsv.gz", ("pos", "neg"))
    return [f"{three}=split", f"{two}=mix"]


def test_learns_what_the_rows_say_and_writes_it_down(tmp_path: Path, files: list[str]) -> None:
    out, card = tmp_path / "model.lm", tmp_path / "card.md"
    card.write_text(f"# Card\n{OPENING}\nold\n{CLOSING}\nend\n", encoding="utf-8")
    assert main(["--out", str(out), "--card", str(card), *files]) == 0
    model = SentimentModel.load(out)
    good, bad, plain = model.score_many(["雨伞真好用", "雨伞真难用", "雨伞在桌上"])
    assert (good.polarity, bad.polarity, plain.polarity) == ("positive", "negative", "neutral")
    figure = model.weights.header.held_out[0]
    assert figure.name == "three"
    assert figure.macro_f1 > 0.95
    written = card.read_text(encoding="utf-8")
    assert "| three |" in written
    assert "old" not in written
    assert written.endswith(f"{CLOSING}\nend\n")


def test_the_same_files_give_the_same_bytes(tmp_path: Path, files: list[str]) -> None:
    first, second = tmp_path / "1.lm", tmp_path / "2.lm"
    main(["--out", str(first), *files])
    main(["--out", str(second), *files])
    assert first.read_bytes() == second.read_bytes()


def test_learns_nothing_that_is_measured(tmp_path: Path) -> None:
    three = write_rows(tmp_path / "three.tsv.gz", ("pos", "neg", "neu"))
    test = tmp_path / "test.tsv"
    test.write_text("pos\t今天的手机真好用，第0次[哈哈]\n", encoding="utf-8")
    train, held_out = sort_out([(three, "split"), (test, "test")])
    learned = {trace_of(text) for text in train[0].texts}
    assert len(held_out) == 2
    for corpus in held_out:
        assert learned.isdisjoint(trace_of(text) for text in corpus.texts)
    assert 0 < len(train[0]) < train[0].source.rows


def test_folds_share_the_texts_out_about_evenly() -> None:
    sizes = np.bincount([fold_of(f"第{number}条", 5) for number in range(5000)], minlength=5)
    assert sizes.min() > 850


@pytest.mark.parametrize("line", ["good\t好", "pos 好", "\t好"])
def test_names_the_line_that_has_no_label(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(f"pos\t好\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"bad\.tsv, line 2"):
        read_corpus(path, "train")


def test_refuses_an_unknown_role(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "x.lm"), "file.tsv=learn"])
    assert "ROLE" in capsys.readouterr().err


def test_refuses_to_learn_without_all_classes(tmp_path: Path) -> None:
    two = write_rows(tmp_path / "two.tsv.gz", ("pos", "neg"))
    with pytest.raises(ValueError, match="no leading file"):
        main(["--out", str(tmp_path / "x.lm"), f"{two}=train"])


def test_sharpens_what_is_too_unsure() -> None:
    logits = np.array([[0.5, -0.5], [-0.5, 0.5]] * 20)
    assert sharpen(logits, [0, 1] * 20) > 1  # always right: be surer
    assert sharpen(logits, [1, 0] * 20) < 1  # always wrong: be less sure


def test_refuses_a_card_without_marks() -> None:
    shipped: Weights = SentimentModel.load().weights
    with pytest.raises(ValueError, match="model card"):
        refresh("# no marks", shipped, 1)
