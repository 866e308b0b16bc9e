"""Brands: lists, one brand, the wall."""

from enum import StrEnum
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query

from center.api import answers, forms
from center.api.alerts import alert_answers, incidents_of
from center.api.asking import (
    Asker,
    Cursor,
    Limit,
    TaggedRoute,
    Text,
    TheCenter,
    cursor_of,
    cursor_text,
)
from center.api.health import age_of
from center.api.problems import ApiProblem
from center.board import BrandNow, Moment
from center.context import Center
from center.principal import Principal
from center.steps import count
from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    AlertFilter,
    Size,
    Span,
)
from schemas.alert import AlertState
from sources.words import fold

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["brands"])

_MINUTES = 60
_POSTS = COUNT_NAMES.index("posts")


class BrandSort(StrEnum):
    UNUSUAL = "unusual"
    VOLUME = "volume"
    NAME = "name"
    NEGATIVE = "negative"


def _line(now: BrandNow) -> dict[str, Any]:
    one = now.brand
    return {
        "id": one.id,
        "name": one.name,
        "aliases": list(one.aliases),
        "trade": one.trade,
        "parent": one.parent,
        "group": now.group,
        "department": one.department,
        "severity": now.severity,
        "posts_1h": now.posts,
        "expected_1h": None if now.expected is None else round(now.expected, 2),
        "unusual": now.unusual,
        "negative_1h": count(now.counts, "negative"),
        "net_sentiment_1h": now.net_sentiment,
        "open_alerts": len(now.alerts),
    }


def _ordered(moment: Moment, sort: BrandSort) -> list[BrandNow]:
    if sort is BrandSort.NAME:
        return [moment.brands[brand] for brand in moment.names]
    return moment.ordered(partial(_order, sort))


def _order(sort: BrandSort, now: BrandNow) -> tuple[float | str, ...]:
    """Smaller comes first; ties go by volume, then by id."""
    volume = -now.posts
    match sort:
        case BrandSort.UNUSUAL:
            unusual = now.unusual if now.unusual is not None else -1e9
            return (-now.severity, -unusual, volume, now.brand.id)
        case BrandSort.NEGATIVE:
            return (-count(now.counts, "negative"), volume, now.brand.id)
        case _:
            return (volume, now.brand.id)


def _seen(moment: Moment, asker: Principal, sort: BrandSort) -> list[BrandNow]:
    found = _ordered(moment, sort)
    if asker.scope.brands is None:
        return found
    return [now for now in found if asker.scope.allows(now.brand.id)]


def _is_called(now: BrandNow, wanted: str) -> bool:
    one = now.brand
    return any(wanted in fold(name) for name in (one.id, one.name, *one.aliases))


@router.get("/brands")
def brands(
    center: TheCenter,
    asker: Asker,
    q: Text = "",
    group: Annotated[str, Query(max_length=100, description="a trade, or a topmost brand")] = "",
    sort: BrandSort = BrandSort.UNUSUAL,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> answers.Brands:
    """Brands with their last closed hour."""
    found = _seen(center.board.at(center.clock_ms()), asker, sort)
    if group:
        found = [now for now in found if group in (now.brand.trade, now.group)]
    if wanted := fold(q.strip()):
        found = [now for now in found if _is_called(now, wanted)]
    after = cursor_of(cursor, tuple[int])
    begin = max(0, after[0]) if after else 0
    page = found[begin : begin + limit]
    more = begin + limit < len(found)
    return answers.Brands(
        items=[answers.BrandLine(**_line(now)) for now in page],
        next=cursor_text(begin + limit) if more else None,
        total=len(found),
    )


@router.get("/brands/{brand}")
def brand_(center: TheCenter, asker: Asker, brand: str) -> answers.BrandPage:
    """One brand with its last closed hour, its last day, and its open alerts."""
    moment = center.board.at(center.clock_ms())
    now = moment.brands.get(brand)
    if now is None or not asker.scope.allows(brand):
        raise ApiProblem(
            HTTPStatus.NOT_FOUND, f"brand {brand!r} is not in force; see /api/brands", "brand"
        )
    day = Span(max(0, moment.until_ms - DAY_MS), moment.until_ms)
    totals = center.store.totals(asker.scope, [brand], day) if moment.until_ms else {}
    firing = AlertFilter((brand,), AlertState.FIRING)
    expected = (
        None
        if now.expected is None
        else answers.Expected(posts=round(now.expected, 2), limit=now.limit)
    )
    return answers.BrandPage(
        **_line(now),
        competitors=list(now.brand.competitors),
        hour=forms.counts(now.counts),
        day=forms.counts(totals.get(brand)),
        expected_hour=expected,
        alerts=alert_answers(center, asker, center.store.alerts(asker.scope, firing, None, 50)),
    )


@router.get("/wall")
def wall(
    center: TheCenter,
    asker: Asker,
    group: Annotated[str, Query(max_length=100, description="a trade; left out: all")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 12,
) -> answers.Wall:
    """What the wall shows now."""
    now_ms = center.clock_ms()
    moment = center.board.at(now_ms)
    until_ms = moment.until_ms
    seen = _seen(moment, asker, BrandSort.UNUSUAL)
    groups = sorted({now.brand.trade for now in seen if now.brand.trade})
    of_group = (now for now in seen if not group or group in (now.brand.trade, now.group))
    shown = list(islice(of_group, limit))
    minutes = _minutes(center, asker, [now.brand.id for now in shown], until_ms)
    day = Span(max(0, now_ms - DAY_MS), now_ms + DAY_MS)
    recent = center.store.alerts(asker.scope, AlertFilter(span=day), None, 200)
    return answers.Wall(
        at_ms=now_ms,
        closed_until_ms=until_ms,
        **age_of(center.store.freshness(), now_ms)._asdict(),
        groups=groups,
        group=group,
        brands=[
            answers.WallBrand(
                **_line(now), minutes=minutes[now.brand.id], level_a_minute=now.level_a_minute
            )
            for now in shown
        ],
        incidents=incidents_of(center, asker, recent)[:20],
        feeds=[forms.feed(one, now_ms) for one in center.store.feeds()],
        gaps=forms.gaps(center.store.gaps(Span(max(0, now_ms - HOUR_MS), now_ms))),
    )


def _minutes(
    center: Center, asker: Principal, brands: list[str], until_ms: int
) -> dict[str, list[int]]:
    begin_ms = until_ms - _MINUTES * MINUTE_MS
    found = {brand: [0] * _MINUTES for brand in brands}
    if begin_ms <= 0 or not brands:
        return found
    span = Span(begin_ms, until_ms)
    for row in center.store.counts(asker.scope, brands, span, Size.MINUTE):
        found[row.brand][(row.start_ms - begin_ms) // MINUTE_MS] = row.counts[_POSTS]
    return found
