"""What deletions say, ready to be asked of any post."""

from collections.abc import Iterable

import msgspec

from schemas.alert import Alert, Sample
from schemas.deletion import Deletion, DeletionScope

MOST = 500_000
"""Deletions that are kept of each scope, the newest ones: about 100 bytes each."""


class Forgotten:
    """Posts and authors whose text is not to be shown any more."""

    def __init__(self, deletions: Iterable[Deletion] = (), most: int = MOST) -> None:
        self._posts: dict[int, int] = {}
        self._authors: dict[int, int] = {}
        self._names: dict[int, int] = {}
        """Authors of any source."""
        self._most = most
        for deletion in deletions:
            self.add(deletion)

    def __len__(self) -> int:
        return len(self._posts) + len(self._authors)

    def add(self, deletion: Deletion) -> bool:
        """Take it into account; whether it was news."""
        kept = self._posts if deletion.scope is DeletionScope.POST else self._authors
        mark = hash((deletion.source, deletion.subject))
        if kept.get(mark, -1) >= deletion.at_ms:
            return False
        self._keep(kept, mark, deletion.at_ms)
        if deletion.scope is DeletionScope.AUTHOR:
            self._keep(self._names, hash(deletion.subject), deletion.at_ms)
        return True

    def _keep(self, kept: dict[int, int], mark: int, at_ms: int) -> None:
        kept[mark] = at_ms
        if len(kept) > self._most:
            del kept[next(iter(kept))]

    def covers(self, source: str, post: str, author: str, event_time_ms: int) -> bool:
        """Whether this post is to be forgotten: itself, or with all that its author wrote by then.

        >>> forgotten = Forgotten([Deletion(scope=DeletionScope.AUTHOR, source="weibo", subject="u",
        ...                                 at_ms=10)])
        >>> forgotten.covers("weibo", "1", "u", 9), forgotten.covers("weibo", "2", "u", 11)
        (True, False)
        """
        if self._posts and hash((source, post)) in self._posts:
            return True
        return bool(self._authors) and self.has_author(source, author, event_time_ms)

    def has_author(self, source: str, author: str, event_time_ms: int) -> bool:
        """Whether what the author wrote at that time is to be forgotten."""
        return self._authors.get(hash((source, author)), -1) >= event_time_ms

    def names(self, author: str) -> bool:
        """Whether an author of any source is to be forgotten, whenever it wrote."""
        return bool(self._names) and hash(author) in self._names

    def covers_sample(self, sample: Sample) -> bool:
        """As `covers`, of a post that drove an alert."""
        return self.covers(sample.source, sample.post, sample.author, sample.event_time_ms)

    def without(self, alert: Alert) -> Alert | None:
        """The alert without the posts that are to be forgotten; None: it shows none of them."""
        samples = tuple(one for one in alert.samples if not self.covers_sample(one))
        if len(samples) == len(alert.samples):
            return None
        return msgspec.structs.replace(alert, samples=samples)
