"""All that the library apprise reaches: an extra, and best effort.

apprise says whether a service took a message, and not how it answered: some answer 200 and refuse.
So `deliveries` marks what was sent this way, and nothing is said of limits.
"""

import importlib
from typing import Any

from delivery.endpoints import EndpointError
from delivery.messages import Message
from delivery.outcomes import Answer
from schemas.delivery import Reason

BEST_EFFORT = "best effort: apprise does not tell how the receiver answered"
SCHEMES = frozenset(
    (
        *("bark", "barks", "discord", "gotify", "gotifys", "line", "matrix", "matrixs"),
        *("mmost", "mmosts", "ntfy", "ntfys", "pover", "pushdeer", "pushdeers", "pushplus"),
        *("rocket", "rockets", "schan", "signal", "signals", "wxpusher"),
    )
)
"""Services that send a message somewhere: none that runs a program or writes to this machine."""


def send(address: str, message: Message) -> Answer:
    """Send by an address of apprise, such as `ntfys://host/topic`; blocks for some seconds.

    Raises:
        EndpointError: the extra is not installed, or the address is none of those allowed.
    """
    scheme = address.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise EndpointError(f"the address begins with none of: {', '.join(sorted(SCHEMES))}")
    try:
        library: Any = importlib.import_module("apprise")
    except ModuleNotFoundError:
        raise EndpointError(
            "apprise is not installed; use `pip install 'leimo[apprise]'`"
        ) from None
    receiver = library.Apprise()
    if not receiver.add(address):
        raise EndpointError("apprise does not understand the address; see its documentation")
    try:
        is_taken = receiver.notify(
            title=message.title, body="\n".join(message.lines), body_format="text"
        )
    except Exception as error:  # of a plugin of the library: no reason to end ourselves
        return Answer(Reason.FAILED, 0, f"apprise failed: {type(error).__name__}")
    return Answer(Reason.SENT if is_taken else Reason.FAILED, 0, BEST_EFFORT)
