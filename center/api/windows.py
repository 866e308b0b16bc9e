"""What windows say: series, shares, the rhythm of a week, KPIs."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from statistics import median
from typing import Annotated

from fastapi import APIRouter, Query

from center.api import answers, forms
from center.api.asking import (
    MOST_BRANDS,
    Asker,
    BrandId,
    Brands,
    From,
    TaggedRoute,
    TheCenter,
    To,
    span_of,
    zone_of,
)
from center.api.problems import ApiProblem
from center.context import Center
from center.principal import Principal
from center.steps import (
    MOST_STEPS,
    STEP_MS,
    By,
    Step,
    TooManyStepsError,
    coarsest,
    count,
    edges,
    intent_column,
    lines,
    net_sentiment,
    usual_step,
)
from center.store.protocol import (
    DAY_MS,
    HOUR_MS,
    INTENTS,
    MINUTE_MS,
    AlertFilter,
    MentionFilter,
    Size,
    Span,
)
from center.store.reading.windows import by_brand
from schemas.action import ActionKind, ActionSubject
from schemas.expectation import Expectation

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["windows"])

Zone = Annotated[str, Query(max_length=60, description="IANA name, for days and hours")]
_MOST_ALERTS = 1000
_MOST_ACTIONS = 5000
_LEAST_BEFORE = 10
"""Of what is counted before, below which a change in percent says nothing."""
_LEAST_POSTS_BEFORE = 30
_LEAST_PART_BEFORE = 100
"""A brand that had fewer posts in the span before, or less than a hundredth of those of now, was
hardly heard then, or the data begin there: no figure of its posts is compared."""
_NOT_OF_POSTS = frozenset({"alerts", "answered", "response_time"})


def boundaries(span: Span, step: Step, zone: str) -> list[int]:
    """Edges of the steps, or a problem that says how to ask for fewer."""
    try:
        return edges(span, step, zone_of(zone))
    except TooManyStepsError as error:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST,
            f"step={step.value}: {error}; ask for a longer step or a shorter span of at most "
            f"{MOST_STEPS * STEP_MS[step] // 1000:,} s",
            "step",
        ) from None


def series(
    center: Center,
    asker: Principal,
    brands: Sequence[str] | None,
    span: Span,
    step: Step,
    by: By,
    zone: str,
) -> answers.Windows:
    """Series of windows, with what was expected and where feeds saw nothing."""
    marks = boundaries(span, step, zone)
    whole = Span(marks[0], marks[-1])
    fresh = center.store.freshness()
    rows = by_brand(center.store.counts(asker.scope, brands, whole, coarsest(marks)))
    wanted = list(dict.fromkeys(brands)) if brands is not None else sorted(rows)
    found = [
        answers.Series(brand=brand, key=line.key, columns=list(line.columns), points=line.points)
        for brand in wanted
        if asker.scope.allows(brand)
        for line in lines(rows.get(brand, ()), marks, by)
    ]
    expected = center.store.expectations(
        asker.scope, wanted, Span(whole.from_ms // HOUR_MS * HOUR_MS, whole.to_ms)
    )
    return answers.Windows(
        step_ms=STEP_MS[step],
        from_ms=whole.from_ms,
        to_ms=whole.to_ms,
        zone=zone,
        series=found,
        expected=_bands(expected, marks, step),
        gaps=forms.gaps(center.store.gaps(whole)),
        provisional_from_ms=fresh.closed_until_ms,
        exact_from_ms=fresh.minutes_from_ms if coarsest(marks) is Size.MINUTE else 0,
    )


def _bands(expected: Sequence[Expectation], marks: Sequence[int], step: Step) -> list[answers.Band]:
    """Of hours for steps within them; of days the sum of their hours."""
    minutes = STEP_MS[step] // MINUTE_MS
    points: dict[str, list[answers.BandPoint]] = {}
    for one in expected:
        held = points.setdefault(one.brand, [])
        if step is not Step.DAY:
            limit = one.limits.get(minutes)
            held.append(
                answers.BandPoint(start_ms=one.start_ms, level=one.level * minutes, limit=limit)
            )
            continue
        day = max((mark for mark in marks if mark <= one.start_ms), default=marks[0])
        hour = one.level * 60
        if held and held[-1].start_ms == day:
            level = held[-1].level + hour
            held[-1] = answers.BandPoint(start_ms=day, level=level, limit=None)
        else:
            held.append(answers.BandPoint(start_ms=day, level=hour, limit=None))
    return [answers.Band(brand=brand, points=found) for brand, found in points.items()]


@router.get("/windows")
def windows(
    center: TheCenter,
    asker: Asker,
    brand: Brands = None,
    from_ms: From = None,
    to: To = None,
    step: Step | None = None,
    by: By = By.NONE,
    tz: Zone = "UTC",
) -> answers.Windows:
    """Series of windows. The span is taken out to whole steps: `from_ms` and `to_ms` say which."""
    span = span_of(center, from_ms, to)
    if not brand:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "brand is missing; name at least one", "brand")
    return series(center, asker, brand, span, step or usual_step(span), by, tz)


@router.get("/share")
def share(
    center: TheCenter,
    asker: Asker,
    brands: Annotated[str, Query(max_length=3000, description="ids, with commas")] = "",
    group: Annotated[str, Query(max_length=100, description="a trade")] = "",
    from_ms: From = None,
    to: To = None,
    step: Step | None = None,
    tz: Zone = "UTC",
) -> answers.Share:
    """Share of voice: posts of each brand among those of all that are named."""
    ids = [one for one in brands.split(",") if one]
    if group:
        ids += [one.id for one in center.store.brands(asker.scope).values() if one.trade == group]
    ids = [one for one in dict.fromkeys(ids) if asker.scope.allows(one)][:MOST_BRANDS]
    if not ids:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "name brands, or a group with some", "brands")
    span = span_of(center, from_ms, to)
    chosen = step or usual_step(span)
    found = series(center, asker, ids, span, chosen, By.NONE, tz)
    at = {name: number for number, name in enumerate(found.series[0].columns)}
    sums = {
        one.brand: [sum(column) for column in zip(*one.points, strict=True)] for one in found.series
    }
    total = sum(row[at["posts"]] for row in sums.values())
    parts = [
        answers.SharePart(
            brand=one.brand,
            posts=sums[one.brand][at["posts"]],
            share=sums[one.brand][at["posts"]] / total if total else None,
            net_sentiment=net_sentiment(
                sums[one.brand][at["positive"]], sums[one.brand][at["negative"]]
            ),
            points=[[point[0], point[at["posts"]]] for point in one.points],
        )
        for one in found.series
    ]
    return answers.Share(step_ms=STEP_MS[chosen], posts=total, parts=parts)


@router.get("/rhythm")
def rhythm(
    center: TheCenter,
    asker: Asker,
    brand: BrandId,
    from_ms: From = None,
    to: To = None,
    tz: Zone = "UTC",
) -> answers.Rhythm:
    """Posts by hour of the day and weekday; four weeks, where no span is given."""
    span = span_of(center, from_ms, to, 28 * DAY_MS)
    marks = boundaries(span, Step.HOUR, tz)
    rows = center.store.counts(asker.scope, [brand], Span(marks[0], marks[-1]), coarsest(marks))
    posts = [[0] * 24 for _ in range(7)]
    hours = [[0] * 24 for _ in range(7)]
    zone = zone_of(tz)
    for start_ms, value, *_ in lines(rows, marks, By.NONE)[0].points:
        local = datetime.fromtimestamp(start_ms / 1000, zone)
        posts[local.weekday()][local.hour] += value
        hours[local.weekday()][local.hour] += 1
    return answers.Rhythm(zone=tz, posts=posts, hours=hours)


@router.get("/kpis")
def kpis(
    center: TheCenter, asker: Asker, brand: BrandId, from_ms: From = None, to: To = None
) -> answers.Kpis:
    """The figures of a span against those of the span of the same length before."""
    span = span_of(center, from_ms, to, 7 * DAY_MS)
    length_ms = span.to_ms - span.from_ms
    before = Span(max(0, span.from_ms - length_ms), span.from_ms)
    now = _figures(center, asker, brand, span)
    then = _figures(center, asker, brand, before)
    counts = center.store.totals(asker.scope, [brand], span).get(brand)
    is_heard = _is_heard(then["posts"][1], now["posts"][1])
    return answers.Kpis(
        brand=brand,
        from_ms=span.from_ms,
        to_ms=span.to_ms,
        items=[
            answers.Kpi(
                name=name,
                unit=unit,
                value=value,
                before=then[name][1],
                change=_change(unit, value, then[name][1])
                if is_heard or name in _NOT_OF_POSTS
                else None,
            )
            for name, (unit, value) in now.items()
        ],
        objectives={one: count(counts, intent_column(one.value)) for one in INTENTS},
    )


def _is_heard(before: float | None, now: float | None) -> bool:
    """Whether the posts of the span before are enough to be compared with.

    >>> _is_heard(9, 10), _is_heard(33, 9_966), _is_heard(30, 3_000), _is_heard(900, 12)
    (False, False, True, True)
    """
    then = before or 0
    return then >= _LEAST_POSTS_BEFORE and then * _LEAST_PART_BEFORE >= (now or 0)


def _change(unit: str, value: float | None, before: float | None) -> float | None:
    """In points, or in percent of what was before; None: there is too little to compare with.

    >>> _change("posts", 13_456, 100), _change("posts", 13_456, 9), _change("alerts", 3, 2)
    (13356.0, None, 50.0)
    """
    if value is None or before is None:
        return None
    if unit in {"posts", "followers"} and before < _LEAST_BEFORE:
        return None
    if unit in {"percent", "points"}:
        return round(value - before, 1)
    return round(100 * (value - before) / before, 1) if before else None


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _figures(
    center: Center, asker: Principal, brand: str, span: Span
) -> dict[str, tuple[str, float | None]]:
    """Name -> unit and value."""
    store = center.store
    known = store.brands(asker.scope)
    rivals = known[brand].competitors if brand in known else ()
    totals = store.totals(asker.scope, [brand, *rivals], span)
    own = totals.get(brand)
    posts = count(own, "posts")
    voices = sum(count(row, "posts") for row in totals.values())
    alerts = store.alerts(asker.scope, AlertFilter((brand,), span=span), None, _MOST_ALERTS)
    begun = [one for one in alerts if one.started_at_ms >= span.from_ms]
    answered = _answer_times_min(center, asker, brand, span)
    return {
        "posts": ("posts", posts),
        "share_of_voice": ("percent", _percent(posts, voices) if rivals else None),
        "net_sentiment": (
            "points",
            net_sentiment(count(own, "positive"), count(own, "negative")),
        ),
        "reach": ("followers", count(own, "reach")),
        "interactions": ("posts", count(own, "reposts")),
        "addresses": ("posts", count(own, "addresses")),
        "owned_share": ("percent", _percent(count(own, "owned"), posts)),
        "paid_share": ("percent", _percent(count(own, "paid"), posts)),
        "earned_share": ("percent", _percent(count(own, "earned"), posts)),
        "spam_share": ("percent", _percent(count(own, "spam"), posts)),
        "alerts": ("alerts", len(begun)),
        "answered": ("posts", len(answered)),
        "response_time": ("minutes", round(median(answered), 1) if answered else None),
    }


def _answer_times_min(center: Center, asker: Principal, brand: str, span: Span) -> list[float]:
    """Minutes from each post to its answer, of answers within the span."""
    found = center.store.actions(asker.scope, ActionSubject.POST, None, _MOST_ACTIONS)
    answered = [
        one
        for one in found
        if one.kind is ActionKind.ANSWERED
        and one.brand == brand
        and span.from_ms <= one.at_ms < span.to_ms
    ]
    times = posted_at_ms(center, asker, [one.subject for one in answered])
    return [
        (one.at_ms - times[one.subject]) / MINUTE_MS for one in answered if one.subject in times
    ]


def posted_at_ms(center: Center, asker: Principal, subjects: Sequence[str]) -> dict[str, int]:
    """When posts were written, of those that are held."""
    found = {}
    for subject in dict.fromkeys(subjects):
        source, _, post = subject.partition("/")
        wanted = MentionFilter(source=source, post=post)
        one = next(iter(center.store.all_mentions(asker.scope, wanted)), None)
        if one is not None:
            found[subject] = one.mention.event_time_ms
    return found
