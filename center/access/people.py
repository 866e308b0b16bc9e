"""The users file: people with passwords, programs and screens with tokens.

```toml
[users.li]
password = "$argon2id$v=19$…"     # from `leimo access password`
role = "operator"                 # viewer, operator or admin
brands = ["xiaomi", "huawei"]     # left out: all

[tokens.wall-3f]
sha256 = "…"                      # from `leimo access token`
role = "viewer"
kiosk = true                      # a screen: sees the wall alone, for ever
```
"""

import hashlib
import hmac
import re
import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from center.access.viewer import Viewer, named
from schemas.errors import OperatorError

MOST_PASSWORD_CHARS = 1024
TOKEN_BYTES = 32
_NAME = re.compile(r"[^\x00-\x20\x7f-\x9f|/]{1,100}")
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")
"""Checked for users that do not exist, so that the time to the answer does not tell."""


_Role = Literal["viewer", "operator", "admin"]


class AccessError(OperatorError):
    """The users file cannot be used; the message names the entry and the mend."""


class _User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: _Role
    password: str = ""
    """Empty: whom a proxy or an OIDC server vouches for."""
    brands: frozenset[str] | None = None


class _Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    role: _Role
    brands: frozenset[str] | None = None
    kiosk: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    users: dict[str, _User] = {}
    tokens: dict[str, _Token] = {}


class People:
    """Users and tokens of one file."""

    def __init__(self, file: _File) -> None:
        self._users = file.users
        self._tokens = {token.sha256.lower(): (name, token) for name, token in file.tokens.items()}

    def user(self, name: str) -> Viewer | None:
        """The user of that name, whoever vouched for it."""
        user = self._users.get(name)
        return named(name, user.role, user.brands) if user else None

    def by_password(self, name: str, password: str) -> Viewer | None:
        """The user, where the password is right. Takes some 50 ms and 64 MiB."""
        user = self._users.get(name)
        known = user.password if user and user.password else _NOBODY
        try:
            _HASHER.verify(known, password[:MOST_PASSWORD_CHARS])
        except VerificationError:
            return None
        return self.user(name) if known is not _NOBODY else None

    def by_token(self, token: str) -> Viewer | None:
        """The program or screen that holds the token."""
        digest = token_digest(token)
        name, found = self._tokens.get(digest, ("", None))
        if found is None:
            return None
        principal = named(name, found.role, found.brands).principal
        return Viewer(principal=principal, is_kiosk=found.kiosk)

    def seal(self, name: str) -> bytes:
        """What changes with the user's password, role or brands: a part of the session's key."""
        user = self._users.get(name)
        return hashlib.sha256(msgspec.json.encode(user, order="deterministic")).digest()

    @property
    def has_passwords(self) -> bool:
        return any(user.password for user in self._users.values())


def read_people(path: Path) -> People:
    """Read a users file.

    Raises:
        AccessError: it cannot be read, or says what makes no sense.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AccessError(f"users file {path}: {error}; mend it, or name another") from None
    except msgspec.ValidationError as error:
        raise AccessError(
            f"users file {path}: {error}; an entry has role = viewer, operator or admin, and "
            "password (of a user) or sha256 (of a token)"
        ) from None
    for name, user in file.users.items():
        _refuse_name(path, "users", name)
        if user.password:
            _refuse_hash(path, name, user.password)
    for name, token in file.tokens.items():
        _refuse_name(path, "tokens", name)
        if not re.fullmatch(r"[0-9a-fA-F]{64}", token.sha256):
            raise AccessError(
                f"users file {path}: tokens.{name}.sha256 is no SHA-256 in 64 hex digits; make a "
                "token with `leimo access token`"
            )
        if token.kiosk and token.role != "viewer":
            raise AccessError(
                f'users file {path}: tokens.{name} is a kiosk: its role has to be "viewer"'
            )
    return People(file)


def _refuse_name(path: Path, table: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AccessError(
            f"users file {path}: {table}.{name!r}: a name has 1 to 100 characters, without spaces, "
            "| and /"
        )


def _refuse_hash(path: Path, name: str, password: str) -> None:
    try:
        _HASHER.check_needs_rehash(password)
    except InvalidHashError:
        raise AccessError(
            f"users file {path}: users.{name}.password is no argon2 hash; make one with "
            "`leimo access password`"
        ) from None


def password_hash(password: str) -> str:
    """What the users file holds instead of the password."""
    return _HASHER.hash(password[:MOST_PASSWORD_CHARS])


def token_digest(token: str) -> str:
    """What the users file holds instead of the token: tokens are long and random, so a plain hash
    is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def is_same(given: str, known: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), known.encode("utf-8", "surrogateescape")
    )
