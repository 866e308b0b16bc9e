"""Follow a file or a folder: look, read what is new, send it, remember it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from feeds.follow.forms import PostsOf, Unreadable
from feeds.follow.found import Entries, Found, Stamp, found_files
from feeds.follow.reading import Piece, read_pass
from feeds.positions import Positions, now_ms
from feeds.publish import Tally
from feeds.sinks import Sink
from schemas.feed import FeedPosition, FeedState

log = logging.getLogger(__name__)

_COMMIT_S = 1.0
_HEARTBEAT_S = 10.0
_RATE_OVER_S = 30.0
_LOOK_S = 0.5


class Follower:
    """What to follow, and how. `run` may be called again after a failure."""

    def __init__(
        self,
        root: Path,
        posts_of: PostsOf,
        positions: Positions,
        *,
        once: bool = False,
        ignored: frozenset[str] = frozenset(),
        look_s: float = _LOOK_S,
    ) -> None:
        self.name = f"follow:{root.absolute()}"
        self.unreadable = 0
        self._root = root
        self._posts_of = posts_of
        self._positions = positions
        self._once = once
        self._ignored = ignored
        self._look_s = look_s
        self._told: set[str] = set()

    async def run(self, sink: Sink, tally: Tally, stop: asyncio.Event) -> None:
        """Send what is new until `stop` is set, or with `once`, until all was read.

        Raises:
            FeedError: what is followed cannot be read at all.
            KafkaError: the broker does not take the posts; positions are those of posts it has.
        """
        kept = await self._positions.load(self.name)
        entries = Entries(kept, time.time_ns())
        stamps: dict[str, Stamp] = {}
        commit = _Commit(sink, self._positions, self.name, entries, tally, kept)
        await commit.now()  # when it began is known before anything is read
        is_done = False
        while not (is_done or stop.is_set()):
            passes = self._passes(entries, stamps)
            while passes and not stop.is_set():
                for inode, pieces in list(passes.items()):
                    if not await self._step(pieces, sink, tally, commit):
                        del passes[inode]
            await commit.now()
            is_done = self._once
            if not is_done:
                await _pause(stop, self._look_s)
        await commit.now(FeedState.STOPPED)

    def _passes(self, entries: Entries, stamps: dict[str, Stamp]) -> dict[str, Iterator[Piece]]:
        """A pass for each file that was written to since the last one."""
        passes = {}
        is_folder = self._root.is_dir()
        for file in found_files(self._root, self._ignored):
            if stamps.get(file.inode) != file.stamp:
                stamps[file.inode] = file.stamp
                passes[file.inode] = self._pass(file, entries, is_folder)
        return passes

    def _pass(self, file: Found, entries: Entries, is_folder: bool) -> Iterator[Piece]:
        is_rotated = not is_folder and file.path != self._root
        return read_pass(
            file,
            entries,
            self._posts_of,
            self._tell,
            is_final=self._once,
            is_known=is_rotated and file.changed_ns < entries.since_ns,
        )

    async def _step(
        self, pieces: Iterator[Piece], sink: Sink, tally: Tally, commit: "_Commit"
    ) -> bool:
        """Take the next piece of a file; False: there is none."""
        try:
            piece = next(pieces, None)
        except Unreadable as error:
            if not self._root.is_dir():
                await commit.now()
                raise
            self._tell(f"{error}; it is left out until it changes")
            self.unreadable += 1
            return False
        if piece is None:
            return False
        if piece.posts:
            at_ms = now_ms()
            await sink.send(piece.posts, at_ms)
            tally.posts += len(piece.posts)
            tally.bytes += sum([len(post.value) for post in piece.posts])
            newest_ms = max(post.event_time_ms for post in piece.posts)
            tally.newest_ms = max(tally.newest_ms, newest_ms)
        await commit.after(piece)
        await asyncio.sleep(0)
        return True

    def _tell(self, message: str) -> None:
        """Say a thing once. Names of files and columns are strangers' words."""
        if message not in self._told and len(self._told) < 10_000:
            self._told.add(message)
            log.warning("%s", "".join(sign if sign.isprintable() else " " for sign in message))


class _Commit:
    """Makes posts safe, and then writes down how far they are."""

    def __init__(
        self,
        sink: Sink,
        positions: Positions,
        name: str,
        entries: Entries,
        tally: Tally,
        written: str,
    ) -> None:
        self._sink = sink
        self._positions = positions
        self._name = name
        self._entries = entries
        self._tally = tally
        self._written = written
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._next_s = self._clock() + _COMMIT_S
        self._written_s = self._clock()
        self._marks = deque([(self._clock(), tally.posts)])
        self._started_at_ms = now_ms()

    async def after(self, piece: Piece) -> None:
        """Remember a piece that was sent; once a second, for good."""
        self._entries.keep(piece.entry)
        if self._clock() >= self._next_s:
            await self.now()

    async def now(self, state: FeedState = FeedState.LIVE) -> None:
        """All that was sent is safe when it returns, and written down.

        Now and then also where nothing is new: `leimo feed list` tells a dead process from idle
        files.
        """
        await self._sink.flush()
        encoded = self._entries.encoded()
        now_s = self._clock()
        is_due = state is not FeedState.LIVE or now_s - self._written_s >= _HEARTBEAT_S
        if encoded != self._written or is_due:
            await self._positions.keep(self._position(encoded, state, now_s))
            self._written, self._written_s = encoded, now_s
        self._next_s = now_s + _COMMIT_S

    def _position(self, encoded: str, state: FeedState, now_s: float) -> FeedPosition:
        self._marks.append((now_s, self._tally.posts))
        while len(self._marks) > 2 and self._marks[1][0] < now_s - _RATE_OVER_S:
            self._marks.popleft()
        (then_s, before), posts = self._marks[0], self._tally.posts
        return FeedPosition(
            feed=self._name,
            position=encoded,
            event_time_ms=self._tally.newest_ms,
            at_ms=now_ms(),
            state=state,
            endpoint=self._name.partition(":")[2],
            posts=posts,
            started_at_ms=self._started_at_ms,
            posts_per_s=round((posts - before) / max(now_s - then_s, 1e-3), 1),
        )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
