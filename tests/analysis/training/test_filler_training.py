"""Learning filler: accounts stay whole, the threshold holds, the same bytes each time."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

pytest.importorskip("sklearn")

from analysis.filler import FillerModel
from analysis.training.filler import (
    FALSE_ALARMS,
    Posts,
    at_false_alarms,
    elsewhere,
    is_learned_elsewhere,
    learn,
    main,
    marked,
    read_posts,
    unseen,
)

FILLER = ("岁月如歌；", "人生如棋……", "不必回头：", "风雨兼程、", "愿你安好！")
CHAT = ("今天吃了火锅", "妈妈叫我回家", "地铁好挤啊", "新手机真好看", "周末去看电影")


def table(path: Path, accounts: int = 60) -> Path:
    """Spam accounts mix mottos; the others chat."""
    rng = Random(3)
    lines = ["label\tuser\ttext\tcreated_at"]
    for account in range(accounts):
        label, sentences = (("spam", FILLER), ("normal", CHAT))[account % 2]
        for number in range(5):
            text = "".join(rng.choices(sentences, k=5)) + "甲乙丙丁戊己庚辛壬癸"[rng.randrange(10)]
            lines.append(f"{label}\t{label}{account}\t{text}\t2020-01-0{number + 1}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def posts(tmp_path: Path) -> Posts:
    return read_posts(table(tmp_path / "posts.tsv"))


def test_it_learns_how_filler_is_put_together(posts: Posts) -> None:
    model = learn(posts, [])
    assert model.is_filler("人生如棋……风雨兼程、岁月如歌；人生如棋……岁月如歌；")
    assert not model.is_filler("妈妈叫我回家地铁好挤啊周末去看电影地铁好挤啊")
    assert model.header.learned_from == {
        "posts of normal accounts": 150,
        "posts of spam accounts": 150,
    }


def test_accounts_that_are_measured_are_not_learned(posts: Posts) -> None:
    figures = unseen(posts, [])
    spam = figures["posts of spam accounts"]
    assert 0 < spam.posts < 150
    assert spam.posts % 5 == 0  # whole accounts
    assert spam.share > 0.9
    assert figures["posts of normal accounts"].share <= 2 * FALSE_ALARMS


def test_parts_go_by_account(posts: Posts) -> None:
    parts = dict.fromkeys(posts.accounts, -1)
    for account, part in zip(posts.accounts, posts.parts().tolist(), strict=True):
        assert parts[account] in (-1, part)
        parts[account] = part
    assert len(set(parts.values())) == 10


def test_the_threshold_leaves_one_normal_post_in_a_hundred() -> None:
    scores = np.arange(1_000, dtype=np.float64)
    assert (scores > at_false_alarms(scores)).sum() == 10


def test_posts_that_nobody_reads_are_never_marked(posts: Posts) -> None:
    model = learn(posts, [])
    assert not marked(model, ["转发微博", "", "[哈哈]", "so good", "スマホが好き"]).any()


def test_texts_from_elsewhere_count_as_what_people_write(posts: Posts, tmp_path: Path) -> None:
    texts = [f"愿你安好！第{number}章，这一章写的是河边的事" for number in range(400)]
    other = tmp_path / "books.tsv"
    other.write_text("".join(f"x\t{text} //@小王:转\n" for text in texts), encoding="utf-8")
    found = list(elsewhere([other, other]))
    assert {source for _, source in found} == {"books"}
    assert sorted(text for text, _ in found) == sorted(
        f"{text} " for text in texts if is_learned_elsewhere(f"{text} ")
    )
    before, after = learn(posts, []), learn(posts, found)
    assert after.scores(["愿你安好！"])[0] < before.scores(["愿你安好！"])[0]


def test_the_same_files_give_the_same_bytes_and_a_card(tmp_path: Path) -> None:
    posts, card, out = table(tmp_path / "p.tsv"), tmp_path / "card.md", tmp_path / "spam.lm"
    card.write_text("# Card\n<!-- figures: written by training -->\n<!-- end of figures -->\n")
    learned = []
    for _ in range(2):
        assert main(["--out", str(out), "--posts", str(posts), "--card", str(card)]) == 0
        learned.append(out.read_bytes())
    assert learned[0] == learned[1]
    mixed = "人生如棋……风雨兼程、岁月如歌；" * 2
    assert FillerModel.from_bytes(learned[0]).is_filler(mixed)
    assert "| posts of spam accounts | 150 |" in card.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["label\ttext\n", "label\tuser\ttext\nham\t1\t好\n"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "posts.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="wanted columns"):
        read_posts(path)
