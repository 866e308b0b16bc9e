"""Options of the command line that name a moment."""

import time

from leimo.run import fail
from views.times import time_ms


def moment_option(option: str, text: str | None) -> int | None:
    """The value of an option that names a moment; ends the command where it is none."""
    if text is None:
        return None
    try:
        return time_ms(text, round(time.time() * 1000))
    except ValueError as error:
        fail(f"{option} {error}", code=2)
