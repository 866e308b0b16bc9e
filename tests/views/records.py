"""Records for tests of the live view."""

from schemas.alert import Alert, AlertState, Sample, Term
from schemas.mention import Mention, Polarity, Tick
from schemas.window import Window

MINUTE_MS = 60_000
NOON_MS = 29_000_000 * MINUTE_MS
"""Start of some minute."""


def window(brand: str, minute: int, posts: int, *, revision: int = 0, negative: int = 0) -> Window:
    """A closed minute, `minute` minutes after `NOON_MS`."""
    return Window(
        brand=brand,
        start_ms=NOON_MS + minute * MINUTE_MS,
        size_ms=MINUTE_MS,
        revision=revision,
        posts=posts,
        originals=posts,
        reposts=0,
        positive=0,
        neutral=posts - negative,
        negative=negative,
        sentiment_milli=0,
        reach=0,
        authors=posts,
        texts=posts,
        owned=0,
        paid=0,
        earned=posts,
    )


def mention(
    brand: str,
    offset: int,
    *,
    after_ms: int = 0,
    partition: int = 0,
    polarity: Polarity = Polarity.NEUTRAL,
) -> Mention:
    """A mention `after_ms` after `NOON_MS`."""
    return Mention(
        brand=brand,
        partition=partition,
        offset=offset,
        event_time_ms=NOON_MS + after_ms,
        polarity=polarity,
    )


def tick(after_ms: int) -> Tick:
    """A tick whose watermark and time stand `after_ms` after `NOON_MS`."""
    return Tick(sent_at_ms=NOON_MS + after_ms, partitions=1, watermarks={0: NOON_MS + after_ms})


def alert(
    number: int = 1,
    *,
    brand: str = "xiaomi",
    revision: int = 0,
    state: AlertState = AlertState.FIRING,
    severity: int = 5,
    after_ms: int = 0,
    ended_after_ms: int | None = None,
    reason: str = "小米: 412 posts, 38 expected.",
    text: str = "小米手机电池鼓包了",
    term: str = "电池",
) -> Alert:
    """An alert that began `after_ms` after `NOON_MS`."""
    return Alert(
        id=f"alert-{number}",
        fingerprint=f"spike|{brand}|{number}",
        rule="spike",
        kind="spike",
        brand=brand,
        state=state,
        revision=revision,
        severity=severity,
        started_at_ms=NOON_MS + after_ms,
        updated_at_ms=NOON_MS + after_ms,
        ended_at_ms=None if ended_after_ms is None else NOON_MS + ended_after_ms,
        seen=412,
        expected=38,
        reason=reason,
        terms=(Term(term, 41),),
        samples=(
            Sample(
                post="1",
                source="weibo",
                author="2",
                text=text,
                reach=0,
                sentiment_milli=-500,
                event_time_ms=NOON_MS,
            ),
        ),
    )
