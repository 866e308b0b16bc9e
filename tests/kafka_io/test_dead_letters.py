"""What is put aside can be read again; too much of it stops the worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.batches import Row
from kafka_io.dead_letters import (
    DeadShare,
    TooManyDeadLettersError,
    dead_letter_row,
    read_dead_letter,
)
from schemas.dead_letter import DeadLetter, DropReason
from schemas.topics import POSTS_DEAD, POSTS_RAW
from tests.kafka_io.records import Headers, record

HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["source", "received_at", "reason", "offset", "x"]),
        st.none() | st.binary(max_size=5),
    ),
    max_size=4,
).map(tuple)


@given(
    st.sampled_from(DropReason),
    st.text(st.characters(), max_size=300),
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.integers(0, 2**62),
    st.integers(0, 1023),
    HEADERS,
)
def test_a_dead_letter_comes_back_as_it_was_put_aside(
    reason: DropReason,
    detail: str,
    key: bytes | None,
    value: bytes | None,
    offset: int,
    partition: int,
    headers: Headers,
) -> None:
    """Whatever headers the raw record has: they do not pass for ours."""
    raw = record(value, key=key, offset=offset, partition=partition, headers=headers)

    row = dead_letter_row((POSTS_RAW.name, partition), raw, reason, detail)

    assert (row.topic, row.partition, row.key) == (POSTS_DEAD.name, 0, key)
    assert as_read(row) == DeadLetter(
        reason=reason,
        topic="posts.raw",
        partition=partition,
        offset=offset,
        detail=detail[:200].encode("utf-8", "replace").decode(),
        value=value or b"",
    )


def as_read(row: Row) -> DeadLetter:
    assert row.value is not None
    return read_dead_letter(record(row.value, key=row.key, headers=tuple(row.headers)))


def test_source_and_receipt_time_are_kept_so_that_it_can_be_fed_again() -> None:
    raw = record(b"{", headers=(("source", b"weibo"), ("x", b"1"), ("received_at", b"17")))

    row = dead_letter_row((POSTS_RAW.name, 0), raw, DropReason.NOT_JSON, "no JSON")

    assert row.headers[-2:] == [("source", b"weibo"), ("received_at", b"17")]
    assert "x" not in dict(row.headers)


def add_all(share: DeadShare, batches: list[tuple[int, int]]) -> None:
    for posts, dead in batches:
        share.add(posts, dead)


BATCHES = st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1)), max_size=60).map(
    lambda batches: [(posts, int(posts * share)) for posts, share in batches]
)


@given(BATCHES)
def test_the_default_limit_never_stops_a_worker(batches: list[tuple[int, int]]) -> None:
    add_all(DeadShare(limit=1.0, span=1000), batches)


@given(BATCHES, st.sampled_from([0.1, 0.5, 0.9]))
def test_a_feed_whose_batches_all_keep_the_limit_is_never_stopped(
    batches: list[tuple[int, int]], limit: float
) -> None:
    within = [(posts, min(dead, int(posts * limit))) for posts, dead in batches]
    add_all(DeadShare(limit=limit, span=1000), within)


@given(st.integers(1, 400), st.integers(0, 20_000), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_feed_that_broke_is_stopped_within_two_spans_however_long_it_was_good(
    batch: int, good: int, limit: float
) -> None:
    share = DeadShare(limit=limit, span=1000)
    add_all(share, [(400, 0)] * (good // 400))
    until_then = 2 * 1000 // batch + 1

    with pytest.raises(TooManyDeadLettersError):
        add_all(share, [(batch, batch)] * until_then)


def test_a_few_records_are_no_share() -> None:
    """One broken record at the start is 100 %."""
    DeadShare(limit=0.01, span=1000).add(999, 999)


def test_the_message_names_the_mend() -> None:
    with pytest.raises(TooManyDeadLettersError, match=r"1000 of the last 1000.*0\.01.*posts\.dead"):
        DeadShare(limit=0.01, span=1000).add(1000, 1000)
