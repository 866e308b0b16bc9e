"""Why a raw record is no post: the one exception that reading a post may raise."""

from schemas.dead_letter import DropReason

MAX_DETAIL = 200


class InvalidPost(ValueError):  # noqa: N818 - named for what it is, as DropReason is
    """The record cannot become a post.

    >>> error = InvalidPost(DropReason.MISSING_FIELD, "id: missing")
    >>> error.reason.value, error.detail
    ('missing_field', 'id: missing')
    """

    def __init__(self, reason: DropReason, detail: str) -> None:
        self.reason = reason
        # Details quote the input, which may hold what no UTF-8 encoder accepts.
        self.detail = detail.encode("utf-8", "replace").decode("utf-8")[:MAX_DETAIL]
        super().__init__(f"{reason.value}: {self.detail}")


def quoted(value: object, limit: int = 60) -> str:
    """A short picture of a wrong value for a message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # integers of more than 4,300 digits, deep nesting
        text = f"a {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
