"""HTTP that a hostile receiver or address cannot turn against us."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
import trustme
from aiohttp import web

import delivery.outbound
from delivery.endpoints import Request
from delivery.outbound import MAX_ANSWER_BYTES, Outbound
from delivery.outcomes import Answer
from schemas.delivery import Reason
from tests.delivery.desk import LOOPBACK, serving


def request(url: str) -> Request:
    return Request(url, b"{}", {"content-type": "application/json"})


async def sent(url: str, networks: Any = LOOPBACK, **options: Any) -> Any:
    async with Outbound(networks, **options) as outbound:
        return await outbound.send(request(url))


async def ok(request: web.Request) -> web.Response:
    return web.Response(text=request.method)


async def test_what_is_allowed_is_sent() -> None:
    async with serving(ok) as address:
        status, headers, body = await sent(address)
    assert (status, body, headers["content-length"]) == (200, b"POST", "4")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_private_addresses_are_refused_when_they_are_connected_to(host: str) -> None:
    called: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response()

    async with serving(handle) as address:
        answer = await sent(address.replace("127.0.0.1", host), ())
    assert isinstance(answer, Answer)
    assert answer.reason is Reason.MISCONFIGURED
    assert "LEIMO_DELIVER_NETWORKS" in answer.detail
    assert called == []


async def test_a_name_is_judged_by_what_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()

    async def getaddrinfo(host: str, port: int, **options: Any) -> Any:
        assert host == "innocent.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    answer = await sent("http://innocent.example/latest", [ip_network("10.0.0.0/8")])
    assert isinstance(answer, Answer)
    assert answer.reason is Reason.MISCONFIGURED
    assert "private" in answer.detail


async def test_redirects_are_not_followed() -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with serving(handle) as address:
        status, _, _ = await sent(address + "/here")
    assert (status, asked) == (307, ["/here"])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.cn/", "gopher://a/", "a.cn", ""])
async def test_other_schemes_are_refused(url: str) -> None:
    answer = await sent(url)
    assert answer.reason is Reason.MISCONFIGURED
    assert "http" in answer.detail


async def test_an_answer_without_end_is_read_to_a_limit() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 65_536)
        except ConnectionError:
            return answer

    async with serving(handle) as address:
        _, _, body = await asyncio.wait_for(sent(address), 30)
    assert len(body) == MAX_ANSWER_BYTES


async def test_who_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery.outbound, "TIMEOUT_S", 0.2)
    over = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving(handle) as address:
        answer = await sent(address)
        over.set()
    assert answer == Answer(Reason.FAILED, 0, "no answer within 0.2 s")


@asynccontextmanager
async def rude() -> AsyncIterator[str]:
    """Resets each connection."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret-token"


async def test_a_reset_is_a_failure_that_tells_nothing_of_the_address() -> None:
    async with rude() as address:
        answer = await sent(address)
    assert answer.reason is Reason.FAILED
    assert "secret" not in answer.detail
    refused = await sent("http://127.0.0.1:1/secret-token")
    assert refused.reason is Reason.FAILED
    assert "secret" not in refused.detail


async def test_certificates_are_verified() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(ok, ssl_context=server) as address:
        named = address.replace("127.0.0.1", "localhost")
        strange = await sent(named)
        other_name = await sent(address, ssl_context=trusting)
        status, _, _ = await sent(named, ssl_context=trusting)
    assert strange == Answer(Reason.MISCONFIGURED, 0, "its certificate is not trusted")
    assert other_name == strange
    assert status == 200
