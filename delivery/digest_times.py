"""When a digest comes, and what time it looks back on: by the calendar of its zone. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from schemas.catalogue import DigestSpan, Subscriber
from schemas.delivery import Delivery, Digest, Outcome, Reason, Receiver

DAYS = {DigestSpan.DAY: 1, DigestSpan.WEEK: 7}


def newest_digest(subscriber: Subscriber, span: DigestSpan, now_ms: int) -> tuple[date, Digest]:
    """The newest digest whose time has come, and its first day.

    A day lasts from midnight to midnight of the zone, so it has 23 or 25 hours when the clocks
    change. A time that a change skips is taken as it would be without the change; of one that comes
    twice, the first.
    """
    zone = ZoneInfo(subscriber.zone)
    day = datetime.fromtimestamp(now_ms / 1000, zone).date() + timedelta(days=1)
    if span is DigestSpan.WEEK:
        day += timedelta(days=6 - (day.weekday() - 1) % 7)
    clock = time.fromisoformat(subscriber.digest_at)
    while _ms(datetime.combine(day, clock, zone)) > now_ms:
        day -= timedelta(days=DAYS[span])
    first = day - timedelta(days=DAYS[span])
    return first, digest_of(span, first, zone)


def digest_of(span: DigestSpan, first: date, zone: ZoneInfo) -> Digest:
    """The digest of the day, or of the seven days, that begins with `first`.

    >>> hours = lambda found: (found.to_ms - found.from_ms) // 3_600_000
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> hours(digest_of(DigestSpan.DAY, date(2026, 3, 29), berlin))
    23
    >>> hours(digest_of(DigestSpan.WEEK, date(2026, 10, 19), berlin))
    169
    """
    after = first + timedelta(days=DAYS[span])
    return Digest(span, _midnight_ms(first, zone), _midnight_ms(after, zone))


def before(digest: Digest, zone: ZoneInfo) -> Digest:
    """The one before it."""
    first = datetime.fromtimestamp(digest.from_ms / 1000, zone)
    # Where midnight does not exist, the day begins later; where it comes twice, so does the date.
    return digest_of(digest.span, first.date() - timedelta(days=DAYS[digest.span]), zone)


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    """When a day begins.

    Where its midnight is skipped, that is the moment of the change, as `fold=0` gives the same
    moment by the offset before.
    """
    return _ms(datetime.combine(day, time.min, zone))


def _ms(local: datetime) -> int:
    return round(local.timestamp() * 1000)


def due_digests(
    subscriber: Subscriber, record: Receiver, now_ms: int
) -> tuple[Receiver, list[Delivery]]:
    """Digests that have not been begun yet, and the record by which they are begun once.

    Who is new gets none of the time before; after an absence, only the newest.
    """
    digested = dict(record.digested)
    begun = []
    for span in subscriber.digests:
        first, digest = newest_digest(subscriber, span, now_ms)
        last = digested.get(span)
        if last is not None and last >= first.isoformat():
            continue
        digested[span] = first.isoformat()
        if last is not None:
            begun.append(delivery_of(subscriber, first, digest, now_ms))
    if digested == record.digested:
        return record, []
    return replace(record, digested=digested), begun


def delivery_of(subscriber: Subscriber, first: date, digest: Digest, now_ms: int) -> Delivery:
    """A digest that is to be told."""
    return Delivery(
        subscriber=subscriber.id,
        channel=subscriber.channel,
        alert="",
        item=f"{digest.span}/{first.isoformat()}",
        about=digest,
        brand=subscriber.brands[0] if len(subscriber.brands) == 1 else "*",
        revision=0,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        matched_at_ms=now_ms,
        is_over=True,
    )
