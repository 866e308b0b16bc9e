"""Alerts and incidents, with what was done about them."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from center.api import answers, forms
from center.api.asking import (
    Asker,
    Brands,
    Cursor,
    From,
    Limit,
    TaggedRoute,
    Text,
    TheCenter,
    To,
    cursor_of,
    cursor_text,
    span_of,
)
from center.api.problems import ApiProblem
from center.context import Center
from center.principal import Principal
from center.store.protocol import DAY_MS, EVERYTHING, AlertFilter, Brand, Deliveries
from schemas.action import Action, ActionSubject
from schemas.alert import Alert, AlertState
from views.doings import Doings

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["alerts"])

_MOST_ACTIONS = 2_000
_MOST_FOLDED = 1_000


def filter_of(
    center: TheCenter,
    brand: Brands = None,
    state: AlertState | None = None,
    kind: Text = "",
    severity: Annotated[int, Query(ge=1, le=10, description="at least")] = 1,
    department: Text = "",
    incident: Text = "",
    from_ms: From = None,
    to: To = None,
) -> AlertFilter:
    """The parameters that choose alerts, the same for lists and exports; 30 days if none."""
    return AlertFilter(
        brands=tuple(dict.fromkeys(brand or ())),
        state=state,
        kind=kind,
        least_severity=severity,
        span=span_of(center, from_ms, to, 30 * DAY_MS),
        incident=incident,
        department=department,
    )


Wanted = Annotated[AlertFilter, Depends(filter_of)]


def _actions(center: Center, asker: Principal, alerts: Iterable[Alert]) -> list[Action]:
    """Actions on alerts and on their incidents, in the order of the topic."""
    subjects = {one.id for one in alerts} | {one.incident or one.id for one in alerts}
    found = center.store.actions(asker.scope, None, sorted(subjects), _MOST_ACTIONS)
    return [one for one in found if one.on in (ActionSubject.ALERT, ActionSubject.INCIDENT)]


def alert_answers(
    center: Center, asker: Principal, alerts: Sequence[Alert]
) -> list[answers.AlertAnswer]:
    """Alerts with who looks after them."""
    brands, done = center.store.brands(EVERYTHING), Doings(_actions(center, asker, alerts))
    return [
        answers.AlertAnswer(
            **forms.alert_fields(one, brands, done.of_alert(one.id, one.incident or one.id))
        )
        for one in alerts
    ]


@router.get("/alerts")
def alerts(
    center: TheCenter, asker: Asker, wanted: Wanted, cursor: Cursor = "", limit: Limit = 50
) -> answers.Alerts:
    """Alerts that were under way in the span, the latest first."""
    after = cursor_of(cursor, tuple[int, str])
    found = center.store.alerts(asker.scope, wanted, after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return answers.Alerts(
        items=alert_answers(center, asker, page),
        next=cursor_text(page[-1].started_at_ms, page[-1].id) if more else None,
    )


def alert_of(center: Center, asker: Principal, alert: str) -> Alert:
    """One that the asker may see, or 404."""
    found = center.store.alert(asker.scope, alert)
    if found is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, f"alert {alert!r} is not held", "alert")
    return found


@router.get("/alerts/{alert}")
def alert_(center: TheCenter, asker: Asker, alert: str) -> answers.AlertPage:
    """One alert, what was done about it, and the others of its incident."""
    one = alert_of(center, asker, alert)
    incident = one.incident or one.id
    of_it = _actions(center, asker, [one])
    done = Doings(of_it)
    same = AlertFilter(incident=incident)
    others = [
        other for other in center.store.alerts(asker.scope, same, None, 100) if other.id != one.id
    ]
    return answers.AlertPage(
        **forms.alert_fields(one, center.store.brands(EVERYTHING), done.of_alert(one.id, incident)),
        actions=forms.actions(of_it),
        others=alert_answers(center, asker, others),
    )


@router.get("/alerts/{alert}/deliveries")
def alert_deliveries(center: TheCenter, asker: Asker, alert: str) -> answers.Deliveries:
    """What subscribers were told of it."""
    one = alert_of(center, asker, alert)
    found = center.store.deliveries(asker.scope, Deliveries(alert=one.id), 500)
    return answers.Deliveries(items=[forms.delivery(each) for each in found])


def incidents_of(
    center: Center, asker: Principal, found: Sequence[Alert]
) -> list[answers.Incident]:
    """Alerts folded by incident; the one with the newest begin first."""
    groups: dict[str, list[Alert]] = {}
    for one in found:
        groups.setdefault(one.incident or one.id, []).append(one)
    done, brands = _actions(center, asker, found), center.store.brands(EVERYTHING)
    return [_incident(incident, group, done, brands) for incident, group in groups.items()]


def _incident(
    incident: str,
    group: Sequence[Alert],
    done: Sequence[Action],
    brands: Mapping[str, Brand],
) -> answers.Incident:
    head = next((one for one in group if one.id == incident), group[-1])
    subjects = {incident, *(one.id for one in group)}
    of_it = [one for one in done if one.subject in subjects]
    doings = Doings(of_it)
    held = doings.of_incident(incident, (one.id for one in group))
    is_firing = any(one.state is AlertState.FIRING for one in group)
    ends = [one.ended_at_ms for one in group if one.ended_at_ms is not None]
    return answers.Incident(
        id=incident,
        head=answers.AlertAnswer(
            **forms.alert_fields(head, brands, doings.of_alert(head.id, incident))
        ),
        alerts=len(group),
        brands=sorted({one.brand for one in group}),
        severity=max(one.severity for one in group),
        state=AlertState.FIRING if is_firing else AlertState.RESOLVED,
        started_at_ms=min(one.started_at_ms for one in group),
        ended_at_ms=None if is_firing else max(ends, default=None),
        acknowledged_by=held.acknowledged_by,
        assignee=held.assignee,
        actions=forms.actions(of_it),
    )


@router.get("/incidents")
def incidents(
    center: TheCenter, asker: Asker, wanted: Wanted, cursor: Cursor = "", limit: Limit = 50
) -> answers.Incidents:
    """Alerts folded by the event that they tell of, of the newest thousand of the span."""
    after = cursor_of(cursor, tuple[int])
    begin = max(0, after[0]) if after else 0
    found = center.store.alerts(asker.scope, wanted, None, _MOST_FOLDED)
    folded = incidents_of(center, asker, found)
    more = begin + limit < len(folded)
    return answers.Incidents(
        items=folded[begin : begin + limit], next=cursor_text(begin + limit) if more else None
    )
