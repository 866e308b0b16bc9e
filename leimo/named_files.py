"""Files that a command line names, looked at before the work: a wrong one is exit code 2."""

from pathlib import Path

from leimo.run import fail


def refuse_missing(*paths: Path | None) -> None:
    """End with code 2 where a file to read is none; None and `-` are standard input."""
    for path in paths:
        if path is None or str(path) == "-":
            continue
        if path.is_dir():
            fail(f"{path}: is a folder; name a file in it", code=2)
        if not path.exists():
            fail(f"{path}: no such file; name one that exists", code=2)


def refuse_missing_path(path: Path) -> None:
    """End with code 2 where there is neither a file nor a folder."""
    if not path.exists():
        fail(f"{path}: no such file or folder; name one that exists", code=2)
