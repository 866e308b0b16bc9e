"""A receiver that is away for an hour loses nothing, is not hammered, and is told soon after."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from schemas.alert import AlertState, Term
from schemas.catalogue import ReceivingChannel
from schemas.delivery import Outcome, Reason
from tests.delivery.alerts import alert, resolved, subscriber
from tests.delivery.desk import QuickClock, desk, serving

HOUR_MS = 3_600_000
Fault = Callable[[web.Request], web.Response]


def cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


FAULTS: dict[str, Fault] = {
    "500": lambda request: web.Response(status=500),
    "login page": lambda request: web.Response(text="<html>log in</html>"),
    "redirect": lambda request: web.Response(status=302, headers={"Location": "/login"}),
    "errcode": lambda request: web.json_response({"errcode": -1, "errmsg": "system busy"}),
    "reset": cut,
    "404": lambda request: web.Response(status=404),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_an_hour_of_faults_loses_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = QuickClock(3000)
    began_ms = clock.now_ms()
    asked: Counter[str] = Counter()
    ended_ms: list[int] = []

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        now_ms = clock.now_ms()
        if now_ms < began_ms + HOUR_MS:
            asked["down"] += 1
            return FAULTS[name](request)
        asked["up"] += 1
        ended_ms.append(now_ms)
        return web.json_response({"errcode": 0})

    who = subscriber(ReceivingChannel.DINGTALK)
    async with serving(handle) as address, desk(who, clock=clock) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        sending = asyncio.create_task(one.tell(*(alert(n) for n in range(15))))
        while not asked["down"]:
            await asyncio.sleep(0.01)
        await one.take_in(alert(3, 1, severity=9))
        await one.take_in(resolved(4))
        await asyncio.wait_for(sending, 60)
    held = one.written.latest
    assert {one.outcome for one in held.values()} == {Outcome.SENT}
    assert asked["up"] == 15  # each once, in its newest state
    assert held[alert(3).id].told_revision == 1
    assert held[alert(4).id].told_state is AlertState.RESOLVED
    assert asked["down"] < 50
    assert ended_ms[0] - began_ms - HOUR_MS < 15 * 60_000
    assert {one.reason for record in held.values() for one in record.attempts} <= {
        Reason.FAILED, Reason.MISCONFIGURED, Reason.SENT,
    }  # fmt: skip


@asynccontextmanager
async def one_that_chokes() -> AsyncIterator[tuple[str, Counter[str]]]:
    """Answers 500 to one alert, and takes all others."""
    asked: Counter[str] = Counter()

    async def handle(request: web.Request) -> web.Response:
        text = await request.text()
        is_bad = "poison" in text
        asked["bad" if is_bad else "good"] += 1
        return web.Response(status=500) if is_bad else web.Response(text="ok")

    async with serving(handle) as address:
        yield address, asked


async def test_a_message_on_which_a_receiver_chokes_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = QuickClock(200_000)
    who = subscriber(ReceivingChannel.SLACK)
    async with one_that_chokes() as (address, asked), desk(who, clock=clock) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        await one.tell(alert(0, terms=(Term("poison", 30),)), *(alert(n) for n in range(1, 9)))
    held = one.written.latest
    assert asked["good"] == 8
    assert held[alert(0).id].outcome is Outcome.DEAD
    assert held[alert(0).id].reason is Reason.EXPIRED
    assert {one.outcome for key, one in held.items() if key != alert(0).id} == {Outcome.SENT}
