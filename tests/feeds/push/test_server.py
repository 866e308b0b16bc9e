"""`POST /posts` against a broker: 200 means that Kafka has the posts."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any

import aiohttp
import pytest
import zstandard
from prometheus_client import generate_latest
from pydantic import SecretStr

from feeds.push import lane, server
from feeds.push.server import PushServer
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.post import Source
from schemas.topics import POSTS_RAW
from streams.push_metrics import PushMetrics
from tests.kafka_io.broker_log import committed

pytestmark = pytest.mark.embedded
NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
TOKEN = "a secret of 密"


def post(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number), "text": "小米", "created_at": "2026-05-25T14:23:28Z",
        "author": {"id": f"u{number % 7}"},
    } | more  # fmt: skip


def body(*numbers: int) -> bytes:
    return b"\n".join(json.dumps(post(number)).encode() for number in numbers)


class Client:
    """Requests to one server."""

    def __init__(self, session: aiohttp.ClientSession, running: PushServer) -> None:
        self.session = session
        self.server = running
        self.url = f"http://127.0.0.1:{running.port}"

    async def post(self, data: Any, headers: dict[str, str] = NDJSON, query: str = "") -> Any:
        """Status and JSON of the answer."""
        async with self.session.post(f"{self.url}/posts{query}", data=data, headers=headers) as got:
            return got.status, await got.json()


@asynccontextmanager
async def pushing(
    broker: EmbeddedBroker, *, token: str = "", metrics: PushMetrics | None = None, **bounds: int
) -> AsyncIterator[Client]:
    settings = Settings(
        broker=broker.address, partitions=2, push_address="127.0.0.1:0",
        push_token=SecretStr(token),
    )  # fmt: skip
    running = PushServer(settings, metrics or PushMetrics(), Source.LEIMO, **bounds)
    async with running.serving(), aiohttp.ClientSession() as session:
        yield Client(session, running)


async def kept(broker: EmbeddedBroker) -> list[Any]:
    """Records of `posts.raw`."""
    settings = Settings(broker=broker.address, partitions=2)
    return list(chain.from_iterable((await committed(settings, POSTS_RAW.name)).values()))


async def ids(broker: EmbeddedBroker) -> list[int]:
    return sorted(int(json.loads(record.value)["id"]) for record in await kept(broker))


@pytest.fixture
async def broker(embedded_broker: EmbeddedBroker) -> EmbeddedBroker:
    await apply_topics(Settings(broker=embedded_broker.address, partitions=2))
    return embedded_broker


async def test_posts_arrive_with_their_source_key_and_receipt(broker: EmbeddedBroker) -> None:
    weibo = {"id": 5, "text": "小米", "created_at": "刚刚", "user": {"id": 3}}
    async with pushing(broker) as client:
        assert await client.post(body(1)) == (
            200, {"accepted": 1, "skipped": 0, "refused": 0, "refusals": []},
        )  # fmt: skip
        assert (await client.post(json.dumps(weibo), JSON, "?source=weibo"))[0] == 200
        assert (await client.post(json.dumps(weibo), JSON | {"X-Leimo-Source": "weibo"}))[0] == 200
    records = await kept(broker)
    found = sorted((dict(record.headers)["source"], record.key) for record in records)
    assert found == [(b"leimo", b"u1"), (b"weibo", b"3"), (b"weibo", b"3")]
    assert all(int(dict(record.headers)["received_at"]) > 1_700_000_000_000 for record in records)


async def test_many_at_once_each_hear_of_their_own(broker: EmbeddedBroker) -> None:
    metrics = PushMetrics()
    async with pushing(broker, metrics=metrics) as client:

        async def one(number: int) -> None:
            numbers = range(number * 100, number * 100 + 10)
            data = body(*numbers) + b"\n{}"
            match number % 3:
                case 0:
                    status, told = await client.post(data)
                case 1:
                    packed = gzip.compress(data)
                    status, told = await client.post(packed, NDJSON | {"Content-Encoding": "gzip"})
                case _:
                    packed = zstandard.compress(data)
                    status, told = await client.post(packed, NDJSON | {"Content-Encoding": "zstd"})
            assert (status, told["accepted"], told["refused"]) == (200, 10, 1)

        await asyncio.gather(*map(one, range(40)))
    assert await ids(broker) == [number * 100 + more for number in range(40) for more in range(10)]
    text = generate_latest(metrics.registry).decode()
    assert 'leimo_push_posts_total{source="leimo"} 400.0' in text
    assert 'leimo_push_refused_posts_total{reason="empty"} 40.0' in text
    assert 'leimo_push_requests_total{status="200"} 40.0' in text
    assert "leimo_push_in_flight_bytes 0.0" in text


async def chunked(piece: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield piece


async def test_what_is_wrong_with_a_request_is_told(broker: EmbeddedBroker) -> None:
    async with pushing(broker, max_body_bytes=10_000) as client:
        refused = [
            (415, b"{}", {}),
            (415, b"{}", {"Content-Type": "text/plain"}),
            (415, b"{}", NDJSON | {"Content-Encoding": "br"}),
            (400, b"no gzip", NDJSON | {"Content-Encoding": "gzip"}),
            (400, b"", NDJSON | {"Content-Encoding": "zstd"}),
            (413, b"x" * 10_001, NDJSON),
            (413, chunked(b"x" * 1000, 11), NDJSON),
            (413, gzip.compress(bytes(1 << 20)), NDJSON | {"Content-Encoding": "gzip"}),
            (413, zstandard.compress(bytes(1 << 20)), NDJSON | {"Content-Encoding": "zstd"}),
            (403, body(1), NDJSON | {"Origin": "http://evil.example"}),
            (400, body(1), NDJSON | {"X-Leimo-Source": "evil"}),
            (422, b"{}\n{", NDJSON),
            (200, b"", NDJSON),
            (200, body(1), JSON),
        ]  # fmt: skip
        for expected, data, headers in refused:
            status, told = await client.post(data, headers)
            assert status == expected, (told, headers)
            assert ("error" in told) == (expected not in (200, 422))
        status, told = await client.post(body(1), NDJSON, "?source=%1b[2J")
        assert (status, "\x1b" in told["error"]) == (400, False)
        async with client.session.get(f"{client.url}/posts") as got:
            assert got.status == 405
    assert await ids(broker) == [1]


async def test_a_token_is_asked_for(broker: EmbeddedBroker) -> None:
    async with pushing(broker, token=TOKEN) as client:
        for given in (None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN} "):
            headers = NDJSON if given is None else NDJSON | {"Authorization": given}
            if given and given.endswith(" "):
                continue  # a client strips it
            status, _ = await client.post(body(1), headers)
            assert status == 401
        right = NDJSON | {"Authorization": f"Bearer {TOKEN}", "Origin": "http://mine.example"}
        assert (await client.post(body(2), right))[0] == 200
        async with client.session.get(f"{client.url}/health") as got:
            assert (got.status, await got.text()) == (200, "ok")
    assert await ids(broker) == [2]


async def test_too_much_in_flight_is_asked_to_come_again(broker: EmbeddedBroker) -> None:
    async with pushing(broker, max_in_flight_bytes=20_000) as client:
        release = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b" " * 15_000
            await release.wait()
            yield body(1)

        waiting = asyncio.create_task(client.post(slow()))
        async with asyncio.timeout(20):
            while client.server._room.bytes < 15_000:
                await asyncio.sleep(0.005)
        async with client.session.post(
            f"{client.url}/posts", data=b" " * 10_000, headers=NDJSON
        ) as got:
            assert got.status == 429
            assert got.headers["Retry-After"] == "1"
        assert (await client.post(body(2)))[0] == 200  # what fits goes through
        release.set()
        assert (await waiting)[0] == 200
    assert await ids(broker) == [1, 2]


async def test_a_body_that_does_not_come_is_given_up(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_S", 0.05)
    async with pushing(broker) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        writer.write(
            b"POST /posts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        answer = await asyncio.wait_for(reader.readline(), 20)
        assert answer.startswith(b"HTTP/1.1 408")
        writer.close()
        await writer.wait_closed()
        assert client.server._room.requests == 0


async def test_a_broker_that_freezes_is_told_and_used_again(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lane, server):
        monkeypatch.setattr(module, "ACKNOWLEDGE_S", 0.3)
    async with pushing(broker) as client:
        assert (await client.post(body(1)))[0] == 200
        broker.pause()
        status, told = await client.post(body(2))
        assert (status, "send all of them again" in told["error"]) == (503, True)
        assert client.server._room.bytes > 0
        async with client.session.get(f"{client.url}/health") as got:
            assert got.status == 503
        broker.resume()
        async with asyncio.timeout(30):
            while (await client.post(body(2)))[0] != 200:
                await asyncio.sleep(0.05)
            while client.server._room.bytes:
                await asyncio.sleep(0.05)
    assert set(await ids(broker)) == {1, 2}


async def test_without_a_broker_it_listens_and_says_so(client_leaks: None) -> None:
    with EmbeddedBroker.start() as gone:
        pass
    async with pushing(gone) as client:
        status, told = await client.post(body(1))
        assert (status, "not safe" in told["error"]) == (503, True)
        async with client.session.get(f"{client.url}/health") as got:
            assert got.status == 503


async def test_a_request_under_way_is_answered_at_the_end(broker: EmbeddedBroker) -> None:
    release = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield body(1) + b"\n"
        await release.wait()
        yield body(2)

    async with aiohttp.ClientSession() as session:
        settings = Settings(broker=broker.address, push_address="127.0.0.1:0")
        running = PushServer(settings, PushMetrics(), Source.LEIMO)
        async with running.serving():
            waiting = asyncio.create_task(Client(session, running).post(slow()))
            async with asyncio.timeout(20):
                while not running._room.bytes:
                    await asyncio.sleep(0.005)

            async def go_on() -> None:
                while not running._is_ending:
                    await asyncio.sleep(0.005)
                release.set()

            going_on = asyncio.create_task(go_on())
        await going_on
        status, told = await waiting
    assert (status, told["accepted"]) == (200, 2)
    assert await ids(broker) == [1, 2]
