"""How the center fares, and who asks."""

from fastapi import APIRouter

from center.api import answers
from center.api.asking import Asker, TaggedRoute, TheCenter
from center.context import Center
from center.version import VERSION

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["health"])

_BEHIND_S = 120


def data_age_s(closed_until_ms: int, now_ms: int) -> float | None:
    """Seconds since the end of the newest closed minute; None: there is none.

    >>> data_age_s(1000, 3500), data_age_s(0, 3500)
    (2.5, None)
    """
    return max(0, now_ms - closed_until_ms) / 1000 if closed_until_ms else None


@router.get("/health")
def health(center: TheCenter) -> answers.Health:
    """Open to all: whether it runs, and how old its data are."""
    age_s = data_age_s(center.store.freshness().closed_until_ms, center.clock_ms())
    status = "empty" if age_s is None else "behind" if age_s > _BEHIND_S else "ok"
    return answers.Health(status=status, data_age_s=age_s, version=VERSION)


@router.get("/me")
def me(asker: Asker) -> answers.Me:
    """Who asks, and what they may see and do."""
    brands = asker.scope.brands
    return answers.Me(
        who=asker.name,
        role=asker.role.name.lower(),
        brands=None if brands is None else sorted(brands),
        csrf=asker.csrf,
    )


def health_event(center: Center) -> answers.HealthEvent:
    """What clients of the stream are told every ten seconds."""
    now_ms = center.clock_ms()
    until_ms = center.hub.closed_until_ms
    return answers.HealthEvent(
        now_ms=now_ms,
        closed_until_ms=until_ms,
        data_age_s=data_age_s(until_ms, now_ms),
        version=VERSION,
    )
