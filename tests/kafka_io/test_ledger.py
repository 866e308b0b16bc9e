"""The ledger delivers each record once and in order, whatever the fetches do."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.ledger import Ledger, RecordBatch, Verdict
from tests.kafka_io.records import record

SOURCE = ("posts.raw", 0)
LENGTH = 60

fetches = st.tuples(st.just("fetch"), st.integers(1, 25))
seeks = st.tuples(st.just("seek"), st.integers(0, LENGTH))
deliveries = st.tuples(st.just("deliver"), st.just(0))


class Log:
    """A partition, a fetcher that can be sent anywhere, and the queue between it and the agent."""

    def __init__(self, offsets: set[int], start: int) -> None:
        self._offsets = offsets
        self._position = start
        self._queue: deque[RecordBatch] = deque()
        self._start = start
        self.ledger = Ledger()
        self.ledger.open({SOURCE: start})
        self.delivered: list[int] = []

    def seek(self, offset: int) -> None:
        self._position = offset

    def fetch(self, count: int) -> None:
        end = min(self._position + count, LENGTH)
        if end > self._position:
            offsets = sorted(self._offsets & set(range(self._position, end)))
            records = [record(b"", offset=offset) for offset in offsets]
            self._queue.append(RecordBatch(*SOURCE, records, self._position, end))
            self._position = end

    def deliver(self) -> None:
        if self._queue:
            verdict, records = self.ledger.take(self._queue.popleft())
            self.delivered += [item.offset for item in records]
            if verdict is Verdict.GAP:
                self._position = self.ledger.positions[SOURCE]

    def finish(self) -> None:
        """As a worker would: a gap is sought back, the rest comes by itself."""
        while self._queue or self.ledger.positions[SOURCE] < LENGTH:
            if not self._queue:
                self.fetch(7)
            if not self._queue:  # sent beyond what is missing: nothing but a gap would tell
                self.seek(self.ledger.positions[SOURCE])
            self.deliver()

    def expected(self) -> list[int]:
        return sorted(self._offsets & set(range(self._start, self.ledger.positions[SOURCE])))


@given(
    st.sets(st.integers(0, LENGTH - 1)),
    st.integers(0, LENGTH),
    st.lists(st.one_of(fetches, seeks, deliveries), max_size=40),
)
def test_any_fetches_and_seeks_deliver_each_record_once_and_in_order(
    offsets: set[int], start: int, actions: list[tuple[str, int]]
) -> None:
    """Offsets without a record are markers, or were compacted away."""
    log = Log(offsets, start)
    for action, argument in actions:
        if action == "fetch":
            log.fetch(argument)
        elif action == "seek":
            log.seek(argument)
        else:
            log.deliver()
        assert log.delivered == log.expected()

    log.finish()

    assert log.delivered == [offset for offset in sorted(offsets) if offset >= start]


@pytest.mark.parametrize(
    ("start", "next_offset", "verdict", "delivered", "position"),
    [
        (100, 103, Verdict.TAKEN, [100, 101, 102], 103),
        (98, 102, Verdict.TAKEN, [100, 101], 102),
        (98, 101, Verdict.TAKEN, [100], 101),
        (97, 100, Verdict.STALE, [], 100),
        (90, 95, Verdict.STALE, [], 100),
        (101, 104, Verdict.GAP, [], 100),
        (200, 201, Verdict.GAP, [], 100),
    ],
)
def test_verdicts_at_offset_100(
    start: int, next_offset: int, verdict: Verdict, delivered: list[int], position: int
) -> None:
    ledger = Ledger()
    ledger.open({SOURCE: 100})
    records = [record(b"", offset=offset) for offset in range(start, next_offset)]

    found, taken = ledger.take(RecordBatch(*SOURCE, records, start, next_offset))

    assert found is verdict
    assert [item.offset for item in taken] == delivered
    assert ledger.positions == {SOURCE: position}


def test_a_batch_of_markers_alone_moves_the_position() -> None:
    ledger = Ledger()
    ledger.open({SOURCE: 5})

    assert ledger.take(RecordBatch(*SOURCE, [], 5, 9)) == (Verdict.TAKEN, [])
    assert ledger.positions == {SOURCE: 9}


@pytest.mark.parametrize("partition", [0, 1])
def test_nothing_is_taken_from_a_partition_that_is_not_open(partition: int) -> None:
    """0 was closed, 1 was never opened."""
    ledger = Ledger()
    ledger.open({SOURCE: 0})
    ledger.close()

    verdict, records = ledger.take(RecordBatch("posts.raw", partition, [record(b"")], 0, 1))

    assert (verdict, records) == (Verdict.NOT_OURS, [])
    assert ledger.positions == {}


def test_partitions_do_not_disturb_each_other() -> None:
    ledger = Ledger()
    ledger.open({("posts.raw", 0): 0, ("posts.raw", 1): 10, ("mentions", 0): 20})

    ledger.take(RecordBatch("posts.raw", 1, [], 10, 11))

    assert ledger.positions == {("posts.raw", 0): 0, ("posts.raw", 1): 11, ("mentions", 0): 20}


def test_the_positions_are_a_copy() -> None:
    ledger = Ledger()
    ledger.open({SOURCE: 1})

    ledger.positions[SOURCE] = 99

    assert ledger.positions == {SOURCE: 1}
