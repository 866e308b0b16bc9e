"""Standard output that a reader may close early, as `| head` does."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn


@contextmanager
def quiet_broken_pipe() -> Iterator[None]:
    """End the block without a word when nobody reads standard output any more."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()


OUTPUT_FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})
"""What writing fails with: the disk is full, a quota or a limit is reached, or nobody reads."""


def refuse_output(error: OSError) -> NoReturn:
    """End with one line on standard error and code 1: the output is not whole."""
    _write_nowhere()
    with suppress(OSError):
        if error.errno != errno.EPIPE:
            sys.stderr.write(f"error: the output cannot be written: {error.strerror}\n")
    sys.exit(1)


def _write_nowhere() -> None:
    """The interpreter flushes once more at its end, which must not fail either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
