"""Who asks, and how we know."""

import msgspec

from center.principal import LOCAL, Principal, Role
from center.store.protocol import Scope

ROLES = {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "admin": Role.ADMIN}
"""As the users file writes them."""


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody that was vouched for."""

    principal: Principal
    is_kiosk: bool = False
    """A screen on a wall: it sees the wall and nothing else."""


def local(csrf: str) -> Viewer:
    """Whoever sits at the machine, where nobody else can reach it and no users are named."""
    return Viewer(principal=LOCAL._replace(csrf=csrf))


def named(name: str, role: str, brands: frozenset[str] | None, csrf: str = "") -> Viewer:
    """A user or program of the users file."""
    return Viewer(principal=Principal(name, ROLES[role], Scope(brands), csrf))


def with_csrf(viewer: Viewer | None, csrf: str) -> Viewer | None:
    """The viewer, whom a cookie or a proxy vouches for: changes need a proof of intent."""
    if viewer is None:
        return None
    return Viewer(principal=viewer.principal._replace(csrf=csrf), is_kiosk=viewer.is_kiosk)
