"""What many ask at once is worked out once."""

import asyncio

import pytest

from center.pages.shared import Shared


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        return self.ms


class Drawing:
    """Answers with how often it was asked, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        return number


async def test_fifty_at_once_are_one() -> None:
    shared: Shared[int] = Shared(1_000, Clock())
    drawing = Drawing()
    waiting = [asyncio.create_task(shared.get("all", drawing)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # its screen went dark: the others still get theirs
    drawing.may_answer.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert answers[1:] == [1] * 49
    assert drawing.asked == 1


async def test_an_answer_is_given_while_it_is_fresh() -> None:
    clock, drawing = Clock(), Drawing()
    shared: Shared[int] = Shared(1_000, clock)
    drawing.may_answer.set()
    assert await shared.get("cars", drawing) == 1
    clock.ms += 999
    assert await shared.get("cars", drawing) == 1
    assert await shared.get("phones", drawing) == 2
    clock.ms += 1
    assert await shared.get("cars", drawing) == 3


async def test_a_failure_is_kept_for_nobody() -> None:
    async def fail() -> int:
        raise OSError("the store is away")

    drawing = Drawing()
    drawing.may_answer.set()
    shared: Shared[int] = Shared(1_000, Clock())
    with pytest.raises(OSError, match="away"):
        await shared.get("all", fail)
    assert await shared.get("all", drawing) == 1


async def test_sizes_that_nobody_asks_for_again_are_dropped() -> None:
    clock, drawing = Clock(), Drawing()
    drawing.may_answer.set()
    shared: Shared[int] = Shared(1_000, clock)
    for width in range(1_000):
        await shared.get(width, drawing)
    assert len(shared) <= 256
    clock.ms += 1_000
    await shared.get("all", drawing)
    assert len(shared) == 1
