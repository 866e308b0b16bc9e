"""Who asks, and what they may see and do."""

from enum import IntEnum
from typing import NamedTuple

from center.store.protocol import EVERYTHING, Scope


class Role(IntEnum):
    """Each may what those before it may."""

    VIEWER = 1
    OPERATOR = 2
    """Acknowledges, silences, takes posts, notes."""
    ADMIN = 3
    """Changes definitions as well."""


class Principal(NamedTuple):
    """Who asks."""

    name: str
    role: Role
    scope: Scope = EVERYTHING
    csrf: str = ""
    """To be sent as `X-CSRF-Token` with a change, where a cookie says who asks; else empty."""


LOCAL = Principal("local", Role.ADMIN)
"""Whoever sits at this machine, where the center listens on the loopback and has no users."""
