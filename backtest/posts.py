"""Archived posts for a backtest: of files, or of the topic `posts.raw`."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.intake import Intake
from backtest.history import History
from feeds.files import Refusal, read_lines
from feeds.source import FeedError
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.dead_letter import DropReason
from schemas.errors import OperatorError
from schemas.topics import POSTS_RAW
from sources.facts import posts_in
from sources.raw_posts import Line, Lines, RawPosts

_AT_ONCE = 1000

OnProgress = Callable[[int, int | None], None]
"""Takes the records that are read, and how many there are, where that is known."""


class Refused:
    """Records that are no posts, by reason."""

    def __init__(self) -> None:
        self.reasons: Counter[DropReason] = Counter()

    def note(self, intake: Intake) -> None:
        """Count what was refused of a batch; events that hold no post are none either."""
        self.reasons.update(invalid.reason for _, invalid in intake.refused)
        self.reasons.update(DropReason.NO_POST for _ in intake.skipped)

    def __str__(self) -> str:
        """
        >>> refused = Refused()
        >>> refused.reasons.update([DropReason.EMPTY, DropReason.NOT_JSON, DropReason.EMPTY])
        >>> str(refused)
        '3 records are no posts and were left out: 2 empty, 1 not_json'
        """
        listed = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())
        return f"{self.reasons.total():,} records are no posts and were left out: {listed}"


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
        OperatorError: a file cannot be read, or ends in the middle.
    """
    reader = Lines(source, int(time.time() * 1000))
    read = 0

    def refuse(_: Refusal) -> None:
        refused.reasons[DropReason.TOO_LARGE] += 1

    for path in files:
        try:
            for lines in read_lines(path, refuse):
                posts = [Line(post) for line in lines for post in posts_in(line)]
                for first in range(0, len(posts), _AT_ONCE):
                    some = posts[first : first + _AT_ONCE]
                    refused.note(history.add(some, reader))
                    read += len(some)
                    progress(read, None)
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
                refused.note(history.add(some, posts))
                read += len(some)
                progress(read, total)
