"""Posts that their authors took back: they stand in nothing that is still to be sent. Pure."""

from msgspec.structs import replace

from schemas.alert import Alert, Sample
from schemas.deletion import Deletion, DeletionScope


class Forgotten:
    """What is to be forgotten."""

    def __init__(self) -> None:
        self._posts: set[tuple[str, str]] = set()
        self._authors: dict[tuple[str, str], int] = {}

    def __bool__(self) -> bool:
        return bool(self._posts or self._authors)

    def add(self, deletion: Deletion) -> None:
        """Take one more in."""
        key = (deletion.source, deletion.subject)
        if deletion.scope is DeletionScope.POST:
            self._posts.add(key)
        else:
            self._authors[key] = max(deletion.at_ms, self._authors.get(key, 0))

    def holds(self, sample: Sample) -> bool:
        """Whether a post is to be forgotten: itself, or all that its author wrote until then."""
        if (sample.source, sample.post) in self._posts:
            return True
        return sample.event_time_ms <= self._authors.get((sample.source, sample.author), -1)

    def without(self, alert: Alert) -> Alert:
        """The alert without what is to be forgotten; counts stay."""
        left = tuple(sample for sample in alert.samples if not self.holds(sample))
        return alert if len(left) == len(alert.samples) else replace(alert, samples=left)
