"""Archived posts for a backtest: of files, or of the topic `posts.raw`."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from backtest.history import History
from backtest.processes import Batch, analysing
from feeds.files import CutOff, Refusal, read_lines
from feeds.source import FeedError
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.catalogue import Catalogue
from schemas.dead_letter import DropReason
from schemas.errors import OperatorError
from schemas.topics import POSTS_RAW
from sources.facts import posts_in
from sources.raw_posts import Line, Lines, RawPosts

_AT_ONCE = 1000
_LARGE_BYTES = 8 << 20
"""Of files, as they lie there; a process needs seconds to begin."""

OnProgress = Callable[[int, int | None], None]
"""Takes the records that are read, and how many there are, where that is known."""


class Refused:
    """What was left out: records that are no posts, by reason, and ends of files."""

    def __init__(self) -> None:
        self.reasons: Counter[DropReason] = Counter()
        self.cut_off: list[str] = []
        """Of each file that ends in the middle, that it does; its whole lines were taken."""

    def __str__(self) -> str:
        """
        >>> refused = Refused()
        >>> refused.reasons.update([DropReason.EMPTY, DropReason.NOT_JSON, DropReason.EMPTY])
        >>> str(refused)
        '3 records are no posts and were left out: 2 empty, 1 not_json'
        """
        listed = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())
        total = self.reasons.total()
        if total == 1:
            return f"1 record is no post and was left out: {listed}"
        return f"{total:,} records are no posts and were left out: {listed}"


def refuse_missing_files(files: Sequence[Path]) -> None:
    """Before the work.

    Raises:
        OperatorError: one of them is no file.
    """
    for path in files:
        if not path.exists():
            raise OperatorError(f"{path}: there is no such file; name files with posts")
        if path.is_dir():
            raise OperatorError(f"{path}: is a folder; name the files in it, such as {path}/*.gz")


def add_files(
    history: History, files: Sequence[Path], source: str, refused: Refused, progress: OnProgress
) -> None:
    """Take all posts of files into the history.

    Raises:
        OperatorError: a file cannot be read.
    """
    reader = Lines(source, _now_ms())
    read = 0
    for lines in _batches(files, refused):
        refused.reasons.update(history.add(lines, reader))
        read += len(lines)
        progress(read, None)


def add_files_on(
    jobs: int,
    catalogue: Catalogue,
    history: History,
    files: Sequence[Path],
    source: str,
    refused: Refused,
    progress: OnProgress,
) -> None:
    """`add_files` on so many processes; the history is of this catalogue.

    Raises:
        OperatorError: a file cannot be read.
    """
    read = 0

    def keep(batches: Iterable[Batch]) -> None:
        nonlocal read
        for batch in batches:
            history.keep(batch.posts)
            refused.reasons.update(batch.refused)
            read += batch.lines
            progress(read, None)

    with analysing(catalogue, Lines(source, _now_ms()), jobs) as running:
        for lines in _batches(files, refused):
            keep(running.take(lines))
        keep(running.rest())


def usual_jobs(files: Sequence[Path]) -> int:
    """Processes that are worth their start: one for little."""
    size = sum(path.stat().st_size for path in files)
    return (os.cpu_count() or 1) if size >= _LARGE_BYTES else 1


def _now_ms() -> int:
    return int(time.time() * 1000)


def _batches(files: Sequence[Path], refused: Refused) -> Iterator[list[Line]]:
    def refuse(_: Refusal) -> None:
        refused.reasons[DropReason.TOO_LARGE] += 1

    for path in files:
        try:
            for lines in read_lines(path, refuse):
                posts = [Line(post) for line in lines for post in posts_in(line)]
                for first in range(0, len(posts), _AT_ONCE):
                    yield posts[first : first + _AT_ONCE]
        except CutOff as error:
            refused.cut_off.append(str(error))
        except FeedError as error:
            raise OperatorError(str(error)) from error


async def add_topic(
    history: History, settings: Settings, refused: Refused, progress: OnProgress
) -> None:
    """Take all posts that `posts.raw` holds now into the history.

    Raises:
        TopicError: the topic does not exist.
    """
    states = [state for state in await topic_states(settings) if state.topic == POSTS_RAW]
    refuse_missing(states)
    posts = RawPosts(settings)
    async with PartitionReader(settings) as reader:
        partitions = [(POSTS_RAW.name, at) for state in states for at in range(state.found or 0)]
        bounds = await reader.bounds(partitions)
        total = sum(end - first for first, end in bounds.values())
        read = 0
        async for _, records in reader.read(bounds):
            for first in range(0, len(records), _AT_ONCE):
                some = records[first : first + _AT_ONCE]
                refused.reasons.update(history.add(some, posts))
                read += len(some)
                progress(read, total)
