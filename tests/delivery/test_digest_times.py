"""Digests come once for each day and week of the calendar, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.digest_times import before, digest_of, due_digests, newest_digest
from schemas.catalogue import DigestSpan, ReceivingChannel, Subscriber
from schemas.delivery import Receiver
from tests.delivery.alerts import subscriber

HOUR_MS = 3_600_000
ZONES = st.sampled_from(
    [
        *("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
        *("America/Santiago", "Africa/Cairo", "Pacific/Apia", "UTC"),
    ]
)  # Santiago and Cairo change at midnight, Lord Howe by half an hour
SPANS = st.sampled_from(DigestSpan)
CLOCKS = st.sampled_from(["00:00", "00:30", "02:30", "03:00", "08:00", "23:45"])
MOMENTS = st.integers(1_704_067_200, 1_893_456_000)  # 2024 to 2029


def reader(zone: str, clock: str, span: DigestSpan) -> Subscriber:
    return subscriber(
        ReceivingChannel.EMAIL, zone=zone, digest_at=clock, digests=(span,), brands=("xiaomi",)
    )


@settings(deadline=None)
@given(ZONES, SPANS, st.dates(date(2024, 1, 1), date(2029, 12, 31)))
def test_digests_follow_each_other_without_a_gap(zone: str, span: DigestSpan, day: date) -> None:
    found = digest_of(span, day, ZoneInfo(zone))
    earlier = before(found, ZoneInfo(zone))
    assert earlier.to_ms == found.from_ms
    days = 1 if span is DigestSpan.DAY else 7
    assert abs(found.to_ms - found.from_ms - days * 24 * HOUR_MS) <= 24 * HOUR_MS
    assert found.to_ms > found.from_ms or zone == "Pacific/Apia"  # which once had no 30 December


@settings(deadline=None)
@given(ZONES, SPANS, CLOCKS, MOMENTS)
def test_the_newest_is_over_and_not_old(zone: str, span: DigestSpan, clock: str, at_s: int) -> None:
    who = reader(zone, clock, span)
    first, digest = newest_digest(who, span, at_s * 1000)
    assert digest.to_ms <= at_s * 1000
    days = 1 if span is DigestSpan.DAY else 7
    assert at_s * 1000 - digest.to_ms < (days * 24 + 26) * HOUR_MS
    assert first.weekday() == 0 or span is DigestSpan.DAY
    local = datetime.fromtimestamp(digest.from_ms / 1000, ZoneInfo(zone))
    assert local.date() == first


@settings(deadline=None)
@given(ZONES, SPANS, CLOCKS, MOMENTS, st.integers(1, 40), st.integers(30, 600))
def test_each_comes_once_whenever_one_looks(
    zone: str, span: DigestSpan, clock: str, at_s: int, days: int, step_min: int
) -> None:
    who = reader(zone, clock, span)
    record, none = due_digests(who, Receiver(subscriber=who.id), at_s * 1000)
    assert none == []  # nothing of the time before it was there
    began = date.fromisoformat(record.digested[span])
    items: list[str] = []
    for minute in range(0, days * 24 * 60, step_min):
        record, begun = due_digests(who, record, (at_s + minute * 60) * 1000)
        items += [one.item for one in begun]
    last = date.fromisoformat(record.digested[span])
    length = timedelta(days=1 if span is DigestSpan.DAY else 7)
    wanted = [began + length * n for n in range(1, (last - began) // length + 1)]
    assert items == [f"{span}/{day.isoformat()}" for day in wanted]


def test_after_an_absence_only_the_newest_comes() -> None:
    who = reader("Europe/Berlin", "08:00", DigestSpan.DAY)
    at_ms = round(datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp() * 1000)
    record, _ = due_digests(who, Receiver(subscriber=who.id), at_ms)
    _, begun = due_digests(who, record, at_ms + 10 * 24 * HOUR_MS)
    [digest] = begun
    assert digest.item == "day/2026-03-29"  # the day with 23 hours
