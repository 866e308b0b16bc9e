"""The full screen on a real (pseudo) terminal: keys work, and the terminal is left clean."""

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics

TIMEOUT_S = 30.0
LEAVE = b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


_RUN = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C comes as a signal
from leimo.cli import main
main()
"""


class Terminal:
    """`leimo watch` on a pseudo-terminal of 80×24."""

    def __init__(self, address: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._theirs = theirs
        self.before = self.settings()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN, "watch", "--broker", address],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        self.shown = b""

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, self.shown[-2000:]
            if select.select([self._ours], [], [], 0.05)[0]:
                self.shown += os.read(self._ours, 65_536)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        self.wait_for(lambda: self.process.poll() is not None)
        self.wait_for(lambda: LEAVE in self.shown)
        return self.process.wait()

    def settings(self) -> list[object]:
        return [*termios.tcgetattr(self._theirs), os.get_blocking(self._theirs)]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(embedded_broker: EmbeddedBroker) -> Iterator[Terminal]:
    settings = Settings.load(broker=embedded_broker.address, partitions=1)
    asyncio.run(_apply(settings))
    terminal = Terminal(embedded_broker.address)
    yield terminal
    terminal.close()


async def _apply(settings: Settings) -> None:
    await apply_topics(settings)


def end_by_key(terminal: Terminal) -> None:
    terminal.press(b"q")


def end_by_ctrl_c(terminal: Terminal) -> None:
    terminal.press(b"\x03")


def end_by_signal(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)


@pytest.mark.embedded
@pytest.mark.parametrize("end", [end_by_key, end_by_ctrl_c, end_by_signal])
def test_the_terminal_is_left_as_it_was(
    terminal: Terminal, end: Callable[[Terminal], None]
) -> None:
    terminal.wait_for(lambda: b"Waiting for the first post." in terminal.shown)
    terminal.press(b"s")
    terminal.wait_for(lambda: b"sort: negative" in terminal.shown)
    terminal.press(b" ")
    terminal.wait_for(lambda: b"paused" in terminal.shown)
    terminal.press(b"\x1b[B\x1b[Ax")
    end(terminal)
    assert terminal.end() == 0
    assert terminal.shown.rfind(LEAVE) > terminal.shown.rfind(b"\x1b[?1049h")
    assert terminal.shown.rfind(SHOW_CURSOR) > terminal.shown.rfind(b"\x1b[?25l")
    assert terminal.settings() == terminal.before
    _, trace, rest = terminal.shown.partition(b"Traceback")
    assert not trace, rest[:4000].decode()
