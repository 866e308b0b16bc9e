"""What is to be forgotten, as kept on `deletions`."""

from enum import StrEnum

import msgspec


class DeletionScope(StrEnum):
    POST = "post"
    AUTHOR = "author"
    """All posts of an account that were written until then."""


class Deletion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Text that its author took back: counts stay, the text, its terms and its author go.

    It holds whatever was written until `at_ms`, so that a replay does not bring it back.
    """

    scope: DeletionScope
    source: str
    subject: str
    """Id of the post or of the author, as in `Mention`."""
    at_ms: int
    """When it was asked for."""
    asked_by: str = ""
    """`source`, or who typed the command."""

    @property
    def key(self) -> bytes:
        """The record's key.

        >>> Deletion(scope=DeletionScope.POST, source="mastodon", subject="7", at_ms=0).key
        b'post|mastodon|7'
        """
        return f"{self.scope}|{self.source}|{self.subject}".encode()
