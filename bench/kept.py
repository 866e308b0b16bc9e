"""Results that were measured, kept in a file: a long comparison can be cut into parts.

A result stands for the commit and the machine that it was measured on.
"""

import os
import platform
import subprocess
from pathlib import Path

import msgspec

from bench.runs import ROOT, Result

FILE = ROOT / ".bench.jsonl"


class Kept(msgspec.Struct, frozen=True):
    """A line of the file."""

    commit: str
    machine: str
    result: Result


def commit() -> str:
    """The commit of the working tree, and whether it was changed since."""
    found = _git("rev-parse", "--short=12", "HEAD")
    return f"{found} with changes" if _git("status", "--porcelain", "-uno") else found


def _git(*arguments: str) -> str:
    told = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return told.stdout.strip() if told.returncode == 0 else "no commit"


def machine() -> str:
    """What the figures depend on, for people.

    >>> " cores, " in machine()
    True
    """
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, {gib:.0f} GiB, "
        f"Python {platform.python_version()}"
    )


def read(path: Path) -> list[Result]:
    """What was measured here of this commit; a tree with changes is measured anew each time."""
    now, here = commit(), machine()
    if not path.is_file() or " " in now:
        return []
    lines = [msgspec.json.decode(line, type=Kept) for line in path.read_bytes().splitlines()]
    return [line.result for line in lines if (line.commit, line.machine) == (now, here)]


def keep(path: Path, result: Result) -> None:
    with path.open("ab") as file:
        file.write(msgspec.json.encode(Kept(commit(), machine(), result)) + b"\n")
