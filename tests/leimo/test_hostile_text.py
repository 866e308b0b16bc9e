"""What strangers wrote commands no terminal, whichever command shows it."""

import ast
import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from catalogue.topic import publish
from center.store.opening import open_store
from center.store.protocol import Record as StoredRecord
from feeds.live.kept import gap_row, position_row
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.dead_letters import dead_letter_row
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.alert import Alert
from schemas.catalogue import (
    Brand,
    Catalogue,
    Feed,
    FeedKind,
    Holiday,
    ReceivingChannel,
    Silence,
    Subscriber,
)
from schemas.dead_letter import DropReason
from schemas.delivery import Attempt, Delivery, Outcome, Reason
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.rules import SpikeRule
from schemas.topics import (
    ALERTS,
    CATALOGUE,
    DELIVERIES,
    FEED_POSITIONS,
    MENTIONS,
    POSTS_RAW,
    TRENDS,
    WINDOWS,
)
from schemas.trend import Influencer, Trend, TrendTerm
from tests.center.records import alert as alert_of_store
from tests.center.records import mention, records
from tests.kafka_io.broker_log import append
from tests.kafka_io.records import record
from tests.leimo.forked import Commands, forked_commands
from tests.views.records import alert, window
from views.plain_text import HIDDEN

ROOT = Path(__file__).resolve().parents[2]
EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\u200b\x08\r\x7f\u2066evil"
POST = {
    "id": 7, "text": f"小米手机{EVIL}着火 #{EVIL}#", "created_at": "Tue May 31 17:46:55 +0800 2011",
    "user": {"id": 9, "screen_name": EVIL},
}  # fmt: skip

COMMANDS: dict[str, list[list[str]]] = {
    "alerts ack": [["alert", "--as", EVIL, "--note", EVIL]],
    "alerts assign": [["alert", "--as", "li", "--to", EVIL, "--json"]],
    "alerts false-alarm": [[EVIL, "--as", "li"]],
    "alerts list": [[], ["--json"], ["--brand", EVIL]],
    "alerts note": [["alert", EVIL, "--as", EVIL]],
    "alerts release": [["alert", "--as", EVIL]],
    "alerts why": [[f"brand{EVIL}"], [EVIL], ["x", "--at", EVIL]],
    "analyse": [["POSTS"], ["--explain", f"小米手机{EVIL}真好"], ["--explain", "--json", EVIL]],
    "audit": [["--settle", "0"], ["--settle", "0", "--json"]],
    "backtest": [["POSTS", "--catalogue", "CATALOGUE"], ["POSTS", "--json"]],
    "catalogue check": [["CATALOGUE"], ["BROKEN"], ["BROKEN", "--json"], [EVIL]],
    "catalogue apply": [["CATALOGUE", "--dry-run"], ["CATALOGUE"], ["CATALOGUE", "--json"]],
    "catalogue show": [[], ["--json"], [f"brand{EVIL}"], [EVIL]],
    "dead list": [[], ["--json"]],
    "dead replay": [["--all", "--dry-run"]],
    "dead show": [["0"], ["0", "--json"]],
    "deliveries explain": [["alert"], ["alert", "--json"], [EVIL]],
    "deliveries list": [[], ["--json"]],
    "deliveries retry": [["--subscriber", f"s{EVIL}", "--as", EVIL]],
    "detect": [["BROKEN"], [EVIL]],
    "digest": [["--brand", f"brand{EVIL}"], ["--brand", EVIL]],
    "feed follow": [
        ["POSTS", "--once", "--positions", "POSITIONS"], [EVIL, "--once"],
        ["TABLE", "--once", "--positions", "POSITIONS", "--as", "weibo-crawler"],
        ["FOLDER", "--once", "--positions", "POSITIONS", "--as", "weibo-crawler"],
        ["POSTS", "--once", "--positions", "POSTS"], ["POSTS", "--map", EVIL], ["-", "--as", EVIL],
    ],
    "feed kafka": [["--from", EVIL], ["--from", "x", "--map", EVIL], ["--from", "posts.raw"]],
    "feed push": [["--listen", EVIL], ["--metrics", EVIL]],
    "feed forget": [[EVIL]],
    "feed gaps": [[], ["--json"], ["--feed", EVIL], ["--since", EVIL]],
    "feed jetstream": [["--endpoint", EVIL], ["--endpoint", "ws://a/b", "--name", EVIL]],
    "feed list": [[], ["--json"]],
    "feed mastodon": [["--server", EVIL], ["--server", "a", "--stream", EVIL]],
    "feed replay": [["POSTS", "--speed", "max"], [EVIL]],
    "feed run": [[EVIL], [EVIL, "--set", EVIL]],
    "feed simulate": [["--duration", "1", "--speed", "max"], ["--out", f"/nowhere/{EVIL}"]],
    "feed weibo subscriptions": [
        ["--subscription", "7", "--app-key", EVIL, "--address", EVIL],
        ["--subscription", "7", "--app-key", EVIL, "--address", "http://127.0.0.1:9"],
        ["--subscription", "7", "--app-key", EVIL, "--catalogue", EVIL],
    ],
    "forget": [["post", EVIL, "--source", "weibo", "--by", EVIL], ["author", EVIL]],
    "lag": [[], ["--serve", EVIL]],  # each look waits for a coordinator, which is not there
    "query alerts": [["--store", "STORE"], ["--store", "STORE", "--json"], ["--url", EVIL]],
    "query brands": [["--store", "STORE"], ["--store", "STORE", "--json"], ["--sort", EVIL]],
    "query feeds": [["--store", "STORE"], ["--store", "STORE", "--json"], ["--store", EVIL]],
    "query kpis": [["--store", "STORE", "--brand", "xiaomi"], ["--brand", EVIL]],
    "query mentions": [
        ["--store", "STORE", "--from", "2011-05-31", "--to", "2011-06-01"], ["--from", EVIL],
        ["--store", "STORE", "--from", "2011-05-31", "--to", "2011-06-01", "--json"],
    ],
    "query terms": [
        ["--store", "STORE", "--brand", "xiaomi"], ["--store", "STORE", "--brand", EVIL],
    ],
    "query windows": [
        ["--store", "STORE", "--brand", EVIL, "--step", "1h"], ["--store", "STORE", "--tz", EVIL],
    ],
    "silence add": [["--all", "--for", "2h", "--reason", EVIL], ["--brand", EVIL, "--reason", "x"]],
    "silence end": [[EVIL]],
    "silence list": [[], ["--json"]],
    "subscribers list": [[], ["--json"]],
    "subscribers mute": [[f"s{EVIL}", "--for", "2h", "--as", EVIL]],
    "subscribers test": [[f"s{EVIL}"], [EVIL], [f"s{EVIL}", "--json"]],
    "topics apply": [[]],
    "topics list": [[], ["--json"]],
    "trends": [[], [f"brand{EVIL}"], ["--json"], [EVIL]],
    "watch": [["--once"], ["--once", "--json"], ["--once", "--brand", EVIL]],
}  # fmt: skip
NO_TEXT = {
    "access password": "reads a password, shows its hash",
    "access token": "shows what it made",
    "center": "writes a log, no text of posts; its pages are in tests/center",
    "deliver": "writes a log, no text of posts",
    "demo": "shows what `watch` shows",
    "worker": "writes a log, no text of posts",
}
QUERIES = {command for command in COMMANDS if command.startswith("query ")}
BROKERLESS = frozenset({"analyse", "backtest", "catalogue check", "detect", *QUERIES})


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[str]:
    """All commands that can be run."""
    command = command or typer.main.get_command(app)
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from leaves(inner, (*path, name))
        else:
            yield " ".join((*path, name))


def test_every_command_is_looked_at() -> None:
    assert set(leaves()) == COMMANDS.keys() | NO_TEXT.keys()


def test_nothing_writes_past_the_one_way() -> None:
    """`typer.echo`, `print` and consoles of one's own know nothing of hostile text."""
    allowed = {"terminal.py", "progress.py", "backtest_progress.py", "picture.py", "run.py"}
    found = []
    for file in [*(ROOT / "leimo").rglob("*.py"), *(ROOT / "feeds").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and file.name not in allowed:
                name = ast.unparse(node.func)
                if name in {"typer.echo", "typer.secho", "print", "Console", "sys.stdout.write"}:
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno}: {name}")
    assert found == []


def fill_store(url: str) -> None:
    """A center's store that took hostile posts in."""
    store = open_store(url)
    posts = [
        mention(n, 1_306_835_215_000, text=f"小米{EVIL}", author=EVIL, terms=(EVIL,))
        for n in range(3)
    ]
    fired = alert_of_store(1, reason=EVIL, brand="xiaomi")
    feed = FeedPosition(
        feed=EVIL, position="", event_time_ms=1, at_ms=2, state=FeedState.LIVE, endpoint=EVIL
    )
    xiaomi = Brand("xiaomi", f"小米{EVIL}", aliases=(EVIL,))
    store.apply(
        [
            *records(MENTIONS.name, *posts),
            *records(ALERTS.name, fired),
            StoredRecord(FEED_POSITIONS.name, 0, 0, EVIL, feed),
            StoredRecord(CATALOGUE.name, 0, 0, "brand:xiaomi", xiaomi),
        ],
        {},
    )
    store.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "posts").write_text(f"{json.dumps(POST, ensure_ascii=False)}\n{EVIL}\n", "utf-8")
    (folder / "my.yml").write_text(
        f'brands: [{{id: xiaomi, name: 小米, trade: "{json.dumps(EVIL)[1:-1]}"}}]\n'
        'rules: [{id: fire, kind: crisis, words: [着火], min_posts: 1, min_authors: 1}]\n'
    )  # fmt: skip
    (folder / "broken.yml").write_text(f'brands: [{{id: "{json.dumps(EVIL)[1:-1]}", nme: x}}]\n')
    (folder / "table.csv").write_text(f"{EVIL},b\n1,2\n", "utf-8")
    (folder / "below").mkdir()
    (folder / f"below/{EVIL}.csv").write_text(f"{EVIL},b\n1,2\n", "utf-8")
    center = f"sqlite:///{folder / 'center.db'}"
    fill_store(center)
    return {
        "STORE": center,
        "FOLDER": str(folder / "below"), "POSITIONS": str(folder / "positions"),
        "TABLE": str(folder / "table.csv"),
        "POSTS": str(folder / "posts"), "CATALOGUE": str(folder / "my.yml"),
        "BROKEN": str(folder / "broken.yml"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with EmbeddedBroker.start() as broker:
        asyncio.run(fill(Settings(broker=broker.address, partitions=2)))
        yield broker.address


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with forked_commands() as found:
        yield found


async def fill(settings: Settings) -> None:
    """Hostile text wherever a topic holds text."""
    await apply_topics(settings)
    brand = f"brand{EVIL}"
    mine = Catalogue(
        brands=(Brand(id=brand, name=f"小米{EVIL}", trade=EVIL, parent=EVIL, aliases=(EVIL,)),),
        rules=(SpikeRule(id=f"rule{EVIL}", brands=(brand,), department=EVIL),),
        silences=(Silence(id=EVIL, reason=EVIL, until="2100-01-01T00:00Z", by=EVIL),),
        holidays=(Holiday(id=EVIL, first=EVIL),),
        feeds=(Feed(id=f"feed{EVIL}", kind=FeedKind.WEIBO, server=EVIL),),
        subscribers=(
            Subscriber(
                id=f"s{EVIL}",
                channel=ReceivingChannel.SLACK,
                address=EVIL,
                hours=EVIL,
                brands=(brand,),
                departments=(EVIL,),
            ),
        ),
    )
    await publish(settings, mine)
    terms = (TrendTerm(f"#{EVIL}", 40.0, 0.0, 90.0), TrendTerm(EVIL, 20.0, 200.0, 9.0))
    trend = Trend(
        brand=brand, at_ms=1_400_000_040_000, counted=100.0, usually_counted=1_000.0, top=terms,
        rising=terms, influencers=(Influencer(EVIL, 50, 1.0, 10.0),),
    )  # fmt: skip
    dead = dead_letter_row(
        (POSTS_RAW.name, 0), record(EVIL.encode(), key=EVIL.encode()), DropReason.NOT_JSON, EVIL
    )
    told = msgspec.structs.replace(alert(), brand=brand, reason=EVIL, department=EVIL)
    assert isinstance(told, Alert)
    closed = window(brand, 0, 5)
    stands = FeedPosition(
        feed=EVIL,
        position=EVIL,
        event_time_ms=1,
        at_ms=1,
        state=FeedState.LIVE,
        endpoint=EVIL,
        error=EVIL,
    )
    gap = FeedGap(feed=EVIL, from_ms=1, to_ms=2**50, reason=GapReason.NO_RESUME, detail=EVIL)
    delivery = Delivery(
        subscriber=f"s{EVIL}", channel=ReceivingChannel.SLACK, alert=told.id, brand=brand,
        revision=1, outcome=Outcome.DEAD, reason=Reason.REFUSED, at_ms=1, matched_at_ms=1,
        attempts=(Attempt(1, 400, Reason.REFUSED, EVIL),),
    )  # fmt: skip
    encoded = msgspec.json.encode
    await append(
        settings,
        dead,
        Row(TRENDS.name, 0, brand.encode(), encoded(trend)),
        Row(TRENDS.name, 0, b"\xff", b"no trend"),
        Row(ALERTS.name, 0, told.id.encode(), encoded(told)),
        Row(WINDOWS.name, 0, closed.key, encoded(closed)),
        position_row(stands),
        gap_row(gap),
        Row(FEED_POSITIONS.name, 0, b"\xff", b"no position"),
        Row(DELIVERIES.name, 0, delivery.key, encoded(delivery)),
    )


@pytest.mark.embedded
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_a_terminal_obeys_comes_out(
    command: str, files: dict[str, str], address: str, commands: Commands
) -> None:
    shown = ""
    at = [] if command in BROKERLESS else ["--broker", address]
    for arguments in COMMANDS[command]:
        given = [files.get(argument, argument) for argument in arguments]
        done = commands.run(
            [*command.split(), *at, *given],
            {"LEIMO_PARTITIONS": "2", "NO_COLOR": "1", "TERM": "dumb"},
        )
        assert done.code in (0, 1, 2), done
        out = done.out + done.err
        assert "Traceback" not in out
        if command != "analyse" or "--explain" in arguments:  # JSON for programs: the next test
            assert HIDDEN.findall(out) == [], (arguments, out)
        shown += out
    assert shown


def test_json_of_texts_is_harmless_on_a_terminal(files: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "leimo", "analyse", files["POSTS"]],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while some := os.read(ours, 65_536):
                shown += some
        except OSError:  # the end of a terminal
            pass
        process.wait(60)
    os.close(ours)
    lines = shown.decode().replace("\r\n", "\n")
    assert json.loads(lines.splitlines()[0])["mentions"]
    assert HIDDEN.findall(lines) == []


@pytest.mark.embedded
@pytest.mark.parametrize(
    "arguments",
    [
        ["analyse", "POSTS"], ["analyse", "--explain", "小米"], ["catalogue", "check"],
        ["catalogue", "show"], ["catalogue", "show", "--json"], ["dead", "list"],
        ["dead", "show", "0", "--raw"], ["silence", "list"], ["topics", "list"], ["trends"],
        ["watch", "--once"], ["watch", "--once", "--json"], ["feed", "replay", "POSTS", "--json"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_full_disk_is_one_line_and_a_failure(
    arguments: list[str], files: dict[str, str], address: str
) -> None:
    given = [files.get(argument, argument) for argument in arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "leimo", *given], stdout=full, stderr=subprocess.PIPE,
            env={**os.environ, "LEIMO_PARTITIONS": "2", "LEIMO_BROKER": address}, check=False,
            timeout=120,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"error: the output cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
