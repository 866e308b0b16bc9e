"""`leimo backtest` as people and programs run it."""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from kafka_io.batches import Row
from kafka_io.brokers import Broker, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.topics import POSTS_RAW
from tests.backtest.past_posts import (
    BURST_MIN,
    BURSTING,
    CATALOGUE,
    CRISIS_MIN,
    MINUTE_MS,
    START_MS,
    Line,
    history,
    post,
    written,
)
from tests.kafka_io.broker_log import append
from tests.leimo.started import started

BURST = "2026-01-02 13:00  华为  burst  severity "
FIRE = "2026-01-02 16:03  老干妈  fire  severity "


def leimo(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["backtest", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history in two packed files, and catalogues."""
    folder = tmp_path_factory.mktemp("past")
    lines = history()
    (folder / "a.ndjson.gz").write_bytes(gzip.compress(written(lines[2000:])))
    (folder / "b.ndjson").write_bytes(written(lines[:2100]))
    (folder / "mine.yml").write_text(CATALOGUE, encoding="utf-8")
    flames = CATALOGUE.replace("id: fire", "id: flames")
    (folder / "other.yml").write_text(flames, encoding="utf-8")
    return folder


def arguments(folder: Path, *more: str) -> list[str]:
    files = [str(folder / "a.ndjson.gz"), str(folder / "b.ndjson")]
    return [*files, "--source", "leimo", "--catalogue", str(folder / "mine.yml"), *more]


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_person_reads_what_would_have_fired(folder: Path) -> None:
    result = leimo(*arguments(folder))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()

    posts = len(history())
    assert lines[0].startswith(f"{posts:,} posts (100 repeats left out), ")
    assert lines[0].endswith(" of them about 3 brands")
    assert lines[1] == "2026-01-01 00:00 to 2026-01-03 00:00 UTC: 2 d"
    assert lines[2] == "2 alerts, 7.0 a week"
    assert "  burst        1, 3.5 a week" in lines
    (at,) = [number for number, line in enumerate(lines) if line.startswith(BURST)]
    assert re.fullmatch(r".*severity \d+, for \d+ min|.*severity \d+, for 1 h.*", lines[at])
    assert re.match(r"    \d+ posts in \d+ min, [\d.]+ expected \(\d+ x\)", lines[at + 1])
    assert lines[at + 2].startswith("    “")
    assert any(line.startswith(FIRE) for line in lines)
    assert "格力空调" not in result.stdout
    assert [line for line in result.stderr.splitlines() if "..." in line] == [
        "Reading the catalogue ...",
        "Reading posts ...",
        "Replaying ...",
    ]


def test_a_program_reads_each_alert_and_a_summary(folder: Path) -> None:
    burst, fire, summary = objects(leimo(*arguments(folder, "--json")))

    assert (burst["type"], burst["rule"], burst["brand"]) == ("alert", "burst", BURSTING)
    assert (burst["brand_name"], burst["state"]) == ("华为", "firing")
    assert burst["started_at_ms"] == START_MS + BURST_MIN * MINUTE_MS
    assert burst["ended_at_ms"] > burst["started_at_ms"]
    assert burst["lasted_min"] >= 10
    assert fire["started_at_ms"] == START_MS + (CRISIS_MIN + 3) * MINUTE_MS
    assert "found_in" not in burst
    assert summary == {
        "type": "summary",
        "posts": len(history()),
        "repeats": 100,
        "about_brands": summary["about_brands"],
        "from_ms": START_MS,
        "until_ms": START_MS + 2 * 24 * 60 * MINUTE_MS,
        "outages": [],
        "alerts": 2,
    }


def test_two_catalogues_are_compared_alert_by_alert(folder: Path) -> None:
    against = ("--against", str(folder / "other.yml"))
    *alerts, _ = objects(leimo(*arguments(folder, "--json", *against)))
    assert {(alert["rule"], alert["found_in"]) for alert in alerts} == {
        ("burst", "both"),
        ("fire", "this"),
        ("flames", "other"),
    }
    told = leimo(*arguments(folder, *against)).stdout.splitlines()
    assert "2 with mine.yml, 2 with other.yml: 1 in both" in told
    assert "+ 1 in mine.yml alone" in told
    assert "- 1 in other.yml alone" in told
    assert any(line.startswith(f"  {BURST}") for line in told)
    assert any(line.startswith(f"+ {FIRE}") for line in told)
    assert any(line.startswith("- 2026-01-02 16:03  老干妈  flames") for line in told)


def test_brands_of_the_other_catalogue_are_looked_for(folder: Path) -> None:
    """Another catalogue may have other brands: the posts are analysed for it anew."""
    only = "brands: [{id: weather, name: 天气不错}]\nrules: [{id: burst, kind: spike}]\n"
    (folder / "weather.yml").write_text(only, encoding="utf-8")
    result = leimo(*arguments(folder, "--json", "--against", str(folder / "weather.yml")))
    *alerts, _ = objects(result)
    assert result.stderr.count("Reading posts ...") == 2
    assert {alert["found_in"] for alert in alerts} == {"this"}


def test_a_knob_is_suggested(folder: Path) -> None:
    found = objects(leimo(*arguments(folder, "--json", "--per-week", "7")))
    assert found[-1]["type"] == "suggestion"
    assert found[-1]["alerts_a_week"] == pytest.approx(7.0)
    assert 0.01 <= found[-1]["knob"] <= 100
    text = leimo(*arguments(folder, "--per-week", "7")).stdout
    assert f"false_alerts_per_month: {found[-1]['knob']:g} would have given 7.0" in text


class _Page(HTMLParser):
    """Tags, and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def test_the_report_shows_alerts_with_plots_and_asks_nobody(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    result = leimo(*arguments(folder, "--report", str(report)))
    assert result.exit_code == 0, result.stderr
    assert f"Report: {report}" in result.stderr

    page = page_of(report)
    text = " ".join(page.texts)
    assert page.tags.count("article") == 2
    assert page.tags.count("svg") == 2 + 2  # a plot of each brand, a small one beside each alert
    assert "2 alerts" in text
    assert "2026-01-02 13:00" in text
    assert "goes to care" in text
    assert "老干妈 厂房 起火 了" in text
    content = report.read_text(encoding="utf-8")
    assert "default-src 'none'" in content
    assert not re.search(r"(src|href)=\"(?!#)|url\((?!#)|@import", content)
    again = tmp_path / "again.html"
    leimo(*arguments(folder, "--report", str(again)))
    assert again.read_bytes() == report.read_bytes()


def test_the_report_of_a_comparison_names_both_files(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    against = ("--against", str(folder / "other.yml"))
    assert leimo(*arguments(folder, "--report", str(report), *against)).exit_code == 0
    text = " ".join(" ".join(page_of(report).texts).split())
    assert "2 with mine.yml" in text
    assert "1 in other.yml alone" in text
    assert page_of(report).tags.count("article") == 3


HOSTILE = "<script>alert(1)</script>起火\x1b[2J\u202e“<img src=x onerror=y>老干妈 &amp; {{ 7 * 7 }}"


def test_hostile_text_is_text_on_the_page_and_in_the_terminal(tmp_path: Path) -> None:
    lines = [post(number, number / 2, "天气") for number in range(100)]
    lines += [post(1000 + at, 40 + at / 10, f"{HOSTILE} {at}", f"<b>{at}") for at in range(8)]
    file, report, catalogue = (tmp_path / name for name in ("a.json", "r.html", "<i>&.yml"))
    file.write_bytes(written(lines))
    catalogue.write_text(CATALOGUE.replace("name: 老干妈", 'name: "<u>老干妈", aliases: [老干妈]'))
    options = ("--source", "leimo", "--catalogue", str(catalogue), "--report", str(report))
    result = leimo(str(file), *options, "--against", str(catalogue))

    assert result.exit_code == 0, result.stderr
    assert "<script>alert(1)</script>起火" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    page = page_of(report)
    assert not {"script", "img", "b", "i", "u"} & (set(page.tags) - {"b"})
    assert "<script>" in " ".join(page.texts)
    assert "{{ 7 * 7 }}" in " ".join(page.texts)
    assert "\x1b" not in report.read_text(encoding="utf-8")


MISTAKES: dict[str, tuple[list[str], int, str]] = {
    "no posts named": ([], 2, "name files with posts, or --topic"),
    "files and a topic": (["b.ndjson", "--topic"], 2, "name files with posts, or --topic"),
    "missing file": (["nowhere.json"], 2, "nowhere.json: there is no such file"),
    "folder": (["."], 2, ".: is a folder; name the files in it"),
    "empty file": (["empty.json"], 1, "empty.json: no leimo posts at all; name files"),
    "other source": (["b.ndjson", "--source", "jetstream"], 1, "no jetstream posts at all; see"),
    "unknown source": (["b.ndjson", "--source", "myspace"], 2, "myspace"),
    "no mentions": (["weather.json"], 1, "1 post read, and none mentions a brand; see"),
    "broken file": (["broken.json.gz"], 1, "broken gzip after the posts above"),
    "no catalogue": (["b.ndjson", "--catalogue", "no.yml"], 2, "no.yml: cannot be read"),
    "broken other catalogue": (["b.ndjson", "--against", "b.ndjson"], 2, "b.ndjson:2: is no YAML"),
    "no rules": (["b.ndjson", "--catalogue", "norules.yml"], 2, "norules.yml: has no rules"),
    "report of another kind": (["b.ndjson", "--report", "r.pdf"], 2, "ends in .html"),
    "report nowhere": (["b.ndjson", "--report", "no/r.html"], 2, "in a folder that exists"),
    "fewer than no alerts": (["b.ndjson", "--per-week", "0"], 2, "--per-week"),
}


@pytest.mark.parametrize(("given", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(
    given: list[str],
    code: int,
    message: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.ndjson").write_bytes((folder / "b.ndjson").read_bytes())
    Path("empty.json").write_bytes(b"")
    Path("weather.json").write_bytes(written([post(1, 0, "天气")]))
    packed = (folder / "a.ndjson.gz").read_bytes()
    Path("broken.json.gz").write_bytes(packed[:1000] + b"\xff" * 100 + packed[1100:])
    Path("norules.yml").write_text("brands: [{id: huawei, name: 华为}]\n")
    defaults = [] if "--source" in given else ["--source", "leimo"]
    result = leimo(*given, *defaults)

    assert (result.exit_code, result.stdout) == (code, "")
    assert message in re.sub(r"\x1b\[[0-9;]*m|\s+│\s+", "", result.stderr)


def test_matplotlib_is_missed_before_the_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtest.plots.find_spec", lambda name: None)
    result = leimo(*arguments(folder, "--report", str(tmp_path / "r.html")))
    assert result.exit_code == 2
    install = f"{sys.executable} -m pip install matplotlib"
    assert result.stderr == f"error: --report needs matplotlib: {install}\n"


def test_lines_that_are_no_posts_are_counted_by_reason(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "posts.json"
    broken = b'not json\n{"id": 1}\n{}\n'
    file.write_bytes(broken + (folder / "b.ndjson").read_bytes())
    result = leimo(
        str(file), "--source", "leimo", "--catalogue", str(folder / "mine.yml"), "--json"
    )
    assert result.exit_code == 0
    assert "3 records are no posts and were left out: " in result.stderr
    assert "1 not_json" in result.stderr
    assert objects(result)[-1]["posts"] == 2100


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_whole_lines_of_a_file_that_is_cut_off_are_taken(
    jobs: str, folder: Path, tmp_path: Path
) -> None:
    lines = [post(at, at, "老干妈真香") for at in range(500)]
    packed = gzip.compress(written(lines))
    whole, cut, after = (tmp_path / name for name in ("whole.gz", "cut.gz", "after.json"))
    whole.write_bytes(packed)
    cut.write_bytes(packed[: len(packed) // 2])
    after.write_bytes(written([post(9000, 9000, "老干妈真香")]))
    options = ("--source", "leimo", "--catalogue", str(folder / "mine.yml"), "--jobs", jobs)

    result = leimo(str(cut), str(after), *options, "--json")
    assert 100 < objects(result)[-1]["posts"] < 501
    told = f"warning: {cut}: the gzip file is cut off; every whole line before the cut was taken"
    assert told in result.stderr
    result = leimo(str(whole), str(after), *options, "--json")
    assert objects(result)[-1]["posts"] == 501
    assert "cut off" not in result.stderr


def test_ctrl_c_ends_it_without_a_traceback(folder: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "endless.json"
    os.mkfifo(pipe)
    with started("backtest", str(pipe), *arguments(folder)) as process:
        assert process.stderr
        assert process.stderr.readline() == b"Reading the catalogue ...\n"
        assert process.stderr.readline() == b"Reading posts ...\n"
        process.send_signal(signal.SIGINT)
        complaint = process.stderr.read()
    assert process.returncode == 130
    assert b"Traceback" not in complaint


def test_a_reader_that_stops_early_ends_it_quietly(folder: Path) -> None:
    with started("backtest", *arguments(folder)) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaint = process.stderr.read()
    assert process.returncode == 0
    assert b"Traceback" not in complaint
    assert b"BrokenPipe" not in complaint


def rows(lines: Sequence[Line]) -> list[Row]:
    """Raw records, keyed by author, in two partitions."""
    headers = [("source", b"leimo"), ("received_at", b"%d" % (START_MS + 10**9))]
    return [
        Row(
            POSTS_RAW.name,
            number % 2,
            str(line["author"]["id"]).encode(),
            msgspec.json.encode(line),
            headers,
        )
        for number, line in enumerate(lines)
    ]


def test_the_topic_gives_what_the_files_give(
    broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEIMO_PARTITIONS", "2")
    settings = Settings.load(broker=broker.address)
    asyncio.run(_fill(settings, history()))

    monkeypatch.setenv("LEIMO_PARTITIONS", "8")  # what the broker has is what counts
    catalogue = ("--catalogue", str(folder / "mine.yml"), "--json")
    from_topic = objects(leimo("--topic", "--broker", broker.address, *catalogue))
    from_files = objects(leimo(*arguments(folder, "--json")))
    assert from_topic[-1]["repeats"] == 0
    assert from_files[:-1] == from_topic[:-1]


async def _fill(settings: Settings, lines: Sequence[Line]) -> None:
    await apply_topics(settings)
    if lines:
        await append(settings, *rows(lines))


@pytest.mark.embedded
def test_an_empty_or_missing_topic_is_named(embedded_broker: EmbeddedBroker, folder: Path) -> None:
    given = ("--topic", "--broker", embedded_broker.address)
    missing = leimo(*given)
    assert missing.exit_code == 1
    assert "missing: posts.raw" in missing.stderr
    asyncio.run(_fill(Settings.load(broker=embedded_broker.address), []))
    empty = leimo(*given, "--catalogue", str(folder / "mine.yml"))
    assert empty.exit_code == 1
    assert "posts.raw: no" in empty.stderr


def test_real_posts_with_the_shipped_catalogue(shared_data: Path, tmp_path: Path) -> None:
    """A tenth of the real archive: it is replayed, and its alerts can be told."""
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as file:
        lines = file.read().splitlines()[:25_000]
    part = tmp_path / "posts.json"
    part.write_bytes(b"\n".join(lines))
    *alerts, summary = objects(leimo(str(part), "--json"))
    assert summary["alerts"] == len(alerts) > 3
    assert all(alert["brand_name"] for alert in alerts)
    assert all(1 <= alert["severity"] <= 10 for alert in alerts)


def test_several_processes_find_what_one_finds(folder: Path) -> None:
    """Of what is no post as well."""
    (folder / "broken.ndjson").write_bytes(b"{}\n" + written(history()[:50]) + b"no post\n")
    more = str(folder / "broken.ndjson"), "--json", "--jobs"
    one, two = (leimo(*arguments(folder, *more, jobs)) for jobs in ("1", "2"))
    assert two.exit_code == 0, two.stderr
    assert one.stdout == two.stdout
    for result in (one, two):
        assert "2 records are no posts and were left out" in result.stderr
