"""`leimo analyse` as people and programs run it."""

import gzip
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from leimo.analysed_lines import LineAnalyser, text_of_line

STATUS = {
    "created_at": "Tue May 31 17:46:55 +0800 2011",
    "id": 11488058246,
    "text": "刚买的小米手机真好用",
    "user": {"id": 1404376560, "screen_name": "zaku"},
}
LOADED = load(SHIPPED)
ANALYSER = analyser_of(LOADED)
LINES = LineAnalyser(ANALYSER, text_of_line)


def run(
    *arguments: str, typed: bytes = b"", folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leimo", "analyse", *arguments],
        input=typed,
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        timeout=60,
    )


def objects(written: bytes) -> list[dict[str, Any]]:
    assert written.endswith(b"\n") or not written
    return [json.loads(line) for line in written.split(b"\n")[:-1]]


def test_a_text_gives_tokens_sentiment_and_mentions() -> None:
    done = run("--text", typed="刚买的小米手机真好用".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    (found,) = objects(done.stdout)
    assert list(found) == ["tokens", "language", "sentiment", "intents", "spam", "mentions"]
    assert "".join(found["tokens"]) == "刚买的小米手机真好用"
    assert found["sentiment"]["label"] == "positive"
    assert 0 < found["sentiment"]["score"] <= 1
    (mention,) = found["mentions"]
    assert (mention["brand"], mention["alias"]) == ("xiaomi", "小米手机")
    assert (mention["start"], mention["end"]) == (3, 7)
    assert mention["sentiment"]["label"] == "positive"


def test_each_line_has_its_object_in_order() -> None:
    typed = "华为手机\n\n\n\r\n一\u2028二\x0c三\x85\n".encode() + b"\xff\n" + "小米手机".encode()
    done = run("--text", typed=typed)
    assert done.returncode == 0
    found = objects(done.stdout)
    assert len(found) == 7
    assert ["".join(item["tokens"]) if "tokens" in item else None for item in found] == [
        "华为手机",
        "",
        "",
        "",
        "一\u2028二\x0c三\x85",
        None,
        "小米手机",
    ]
    assert found[1] == {
        "tokens": [],
        "language": "",
        "sentiment": {"label": "neutral", "score": 0},
        "intents": [],
        "spam": [],
        "mentions": [],
    }
    assert found[5]["error"]["reason"] == "bad_text"
    assert done.stderr.decode().startswith("1 of 7 lines are no texts")


def test_positions_count_code_points_of_the_text_as_given() -> None:
    text = "😀👨‍👩‍👧 小米手机 ＸＩＡＯＭＩ 😀小米手机"
    (found,) = objects(run("--text", typed=text.encode()).stdout)
    stands = [text[mention["start"] : mention["end"]] for mention in found["mentions"]]
    assert stands.count("小米手机") == 2
    assert {mention["brand"] for mention in found["mentions"]} == {"xiaomi"}


def test_records_that_are_no_posts_are_errors_with_a_reason(tmp_path: Path) -> None:
    lines = [
        json.dumps(STATUS).encode(),
        b"not json",
        b"",
        b"{}",
        b"[1]",
        json.dumps({**STATUS, "text": 5}).encode(),
        json.dumps({**STATUS, "created_at": "yesterday"}).encode(),
        b'{"text": "\xff"}',
        b"x" * 2_000_000,
    ]
    path = tmp_path / "posts.ndjson.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    done = run(str(path))
    found = objects(done.stdout)
    assert done.returncode == 0
    assert found[0]["mentions"][0]["brand"] == "xiaomi"
    reasons = [item["error"]["reason"] for item in found[1:]]
    assert reasons == [
        "not_json",
        "empty",
        "empty",
        "wrong_type",
        "wrong_type",
        "bad_time",
        "not_json",
        "too_large",
    ]
    assert all(item["error"]["detail"] for item in found[1:])
    assert "8 of 9 lines are no weibo posts" in done.stderr.decode()


def test_a_post_mentions_the_brands_that_a_worker_counts(tmp_path: Path) -> None:
    catalogue = tmp_path / "mine.yml"
    catalogue.write_text(
        "brands: [{id: pepsi, name: 百事}, {id: 7up, name: 七喜饮料, parent: pepsi},"
        " {id: tea, name: 喜茶}]",
        encoding="utf-8",
    )
    original = {**STATUS, "id": 7, "text": "七喜饮料好喝，喜茶也好喝"}
    posts = [
        {**STATUS, "text": "转发微博", "retweeted_status": original},
        {**STATUS, "text": "我更爱喜茶", "retweeted_status": original},
        {**STATUS, "text": "今天吃什么"},
    ]
    typed = "\n".join(map(json.dumps, posts)).encode()
    only, own, none = objects(run("--catalogue", str(catalogue), typed=typed).stdout)
    at = [
        (one["brand"], one["place"], one["start"], one.get("product")) for one in only["mentions"]
    ]
    assert at == [
        ("7up", "quoted", None, None),
        ("pepsi", "quoted", None, "7up"),
        ("tea", "quoted", None, None),
    ]
    assert {one["sentiment"]["label"] for one in only["mentions"]} == {"neutral"}
    assert [(one["brand"], one["place"], one["start"]) for one in own["mentions"]] == [
        ("tea", "own", 3),
        ("7up", "quoted", None),
        ("pepsi", "quoted", None),
    ]
    assert none["mentions"] == []
    (text,) = objects(
        run("--text", "--catalogue", str(catalogue), typed="七喜饮料".encode()).stdout
    )
    assert [one["brand"] for one in text["mentions"]] == ["7up"]


@pytest.mark.parametrize(
    ("arguments", "typed", "complaint"),
    [
        ((), b"", "standard input: no weibo posts at all; name a file with posts"),
        ((), b"{}\n[1]", "standard input: no weibo posts at all"),
        (("--source", "leimo"), b"no", "standard input: no leimo posts at all"),
        (("--text",), b"", "standard input: no texts at all; write one a line"),
    ],
)
def test_what_holds_no_post_is_a_failure(
    arguments: tuple[str, ...], typed: bytes, complaint: str
) -> None:
    done = run(*arguments, typed=typed)
    assert done.returncode == 1
    assert complaint in done.stderr.decode()
    assert len(objects(done.stdout)) == len(typed.splitlines())


def test_other_sources_and_the_reference_tokenizer() -> None:
    post = {
        "id": "1",
        "created_at": "2022-08-30T23:05:46.839Z",
        "content": "<p>小米手机 &amp; 华为手机</p>",
        "account": {"id": "2", "acct": "a"},
    }
    done = run(
        "--source", "mastodon", "--tokenizer", "jieba", typed=json.dumps(post).encode() + b"\n"
    )
    (found,) = objects(done.stdout)
    assert {mention["brand"] for mention in found["mentions"]} == {"xiaomi", "huawei"}


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    catalogue = tmp_path / "mine.yml"
    catalogue.write_text("brands: [{id: tea, name: 喜茶, aliases: [HEYTEA]}]", encoding="utf-8")
    text = "heytea和小米手机".encode()
    (found,) = objects(run("--text", "--catalogue", str(catalogue), typed=text).stdout)
    assert [(m["brand"], m["alias"]) for m in found["mentions"]] == [("tea", "HEYTEA")]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.ndjson"], 2, ["nowhere.ndjson", "no such file"]),
        (["--catalogue", "nowhere.yml"], 2, ["nowhere.yml"]),
        (["--source", "myspace"], 2, ["myspace"]),
    ],
)
def test_mistakes_are_named_without_a_traceback(
    tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == code
    assert all(word in done.stderr.decode() for word in words)
    assert b"Traceback" not in done.stderr


def test_a_reader_that_stops_early_ends_it_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "leimo", "analyse", "--text"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process:
        process.stdin.write("小米手机\n".encode())
        process.stdin.flush()
        assert b"xiaomi" in process.stdout.readline()  # at once, while more may come
        process.stdout.close()
        try:
            process.stdin.write("小米手机\n".encode() * 100_000)
            process.stdin.close()
        except BrokenPipeError:
            pass
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")


texts = st.lists(
    st.sampled_from(
        ["小米手机", "华为", "苹果手机", "很好", "太差了", "，", "比", "//@小王:", "@小李 ",
         "#广告#", "http://t.cn/a", "😀", "iPhone", " ", "\u200d", "[怒]", "不", "a"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.lists(texts, max_size=30))
@settings(max_examples=60)
def test_batches_say_what_the_analysis_says_of_each_text(many: list[str]) -> None:
    found = [json.loads(line) for line in LINES.analyse([text.encode() for text in many])]
    assert found == [single(text) for text in many]


def test_batches_say_the_same_of_real_posts(shared_data: Path) -> None:
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as file:
        posts = [json.loads(line)["text"] for line in islice(file, 0, 60_000, 40)]
    found = [json.loads(line) for line in LINES.analyse([post.encode() for post in posts])]
    assert found == [single(post) for post in posts]
    mentions = [
        (post, mention)
        for post, item in zip(posts, found, strict=True)
        for mention in item["mentions"]
    ]
    assert len(mentions) > 10
    for post, mention in mentions:
        assert len(post[mention["start"] : mention["end"]]) == len(mention["alias"])


def single(text: str) -> dict[str, Any]:
    """What `Analyser.analyse` says of one text."""
    found = ANALYSER.analyse(text)
    return {
        "tokens": found.tokens,
        "language": found.language,
        "intents": found.intents,
        "spam": list(found.spam),
        "sentiment": _mood(found.polarity.value, found.score),
        "mentions": [
            {
                "brand": occurrence.brand,
                "alias": occurrence.alias,
                "start": occurrence.start,
                "end": occurrence.end,
                "place": occurrence.place.value,
                "confidence": occurrence.confidence,
                "sentiment": _mood(occurrence.polarity.value, occurrence.score),
            }
            for occurrence in found.occurrences
        ],
    }


def _mood(label: str, score: float) -> dict[str, Any]:
    return {"label": label, "score": score}


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ("numpy", "aiokafka", "faust", "rjieba", "jieba", "yaml", "daachorse")
    code = f"import leimo.cli, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout.strip() == b"[]"
