"""What the head of the screen says about the stream itself."""

from typing import NamedTuple


class Status(NamedTuple):
    """The state of the stream, beside the scoreboard."""

    broker: str
    now_ms: int
    feed_per_s: float | None = None
    """Records a second that arrive in `posts.raw`."""
    feed_course: tuple[float, ...] = ()
    mentions_per_s: float | None = None
    problems: tuple[str, ...] = ()
    """What is wrong, one sentence each."""
    extra: tuple[str, ...] = ()
    """More lines for the head, from whoever embeds the screen."""
    is_paused: bool = False
    has_keys: bool = False
    """Whether keys are read."""
