"""`leimo demo` as a newcomer uses it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.shipped import analyser_of
from feeds.simulate.stream import Simulation
from leimo.catalogue_file import SHIPPED, load
from streams.brokers import free_port
from tests import oracle

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
    subprocess.run(
        command("--replay", str(file), "--speed", "max", "--until", "done",
                "--windows", str(windows)),
        cwd=tmp_path, env=environment(), check=True, timeout=120,
    )  # fmt: skip
    analyser = analyser_of(load(SHIPPED))
    expected = oracle.batch_windows(lines, analyser, now_ms)
    assert expected
    assert oracle.differences(expected, oracle.read_ndjson(windows)) == []


@pytest.mark.embedded
def test_an_alert_comes_within_ninety_seconds_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        command(), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
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
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=30)
        finally:
            demo.kill()
    assert seen[-1].startswith("ALERT"), seen
    assert demo.returncode == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert list(tmp_path.iterdir()) == []


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
