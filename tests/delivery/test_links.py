"""Signed links: made and read, and the page behind them, which looks do not change."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from delivery.link_server import LinkServer
from delivery.links import LinkError, Ticket, link, read, signed
from delivery.messages import Addresses, message_of
from kafka_io.actions import read_actions
from kafka_io.brokers import Broker, free_port
from kafka_io.settings import Settings, SettingsError
from kafka_io.topic_admin import apply_topics
from schemas.action import ActionKind, ActionSubject
from schemas.alert import Sample
from schemas.catalogue import ReceivingChannel
from tests.delivery.alerts import HOSTILE, NOON_MS, alert, resolved, subscriber

KEY = "k" * 32
TICKET = Ticket("a1", "xiaomi", "ops", NOON_MS // 1000 + 60)


@hypothesis_settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=20), st.integers(0, 1 << 40))
def test_a_link_says_what_it_was_made_for(alert_id: str, brand: str, expires_s: int) -> None:
    ticket = Ticket(alert_id, brand, "ops", expires_s)
    url = link("https://leimo.example", KEY, ticket)
    [token] = parse_qs(urlsplit(url).query)["t"]
    assert read(token, KEY, expires_s * 1000) == ticket


@hypothesis_settings(deadline=None)
@given(st.data())
def test_a_link_that_was_changed_is_refused(data: st.DataObject) -> None:
    token = signed(TICKET, KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=0x2FF))
    changed = token[:at] + other + token[at + 1 :]
    if changed == token:
        return
    try:
        # The last character of base64 has bits that mean nothing.
        assert read(changed, KEY, NOON_MS) == TICKET
        assert at in (len(token) - 1, token.index(".") - 1)
    except LinkError:
        pass


@pytest.mark.parametrize("token", ["", ".", "a.b", signed(TICKET, "x" * 32), "é." * 3000, "!.!"])
def test_what_is_none_of_ours_is_refused(token: str) -> None:
    with pytest.raises(LinkError):
        read(token, KEY, NOON_MS)


def test_a_link_expires() -> None:
    with pytest.raises(LinkError, match="expired"):
        read(signed(TICKET, KEY), KEY, NOON_MS + 61_000)


def test_links_need_a_key() -> None:
    with pytest.raises(SettingsError, match="links_secret: links need a key of 32"):
        Settings.load(links_url="https://leimo.example", links_secret="short")
    with pytest.raises(SettingsError, match="LEIMO_LINKS_SECRET"):
        Settings.load(links_address="0.0.0.0:9482")
    with pytest.raises(SettingsError, match="is no address of a site"):
        Settings.load(center_url="javascript:alert(1)")


def test_a_message_has_links_to_its_page_its_brand_and_its_posts() -> None:
    where = Addresses("https://leimo.example", "https://act.example", KEY)
    who = subscriber(ReceivingChannel.SLACK)
    post = Sample("5010123456789012", "weibo", "a", "x", 1, 0, 0)
    given = alert(samples=(post,))
    urls = [one.url for one in message_of(given, who, {}, addresses=where, matched_at_ms=5).links]
    began = NOON_MS - 3 * 3_600_000
    assert urls[0].startswith("https://act.example/act?t=")
    assert urls[1:] == [
        f"https://leimo.example/alerts/{given.id}",
        f"https://leimo.example/brands/xiaomi?from={began}&to={NOON_MS + 3_600_000}",
        "https://m.weibo.cn/detail/5010123456789012",
    ]
    over = message_of(resolved(), who, {}, addresses=where).links
    assert not [one for one in over if "act?" in one.url]
    hostile = message_of(alert(brand=HOSTILE, id=HOSTILE), who, {}, addresses=where).links
    assert all(re.fullmatch(r"[\w:/.?=&%~-]+", one.url) for one in hostile)


@asynccontextmanager
async def serving_links(broker: Broker) -> AsyncIterator[tuple[Settings, aiohttp.ClientSession]]:
    settings = Settings.load(
        broker=broker.address, links_url="https://act.example", links_secret=KEY,
        links_address=f"127.0.0.1:{free_port()}",
    )  # fmt: skip
    await apply_topics(settings)
    runner = await LinkServer(settings).start()
    try:
        async with aiohttp.ClientSession(f"http://{settings.links_address}") as session:
            yield settings, session
    finally:
        await runner.cleanup()


@pytest.mark.embedded
async def test_looking_changes_nothing_and_acting_works_once(embedded_broker: Broker) -> None:
    expires_s = NOON_MS // 1000 + 10 * 366 * 86_400
    token = signed(Ticket("a1", "<b>x</b>", "ops", expires_s), KEY)
    given = {"t": token, "do": "acknowledged", "who": "li <script>", "note": "on it"}
    async with serving_links(embedded_broker) as (settings, session):
        for method in ("GET", "HEAD"):
            async with session.request(method, "/act", params={"t": token}) as answer:
                page = await answer.text()
                policy = answer.headers["Content-Security-Policy"]
                assert answer.status == 200
                assert policy.startswith("default-src 'none'; style-src 'sha256-")
                assert "script-src" not in policy
                assert "<b>x</b>" not in page
        assert await read_actions(settings) == []
        statuses = []
        for _ in range(2):
            async with session.post("/act", data=given) as answer:
                page = await answer.text()
                statuses.append(answer.status)
                assert "<script>" not in page
        async with session.post("/act", data=given | {"who": ""}) as answer:
            statuses.append(answer.status)
        async with session.post("/act", data=given | {"t": token[:-3]}) as answer:
            statuses.append(answer.status)
        async with session.get("/act", params={"t": token}) as answer:
            assert "<form" not in await answer.text()
        assert statuses == [200, 409, 400, 410]
        [action] = await read_actions(settings)
    assert (action.kind, action.on, action.subject) == (
        ActionKind.ACKNOWLEDGED, ActionSubject.ALERT, "a1",
    )  # fmt: skip
    assert (action.who, action.via, action.note) == ("li <script>", "link", "on it")


@pytest.mark.embedded
async def test_two_who_act_at_once_write_one_action(embedded_broker: Broker) -> None:
    token = signed(Ticket("a2", "xiaomi", "ops", 1 << 40), KEY)
    async with serving_links(embedded_broker) as (settings, session):

        async def act(who: str) -> int:
            data = {"t": token, "do": "acknowledged", "who": who}
            async with session.post("/act", data=data) as answer:
                return answer.status

        statuses = await asyncio.gather(act("li"), act("wang"))
        found = await read_actions(settings)
    assert 200 in statuses
    assert len({one.id for one in found}) == 1
