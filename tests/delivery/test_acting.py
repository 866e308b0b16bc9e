"""What people do reaches `leimo deliver` and changes what is told: on a broker, with its clock put
forward."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from msgspec.structs import replace

from delivery.clock import Clock
from delivery.deliverer import Deliverer
from delivery.receiver import Receiver
from kafka_io.actions import append_actions
from kafka_io.batches import Row
from kafka_io.brokers import Broker
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from schemas.action import Action, ActionKind, ActionSubject
from schemas.catalogue import DigestSpan, ReceivingChannel, Subscriber
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Delivery, Outcome, Reason
from schemas.delivery import Receiver as ReceiverRecord
from schemas.topics import DELETIONS, WINDOWS
from tests.delivery.alerts import MINUTE_MS, alert, subscriber
from tests.delivery.desk import serving
from tests.delivery.test_deliverer import deliveries, encode, prepared, records, tell, until
from tests.kafka_io.broker_log import append
from tests.views.records import window

pytestmark = pytest.mark.kafka
DAY_MS = 24 * 60 * MINUTE_MS


class Leap(Clock):
    """The wall clock, which can be put forward."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    async def wait(self, event: asyncio.Event, until_ms: int) -> None:
        soon_ms = self.now_ms() + 50
        await super().wait(event, min(until_ms, soon_ms) if until_ms else soon_ms)


class Chats:
    """Takes what Slack takes, for each subscriber."""

    def __init__(self) -> None:
        self.got: dict[str, list[str]] = {}
        self.refusing: set[str] = set()

    async def handle(self, request: web.Request) -> web.Response:
        mine = request.path.strip("/")
        body = await request.json()
        if mine in self.refusing:
            return web.Response(status=400, text="invalid_blocks")
        text = "\n".join(block["text"]["text"] for block in body["blocks"])
        self.got.setdefault(mine, []).append(text)
        return web.Response(text="ok")


class Room(NamedTuple):
    settings: Settings
    clock: Leap
    chats: Chats
    deliverer: Deliverer

    def receiver(self, who: str) -> Receiver | None:
        """Where it is owned by now."""
        owners = self.deliverer.owners.values()
        return next((one.receivers[who] for one in owners if who in one.receivers), None)

    async def held(self, who: str, number: int) -> Delivery | None:
        return (await deliveries(self.settings)).get((who, alert(number).id))

    async def act(self, kind: ActionKind, on: ActionSubject, subject: str, **more: Any) -> None:
        one = Action(
            id=f"{kind}-{subject}-{self.clock.now_ms()}", at_ms=self.clock.now_ms(), who="li",
            kind=kind, on=on, subject=subject, **more,
        )  # fmt: skip
        await append_actions(self.settings, [one])

    async def waits_for(self, reached: Callable[[], Any], what: str) -> None:
        await until(reached, f"{what}: {self.chats.got}")


@asynccontextmanager
async def delivering(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, group: str, *who: Subscriber
) -> AsyncIterator[Room]:
    async with arranged(broker, monkeypatch, group, *who) as room, running(room):
        yield room


@asynccontextmanager
async def arranged(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, group: str, *who: Subscriber
) -> AsyncIterator[Room]:
    """All but the deliverer, which does not run yet."""
    settings, clock, chats = await prepared(broker, group, list(who)), Leap(), Chats()
    async with serving(chats.handle) as address:
        for one in who:
            monkeypatch.setenv(one.address, f"{address}/{one.id}")
        yield Room(settings, clock, chats, Deliverer(settings, clock=clock))


@asynccontextmanager
async def running(room: Room) -> AsyncIterator[Room]:
    """Its deliverer has its partitions."""
    stop = asyncio.Event()
    task = asyncio.create_task(room.deliverer.run(stop))
    try:
        await until(lambda: len(room.deliverer.owners) == 2 or task.done(), "no partitions", 30)
        yield room
    finally:
        stop.set()
        await task


def person(name: str, **changes: Any) -> Subscriber:
    return subscriber(
        ReceivingChannel.SLACK, id=name, address=f"SUBSCRIBER_{name.upper()}", **changes
    )


async def test_nobody_answers_so_the_next_is_told_and_whoever_answers_ends_that(
    kafka_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = person("desk", escalate_to=("boss",), escalate_min=10)
    boss = person("boss", kinds=("silence",))
    async with delivering(kafka_broker, monkeypatch, "escalates", desk, boss) as room:
        got = room.chats.got
        await tell(room.settings, alert(1), alert(2))
        await room.waits_for(lambda: len(got.get("desk", ())) == 2, "the desk was not told")
        await room.act(ActionKind.ACKNOWLEDGED, ActionSubject.ALERT, alert(2).id)
        await room.waits_for(lambda: len(got["desk"]) == 3, "not told who has it")
        assert "li 正在处理" in got["desk"][2]
        assert "boss" not in got
        room.clock.ahead_ms += 11 * MINUTE_MS
        await room.waits_for(lambda: got.get("boss"), "not escalated")
        assert "升级：desk 未认领" in got["boss"][0]
        # No repeats of what somebody has; what nobody has goes on.
        await tell(room.settings, alert(2, 1), alert(1, 1))
        await room.waits_for(lambda: len(got["desk"]) == 4, "the update was not told")
        await room.waits_for(lambda: len(got["boss"]) == 2, "nor to the boss")
    found = await deliveries(room.settings)
    assert found["desk", alert(2).id].reason is Reason.ACKNOWLEDGED
    assert found["boss", alert(2).id].reason is Reason.ACKNOWLEDGED
    assert found["boss", alert(1).id].escalated_from == "desk"


async def test_a_mute_a_deletion_and_a_retry(
    kafka_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops, other = person("ops"), person("other")
    async with delivering(kafka_broker, monkeypatch, "mutes", ops, other) as room:
        got = room.chats.got
        definition = (ActionSubject.DEFINITION, "subscriber:ops")
        until_ms = room.clock.now_ms() + 60 * MINUTE_MS
        await room.act(ActionKind.SILENCED, *definition, until_ms=until_ms)
        await until(lambda: _muted_until(room, "ops") == until_ms, "not muted")
        await tell(room.settings, alert(1))
        await room.waits_for(lambda: got.get("other"), "the other was not told")
        held = await _until_held(room, "ops", 1)
        assert (held.outcome, held.reason) == (Outcome.HELD, Reason.MUTED)
        gone = Deletion(scope=DeletionScope.POST, source="weibo", subject="1", at_ms=1)
        await append(room.settings, Row(DELETIONS.name, 0, gone.key, encode(gone)))
        await until(lambda: _is_without_posts(room), "the post is still held")
        await room.act(ActionKind.RELEASED, *definition)
        await room.waits_for(lambda: got.get("ops"), "the mute does not end")
        assert "手机起火了" in got["other"][0]
        assert "手机起火了" not in got["ops"][0]
        room.chats.refusing.add("ops")
        await tell(room.settings, alert(2))
        await until(lambda: _is(room, "ops", 2, Outcome.DEAD), "it was not given up")
        room.chats.refusing.clear()
        await tell(room.settings, alert(2, 3))
        dead = f"ops~{alert(2).id}"
        await room.act(ActionKind.RETRIED, ActionSubject.DELIVERY, dead)
        await until(lambda: _is(room, "ops", 2, Outcome.SENT), "it was not sent again")
        found = await room.held("ops", 2)
    assert found is not None
    assert found.told_revision == 3


def _muted_until(room: Room, who: str) -> int:
    found = room.receiver(who)
    return 0 if found is None else found.muted_until_ms


async def _until_held(room: Room, who: str, number: int) -> Delivery:
    await until(lambda: room.held(who, number), "nothing is held")
    found = await room.held(who, number)
    assert found is not None
    return found


async def _is(room: Room, who: str, number: int, outcome: Outcome) -> bool:
    found = await room.held(who, number)
    return found is not None and found.outcome is outcome


async def _is_without_posts(room: Room) -> bool:
    found = await room.held("ops", 1)
    return found is not None and found.pending is not None and not found.pending.samples


async def test_a_digest_comes_once_with_the_figures_of_its_day(
    kafka_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person(
        "daily", brands=("xiaomi",), rivals=("huawei",), digests=(DigestSpan.DAY,),
        digests_only=True, digest_at="08:00", zone="UTC",
    )  # fmt: skip
    async with arranged(kafka_broker, monkeypatch, "digests", who) as room:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        midnight_ms = round(today.timestamp() * 1000)
        rows = [
            _window(brand, midnight_ms + hour * 60 * MINUTE_MS, posts)
            for brand, posts in {"xiaomi": 60, "huawei": 30}.items()
            for hour in range(24)
        ]
        rows += [_window("xiaomi", midnight_ms - DAY_MS + 60 * MINUTE_MS, 720)]
        rows += [_window("xiaomi", midnight_ms, 61, revision=1)]  # a late post
        await append(room.settings, *rows)
        async with running(room):
            await until(lambda: _has_begun(room), "the first day is not noted")
            fired = alert(1, started_at_ms=midnight_ms, updated_at_ms=midnight_ms)
            await tell(room.settings, fired)
            hour_ms = room.clock.now_ms() - midnight_ms
            room.clock.ahead_ms += DAY_MS + 8 * 60 * MINUTE_MS - hour_ms + MINUTE_MS
            await room.waits_for(lambda: room.chats.got.get("daily"), "no digest came")
        # The next owner goes on where this one was.
        async with running(room._replace(deliverer=Deliverer(room.settings, clock=room.clock))):
            room.clock.ahead_ms += DAY_MS
            await room.waits_for(lambda: len(room.chats.got["daily"]) == 2, "the next did not come")
        assert await _digests_sent(room, 2)
    text, following = room.chats.got["daily"]
    assert text.splitlines()[0] != following.splitlines()[0]
    assert "声量：1,441 条（较前一日 +100%）" in text
    assert "小米 66.7%" in text
    assert "huawei 33.3%" in text
    assert "声量激增，严重度 6" in text


async def _digests_sent(room: Room, count: int) -> bool:
    found = [one for (who, _), one in (await items(room)).items() if who == "daily"]
    return sum(one.outcome is Outcome.SENT for one in found) == count


async def items(room: Room) -> dict[tuple[str, str], Delivery]:
    """Deliveries by subscriber and item."""
    found = [one for one in await records(room.settings) if isinstance(one, Delivery)]
    return {(one.subscriber, one.item): one for one in found}


async def _has_begun(room: Room) -> bool:
    found = [one for one in await records(room.settings) if isinstance(one, ReceiverRecord)]
    return any(one.digested for one in found)


def _window(brand: str, start_ms: int, posts: int, revision: int = 0) -> Row:
    made = replace(window(brand, 0, posts, revision=revision), start_ms=start_ms)
    at = partition_for(brand.encode(), 2)
    return Row(WINDOWS.name, at, made.key, encode(made))
