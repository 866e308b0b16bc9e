"""Ending at once is seen by whoever started the worker, and says why."""

import subprocess
import sys

PROGRAM = """
import asyncio, atexit, logging
from streams.stop import die

logging.basicConfig(format="%(levelname)s %(message)s")
atexit.register(print, "exit handlers ran")

async def main():
    try:
        raise ValueError("refused")
    except ValueError as error:
        die("commit of measure-3 failed", error)
    finally:
        print("went on")

asyncio.run(main())
"""


def test_it_ends_with_code_70_and_the_reason_and_nothing_runs_after_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (70, "")
    *trace, last = done.stderr.splitlines()
    assert last.startswith("CRITICAL commit of measure-3 failed; the process ends")
    assert "ValueError: refused" in trace
