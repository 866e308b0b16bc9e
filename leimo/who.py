"""Who types a command, as kept on `actions`."""

from leimo.run import fail
from views.plain_text import one_line


def named(who: str) -> str:
    """The name, on one line; a message and exit code 2 where there is none."""
    name = one_line(who)
    if not name:
        fail("nobody knows who you are; give your name with --as", code=2)
    return name
