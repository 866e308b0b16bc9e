"""Each way in which stock Faust loses or repeats, and what stands in its place.

The first half of each test shows the fault on the classes of faust-streaming as they come: it is
why ours exist, and where a new version of Faust mends it, the test fails and says so.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import faust
import pytest
from faust.transport.producer import ProducerBuffer
from faust.types import TP, FutureMessage

from kafka_io.batches import Row
from kafka_io.ledger import Ledger, RecordBatch, Verdict
from schemas.topics import MENTIONS, POSTS_RAW
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.stop import EXIT_FATAL
from tests.kafka_io import words
from tests.kafka_io.broker_log import group_offsets
from tests.streams.counting_worker import POISON
from tests.streams.held_writer import HeldWriter

SOURCE = (MENTIONS.name, 0)
PARTITION = TP(*SOURCE)


@pytest.fixture
async def stock() -> AsyncIterator[faust.App]:
    """A plain Faust app; no broker is asked for anything."""
    app = faust.App("stock", broker="kafka://127.0.0.1:1", web_enabled=False)
    yield app
    app.consumer._thread.thread_loop.close()


@pytest.fixture
def taken(stock: faust.App) -> Callable[[int], FutureMessage]:
    """Makes numbered messages as `topic.send` puts them into the producer's buffer."""
    topic = stock.topic("numbers", value_serializer="raw", key_serializer="raw")
    return lambda number: topic.as_future_message(value=b"%d" % number)


class HeldBuffer(ProducerBuffer):  # type: ignore[misc]
    """Stock, over a producer that takes its time with each message."""

    def __init__(self, app: faust.App) -> None:
        super().__init__()
        self.app = app
        self.may_send = asyncio.Semaphore(0)
        self.has_popped = asyncio.Event()
        self.sent = 0

    async def _send_pending(self, fut: FutureMessage) -> None:
        self.has_popped.set()
        await self.may_send.acquire()
        self.sent += 1

    async def end(self, count: int) -> None:
        """Let all go, so that it can be stopped."""
        for _ in range(count):
            self.may_send.release()
        await reached(lambda: self.sent == count)


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


async def our_commit(hold: HeldWriter, rows: int) -> asyncio.Task[None]:
    """A commit under way, over a producer that takes its time."""
    outbox = Outbox("measure-0", "measure", hold, Metrics(), interval_s=1, timeout_s=60)
    outbox.add(Row(MENTIONS.name, 0, b"k", b"%d" % number) for number in range(rows))
    outbox.advance(SOURCE, rows)
    hold.may_end.clear()
    task = asyncio.create_task(outbox.commit())
    await hold.has_begun.wait()
    return task


async def test_a_flush_that_gives_up(
    stock: faust.App, taken: Callable[[int], FutureMessage]
) -> None:
    buffer = HeldBuffer(stock)
    async with buffer:
        for number in range(50):
            buffer.put(taken(number))
        buffer.may_send.release()
        await buffer.flush()  # and now stock Faust would commit
        assert buffer.sent == 1
        assert buffer.size > 40
        await buffer.end(50)

    hold = HeldWriter()
    commit = await our_commit(hold, 50)
    done, _ = await asyncio.wait([commit], timeout=0.3)  # three times as long as Faust waits
    assert not done
    assert not hold.writes
    hold.may_end.set()
    await commit
    assert [(len(rows), offsets) for rows, offsets in hold.writes] == [(50, {SOURCE: 50})]


async def test_a_message_that_was_taken_from_the_buffer_and_not_sent(
    stock: faust.App, taken: Callable[[int], FutureMessage]
) -> None:
    buffer = HeldBuffer(stock)
    async with buffer:
        buffer.put(taken(1))
        await buffer.has_popped.wait()
        await buffer.flush()
        assert (buffer.size, buffer.sent) == (0, 0)  # flushed, as it says
        await buffer.end(1)

    hold = HeldWriter()
    commit = await our_commit(hold, 1)
    assert not commit.done()
    hold.may_end.set()
    await commit
    assert len(hold.writes[0][0]) == 1


async def test_a_failed_send(stock: faust.App, taken: Callable[[int], FutureMessage]) -> None:
    """Ours ends the process: `test_a_commit_that_fails_ends_the_process_and_leaves_nothing`."""
    message = taken(1)
    refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    refused.set_exception(OSError("refused"))
    message.message.channel._on_published(refused, message, stock.producer, None)
    assert isinstance(message.exception(), OSError)  # kept where nobody looks
    await stock.producer.buffer.flush()  # nothing is raised, and the commit goes on


async def test_a_commit_past_a_record_that_is_still_worked_on(stock: faust.App) -> None:
    consumer = stock.consumer
    consumer._committed_offset[PARTITION] = 2585
    consumer._acked[PARTITION] = [2586, 2587, 2588]
    assert consumer._new_offset(PARTITION) == 2589  # 2585 is lost

    ledger = Ledger()
    ledger.open({SOURCE: 2585})
    verdict, _ = ledger.take(RecordBatch(*SOURCE, [], 2586, 2589))
    assert verdict is Verdict.GAP
    assert ledger.positions == {SOURCE: 2585}


async def test_a_first_commit_of_any_run_of_records(stock: faust.App) -> None:
    stock.consumer._acked[PARTITION] = [7, 8]
    assert stock.consumer._new_offset(PARTITION) == 9  # though 0 to 6 may be under way

    ledger = Ledger()
    verdict, _ = ledger.take(RecordBatch(*SOURCE, [], 7, 9))
    assert verdict is Verdict.NOT_OURS


async def test_a_commit_that_failed(stock: faust.App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours ends the process: `test_a_commit_that_fails_ends_the_process_and_leaves_nothing`."""
    consumer = stock.consumer

    async def refused(offsets: object) -> bool:
        return False

    async def nothing() -> None: ...

    monkeypatch.setattr(consumer, "_commit", refused)
    monkeypatch.setattr(consumer, "assignment", lambda: {PARTITION})
    monkeypatch.setattr(stock.producer, "flush", nothing)
    assert not await consumer._commit_offsets({PARTITION: 9})
    assert not consumer._should_commit(PARTITION, 9)  # taken for done, and never tried again


async def test_acknowledgements_at_a_rebalance(stock: faust.App) -> None:
    """Ours commits on release: `test_the_next_owner_goes_on_where_the_last_one_let_go`."""
    consumer = stock.consumer
    consumer._acked[PARTITION] = [0, 1, 2]
    await consumer.on_partitions_revoked({PARTITION})
    assert consumer._new_offset(PARTITION) is None  # the next owner repeats the three


async def test_keys_of_partitions_that_went_elsewhere(stock: faust.App) -> None:
    """Ours holds none: stages hold their state, and drop it when `Ownership.release` says so."""
    table = stock.Table("totals", partitions=2)
    table.data["xiaomi"] = 1
    await table.on_rebalance(set(), {TP("stock-totals-changelog", 0)}, set())
    assert dict(table.data) == {"xiaomi": 1}


async def test_an_exception_in_an_agent(stock: faust.App, kafka_topics: str) -> None:
    handled: list[int] = []

    @stock.agent()  # type: ignore[untyped-decorator]
    async def count(numbers: Any) -> None:
        async for number in numbers:
            if number == 1:
                raise ArithmeticError
            handled.append(number)

    async with count.test_context(on_error=ignored) as agent:
        event = await agent.put(1, wait=False)
        await reached(lambda: event.message.acked)  # as if it were done
        assert handled == []

    truth: Counter[bytes] = Counter()
    config = words.settings(kafka_topics, "poison")
    async with words.feeding(kafka_topics) as sender:
        with words.worker(kafka_topics, "poison") as worker:
            await words.feed(sender, truth, 400, seed=1)
            await words.settled(config, truth)
            before = await group_offsets(config)
            await sender.send([Row(POSTS_RAW.name, 0, b"k", POISON)])
            await sender.flush()
            await words.feed_until(lambda: worker.poll() is not None, sender, truth)
            assert worker.returncode == EXIT_FATAL
    poisoned = before[POSTS_RAW.name, 0]
    assert (await group_offsets(config))[POSTS_RAW.name, 0] <= poisoned


async def ignored(agent: object, error: BaseException) -> None: ...
