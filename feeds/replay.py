"""Replay files of posts: at their own pace, or as fast as they can be sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import inf, isfinite
from pathlib import Path

import msgspec

from feeds.disorder import shuffled_within
from feeds.files import Refusal, read_lines
from feeds.pace import Beat, Pace
from feeds.rebase import rebase
from feeds.source import DuePost, FeedError
from schemas.post import Source
from sources.facts import Facts, WrappedError, facts_reader, key_reader, posts_in

_BATCH = 1_000


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay, and how. A `Feed`."""

    files: Sequence[Path]
    source: Source = Source.WEIBO
    speed: float = 1.0
    """Times the posts' own pace; `math.inf`: without any pause."""
    max_gap_s: float = 10.0
    """A silence of the posts is cut to so many seconds of the replay."""
    now_ms: int | None = None
    """Unless None, times are moved: the first post is of this moment. All move alike at the
    posts' own pace and at full speed; where the replay shortens time (another speed, a silence
    cut), a post's time is when it is due, so that none comes from the future."""
    shuffle_within_s: float = 0.0
    """Put posts out of order by at most this stretch of their time."""
    seed: int = 0
    part: int = 1
    """With `parts`: takes the `part`-th of every `parts` records, counted over all files."""
    parts: int = 1
    limit: int | None = None
    """Stop after so many posts."""
    refuse: Callable[[Refusal], None] = lambda refusal: None
    """Is told each line that is too long."""

    def __post_init__(self) -> None:
        if not 1 <= self.part <= self.parts:
            raise ValueError(f"part={self.part}/{self.parts}: must be 1/{self.parts} or above")
        if not self.speed > 0:
            raise ValueError(f"speed={self.speed}: must be above 0")

    def batches(self) -> Iterator[list[DuePost]]:
        """Posts in order. `FeedError` where a file is missing, or ends in the middle."""
        for path in self.files:
            if not path.exists():
                raise FeedError(f"{path}: no such file")
        batches = self._recognised(self._timed() if self._needs_times else self._untimed())
        return batches if self.limit is None else _first(batches, self.limit)

    def _recognised(self, batches: Iterator[list[DuePost]]) -> Iterator[list[DuePost]]:
        """The same; refuses files whose beginning holds no post at all, before any is sent."""
        is_first = True
        for batch in batches:
            if batch and is_first and not any(post.key or post.event_time_ms for post in batch):
                names = ", ".join(map(str, self.files[:3]))
                raise FeedError(
                    f"{names}: none of the first {len(batch):,} lines is a post of "
                    f"{self.source.value}; nothing was sent: name files with posts, or see --source"
                )
            is_first = is_first and not batch
            yield batch

    @property
    def _needs_times(self) -> bool:
        return isfinite(self.speed) or self.now_ms is not None or self.shuffle_within_s > 0

    def _lines(self) -> Iterator[list[bytes]]:
        for path in self.files:
            yield from read_lines(path, self.refuse)

    def _untimed(self) -> Iterator[list[DuePost]]:
        key_of = key_reader(self.source)
        number = 0
        for lines in self._lines():
            mine = lines[(self.part - 1 - number) % self.parts :: self.parts]
            number += len(lines)
            for start in range(0, len(mine), _BATCH):
                some = mine[start : start + _BATCH]
                try:
                    yield [DuePost(0.0, key_of(line), line) for line in some]
                except WrappedError:
                    yield from self._unwrapped(some)

    def _unwrapped(self, lines: Sequence[bytes]) -> Iterator[list[DuePost]]:
        """Lines of which some hold many posts."""
        facts_of = facts_reader(self.source)
        posts = (
            DuePost(0.0, key, post) for line in lines for key, _, post in _read(facts_of, line)
        )
        while batch := list(islice(posts, _BATCH)):
            yield batch

    def _timed(self) -> Iterator[list[DuePost]]:
        posts = self._paced()
        # All feeders of a file pace all of its posts, so that they keep step.
        mine = islice(posts, self.part - 1, None, self.parts)
        while batch := list(islice(mine, _BATCH)):
            yield batch

    def _paced(self) -> Iterator[DuePost]:
        pace = Pace(self.speed, self.max_gap_s) if isfinite(self.speed) else None
        first_ms = 0
        for at_ms, (key, value) in self._in_order():
            beat = pace.beat(at_ms) if pace else _AT_ONCE
            if self.now_ms is None or not at_ms:
                yield DuePost(beat.due_ms, key, value, at_ms)
                continue
            first_ms = first_ms or at_ms
            if pace:
                moved_ms = self.now_ms + round(beat.due_ms - beat.behind_ms)
            else:
                moved_ms = self.now_ms + at_ms - first_ms
            yield DuePost(beat.due_ms, key, rebase(value, moved_ms - at_ms), moved_ms)

    def _in_order(self) -> Iterable[tuple[int, tuple[bytes, bytes]]]:
        posts = self._read()
        if self.shuffle_within_s > 0:
            return shuffled_within(posts, round(self.shuffle_within_s * 1_000), self.seed)
        return posts

    def _read(self) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
        facts_of = facts_reader(self.source)
        for lines in self._lines():
            for line in lines:
                for key, event_time_ms, post in _read(facts_of, line):
                    yield event_time_ms, (key, post)


def _read(facts_of: Callable[[bytes], Facts], line: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Key, time and bytes of each post in a line: mostly one."""
    try:
        yield *facts_of(line), line
        return
    except WrappedError:
        pass
    for post in posts_in(line):
        try:
            yield *facts_of(post), post
        except WrappedError:  # deeper than anybody wraps: the worker says what it is
            yield b"", 0, post


_AT_ONCE = Beat(0.0, 0.0)
FULL_SPEED = inf


def _first(batches: Iterator[list[DuePost]], limit: int) -> Iterator[list[DuePost]]:
    left = limit
    for batch in batches:
        if left <= 0:
            return
        yield batch[:left]
        left -= len(batch)
