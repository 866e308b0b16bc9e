"""A batch of raw records -> brand mentions: one pure function, for every program that counts posts.

The worker, `leimo audit`, backtests and benchmarks call it, so a post is one post and a repeat one
repeat for all of them. What happens with the result (outbox, metrics, time) is their business.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from analysis.groups import Groups
from analysis.pipeline import Analyser
from schemas.catalogue import Catalogue
from schemas.dead_letter import DropReason
from schemas.deletion import Deletion, DeletionScope
from schemas.mention import AnyMention
from schemas.post import Post, PostEvent, Skipped
from sources.refusals import InvalidPost, NoPost
from sources.versions import Seen, first_sight

NO_GROUPS = Groups(Catalogue())
_DELETE = PostEvent.DELETE  # by name it costs as much as a call


class Reader(Protocol):
    """Reads records as posts: `sources.raw_posts`."""

    def post(self, record: Any) -> Post: ...
    def source(self, record: Any) -> str: ...


class Intake:
    """What came of a batch, before any of it counts."""

    __slots__ = ("deletions", "mentions", "posts", "records", "refused", "skipped", "times_ms")

    def __init__(self) -> None:
        self.refused: list[tuple[Any, InvalidPost]] = []
        """Records that are no posts, and why."""
        self.skipped: list[Skipped] = []
        """Events of a source that hold no post."""
        self.deletions: list[Deletion] = []
        """Posts that were taken back, and accounts that are gone, whether they were read or not."""
        self.times_ms: list[int] = []
        """Event times of all posts, repeats too."""
        self.posts: list[Post] = []
        """Those that are no repeats ..."""
        self.records: list[Any] = []
        """... their records ..."""
        self.mentions: list[list[AnyMention]] = []
        """... and their mentions, those of groups of rivals last."""

    def reasons(self) -> Counter[DropReason]:
        """Why records are no posts, and how many."""
        found = Counter(invalid.reason for _, invalid in self.refused)
        if self.skipped:
            found[DropReason.NO_POST] += len(self.skipped)
        return found

    @property
    def repeats(self) -> int:
        """Posts that the source sent again."""
        return len(self.times_ms) - len(self.posts)


def take_in(
    records: Sequence[Any],
    partition: int,
    seen: Seen | None,
    reader: Reader,
    analyser: Analyser,
    groups: Groups = NO_GROUPS,
) -> Intake:
    """Read the records of a partition of `posts.raw`, in order of their offsets.

    `records` are what `reader` reads, with an `offset`. `seen` is told of every post and says which
    are repeats; nothing else is changed. None: who asks tells them apart by itself.
    """
    intake = Intake()
    read = reader.post
    times_ms, posts, kept, offsets = intake.times_ms, intake.posts, intake.records, []
    for record in records:
        try:
            post = read(record)
        except NoPost as event:
            intake.skipped.append(event.event)
            if event.removed_author:
                source = reader.source(record)
                gone = _deletion(DeletionScope.AUTHOR, source, event.removed_author, record)
                intake.deletions.append(gone)
            continue
        except InvalidPost as invalid:
            intake.refused.append((record, invalid))
            continue
        times_ms.append(post.event_time_ms)
        if post.event is _DELETE:
            gone = _deletion(DeletionScope.POST, post.source.value, post.id, record)
            intake.deletions.append(gone)
        offset = record.offset
        first = post if seen is None else first_sight(post, seen, offset)
        if first is not None:
            posts.append(first)
            kept.append(record)
            offsets.append(offset)
    # One call for the batch: the sentiment model reads all clauses at once.
    intake.mentions = [
        [*found, *groups.of(found)] if found else []
        for found in analyser.mentions_many(posts, partition, offsets)
    ]
    return intake


def _deletion(scope: DeletionScope, source: str, subject: str, record: Any) -> Deletion:
    """By when it was read, since not every source says when it happened."""
    return Deletion(
        scope=scope, source=source, subject=subject, at_ms=record.timestamp, asked_by="source"
    )
