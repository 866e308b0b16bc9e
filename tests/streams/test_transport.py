"""Fetched lists become batches that lose and double nothing."""

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.transport import MAX_BATCH_RECORDS, split
from tests.streams.records import record

SOURCE = TP("posts.raw", 3)


@given(
    st.integers(0, 2 * MAX_BATCH_RECORDS + 3),
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 20),
)
def test_batches_cover_the_fetch_without_gap_or_overlap(
    count: int, gaps: list[int], start: int, before: int, behind: int
) -> None:
    """Gaps in the offsets, also before the first record and behind the last, hold no record."""
    offsets = [start + before + index + sum(gaps[:index]) for index in range(count)]
    end = max([start + before, *(offset + 1 for offset in offsets)]) + behind
    records = [record(b"", offset=offset) for offset in offsets]

    batches = split(SOURCE, records, start, end)

    assert [batch.start for batch in batches] == [
        start,
        *(batch.next_offset for batch in batches[:-1]),
    ]
    assert batches[-1].next_offset == end
    assert [item for batch in batches for item in batch.records] == records
    for batch in batches:
        assert batch.source == SOURCE
        assert len(batch.records) <= MAX_BATCH_RECORDS
        assert all(batch.start <= item.offset < batch.next_offset for item in batch.records)
