"""Files that are followed, and what is kept of each: they are renamed, packed and replaced."""

import os
from collections.abc import Container, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_hexdigest

from feeds.source import FeedError

HEAD_BYTES = 4096
"""So many bytes tell a file from all others, wherever it stands; fewer only with its inode. Tables
of one crawler begin with the same header of up to 1,000 bytes."""
SECOND_NS = 1_000_000_000
"""Times of files come from a coarser clock."""
MAX_FILES = 4_000
_MAX_ENTRIES = 5_000
"""Files that are remembered: some 150 bytes each, in one record."""
_PASSING = (".lock", ".new", ".tmp", ".part", ".swp", "~")


Stamp = tuple[int, int, Path]


class Entry(msgspec.Struct, array_like=True):
    """How far a file is taken."""

    inode: str
    path: str
    head: str
    """Digest of the first `head_bytes` of its content."""
    head_bytes: int
    at: int
    digest: str = ""


class Found(NamedTuple):
    """A file as it stands there now."""

    path: Path
    inode: str
    size: int
    changed_ns: int

    @property
    def stamp(self) -> "Stamp":
        """Another one means: it was written to, or renamed."""
        return self.size, self.changed_ns, self.path


def found_files(root: Path, but: Container[str]) -> list[Found]:
    """The file, and what it may have been renamed to; or all files of a folder. Oldest first."""
    if root.is_dir():
        paths = list(_below(root))
    else:
        beside = root.parent
        names = [name for name in os.listdir(beside) if _is_rotated_name(name, root)]
        paths = [root, *(beside / name for name in names)]
    found = []
    for path in paths:
        if str(path.absolute()) in but:
            continue
        try:
            state = path.stat()
        except OSError:
            continue  # it has just gone
        if S_ISREG(state.st_mode):
            inode = f"{state.st_dev}:{state.st_ino}"
            found.append(Found(path, inode, state.st_size, state.st_mtime_ns))
    if len(found) > MAX_FILES:
        raise FeedError(
            f"{root}: holds {len(found):,} files; {MAX_FILES:,} are the most: move old ones away, "
            "or follow its folders one by one, each with its own --positions"
        )
    return sorted(found, key=lambda file: (file.changed_ns, file.path))


def _is_rotated_name(name: str, root: Path) -> bool:
    return name.startswith((f"{root.name}.", f"{root.name}-", f"{root.stem}-")) and (
        name != root.name and not name.endswith(_PASSING)
    )


def _below(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and not name.endswith(_PASSING):
                yield Path(base, name)


class _Kept(msgspec.Struct):
    since_ns: int
    files: list[Entry]


class Entries:
    """What is known of files: by inode, and by what they begin with."""

    def __init__(self, kept: str, now_ns: int) -> None:
        held = msgspec.json.decode(kept, type=_Kept) if kept else _Kept(now_ns - SECOND_NS, [])
        self.since_ns = held.since_ns
        """When following began: a rotated file that was written to later was followed, even where
        nobody saw it under its first name."""
        self._by_inode = {entry.inode: entry for entry in held.files}

    def of(self, file: Found, head: bytes) -> Entry | None:
        """The entry of a file with this beginning; None: it is new."""
        entry = self._by_inode.get(file.inode)
        if entry is not None and _begins(entry, head):
            return entry
        for other in self._by_inode.values():
            if other.head_bytes >= HEAD_BYTES and _begins(other, head):
                return other
        return None

    def of_path(self, path: Path) -> Entry | None:
        """The newest entry of a file at this place, whatever it begins with."""
        entries = [entry for entry in self._by_inode.values() if entry.path == str(path)]
        return entries[-1] if entries else None

    def keep(self, entry: Entry) -> None:
        """Remember it as the newest; beyond some thousands the oldest is forgotten."""
        self._by_inode.pop(entry.inode, None)
        self._by_inode[entry.inode] = entry
        while len(self._by_inode) > _MAX_ENTRIES:
            del self._by_inode[next(iter(self._by_inode))]

    def encoded(self) -> str:
        """As a position."""
        kept = _Kept(self.since_ns, list(self._by_inode.values()))
        return msgspec.json.encode(kept).decode()


def entry_of(file: Found, head: bytes, at: int, digest: str) -> Entry:
    """What is to be remembered of a file."""
    return Entry(
        inode=file.inode,
        path=str(file.path),
        head=xxh3_64_hexdigest(head),
        head_bytes=len(head),
        at=at,
        digest=digest,
    )


def _begins(entry: Entry, head: bytes) -> bool:
    return (
        entry.head_bytes <= len(head) and xxh3_64_hexdigest(head[: entry.head_bytes]) == entry.head
    )
