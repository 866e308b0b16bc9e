"""Commands without the second that imports take: each is a fork of a process that has them.

Started as a program it imports what commands need, then runs one command for each line of its
standard input. A command has a process, an environment, standard streams and an exit code of its
own, as if it were started anew.
"""

import gc
import os
import pkgutil
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

_OUR_PACKAGES = ("leimo", "center", "delivery", "feeds", "backtest", "catalogue", "views", "agents")
_TIMEOUT_S = 120


class Asked(msgspec.Struct):
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    """Where the files `out` and `err` are written."""


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Commands:
    """Runs commands one after the other."""

    def __init__(self, server: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._server = server
        self._folder = folder

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Done:
        """`leimo` with these arguments; killed if it takes two minutes (code -9)."""
        asked = Asked([*arguments], {**environment}, str(self._folder))
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        out, err = ((self._folder / name).read_text("utf-8", "replace") for name in ("out", "err"))
        return Done(code, out, err)


@contextmanager
def forked_commands() -> Iterator[Commands]:
    """A process that has all imports, until the end of the block."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "tests.leimo.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as server,
    ):
        yield Commands(server, Path(folder))


def _serve() -> None:
    for package in _OUR_PACKAGES:
        for found in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    gc.freeze()  # else the end of each fork goes through all of it
    for line in sys.stdin.buffer:
        asked = msgspec.json.decode(line, type=Asked)
        child = os.fork()
        if not child:
            _become(asked)
            break
        sys.stdout.write(f"{_code_of(child)}\n")
        sys.stdout.flush()


def _become(asked: Asked) -> None:
    """This process is the command from now on."""
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(asked.folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(asked.environment)
    sys.argv = ["leimo", *asked.arguments]
    runpy.run_module("leimo", run_name="__main__", alter_sys=True)


def _code_of(child: int) -> int:
    deadline_s = time.monotonic() + _TIMEOUT_S
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline_s:
            os.kill(child, 9)
        time.sleep(0.005)


if __name__ == "__main__":
    _serve()
