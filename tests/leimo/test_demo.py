"""`leimo demo` as a newcomer uses it."""

import asyncio
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load, parse
from catalogue.topic import held_definitions, publish
from feeds.live.jetstream.reach import why_unreachable
from feeds.simulate.stream import Simulation
from kafka_io.brokers import EmbeddedBroker, free_port
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from sources.parsing import InvalidPost
from sources.parsing import parse as read_post
from tests import oracle
from tests.feeds.live.jetstream_server import JetstreamServer
from tests.feeds.live.jetstream_server import commit as jetstream_commit
from tests.feeds.live.running import until

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "leimo", "demo", *arguments]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEIMO_")}


@pytest.mark.embedded
def test_a_replay_ends_by_itself_with_the_windows_of_a_batch_computation(tmp_path: Path) -> None:
    now_ms = int(time.time() * 1000)
    plan = Simulation(start_ms=now_ms - 600_000, rate=100.0, duration_s=60.0, broken_share=0.01)
    lines = [post.value for batch in plan.batches() for post in batch]
    file = oracle.compressed(tmp_path / "posts.ndjson.zst", lines)
    windows = tmp_path / "windows.ndjson"
    done = subprocess.run(
        command("--replay", str(file), "--speed", "max", "--until", "done",
                "--windows", str(windows)),
        cwd=tmp_path, env=environment() | {"LEIMO_TOPIC_PREFIX": "try-"}, check=True, timeout=120,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    analyser = analyser_of(load(SHIPPED))
    expected = oracle.batch_windows(lines, analyser, now_ms)
    assert expected
    assert oracle.differences(expected, oracle.read_ndjson(windows)) == []
    refused = reasons(lines, now_ms)
    assert f"{refused.total():,} of {len(lines):,} records were refused" in done.stderr
    for reason, count in refused.items():
        assert f"  {count:,} {reason}, such as: " in done.stderr
    assert f"leimo analyse --source weibo {file}" in done.stderr


def reasons(lines: list[bytes], received_at_ms: int) -> Counter[str]:
    """Why lines are no posts."""
    found: Counter[str] = Counter()
    for line in lines:
        try:
            read_post("weibo", line, received_at_ms)
        except InvalidPost as refusal:
            found[refusal.reason.value] += 1
    return found


@pytest.mark.embedded
def test_an_alert_comes_within_ninety_seconds_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    told = tmp_path / "stderr"
    folder = tmp_path / "empty"
    folder.mkdir()
    with told.open("w") as errors, subprocess.Popen(
        command(), cwd=folder, env=environment(), stdout=subprocess.PIPE,
        stderr=errors, text=True, start_new_session=True,
    ) as demo:  # fmt: skip
        try:
            assert demo.stdout is not None
            deadline = time.monotonic() + 90
            seen = []
            for line in demo.stdout:
                seen.append(line)
                if line.startswith("ALERT") or time.monotonic() > deadline:
                    break
            children = descendants(demo.pid)
            assert children
            addresses = dict(re.findall(r"(center|mailbox) (http://\S+)", told.read_text()))
            shown = {
                addresses["center"] + "api/alerts?state=firing&limit=1": '"firing"',
                addresses["mailbox"]: "severity",
            }
            for address, sign in shown.items():
                while sign not in fetched(address):
                    assert time.monotonic() < deadline + 30, f"no alert at {address}"
                    time.sleep(0.5)
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=30)
        finally:
            demo.kill()
    assert seen[-1].startswith("ALERT"), seen
    assert demo.returncode == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert list(folder.iterdir()) == []


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        text: str = answer.read().decode()
    return text


def test_a_taken_port_is_named_in_the_message() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            command("--port", str(port)), env=environment(), capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "99999"], "65535"),
        (["--windows", "/nowhere/windows.ndjson"], "/nowhere/windows.ndjson"),
        (["--speed", "fast"], "'fast'"),
        (["--feed", "jetstream", "--duration", "9"], "a live feed has no end"),
        (["--feed", "jetstream", "--endpoint", "https://a"], "is no instance of Jetstream"),
        (["--lang", "zh"], "go with --feed"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_started(
    arguments: list[str], named: str
) -> None:
    done = subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert named in done.stderr
    assert "starting" not in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_one_line_says_so_and_names_the_simulator() -> None:
    at = [f"--endpoint=ws://127.0.0.1:{free_port()}" for _ in range(2)]
    done = subprocess.run(
        command("--feed", "jetstream", *at), env=environment(), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error: Bluesky cannot be reached (")
    assert line.endswith("`leimo demo` alone shows simulated posts")
    assert done.stdout == ""


async def test_a_host_that_takes_connections_and_says_nothing_is_not_waited_for() -> None:
    mute, there = JetstreamServer(), JetstreamServer()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, mute.serving(), there.serving():
        mute.is_mute = True
        deaf = f"ws://127.0.0.1:{port}"
        assert "does not answer within 0.3 s" in await why_unreachable([deaf], 0.3)
        assert await why_unreachable([deaf, there.url], 30.0) == ""
        there.refusal = (503, {}, b"later")
        assert await why_unreachable([there.url], 30.0) == ""


@pytest.mark.embedded
async def test_a_live_feed_is_shown(tmp_path: Path) -> None:
    """Posts of now, in English too, are seen as brands."""
    async with JetstreamServer().serving() as server:
        server.archive_at_now()
        process = await asyncio.create_subprocess_exec(
            *command("--feed", "jetstream", "--endpoint", server.url, "--lang", "en"),
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            async with asyncio.timeout(90):
                await until(lambda: server.connections >= 2)  # the first one only looked
                posting = asyncio.create_task(post_on(server))
                shown = b""
                while "京东".encode() not in shown:
                    shown += await process.stdout.readline()
                posting.cancel()
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.communicate(), 30)
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0


async def post_on(server: JetstreamServer) -> None:
    """A post every tenth of a second, as long as it is asked for."""
    number = 0
    while True:
        await server.add(jetstream_commit(number, text="JD.com is so good", langs=["en"]))
        number += 1
        await asyncio.sleep(0.1)


def test_a_broker_that_is_not_there_is_named_by_its_own_address() -> None:
    address = f"127.0.0.1:{free_port()}"
    done = subprocess.run(
        command("--broker", address), env=environment(), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert address in done.stderr


@pytest.mark.embedded
def test_a_broker_in_use_is_refused_and_left_as_it_is(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings.load(broker=embedded_broker.address)
    mine = parse(b"brands: [{id: xiaomi, name: Mi Phone, trade: mine}]", "my.yml").catalogue

    async def fill() -> None:
        await apply_topics(settings)
        await publish(settings, mine)

    asyncio.run(fill())
    before = asyncio.run(held_definitions(settings))
    done = subprocess.run(
        command("--broker", embedded_broker.address), env=environment(), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "a catalogue (1 definitions)" in done.stderr
    assert "--shared-broker" in done.stderr
    assert asyncio.run(held_definitions(settings)) == before


@pytest.mark.embedded
def test_a_simulation_begins_anew_where_the_broker_holds_too_much(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("--memory", "48", "--rate", "1500"), cwd=tmp_path, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as demo:  # fmt: skip
        assert demo.stderr is not None
        seen = []
        deadline = time.monotonic() + 240
        for line in demo.stderr:
            seen.append(line)
            if sum("up in" in each for each in seen) == 2 or time.monotonic() > deadline:
                break
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    assert "holds 48 MiB" in "".join(seen)
    assert sum("up in" in each for each in seen) == 2
    assert demo.returncode == 0


@pytest.mark.embedded
def test_without_its_broker_a_demo_ends_at_once_with_one_line(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("--no-center"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as demo:  # fmt: skip
        try:
            assert demo.stdout is not None
            assert demo.stdout.readline()  # the view is there
            children = descendants(demo.pid)
            [broker] = [pid for pid in children if b"--listener-url" in command_line(pid)]
            os.kill(broker, signal.SIGKILL)
            _, told = demo.communicate(timeout=30)  # the worker would give up after 45 s
        finally:
            demo.kill()
    assert demo.returncode == 1
    _, told = told.split("up in", 1)
    [error] = told.splitlines()[1:]
    assert error.startswith("error: the demo's broker was ended by signal 9")
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.embedded
def test_a_demo_below_make_ends_with_its_terminal(tmp_path: Path) -> None:
    """`make` waits for it, and gets no signal where the terminal is not its own."""
    (tmp_path / "Makefile").write_text(f"demo:\n\t@{' '.join(command())}\n")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["make", "demo"], cwd=tmp_path, env=environment(), stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    ) as make:  # fmt: skip
        os.close(theirs)
        seen = b""
        deadline = time.monotonic() + 90
        while b"up in" not in seen and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 65_536)
        started = descendants(make.pid)
        os.close(ours)
        try:
            make.wait(60)
        finally:
            make.kill()
    assert b"up in" in seen
    assert started
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_a_missing_replay_file_is_named_in_the_message() -> None:
    done = subprocess.run(
        command("--replay", "/nowhere/posts.ndjson"), env=environment(), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "/nowhere/posts.ndjson" in done.stderr


def descendants(pid: int) -> list[int]:
    """Processes below this one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found
