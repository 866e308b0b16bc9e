"""The named queries, in SQL that all databases take."""

from center.store.reading.mentions import MentionReads
from center.store.reading.records import ActionReads, AlertReads, FeedReads
from center.store.reading.windows import WindowReads


class Reads(WindowReads, MentionReads, AlertReads, ActionReads, FeedReads):
    """The reading half of a store."""
