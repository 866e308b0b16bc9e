"""What the outbox holds becomes durable whole, in order and once, or the process ends."""

import asyncio
import sys
from collections.abc import Callable

import pytest

from kafka_io.batches import Row
from kafka_io.settings import Settings
from kafka_io.writers import Writer
from schemas.topics import BRANDS_CHANGELOG, MENTIONS, WINDOWS
from streams import outbox as outbox_module
from streams.metrics import Metrics
from streams.outbox import MAX_WAITING_ROWS, PATIENCE, Outbox, StateRows
from streams.stop import EXIT_FATAL
from tests.kafka_io import words
from tests.kafka_io.broker_log import group_offsets, values, writer_of
from tests.streams.held_writer import HeldWriter

SOURCE = (MENTIONS.name, 0)


def new_outbox(
    writer: Writer,
    state_rows: StateRows | None = None,
    is_behind: Callable[[], bool] = lambda: False,
) -> Outbox:
    return Outbox(
        "measure-0",
        "measure",
        writer,
        Metrics(),
        interval_s=0.005,
        timeout_s=20,
        state_rows=state_rows,
        is_behind=is_behind,
    )


def row(number: int) -> Row:
    return Row(WINDOWS.name, 0, b"k", b"%d" % number)


async def test_a_commit_takes_rows_state_and_offsets_in_this_order() -> None:
    changed = [Row(BRANDS_CHANGELOG.name, 0, b"xiaomi", b"state")]
    writer = HeldWriter()
    outbox = new_outbox(writer, lambda: changed)
    outbox.add([row(1)])
    outbox.advance(SOURCE, 5)
    outbox.add([row(2)])
    outbox.advance(SOURCE, 6)

    await outbox.commit()

    assert writer.writes == [([row(1), row(2), *changed], {SOURCE: 6})]


async def test_nothing_to_commit_is_not_written_and_the_state_not_asked_for() -> None:
    def state_rows() -> list[Row]:
        raise AssertionError

    writer = HeldWriter()
    outbox = new_outbox(writer, state_rows)

    await outbox.commit()
    await outbox.close()

    assert writer.writes == []
    assert writer.is_stopped


async def test_what_is_added_during_a_commit_belongs_to_the_next() -> None:
    writer = HeldWriter()
    writer.may_end.clear()
    outbox = new_outbox(writer)
    outbox.add([row(1)])
    outbox.advance(SOURCE, 1)
    first = asyncio.create_task(outbox.commit())
    await writer.has_begun.wait()
    outbox.add([row(2)])
    outbox.advance(SOURCE, 2)
    second = asyncio.create_task(outbox.commit())
    writer.may_end.set()
    await asyncio.gather(first, second)

    assert writer.writes == [([row(1)], {SOURCE: 1}), ([row(2)], {SOURCE: 2})]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [([False], 1), ([True, True, False], 3), ([True] * PATIENCE, PATIENCE)],
)
async def test_commits_wait_for_more_while_the_input_queues_up_but_not_for_ever(
    answers: list[bool], asked: int
) -> None:
    writer = HeldWriter()
    left = iter(answers)
    before_commit = 0

    def is_behind() -> bool:
        nonlocal before_commit
        before_commit += not writer.has_begun.is_set()
        return next(left, False)

    outbox = new_outbox(writer, is_behind=is_behind)
    outbox.add([row(1)])
    outbox.run()
    async with asyncio.timeout(20):
        await writer.has_begun.wait()

    assert before_commit == asked
    await outbox.close()


async def test_no_room_is_a_reason_to_commit_at_once() -> None:
    writer = HeldWriter()
    asked = 0

    def is_behind() -> bool:
        nonlocal asked
        asked += not writer.has_begun.is_set()
        return True

    outbox = new_outbox(writer, is_behind=is_behind)
    outbox.add(row(number) for number in range(MAX_WAITING_ROWS + 1))
    outbox.run()
    async with asyncio.timeout(20):
        await outbox.wait_for_space()

    assert asked == 1
    await outbox.close()


async def test_closing_waits_for_the_commit_under_way_and_commits_the_rest() -> None:
    writer = HeldWriter()
    writer.may_end.clear()
    outbox = new_outbox(writer)
    outbox.add([row(1)])
    outbox.run()
    await writer.has_begun.wait()
    outbox.add([row(2)])

    closing = asyncio.create_task(outbox.close())
    await asyncio.sleep(0)
    assert not closing.done()
    writer.may_end.set()
    await closing

    assert [rows for rows, _ in writer.writes] == [[row(1)], [row(2)]]
    assert writer.is_stopped


async def test_abandoning_commits_nothing() -> None:
    writer = HeldWriter()
    outbox = new_outbox(writer)
    outbox.add([row(1)])

    await outbox.abandon()

    assert writer.writes == []
    assert writer.is_stopped


async def test_agents_wait_while_too_many_rows_are_held() -> None:
    outbox = new_outbox(HeldWriter())
    outbox.add([row(0)] * MAX_WAITING_ROWS)
    await asyncio.wait_for(outbox.wait_for_space(), 1)  # as many as may wait

    outbox.add([row(0)])
    waiting = asyncio.create_task(outbox.wait_for_space())
    await asyncio.sleep(0)
    assert not waiting.done()

    await outbox.commit()
    await asyncio.wait_for(waiting, 1)


async def test_the_age_is_that_of_the_oldest_step_and_ends_with_the_commit() -> None:
    outbox = new_outbox(HeldWriter())
    assert outbox.age_s() == 0

    outbox.advance(SOURCE, 1)
    await asyncio.sleep(0.002)
    age_s = outbox.age_s()
    outbox.advance(SOURCE, 2)
    assert outbox.age_s() >= age_s > 0

    await outbox.commit()
    assert outbox.age_s() == 0


async def test_the_age_grows_while_a_commit_hangs() -> None:
    """What is alerted on must not read 0 just then."""
    writer = HeldWriter()
    outbox = new_outbox(writer)
    outbox.advance(SOURCE, 1)
    writer.may_end.clear()
    committing = asyncio.create_task(outbox.commit())
    await writer.has_begun.wait()
    age_s = outbox.age_s()
    outbox.advance(SOURCE, 2)
    assert outbox.age_s() >= age_s > 0

    writer.may_end.set()
    await committing
    await outbox.commit()
    assert outbox.age_s() == 0


async def test_the_age_is_also_that_of_rows_without_a_step() -> None:
    """Ticks are all that a worker commits while no posts come: a broker that hangs shows there."""
    writer = HeldWriter()
    outbox = new_outbox(writer)
    outbox.add([])
    assert outbox.age_s() == 0
    outbox.add([row(1)])
    writer.may_end.clear()
    committing = asyncio.create_task(outbox.commit())
    await writer.has_begun.wait()
    assert outbox.age_s() > 0

    writer.may_end.set()
    await committing
    assert outbox.age_s() == 0


async def test_commits_are_measured() -> None:
    metrics = Metrics()
    outbox = Outbox("measure-0", "measure", HeldWriter(), metrics, interval_s=1, timeout_s=1)
    outbox.advance(SOURCE, 1, append_ms=1_325_347_200_000)
    await outbox.commit()
    outbox.add([row(1)])  # as a tick: nothing was appended that it could be late for
    await outbox.commit()

    def count(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"{name}_count", {"stage": "measure"})

    assert (count("leimo_commit_seconds"), count("leimo_latency_seconds")) == (2, 1)


async def test_state_that_cannot_be_written_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop of commits would end with it, unseen, and the partition would stand still."""

    class EndedError(Exception):
        pass

    def die(reason: str, error: BaseException) -> None:
        raise EndedError(reason) from error

    def state_rows() -> list[Row]:
        raise OverflowError("the number")

    monkeypatch.setattr(outbox_module, "die", die)
    outbox = new_outbox(HeldWriter(), state_rows)
    outbox.advance(SOURCE, 1)

    with pytest.raises(EndedError, match="commit of measure-0 failed: OverflowError: the number"):
        await outbox.commit()


async def test_closing_between_steps_loses_and_doubles_nothing(kafka_settings: Settings) -> None:
    """Five owners after each other, each closed in the midst of its work."""
    written = 0
    for _ in range(5):
        outbox = new_outbox(writer_of(kafka_settings))
        await outbox.start()
        outbox.run()
        for _ in range(200):
            outbox.add([row(written)])
            written += 1
            outbox.advance(SOURCE, written)
            await asyncio.sleep(0)
        await outbox.close()
        assert await group_offsets(kafka_settings) == {SOURCE: written}

    assert await values(kafka_settings, WINDOWS.name) == [b"%d" % n for n in range(written)]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("large", "MessageSizeTooLargeError"), ("slow", "the broker did not take it within")],
)
async def test_a_commit_that_fails_ends_the_process_and_leaves_nothing(
    kafka_settings: Settings, kind: str, error: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.streams.refused_commit", kind),
        cwd=words.ROOT,
        env=words.environment(kafka_settings.broker, kafka_settings.group),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert (process.returncode, out) == (EXIT_FATAL, b""), err.decode()
    assert f"commit of measure-0 failed: {error}" in err.decode()
    assert await group_offsets(kafka_settings) == {SOURCE: 1}
    assert await values(kafka_settings, WINDOWS.name) == [b"0"]
