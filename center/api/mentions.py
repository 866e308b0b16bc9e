"""Posts: lists, words, who is heard, regions, what was passed on."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from center.api import answers, forms
from center.api.answers.mentions import Difference
from center.api.asking import (
    Asker,
    BrandId,
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
from center.steps import count, intent_column
from center.store.protocol import MINUTE_MS, MentionFilter, MentionSort, Span
from schemas.mention import Channel, Objective, Polarity

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["mentions"])

MOST_COUNTED = 100_000
_WHY = {
    Difference.DROPPED: "posts older than the days that are kept were dropped; windows still count"
    " them",
    Difference.OPEN: "minutes that are not closed yet are not counted yet",
    Difference.LATE: "posts that came too late for their minute are listed and not counted",
    Difference.BEFORE: "the posts were read before this store began; windows still count them",
}


def filter_of(
    center: TheCenter,
    brand: Brands = None,
    from_ms: From = None,
    to: To = None,
    q: Annotated[str, Query(max_length=300, description="words, all of which it has")] = "",
    polarity: Polarity | None = None,
    channel: Channel | None = None,
    intent: Objective | None = None,
    language: Text = "",
    source: Text = "",
    region: Text = "",
    author: Text = "",
    term: Text = "",
    original: Annotated[str, Query(max_length=300, description="reposts of this account")] = "",
    repost: bool | None = None,
    spam: bool | None = None,
    exposure: Annotated[
        bool | None, Query(description="named in a chain, card or quoted original alone")
    ] = None,
    address: Annotated[bool | None, Query(description="addressed to the brand")] = None,
    edits: Annotated[bool, Query(description="later versions of posts as well")] = False,
) -> MentionFilter:
    """The parameters that choose mentions, the same for lists and exports."""
    return MentionFilter(
        brands=tuple(dict.fromkeys(brand or ())),
        span=span_of(center, from_ms, to),
        words=q,
        polarity=polarity,
        channel=channel,
        intent=intent,
        language=language,
        source=source,
        region=region,
        author=author,
        term=term,
        original=original,
        is_repost=repost,
        is_spam=spam,
        is_exposure=exposure,
        is_address=address,
        with_edits=edits,
    )


Wanted = Annotated[MentionFilter, Depends(filter_of)]


@router.get("/mentions")
def mentions(
    center: TheCenter,
    asker: Asker,
    wanted: Wanted,
    sort: MentionSort = MentionSort.TIME,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> answers.Mentions:
    """Posts that name a brand. A bar of a chart and the same filter here are the same posts."""
    after = cursor_of(cursor, tuple[int, int])
    rows = center.store.mentions(asker.scope, wanted, sort, after, limit + 1)
    page = rows[:limit]
    total = center.store.count_mentions(asker.scope, wanted, MOST_COUNTED + 1)
    counted = counted_by_windows(center, asker, wanted)
    is_exact = total <= MOST_COUNTED
    difference = _difference(center, wanted, total, counted) if is_exact else None
    return answers.Mentions(
        items=[forms.mention(row) for row in page],
        next=cursor_text(*page[-1].cursor) if len(rows) > limit else None,
        total=min(total, MOST_COUNTED),
        total_is_exact=is_exact,
        counted=counted,
        difference=difference,
        why=_WHY[difference] if difference else "",
    )


def counted_by_windows(center: Center, asker: Principal, wanted: MentionFilter) -> int | None:
    """What windows count of the same posts; None where they do not tell them apart."""
    column = _column(wanted)
    edges = (wanted.span.from_ms, wanted.span.to_ms)
    if column is None or any(edge % MINUTE_MS for edge in edges):
        return None
    found = center.store.totals(asker.scope, wanted.brands or None, wanted.span)
    return sum(count(row, column) for row in found.values())


def _column(wanted: MentionFilter) -> str | None:
    """The column of windows that counts what the filter chooses."""
    plain = MentionFilter(wanted.brands, wanted.span)
    flags = {"is_repost": ("originals", "reposts"), "is_spam": (None, "spam")}
    flags |= {"is_exposure": ("own", "exposures"), "is_address": (None, "addresses")}
    named = {
        "polarity": wanted.polarity and wanted.polarity.value,
        "channel": wanted.channel and wanted.channel.value,
        "intent": wanted.intent and intent_column(wanted.intent.value),
    }
    both = zip(MentionFilter._fields, wanted, plain, strict=True)
    given = [name for name, value, usual in both if value != usual]
    if not given:
        return "posts"
    if len(given) > 1:
        return None
    (name,) = given
    return flags[name][getattr(wanted, name)] if name in flags else named.get(name)


def _difference(
    center: Center, wanted: MentionFilter, total: int, counted: int | None
) -> Difference | None:
    if counted is None or counted == total:
        return None
    fresh = center.store.freshness()
    if wanted.span.from_ms < fresh.mentions_from_ms:
        return Difference.DROPPED
    if wanted.span.to_ms > fresh.closed_until_ms:
        return Difference.OPEN
    return Difference.LATE if total > counted else Difference.BEFORE


@router.get("/terms")
def terms(
    center: TheCenter, asker: Asker, brand: BrandId, from_ms: From = None, to: To = None
) -> answers.Terms:
    """Words beside a brand: the most frequent of the span, and those that rise now."""
    wanted = MentionFilter((brand,), span_of(center, from_ms, to))
    rows = center.store.words(asker.scope, wanted, 50)
    trend = center.store.trend(asker.scope, brand)
    rising = trend.rising if trend is not None else ()
    return answers.Terms(
        top=[
            answers.TermLine(
                term=row.term, posts=row.posts, usual=None, score=None, negative=row.negative
            )
            for row in rows
        ],
        rising=[
            answers.TermLine(
                term=one.term, posts=one.count, usual=one.usual, score=one.score, negative=None
            )
            for one in rising
        ],
        rising_at_ms=trend.at_ms if trend is not None else None,
        of_posts=center.store.count_mentions(asker.scope, wanted, 10_000),
    )


@router.get("/authors")
def authors(
    center: TheCenter,
    asker: Asker,
    brand: BrandId,
    from_ms: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> answers.Authors:
    """Who is heard: by reposts caused, then by reach."""
    wanted = MentionFilter((brand,), span_of(center, from_ms, to))
    rows = center.store.heard(asker.scope, wanted, limit)
    return answers.Authors(items=[answers.AuthorLine(**row._asdict()) for row in rows])


@router.get("/regions")
def regions(
    center: TheCenter, asker: Asker, brand: BrandId, from_ms: From = None, to: To = None
) -> answers.Regions:
    """Provinces of the authors, where the source tells."""
    wanted = MentionFilter((brand,), span_of(center, from_ms, to))
    rows = center.store.regions(asker.scope, wanted)
    return answers.Regions(items=[answers.RegionLine(**row._asdict()) for row in rows])


@router.get("/cascade")
def cascade(
    center: TheCenter,
    asker: Asker,
    source: Text,
    original: Annotated[str, Query(max_length=300, description="the account")],
    from_ms: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> answers.Cascade:
    """Reposts of what one account wrote of brands, those of the most followed first."""
    if not original:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "original is empty; name an account", "original")
    span = span_of(center, from_ms, to)
    wanted = MentionFilter(span=span, source=source, original=original)
    rows = center.store.mentions(asker.scope, wanted, MentionSort.REACH, None, limit)
    whose = MentionFilter(span=Span(0, span.to_ms), source=source, author=original)
    own = center.store.mentions(asker.scope, whose, MentionSort.REACH, None, 1)
    return answers.Cascade(
        source=source,
        original=original,
        reach=own[0].mention.reach if own else 0,
        reposts=[
            answers.Repost(
                author=row.mention.author,
                at_ms=row.mention.event_time_ms,
                reach=row.mention.reach,
                post=row.mention.post,
                text=row.mention.text,
                polarity=row.mention.polarity,
                original=row.mention.original,
                depth=row.mention.depth,
            )
            for row in rows
        ],
        total=center.store.count_mentions(asker.scope, wanted, MOST_COUNTED),
    )
