"""What a name in a definition stands for: a file of the secrets folder, or an environment variable.

Definitions can be read by all who read the topic, so they name a secret and do not hold it.
"""

import os
from pathlib import Path

from schemas.errors import OperatorError

_MOST_BYTES = 64 << 10


class SecretError(OperatorError):
    """A name stands for nothing, or its file cannot be read; the message never holds the value."""


def secret_of(name: str, folder: Path | None) -> str:
    """The value of a name, without space around it; its file goes before the variable.

    Raises:
        SecretError: there is none; it says where to put the value.
    """
    value = ""
    if folder is not None:
        try:
            with (folder / name).open("rb") as file:
                value = file.read(_MOST_BYTES).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            pass
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SecretError(f"{name}: the file cannot be read: {reason}") from None
    value = value or os.environ.get(name, "").strip()
    if not value:
        where = "a file of that name in LEIMO_SECRETS_FOLDER" if folder else "LEIMO_SECRETS_FOLDER"
        raise SecretError(f"{name} stands for nothing; set the variable, or use {where}")
    return value
