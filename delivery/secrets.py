"""What a name of a catalogue stands for: a file of the secrets folder, or an environment variable.

Looked up for each send, so a key is changed without a restart.
"""

import os
from pathlib import Path

from delivery.endpoints import Endpoint, EndpointError
from schemas.catalogue import SECRET_NAME, Subscriber

_MOST_BYTES = 64 << 10


def endpoint_of(subscriber: Subscriber, folder: Path | None) -> Endpoint:
    """The address and keys of a subscriber.

    Raises:
        EndpointError: a name stands for nothing; it says where to put the value.
    """
    return Endpoint(
        resolved(subscriber.address, folder),
        resolved(subscriber.secret, folder) if subscriber.secret else "",
        resolved(subscriber.old_secret, folder) if subscriber.old_secret else "",
    )


def resolved(name: str, folder: Path | None) -> str:
    """The value of a name, without space around it.

    Raises:
        EndpointError: there is none, or the name is not one of subscribers.
    """
    if not SECRET_NAME.fullmatch(name):  # written to the topic by other means than `apply`
        raise EndpointError("the name of an address or key does not begin with SUBSCRIBER_")
    value = ""
    if folder is not None:
        try:
            with (folder / name).open("rb") as file:
                value = file.read(_MOST_BYTES).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            pass
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise EndpointError(f"{name}: the file cannot be read: {reason}") from None
    value = value or os.environ.get(name, "").strip()
    if not value:
        where = "a file of that name in LEIMO_SECRETS_FOLDER" if folder else "LEIMO_SECRETS_FOLDER"
        raise EndpointError(f"{name} stands for nothing; set the variable, or use {where}")
    return value
