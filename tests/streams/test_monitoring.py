"""`/metrics` and `/health` over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr

from kafka_io.settings import Settings
from streams.monitoring import MonitoringError, serve_monitoring

TOKEN = "s3cret-ü"


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("leimo_posts_total", "Posts", registry=registry).inc(7)
    return registry


@asynccontextmanager
async def serving(
    registry: CollectorRegistry, token: str = "", is_healthy: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    """Address of the served pages."""
    settings = Settings(metrics_address="127.0.0.1:0", metrics_token=SecretStr(token))
    runner = await serve_monitoring(settings, registry, is_healthy)
    assert runner is not None
    try:
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def get(url: str, **headers: str) -> tuple[int, str]:
    async with ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_metrics_are_served_without_a_token_where_none_is_set(
    registry: CollectorRegistry,
) -> None:
    async with serving(registry) as url:
        status, text = await get(f"{url}/metrics")

    assert status == 200
    assert "leimo_posts_total 7.0" in text.splitlines()


async def test_metrics_are_served_with_the_token(registry: CollectorRegistry) -> None:
    async with serving(registry, TOKEN) as url:
        status, text = await get(f"{url}/metrics", Authorization=f"Bearer {TOKEN}")

    assert status == 200
    assert "leimo_posts_total 7.0" in text.splitlines()


@pytest.mark.parametrize(
    "authorization",
    [b"", b"Bearer", b"Bearer ", b"Bearer s3cret", b"Basic s3cret-\xc3\xbc", b"Bearer \xff\xfe"],
)
async def test_metrics_are_refused_without_the_token(
    registry: CollectorRegistry, authorization: bytes
) -> None:
    """Written by hand, since a client would not send bytes that are no UTF-8."""
    async with serving(registry, TOKEN) as url:
        host, _, port = url.removeprefix("http://").rpartition(":")
        answer = await ask(host, int(port), b"Authorization: " + authorization)

    assert answer.startswith(b"HTTP/1.1 401")
    assert b"WWW-Authenticate: Bearer" in answer
    assert b"leimo" not in answer


async def ask(host: str, port: int, header: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_health_follows_the_worker_and_needs_no_token(registry: CollectorRegistry) -> None:
    ready: list[bool] = []

    async with serving(registry, TOKEN, lambda: bool(ready)) as url:
        assert await get(f"{url}/health") == (503, "waiting")
        ready.append(True)
        assert await get(f"{url}/health") == (200, "ok")
        ready.clear()
        assert await get(f"{url}/health") == (503, "waiting")


async def test_an_empty_address_serves_nothing(registry: CollectorRegistry) -> None:
    assert await serve_monitoring(Settings(metrics_address=""), registry, lambda: True) is None


async def test_a_port_that_is_taken_names_the_mend(registry: CollectorRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(MonitoringError, match=f"{address}.*LEIMO_METRICS_ADDRESS"):
            await serve_monitoring(Settings(metrics_address=address), registry, lambda: True)
