"""A command in a process of its own, for what only a process shows: Ctrl-C, pipes, a slow start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`leimo` with these arguments. Killed where the test fails: else one that goes on would be
    waited for forever."""
    with subprocess.Popen(
        [sys.executable, "-m", "leimo", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
