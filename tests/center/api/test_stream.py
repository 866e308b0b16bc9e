"""Server-sent events: what is told, to whom, and where a client goes on."""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace
from pydantic import BaseModel

from center.api import answers
from center.api.stream import Hub, Wanted, event_id
from center.store.protocol import Record, Scope
from schemas.action import Action, ActionKind, ActionSubject
from schemas.feed import FeedGap, GapReason
from schemas.topics import ACTIONS, ALERTS, FEED_GAPS, MENTIONS, TRENDS, WINDOWS
from schemas.trend import Trend
from tests.center.records import alert, mention, records, windows_of

EVERYBODY = Wanted(Scope())


async def health() -> BaseModel:
    return answers.HealthEvent(now_ms=1, closed_until_ms=0, data_age_s=None, version="1")


def publish(hub: Hub, found: list[Record], is_near: bool = True) -> None:
    positions = {(one.topic, one.partition): one.offset + 1 for one in found}
    hub.publish(found, positions, is_near)


class Client:
    """Reads events as a browser does."""

    def __init__(self, texts: AsyncIterator[bytes]) -> None:
        self._texts = texts
        self.last_id = ""
        self.events: list[tuple[str, Any]] = []

    async def hear(self, count: int) -> list[tuple[str, Any]]:
        """The next events but for `health`."""
        while len(self.events) < count:
            text = await asyncio.wait_for(anext(self._texts), 10)
            for block in text.decode().split("\n\n"):
                self._take(block)
        found, self.events = self.events[:count], self.events[count:]
        return found

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        self.last_id = fields.get("id", self.last_id)
        if "event" in fields and fields["event"] != "health":
            self.events.append((fields["event"], json.loads(fields["data"])))


@asynccontextmanager
async def listening(
    hub: Hub, wanted: Wanted = EVERYBODY, last_id: str = ""
) -> AsyncIterator[Client]:
    """A client that has heard how the center fares."""
    texts = hub.follow(wanted, last_id, health, 10)
    client = Client(texts)
    for _ in range(3 if not last_id else 2):
        client._take((await anext(texts)).decode().strip())
    yield client
    await texts.aclose()  # type: ignore[attr-defined]


def hub_at(offset: int = 0) -> Hub:
    return Hub({(WINDOWS.name, 0): offset, (ALERTS.name, 0): offset}, 20)


async def test_every_kind_is_told() -> None:
    hub = hub_at()
    act = Action(
        id="7", at_ms=1, who="li", kind=ActionKind.NOTE, on=ActionSubject.ALERT, subject="a1"
    )
    gap = FeedGap(feed="jetstream", from_ms=1, to_ms=2, reason=GapReason.NO_RESUME)
    trend = Trend(
        brand="xiaomi", at_ms=1, counted=1, usually_counted=1, top=(), rising=(), influencers=()
    )
    async with listening(hub) as client:
        publish(
            hub,
            [
                *records(WINDOWS.name, *windows_of([mention(1), mention(2, brand="oppo")])),
                *records(ALERTS.name, alert()),
                *records(ACTIONS.name, act),
                *records(TRENDS.name, trend),
                *records(FEED_GAPS.name, gap),
                *records(MENTIONS.name, mention(1)),
            ],
        )
        events = await client.hear(5)
    assert [kind for kind, _ in events] == ["window", "alert", "action", "trend", "gap"]
    assert [one["brand"] for one in events[0][1]["windows"]] == ["oppo", "xiaomi"]
    assert hub.clients == 0


async def test_a_client_is_told_what_it_asked_for_and_may_see() -> None:
    hub = hub_at()
    both = [
        *records(WINDOWS.name, *windows_of([mention(1), mention(2, brand="oppo")])),
        *records(ALERTS.name, alert(), alert(2, brand="oppo"), alert(3, brand="*")),
    ]
    for wanted, told in (
        (Wanted(Scope(frozenset({"oppo"}))), ["window", "a2"]),
        (Wanted(Scope(), frozenset({"oppo"})), ["window", "a2"]),
        (Wanted(Scope(), kinds=frozenset({"alert"})), ["a1", "a2", "a3"]),
        (Wanted(Scope(frozenset({"oppo"})), frozenset({"xiaomi"})), []),
    ):
        async with listening(hub, wanted) as client:
            publish(hub, [replace_offset(one, hub) for one in both])
            mark = FeedGap(feed="end", from_ms=1, to_ms=2, reason=GapReason.NO_RESUME)
            publish(hub, records(FEED_GAPS.name, mark))
            events = await client.hear(len(told) + ("gap" in wanted.kinds))
        names = [one["id"] if kind == "alert" else kind for kind, one in events if kind != "gap"]
        assert names == told
        assert "xiaomi" not in json.dumps(events) or wanted.kinds == {"alert"}


def replace_offset(one: Record, hub: Hub) -> Record:
    return one._replace(offset=one.offset + hub._number)


async def test_a_client_goes_on_where_it_was() -> None:
    hub = hub_at()
    async with listening(hub) as client:
        publish(hub, records(ALERTS.name, alert(1)))
        await client.hear(1)
        last_id = client.last_id
    publish(hub, records(ALERTS.name, alert(2), first=1))
    publish(hub, records(ALERTS.name, alert(3), first=2))
    async with listening(hub, last_id=last_id) as client:
        events = await client.hear(2)
    assert [one["id"] for _, one in events] == ["a2", "a3"]


async def test_a_center_that_was_started_anew_knows_the_place() -> None:
    last_id = event_id({(WINDOWS.name, 0): 5, (ALERTS.name, 0): 5})
    hub = hub_at(5)
    async with listening(hub, last_id=last_id) as client:
        publish(hub, records(ALERTS.name, alert(9), first=5))
        ((kind, one),) = await client.hear(1)
    assert (kind, one["id"]) == ("alert", "a9")


async def test_a_place_that_is_not_known_any_more_is_reset() -> None:
    hub = hub_at(5)
    behind = event_id({(WINDOWS.name, 0): 5, (ALERTS.name, 0): 4})
    for last_id in (behind, "nonsense", "A" * 70_000, event_id({(ACTIONS.name, 0): 1})):
        async with listening(hub, last_id=last_id) as client:
            assert await client.hear(1) == [("reset", {})]


async def test_while_the_store_catches_up_nobody_is_told_of_the_past() -> None:
    hub = hub_at()
    async with listening(hub) as client:
        publish(hub, records(ALERTS.name, alert(1)), is_near=False)
        publish(hub, records(ALERTS.name, alert(2), first=1), is_near=False)
        publish(hub, records(ALERTS.name, alert(3), first=2))
        assert await client.hear(1) == [("reset", {})]
        publish(hub, records(ALERTS.name, alert(4), first=3))
        ((_, told),) = await client.hear(1)
    assert told["id"] == "a4"


async def test_a_slow_client_is_told_to_ask_anew_and_costs_nothing() -> None:
    hub = hub_at()
    async with listening(hub) as client:
        (window,) = windows_of([mention(1)])
        for number in range(30):
            publish(hub, records(WINDOWS.name, replace(window, revision=number), first=number))
        assert await client.hear(1) == [("reset", {})]
    assert len(hub._batches) <= 20


async def test_memory_of_many_clients_is_flat() -> None:
    hub = hub_at()
    (window,) = windows_of([mention(1)])

    async def read() -> None:
        texts = hub.follow(EVERYBODY, "", health, 10)
        async for _ in texts:
            pass

    readers = [asyncio.create_task(read()) for _ in range(300)]
    number = 0

    async def rounds(count: int) -> int:
        nonlocal number
        for _ in range(count):
            publish(hub, records(WINDOWS.name, replace(window, revision=number), first=number))
            number += 1
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        await rounds(25)  # until what is kept is full
        before = await rounds(10)
        after = await rounds(30)
    finally:
        tracemalloc.stop()
    assert hub.clients == 300
    hub.close()
    await asyncio.wait_for(asyncio.gather(*readers), 10)
    assert after - before < 300 * 1024
    assert hub.clients == 0
