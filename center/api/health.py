"""How the center fares, and who asks."""

from typing import NamedTuple

from fastapi import APIRouter

from center.api import answers
from center.api.asking import Asker, TaggedRoute, TheCenter
from center.context import Center
from center.store.protocol import Freshness
from center.version import VERSION

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["health"])

_BEHIND_S = 120


class Age(NamedTuple):
    """How old the data are, and what holds them back."""

    data_age_s: float | None
    """None: there are none."""
    held_by_partition: int | None
    filling_percent: int | None


def age_of(fresh: Freshness, now_ms: int) -> Age:
    """The age of the oldest partition that has work; those without posts have none.

    >>> age_of(Freshness(180_000, 0, 0, 0, {0: 180_000, 5: 60_000}), 200_000)
    Age(data_age_s=140.0, held_by_partition=5, filling_percent=None)
    >>> age_of(Freshness(180_000, 0, 0, 0), 200_000).data_age_s
    20.0
    """
    if fresh.filling_percent is not None:
        # Minutes of the past close as they are filled in, and none of them is late.
        return Age(_since_s(fresh.closed_until_ms, now_ms), None, fresh.filling_percent)
    oldest_ms, partition = min(
        ((since_ms, one) for one, since_ms in fresh.waiting_from_ms.items()), default=(0, None)
    )
    until_ms = fresh.closed_until_ms
    if partition is None or (until_ms and oldest_ms >= until_ms):
        return Age(_since_s(until_ms, now_ms), None, None)
    return Age(_since_s(oldest_ms, now_ms), partition, None)


def _since_s(until_ms: int, now_ms: int) -> float | None:
    return max(0, now_ms - until_ms) / 1000 if until_ms else None


def _status(age: Age) -> str:
    if age.filling_percent is not None:
        return "filling"
    if age.data_age_s is None:
        return "empty"
    return "behind" if age.data_age_s > _BEHIND_S else "ok"


@router.get("/health")
def health(center: TheCenter) -> answers.Health:
    """Open to all: whether it runs, and how old its data are."""
    age = age_of(center.store.freshness(), center.clock_ms())
    return answers.Health(status=_status(age), version=VERSION, **age._asdict())


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
    fresh = center.store.freshness()
    return answers.HealthEvent(
        now_ms=now_ms,
        closed_until_ms=fresh.closed_until_ms,
        version=VERSION,
        **age_of(fresh, now_ms)._asdict(),
    )
