"""Files that are to be written, looked at before the work."""

import os
from pathlib import Path

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
