"""The draw of mentions to label: half at random, within caps, and the same every time."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from analysis.shipped import analyser_of
from analysis.training.stance_pool import MEASURED, POSTS, Pooled, Source, identity_of, pool
from bench.evaluate import stance_draw
from bench.evaluate.stance_cues import BOUNDARY, CUES, cue_of
from bench.evaluate.stance_draw import CAPS, batches, draw, excerpt
from bench.evaluate.stance_split import ASIDE, SHARE, SLACK, TEST, TRAIN, split_of
from schemas.catalogue import Brand, Catalogue

MI = Catalogue((Brand(id="mi", name="红米"), Brand(id="hw", name="华为")))


def mention(number: int, brand: str = "", group: str = "", words: str = "来了") -> Pooled:
    text = f"红米{words} {number}"
    brand = brand or f"brand{number % 40}"
    return Pooled(Source(text, "test", group or f"g{number}"), brand, ((0, 2),), "own", 0.9)


def test_half_is_drawn_at_random_and_what_hints_comes_before_what_does_not() -> None:
    plain = [mention(number) for number in range(300)]
    harm = [mention(number, words="召回") for number in range(300, 340)]
    drawn = draw(plain + harm, 200)
    how = Counter(one.how for one in drawn)
    assert len({one.pooled.identity for one in drawn}) == 200
    assert how["random"] == 100
    by_chance = sum("召回" in one.pooled.source.text for one in drawn if one.how == "random")
    assert how["active-harm"] == 40 - by_chance > 0
    assert how["fill"] == 60 + by_chance


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_data() -> None:
    mentions = [mention(number) for number in range(100)]
    assert draw(mentions, 50) == draw(mentions[::-1], 50)
    assert draw(mentions, 50) != draw(mentions, 50, seed=1)


def test_kinds_take_turns() -> None:
    words = {
        "comparison": "不如",
        "irony": "呵呵",
        "harm": "召回",
        "negation": "不好",
        "question": "？",
    }
    assert words.keys() == CUES.keys()
    mentions = [
        mention(n, words=cue) for at, cue in enumerate(words.values()) for n in range(at, 300, 5)
    ]
    how = Counter(one.how for one in draw(mentions, 100))
    assert [how[f"active-{kind}"] for kind in words] == [10] * 5


def test_caps_hold_and_are_loosened_step_by_step() -> None:
    one_brand = [mention(number, brand="mi") for number in range(400)]
    drawn = draw(one_brand, 400)
    assert len(drawn) == CAPS[-1][0]
    steps = Counter(one.how for one in drawn)
    assert steps == {"random": 150, "fill+1": 50, "fill+2": 50, "fill+3": 50}
    one_group = [mention(number, group="original 1") for number in range(400)]
    assert len(draw(one_group, 400)) == CAPS[-1][1]


@pytest.mark.parametrize(
    ("words", "score", "kind"),
    [
        ("红米不如从前", 0.9, "comparison"),
        ("呵呵，红米", 0.9, "irony"),
        ("红米被曝光", 0.9, "harm"),
        ("红米我不喜欢", 0.9, "negation"),
        ("红米怎么样", 0.9, "question"),
        ("红米性价比高", 0.9, ""),
        ("红米来了", -0.1, BOUNDARY),
        ("红米来了" + "啊" * 60 + "不如", 0.9, ""),
    ],
)
def test_cues_count_near_the_name(words: str, score: float, kind: str) -> None:
    start = words.index("红米")
    assert cue_of(words, [(start, start + 2)], score) == kind


def test_copies_of_one_original_lie_in_different_batches() -> None:
    mentions = [mention(n, group=f"original {n % 20}") for n in range(200)]
    drawn = draw(mentions, 200)
    piles = batches(drawn, 20)
    assert [len(pile) for pile in piles] == [20] * 10
    assert Counter(one.pooled.identity for pile in piles for one in pile) == Counter(
        one.pooled.identity for one in drawn
    )
    for pile in piles:
        assert max(Counter(one.pooled.source.group for one in pile).values()) == 1


def test_an_excerpt_is_one_line_that_holds_the_first_name() -> None:
    text = "啊" * 300 + "红米\t好\r\n" + "吧" * 300
    shown = excerpt(text, [(300, 302)])
    assert "⟦红米⟧ 好 ⏎ 吧" in shown
    assert "\n" not in shown
    assert "\t" not in shown
    assert len(shown) < 235
    assert excerpt("红米和红米", [(3, 5), (0, 2)]) == "⟦红米⟧和⟦红米⟧"


def test_measured_brands_and_their_texts_are_never_learned_from() -> None:
    mentions = [
        mention(number, brand=f"b{number % 37}", group=f"g{number * 7 % 300}")
        for number in range(1000)
    ]
    families = {"b1": "b2"}
    sides = split_of(mentions, families)
    of = {side: [one for one in mentions if sides[one.identity] == side] for side in (TRAIN, TEST)}
    brands = {side: {families.get(one.brand, one.brand) for one in of[side]} for side in of}
    groups = {side: {one.source.group for one in of[side]} for side in of}
    assert brands[TRAIN].isdisjoint(brands[TEST])
    assert groups[TRAIN].isdisjoint(groups[TEST])
    assert len(of[TEST]) / 1000 == pytest.approx(SHARE, rel=0.15)
    assert SLACK < 0.15
    for one in mentions:
        if sides[one.identity] == ASIDE:
            assert one.source.group in groups[TEST]
    assert split_of(mentions[::-1], families) == sides


def folder_of(path: Path, rows: dict[str, list[str]]) -> Path:
    days = ("Fri Mar 11 13:42:36 +0800 2011", "Sun Mar 13 13:42:36 +0800 2012")
    original = {"retweeted_status": {"id": 9}}
    statuses = [
        {"id": 1, "created_at": days[0], "text": "红米真好 //@网友:华为更好"} | original,
        {"id": 2, "created_at": days[0], "text": "红米真好 //@店长:转"},
        {"id": 3, "created_at": days[1], "text": "#华为发布会# 今天天气好"},
    ]
    files = {"stream/weibo_statuses.ndjson.gz": [json.dumps(status) for status in statuses]}
    files |= {f"sentiment/{name}.tsv.gz": rows.get(name, []) for name in POSTS}
    files |= {f"{name}.tsv.gz": rows.get(name, []) for name in MEASURED}
    files["spam/posts.tsv.gz"] = ["label\taccount\ttext", "spam\t77\t【红米降价】速来"]
    for name, lines in files.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(gzip.compress("".join(f"{x}\n" for x in lines).encode()))
    return path


def test_the_pool_holds_own_words_once_and_nothing_that_is_measured_elsewhere(
    tmp_path: Path,
) -> None:
    seen = "今天买了一台华为手机特别开心"
    rows = {
        "w18_train": [f"pos\t{seen}！！", "neg\t华为的这个客服电话一直打不通"],
        "sentiment/smp_usual_eval3": [f"pos\t{seen}"],
    }
    found = list(pool(folder_of(tmp_path, rows), analyser_of(MI)))
    assert [(one.brand, one.place, one.source.year) for one in found] == [
        ("mi", "own", "2011"),
        ("hw", "hashtag", "2012"),
        ("mi", "headline", ""),
        ("hw", "own", ""),
    ]
    assert [one.source.group.split()[0] for one in found] == [
        "original", "original", "account", "text",
    ]  # fmt: skip
    assert found[0].source.group == "original 9"
    assert found[0].own_words == "红米真好 "
    assert found[0].identity == identity_of("红米真好 //@网友:华为更好", "mi")
    assert found[0].identity != identity_of("红米真好 //@网友:华为更好", "hw")


def test_texts_of_the_data_are_not_written_into_the_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = Path(stance_draw.__file__).parent / "labels"
    monkeypatch.setattr("sys.argv", ["stance_draw", "--out", str(inside)])
    assert stance_draw.main() == 1
    assert "name a folder outside" in capsys.readouterr().err
    assert not inside.exists()
