"""Each channel keeps to its vendor's rules: format, signature, sizes, limits, answers."""

import asyncio
import itertools
import json
import re
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web

from delivery.channels import HTTP_CHANNELS
from kafka_io.settings import Settings
from schemas.alert import AlertState, Sample
from schemas.catalogue import Gather, Wording
from schemas.catalogue import ReceivingChannel as Channel
from schemas.delivery import Delivery, Outcome, Reason
from tests.delivery.alerts import HOSTILE, NOON_MS, alert, resolved, subscriber
from tests.delivery.desk import QuickClock, desk, serving
from tests.delivery.vendors import (
    SECRET,
    TOKEN,
    DingTalk,
    Discord,
    Feishu,
    Slack,
    Teams,
    Telegram,
    Vendor,
    WeCom,
)
from views.doings import Doings


class Case(NamedTuple):
    vendor: type[Vendor]
    query: str = ""
    secret: str = ""


CASES = {
    Channel.DINGTALK: Case(DingTalk, "/robot/send?access_token=a", SECRET),
    Channel.WECOM: Case(WeCom, "/cgi-bin/webhook/send?key=a"),
    Channel.FEISHU: Case(Feishu, "/open-apis/bot/v2/hook/a", SECRET),
    Channel.SLACK: Case(Slack, "/services/T/B/x"),
    Channel.DISCORD: Case(Discord, "/api/webhooks/1/x"),
    Channel.TELEGRAM: Case(Telegram, "/?chat_id=-100123", TOKEN),
    Channel.TEAMS: Case(Teams, "/workflows/x/triggers/manual/paths/invoke?sig=abc%2Fd"),
}
LONG = "长" * 9000 + "end"
WITH_LINKS = Settings.load(
    center_url="https://leimo.example",
    links_url="https://act.example/d",
    links_secret="k" * 32,
)


def who(channel: Channel, **changes: Any) -> Any:
    if CASES[channel].secret:
        changes["secret"] = "SUBSCRIBER_OPS_KEY"
    return subscriber(channel, **changes)


def put(monkeypatch: pytest.MonkeyPatch, channel: Channel, address: str) -> None:
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", address + CASES[channel].query)
    monkeypatch.setenv("SUBSCRIBER_OPS_KEY", CASES[channel].secret)


@pytest.fixture(params=CASES, ids=lambda channel: channel.value)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


def plain(text: str) -> str:
    return text.replace("\u2060", "")


async def test_hostile_and_long_text_arrives_whole_and_harmless(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = QuickClock(60)
    vendor = CASES[channel].vendor(clock.now_ms)
    posts = (
        Sample("1", "weibo", HOSTILE, HOSTILE, 9, 0, NOON_MS),
        Sample("2", "weibo", "b", LONG, 9, 0, NOON_MS),
    )
    given = alert(brand=HOSTILE, department=HOSTILE, reason=HOSTILE, samples=posts)
    async with (
        serving(vendor.handle) as address,
        desk(who(channel), clock=clock, settings=WITH_LINKS) as one,
    ):
        put(monkeypatch, channel, address)
        await one.tell(given)
    assert vendor.refusals == []
    assert vendor.mentions == []
    assert getattr(vendor, "markup", []) == []
    shown = "".join(plain(text).split(")", 1)[-1] if len(vendor.shown) > 1 else plain(text)
                    for text in vendor.shown)  # fmt: skip
    assert shown.count("长") == 9000
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[link](http://evil.cn) **b** <b>x</b>" in "".join(plain(t) for t in vendor.shown)
    [held] = one.written.latest.values()
    assert (held.outcome, held.told_revision) == (Outcome.SENT, 0)
    assert len([a for a in held.attempts if a.reason is Reason.SENT]) == min(len(vendor.shown), 20)


async def test_no_minute_has_more_than_the_vendor_takes(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = QuickClock(100)
    vendor = CASES[channel].vendor(clock.now_ms)
    count = 45
    async with serving(vendor.handle) as address, desk(who(channel), clock=clock) as one:
        put(monkeypatch, channel, address)
        await one.tell(*(alert(number) for number in range(count)))
    assert vendor.refusals == []
    assert len(vendor.shown) == count
    assert {held.outcome for held in one.written.latest.values()} == {Outcome.SENT}


async def test_a_new_owner_keeps_the_limit_of_the_minute(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ownership moves again and again in the middle of a minute's messages."""
    clock = QuickClock(100)
    vendor = CASES[channel].vendor(clock.now_ms)
    held: list[Delivery] = []
    async with serving(vendor.handle) as address:
        put(monkeypatch, channel, address)
        for turn in range(5):
            async with desk(who(channel), clock=clock) as one:
                assert one.receiver.restore(held, None) == []
                await one.tell(*(alert(10 * turn + number) for number in range(9)))
            held += one.written.latest.values()
    assert vendor.refusals == []
    assert len(vendor.shown) == 45


async def test_who_is_told_to_wait_waits(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else uses the same robot: its answer says that it was too quick."""
    clock = QuickClock(600)
    vendor = CASES[channel].vendor(clock.now_ms)
    vendor.per_minute = vendor.per_second = 0  # type: ignore[misc]
    busy = [True, True]
    began_ms = clock.now_ms()
    asked_ms: list[int] = []

    async def handle(request: web.Request) -> web.Response:
        asked_ms.append(clock.now_ms())
        await request.read()
        return vendor.too_quick() if busy and busy.pop() else await vendor.handle(request)

    async with serving(handle) as address, desk(who(channel), clock=clock) as one:
        put(monkeypatch, channel, address)
        await one.tell(alert())
    assert len(vendor.shown) == 1
    [held] = one.written.latest.values()
    assert [attempt.reason for attempt in held.attempts] == [
        Reason.THROTTLED, Reason.THROTTLED, Reason.SENT,
    ]  # fmt: skip
    assert held.failures == 0
    least_ms = {Channel.DINGTALK: 600_000, Channel.WECOM: 60_000, Channel.FEISHU: 60_000,
                Channel.SLACK: 1000, Channel.DISCORD: 700, Channel.TELEGRAM: 17_000,
                Channel.TEAMS: 2000}[channel]  # fmt: skip
    assert all(b - a >= least_ms for a, b in itertools.pairwise(asked_ms))
    assert asked_ms[0] >= began_ms


@pytest.mark.parametrize(
    ("channel", "body", "reason"),
    [
        (Channel.DINGTALK, {"errcode": 310000, "errmsg": "sign not match"}, Reason.MISCONFIGURED),
        (Channel.DINGTALK, {"errcode": 130101}, Reason.THROTTLED),
        (Channel.DINGTALK, {"errcode": 460101}, Reason.REFUSED),
        (Channel.DINGTALK, {"errcode": -1}, Reason.FAILED),
        (Channel.DINGTALK, {"errcode": False}, Reason.MISCONFIGURED),
        (Channel.DINGTALK, {}, Reason.MISCONFIGURED),
        (Channel.WECOM, {"errcode": 93000}, Reason.MISCONFIGURED),
        (Channel.WECOM, {"errcode": 45009}, Reason.THROTTLED),
        (Channel.WECOM, {"errcode": 40058}, Reason.REFUSED),
        (Channel.WECOM, {"errcode": 45002}, Reason.REFUSED),
        (Channel.FEISHU, {"code": 19021}, Reason.MISCONFIGURED),
        (Channel.FEISHU, {"code": 19022}, Reason.MISCONFIGURED),
        (Channel.FEISHU, {"code": 19024}, Reason.MISCONFIGURED),
        (Channel.FEISHU, {"code": 9499}, Reason.REFUSED),
        (Channel.FEISHU, {"code": 11232}, Reason.THROTTLED),
        (Channel.FEISHU, {"StatusCode": 0, "StatusMessage": "success"}, Reason.SENT),
        (Channel.TELEGRAM, {"ok": False}, Reason.MISCONFIGURED),
        (Channel.SLACK, {"ok": False}, Reason.MISCONFIGURED),
    ],
)
def test_200_with_a_code_is_a_failure(channel: Channel, body: object, reason: Reason) -> None:
    answer = HTTP_CHANNELS[channel].read_answer(200, {}, json.dumps(body).encode())
    assert answer.reason is reason


def test_a_wrong_key_is_noticed_and_mended_without_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        clock = QuickClock(60)
        vendor = DingTalk(clock.now_ms)
        channel = Channel.DINGTALK
        async with serving(vendor.handle) as address, desk(who(channel), clock=clock) as one:
            put(monkeypatch, channel, address)
            monkeypatch.setenv("SUBSCRIBER_OPS_KEY", "wrong")
            await one.take_in(alert())
            sending = asyncio.create_task(one.receiver.run())
            while not vendor.refusals:
                await asyncio.sleep(0.01)
            monkeypatch.setenv("SUBSCRIBER_OPS_KEY", SECRET)
            await asyncio.wait_for(sending, 60)
        [held] = one.written.latest.values()
        assert held.outcome is Outcome.SENT
        assert held.attempts[0].reason is Reason.MISCONFIGURED
        assert "310000" in held.attempts[0].detail

    asyncio.run(work())


async def test_an_answer_that_repeats_the_address_gives_no_secret_away(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a receiver answers is kept on a topic, which many read."""
    hidden = "7f3a+9/c2=d1"
    echoed: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        text = await request.text()
        echoed.append(request.raw_path)
        body = f"cannot {request.raw_path} {hidden} {'x' * 90} {hidden} {text[:9]}"
        return web.Response(status=400, text=body)

    async with serving(handle) as address, desk(who(channel), clock=QuickClock(60)) as one:
        put(monkeypatch, channel, address)
        path = CASES[channel].query.split("?")[0]
        query = f"?chat_id={hidden}&" if channel is Channel.TELEGRAM else "?access_token="
        url = f"{address}{path}{query}{quote(hidden, safe='')}"
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", url)
        monkeypatch.setenv("SUBSCRIBER_OPS_KEY", hidden)
        await one.tell(alert())
    [held] = one.written.latest.values()
    assert held.attempts[0].status == 400
    assert held.attempts[0].detail.startswith("cannot ")
    kept = msgspec.json.encode(held).decode()
    assert echoed
    assert hidden[:6] not in kept
    assert quote(hidden, safe="")[:6] not in kept


async def test_what_follows_answers_the_first_message_in_telegram(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = Telegram(QuickClock(60).now_ms)
    channel = Channel.TELEGRAM
    async with (
        serving(vendor.handle) as address,
        desk(who(channel), clock=QuickClock(60)) as one,
    ):
        put(monkeypatch, channel, address)
        await one.tell(alert())
        assert vendor.answers is None
        await one.tell(resolved())
    assert vendor.answers == 1
    assert "已结束" in vendor.shown[1]


async def test_what_follows_changes_the_first_message_in_discord(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = Discord(QuickClock(60).now_ms)
    channel = Channel.DISCORD
    async with serving(vendor.handle) as address, desk(who(channel), clock=QuickClock(60)) as one:
        put(monkeypatch, channel, address)
        await one.tell(alert())
        await one.tell(alert(revision=1))
        [text] = vendor.messages.values()
        assert "更新" in text
        vendor.messages.clear()  # somebody deleted it: it is told anew
        await one.tell(resolved())
    assert len(vendor.shown) == 2
    assert "已结束" in vendor.shown[1]
    assert [held.outcome for held in one.written.latest.values()] == [Outcome.SENT]


async def test_links_can_be_followed(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = CASES[channel].vendor(QuickClock(60).now_ms)
    post = Sample("5010123456789012", "weibo", "a", "x", 9, 0, NOON_MS)
    given = alert(samples=(post,))
    async with (
        serving(vendor.handle) as address,
        desk(who(channel), settings=WITH_LINKS) as one,
    ):
        put(monkeypatch, channel, address)
        await one.tell(given)
    assert vendor.refusals == []
    found = vendor.links or re.findall(r"https?://\S+", vendor.shown[0])
    assert found[0].startswith("https://act.example/d/act?t=")
    assert found[1] == f"https://leimo.example/alerts/{given.id}"
    assert found[-1] == "https://m.weibo.cn/detail/5010123456789012"


async def test_several_alerts_share_one_message(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = QuickClock(600)
    vendor = CASES[channel].vendor(clock.now_ms)
    reader = who(channel, gather=Gather.ALL, wait_s=60)
    async with serving(vendor.handle) as address, desk(reader, clock=clock) as one:
        put(monkeypatch, channel, address)
        await one.tell(alert(1), alert(2, brand="huawei", severity=9), alert(3, brand="oppo"))
        assert len(vendor.shown) == 1
        assert "3 条预警" in plain(vendor.shown[0])
        first = [held.told_revision for held in one.written.latest.values()]
        await one.tell(resolved(2))
    assert vendor.refusals == []
    assert first == [0, 0, 0]
    assert len(vendor.shown) == 2
    held = one.written.latest
    assert {one.outcome for one in held.values()} == {Outcome.SENT}
    assert held[alert(2).id].told_state is AlertState.RESOLVED


async def test_a_group_that_is_refused_takes_only_its_first_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A receiver that chokes on one of them gets all the others."""
    channel = Channel.SLACK
    taken: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        text = await request.text()
        if "poison" in text:
            return web.Response(status=400, text="invalid_blocks")
        taken.append(text)
        return web.Response(text="ok")

    reader = who(channel, gather=Gather.ALL, wait_s=1)
    async with serving(handle) as address, desk(reader, clock=QuickClock(100)) as one:
        put(monkeypatch, channel, address)
        await one.tell(*(alert(n, brand="poison" if n == 2 else f"b{n}") for n in range(1, 5)))
    held = one.written.latest
    assert held[alert(2).id].outcome is Outcome.DEAD
    outcomes = [one.outcome for one in held.values()]
    assert outcomes.count(Outcome.SENT) + outcomes.count(Outcome.DEAD) == 4
    assert all("poison" not in text for text in taken)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by apprise, as it is loaded
async def test_apprise_is_best_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[str] = []
    statuses = [500, 200]

    async def handle(request: web.Request) -> web.Response:
        got.append(await request.text())
        return web.Response(status=statuses.pop(0))

    reader = subscriber(Channel.APPRISE)
    async with serving(handle) as address, desk(reader, clock=QuickClock(60)) as one:
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address.replace("http://", "ntfy://") + "/alerts")
        await one.tell(alert())
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", "syslog://localhost")
        await one.take_in(alert(2))
        held = one.receiver.held[alert(2).id]
        sent = await one.receiver._sender.send(reader, [held], {}, Doings(), 0)
    assert "声量激增" in json.loads(got[1])["title"]
    found = one.written.latest[alert(1).id]
    assert [attempt.reason for attempt in found.attempts] == [Reason.FAILED, Reason.SENT]
    assert "best effort" in found.attempts[1].detail
    assert sent.answer.reason is Reason.MISCONFIGURED
    assert "none of: bark" in sent.answer.detail


@pytest.mark.parametrize(("language", "words"), [
    (Wording.ZH, ("预警", "小米", "声量激增", "严重度 6/10", "热词：起火、召回",
                  "原因：小米：5 分钟内 120 条帖子，预期 12.5 条（10 倍）；热词：起火、召回",
                  "2026-05-25 20:00（Asia/Shanghai）", "手机起火了", "负面占比 60%（平时 10%）")),
    (Wording.EN, ("Alert", "小米", "far more posts", "severity 6/10", "Rising: 起火, 召回",
                  "Since 2026-05-25 20:00 (Asia/Shanghai)", "Negative 60% (usually 10%)")),
])  # fmt: skip
async def test_the_message_says_what_is_up_in_the_readers_language(
    language: Wording, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Slack(QuickClock(1).now_ms)
    channel = Channel.SLACK
    async with serving(vendor.handle) as address, desk(who(channel, language=language)) as one:
        put(monkeypatch, channel, address)
        await one.tell(alert())
    for word in words:
        assert word in vendor.shown[0]
