"""What a name of a catalogue stands for: a file of the secrets folder, or an environment variable.

Looked up for each send, so a key is changed without a restart.
"""

from pathlib import Path

from delivery.endpoints import Endpoint, EndpointError
from kafka_io.named_secrets import SecretError, secret_of
from schemas.catalogue import SECRET_NAME, Subscriber


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
    try:
        return secret_of(name, folder)
    except SecretError as error:
        raise EndpointError(str(error)) from None
