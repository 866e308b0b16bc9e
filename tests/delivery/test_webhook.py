"""Webhooks, judged by the packages `standardwebhooks` and `cloudevents`."""

import asyncio
import base64
import os
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook, WebhookVerificationError

from delivery.channels import webhook
from delivery.endpoints import Endpoint, EndpointError
from delivery.messages import message_of
from schemas.alert import Alert, Sample
from schemas.delivery import Outcome, Reason, Receiver
from tests.delivery.alerts import NOON_MS, alert, resolved, subscriber
from tests.delivery.desk import QuickClock, desk, serving


def key(length: int = 32) -> str:
    return "whsec_" + base64.b64encode(os.urandom(length)).decode()


class Program:
    """A receiver that verifies what comes with one key."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.answers: list[web.Response] = []
        self.events: list[CloudEvent] = []
        self.ids: list[str] = []
        self.wrong: list[Exception] = []

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            Webhook(self.secret).verify(raw, dict(request.headers))
            message = HTTPMessage(headers=dict(request.headers), body=raw)
            event = from_structured(message, JSONFormat(), CloudEvent)
        except Exception as error:
            self.wrong.append(error)
            return web.Response(status=401)
        self.ids.append(request.headers["webhook-id"])
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(event, CloudEvent)
        self.events.append(event)
        return web.Response(status=204)


def who(**changes: Any) -> Any:
    return subscriber(secret="SUBSCRIBER_KEY", old_secret="SUBSCRIBER_OLD", **changes)


async def test_events_are_verified_with_the_new_and_the_old_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new, old = key(), key(24)
    monkeypatch.setenv("SUBSCRIBER_KEY", new)
    monkeypatch.setenv("SUBSCRIBER_OLD", old)
    given = alert(samples=(Sample("1", "weibo", "a", '换行\n"引号" 😀', 1, 0, NOON_MS),))
    for secret in (new, old):
        program = Program(secret)
        async with serving(program.handle) as address, desk(who()) as one:
            monkeypatch.setenv("SUBSCRIBER_OPS_URL", address + "/hook")
            await one.tell(given)
            await one.tell(resolved())
        assert program.wrong == []
        assert program.ids == [f"{given.id}/0", f"{given.id}/9"]
        first, last = program.events
        assert (first.get_id(), first.get_type()) == (f"{given.id}/0", "leimo.alert.firing")
        assert (last.get_type(), last.get_subject()) == ("leimo.alert.resolved", "xiaomi")
        assert first.get_source() == "/leimo/measure"
        assert first.get_specversion() == "1.0"
        assert first.get_dataschema() == "urn:leimo:alert:1"
        assert msgspec.convert(first.get_data(), Alert) == given


async def test_another_key_is_refused_and_that_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBSCRIBER_KEY", key())
    monkeypatch.setenv("SUBSCRIBER_OLD", key())
    program = Program(key())
    async with serving(program.handle) as address, desk(who()) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        await one.take_in(alert())
        sending = asyncio.create_task(one.receiver.run())
        while not (held := list(one.written.latest.values())) or not held[0].attempts:
            await asyncio.sleep(0.01)
        one.receiver.stop()
        await sending
    assert isinstance(program.wrong[0], WebhookVerificationError)
    assert held[0].attempts[0].reason is Reason.MISCONFIGURED
    assert held[0].outcome is Outcome.HELD


async def test_an_attempt_that_is_made_again_has_the_same_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = key()
    monkeypatch.setenv("SUBSCRIBER_KEY", secret)
    program = Program(secret)
    program.answers = [
        web.Response(status=500), web.Response(status=503, headers={"Retry-After": "1"}),
        web.Response(status=408), web.Response(status=502), web.Response(status=429),
    ]  # fmt: skip
    single = subscriber(secret="SUBSCRIBER_KEY")

    async with serving(program.handle) as address, desk(single, clock=QuickClock(100)) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        await one.tell(alert())
    [held] = one.written.latest.values()
    assert [attempt.reason.value for attempt in held.attempts] == [
        "failed", "throttled", "failed", "failed", "throttled", "sent",
    ]  # fmt: skip
    assert len(set(program.ids)) == 1
    assert len(program.ids) == 6


async def test_410_ends_it_until_the_address_is_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = key()
    monkeypatch.setenv("SUBSCRIBER_KEY", secret)
    program = Program(secret)
    program.answers = [web.Response(status=410)]
    single = subscriber(secret="SUBSCRIBER_KEY")
    async with serving(program.handle) as address, desk(single) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address + "/old")
        await one.tell(alert(1))
        await one.tell(alert(2))
        assert len(program.ids) == 1
        assert {held.reason for held in one.written.latest.values()} == {Reason.GONE}
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address + "/new")
        await one.tell(alert(3))
    assert len(program.events) == 1
    [gone] = [record for record in one.written.records if isinstance(record, Receiver)]
    assert address not in repr(gone)


def test_a_body_is_below_twenty_kilobytes() -> None:
    posts = tuple(Sample(str(n), "weibo", "a", "长" * 3000, 1, 0, NOON_MS) for n in range(4))
    given = alert(samples=posts)
    [body] = webhook.parts(message_of(given, subscriber(), {}))
    assert len(body) <= 20_000
    assert msgspec.json.decode(body)["data"]["samples"] == [
        msgspec.to_builtins(post) for post in posts[:2]
    ]


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "A" * 44, "whsec_" + "?" * 44])
def test_a_key_that_is_none_is_told_without_being_shown(secret: str) -> None:
    with pytest.raises(EndpointError) as told:
        webhook.to_request(b"{}", "a/0", Endpoint("https://a.cn", secret), NOON_MS)
    assert not secret or secret not in str(told.value).replace("`whsec_`", "").replace(
        '"whsec_', ""
    )
