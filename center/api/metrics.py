"""`GET /metrics`: how the center itself fares, for Prometheus."""

import math

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from center.access.people import is_same
from center.api.asking import TheCenter
from center.api.health import age_of
from center.context import Center
from kafka_io.settings import is_loopback

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(center: TheCenter, request: Request) -> Response:
    """With the token of the settings; without one, on the loopback alone."""
    if not _is_let_in(center, request.headers.get("authorization", "")):
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
    age_s = age_of(center.store.freshness(), center.clock_ms()).data_age_s
    center.metrics.data_age.set(math.nan if age_s is None else age_s)
    return Response(generate_latest(center.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _is_let_in(center: Center, authorization: str) -> bool:
    token = center.settings.metrics_token.get_secret_value()
    if token:
        return is_same(authorization, f"Bearer {token}")
    return is_loopback(center.settings.center_address.rpartition(":")[0])
