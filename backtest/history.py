"""Archived posts, analysed once and kept as what they mention, to be replayed many times."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from analysis.groups import Groups
from analysis.intake import Reader, take_in
from analysis.pipeline import Analyser
from schemas.dead_letter import DropReason
from schemas.mention import AnyMention
from schemas.post import Post, PostEvent
from sources.parsing import post_identity

MINUTE_MS = 60_000
WEEK_MS = 7 * 24 * 60 * MINUTE_MS
_OUTAGE_MIN = 5
_OUTAGE_GAPS = 50
"""A hole is an outage when it is so many times as long as usual between minutes with posts."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[AnyMention, ...]).decode


class Analysed(NamedTuple):
    """What of a post goes into a history."""

    at_ms: int
    event: PostEvent
    identity: int
    """Of the post, or of the edit."""
    original: int
    """Of an edit: identity of its post."""
    mentions: bytes
    """Encoded; empty: it mentions no brand."""


def analysed(
    records: Sequence[Any], reader: Reader, analyser: Analyser, groups: Groups
) -> tuple[list[Analysed], Counter[DropReason]]:
    """Analyse posts: what takes most of the time, and may be done by any process.

    Returns why other records are no posts, too.
    """
    intake = take_in(records, 0, None, reader, analyser, groups)
    posts = [
        Analysed(
            post.event_time_ms,
            post.event,
            0 if post.event is PostEvent.DELETE else post_identity(post),
            _original(post),
            _encode(mentions) if mentions else b"",
        )
        for post, mentions in zip(intake.posts, intake.mentions, strict=True)
    ]
    return posts, intake.reasons()


def _original(post: Post) -> int:
    if post.event is not PostEvent.EDIT:
        return 0
    return post_identity(msgspec.structs.replace(post, event=PostEvent.ADD))


class History:
    """What posts of the past mention: about half a kilobyte a mention, and 16 bytes a post.

    The order in which posts are added does not matter, nor does it matter how often a post is
    added: each counts once, as in a worker. Nor do deletions change what was counted.
    """

    def __init__(self, analyser: Analyser, groups: Groups) -> None:
        self._analyser = analyser
        self._groups = groups
        self._identities = array("Q")
        """Of every post and edit."""
        self._minutes = array("q")
        self._at_ms = array("q")
        """Of the posts that mention a brand, as all below."""
        self._versions = array("Q")
        self._mentions: list[bytes] = []
        self._edited: dict[int, int] = {}
        """Number of an edit -> identity of its post."""
        self._order: list[tuple[int, bool]] | None = None

    def add(self, records: Sequence[Any], reader: Reader) -> Counter[DropReason]:
        """Keep what the posts in records mention; returns why others are no posts."""
        posts, refused = analysed(records, reader, self._analyser, self._groups)
        self.keep(posts)
        return refused

    def keep(self, posts: Iterable[Analysed]) -> None:
        """Keep what posts mention that were analysed elsewhere, under the same catalogue."""
        self._order = None
        for post in posts:
            self._minutes.append(post.at_ms // MINUTE_MS)
            if post.event is PostEvent.DELETE:
                continue
            self._identities.append(post.identity)
            if not post.mentions:
                continue
            if post.event is PostEvent.EDIT:
                self._edited[len(self._mentions)] = post.original
            self._at_ms.append(post.at_ms)
            self._versions.append(post.identity)
            self._mentions.append(post.mentions)

    def __len__(self) -> int:
        """Posts that mention a brand, each once."""
        return len(self._ordered())

    @property
    def records(self) -> int:
        """Posts that were added."""
        return len(self._identities)

    @property
    def posts(self) -> int:
        """Different posts, and edits of them."""
        return len(np.unique(np.frombuffer(self._identities, np.uint64))) if self.records else 0

    @property
    def first_ms(self) -> int:
        """Start of the first minute with a post."""
        return min(self._minutes, default=0) * MINUTE_MS

    @property
    def end_ms(self) -> int:
        """End of the last minute with a post."""
        return max(self._minutes) * MINUTE_MS + MINUTE_MS if self._minutes else 0

    @property
    def weeks(self) -> float:
        """How long it is."""
        return (self.end_ms - self.first_ms) / WEEK_MS

    def outages(self) -> list[tuple[int, int]]:
        """Begin and end, in ms, of holes that are too long for silence: nobody collected posts.

        They are longer than five minutes, as in a worker, and than fifty times the usual gap
        between minutes with posts: an archive of few posts has no outage every night.
        """
        minutes = np.unique(np.frombuffer(self._minutes, np.int64))
        if len(minutes) < 2:
            return []
        gaps = np.diff(minutes)
        limit = max(_OUTAGE_MIN, _OUTAGE_GAPS * float(gaps.mean()))
        return [
            (int(minutes[at] + 1) * MINUTE_MS, int(minutes[at + 1]) * MINUTE_MS)
            for at in np.flatnonzero(gaps > limit)
        ]

    def mentions(self) -> Iterator[AnyMention]:
        """All, in the order of event time. Offsets are given anew: they rise with time."""
        for offset, (at, is_edit) in enumerate(self._ordered()):
            for mention in _decode(self._mentions[at]):
                yield msgspec.structs.replace(mention, offset=offset, is_edit=is_edit)

    def _ordered(self) -> list[tuple[int, bool]]:
        """Number of each post that counts, and whether it counts as an edit; by time.

        The first version that is there counts as the post, the others are edits of it.
        """
        if self._order is None:
            known = set(self._identities) if self._edited else set()
            numbers = range(len(self._mentions))
            seen: set[int] = set()
            self._order = []
            for at in sorted(numbers, key=lambda at: (self._at_ms[at], self._mentions[at])):
                if self._versions[at] in seen:
                    continue
                seen.add(self._versions[at])
                post = self._edited.get(at)
                self._order.append((at, post in known))
                if post is not None:
                    known.add(post)
        return self._order
