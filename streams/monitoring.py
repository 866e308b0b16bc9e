"""`/metrics` and `/health` of one process."""

import hmac
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from kafka_io.settings import Settings
from schemas.errors import OperatorError

IsHealthy = Callable[[], bool]


class MonitoringError(OperatorError):
    """The address cannot be listened on; the message names the mend."""


async def serve_monitoring(
    settings: Settings, registry: CollectorRegistry, is_healthy: IsHealthy
) -> web.AppRunner | None:
    """Listen on `metrics_address`; returns what to `cleanup()`, None where it is switched off.

    `/health` answers 200 or 503 and needs no token; it tells nothing else.
    """
    if not settings.metrics_address:
        return None
    host, _, port = settings.metrics_address.rpartition(":")
    token = settings.metrics_token.get_secret_value()

    async def metrics(request: web.Request) -> web.Response:
        if token and not is_authorized(request.headers.get("Authorization", ""), token):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def health(request: web.Request) -> web.Response:
        return web.Response(text="ok") if is_healthy() else web.Response(status=503, text="waiting")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/health", health)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except OSError as error:
        await runner.cleanup()
        raise MonitoringError(
            f"metrics_address={settings.metrics_address}: cannot listen there ({error.strerror}); "
            "choose another with LEIMO_METRICS_ADDRESS, port 0 for a free one, or an empty value "
            "to switch it off"
        ) from error
    return runner


def is_authorized(header: str, token: str) -> bool:
    """Whether a header `Authorization` holds the bearer token; compared in constant time."""
    # aiohttp hands over bytes that are no UTF-8 as surrogates.
    given = header.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, f"Bearer {token}".encode())
