"""Files that a command line names, looked at before the work: a wrong one is exit code 2."""

import os
from pathlib import Path

from leimo.run import fail
from schemas.errors import OperatorError


def refuse_unwritable(option: str, path: Path) -> None:
    """Before hours of work and not after them.

    Raises:
        OperatorError: the file cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        mend = "name a file in a folder that exists"
        raise OperatorError(f"{option} {path}: cannot be written; {mend}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OperatorError(f"{option} {path}: permission denied; name a file that can be written")


def refuse_missing(*paths: Path | None) -> None:
    """End with code 2 where a file to read is none; None and `-` are standard input."""
    for path in paths:
        if path is None or str(path) == "-":
            continue
        if path.is_dir():
            fail(f"{path}: is a folder; name a file in it", code=2)
        if not path.exists():
            fail(f"{path}: no such file; name one that exists", code=2)
