"""Files that a command writes at its end, looked at before its work."""

import os
from pathlib import Path

from leimo.run import CommandError


def refuse_unwritable(option: str, path: Path) -> None:
    """Before hours of work and not after them.

    Raises:
        CommandError: the file cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        mend = "name a file in a folder that exists"
        raise CommandError(f"{option} {path}: cannot be written; {mend}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CommandError(f"{option} {path}: permission denied; name a file that can be written")
