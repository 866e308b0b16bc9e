"""Faults of real workers reach a real Alertmanager, through a real Prometheus and the rules.

Only times are shortened: scrapes and evaluations come every second, and no alert waits.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from kafka_io.batches import Row
from kafka_io.brokers import HOST, ApacheKafka, free_port
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import append
from tests.leimo import pipeline_run

OPS = Path(__file__).resolve().parents[2] / "ops"
pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def program(*names: str) -> str:
    """Path of the first that is installed; skips where none is, and fails where it must be."""
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    message = f"needs {names[0]} (Debian: apt-get install {names[0]})"
    if os.environ.get("REQUIRE_PROMETHEUS"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[None]:
    """A server in the background, its log in the folder."""
    log = (folder / f"{Path(arguments[0]).name}.log").open("wb")
    process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        log.close()


def write_configuration(folder: Path, *, worker: int, lag: int, alertmanager: int) -> None:
    """The shipped files, with addresses of this machine and short times."""
    rules = yaml.safe_load((OPS / "prometheus/rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    config = yaml.safe_load((OPS / "prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"] = {"alertmanagers": [targets(alertmanager)]}
    config["scrape_configs"] = [
        {"job_name": job["job_name"], **targets(port)}
        for job, port in zip(config["scrape_configs"][:2], (worker, lag), strict=True)
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))


def targets(port: int) -> dict[str, Any]:
    return {"static_configs": [{"targets": [f"{HOST}:{port}"]}]}


async def asked(port: int, path: str, **query: str) -> Any:
    """JSON of a server; None while it does not answer."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{HOST}:{port}{path}", params=query) as answer,
        ):
            return await answer.json() if answer.status == 200 else None
    except aiohttp.ClientError:
        return None


@contextmanager
def watching(folder: Path, *, worker: int, lag: int) -> Iterator[tuple[int, int]]:
    """Ports of a Prometheus with the shipped rules, and of the Alertmanager that it tells."""
    prometheus = program("prometheus")
    alertmanager = program("prometheus-alertmanager", "alertmanager")
    server, manager = free_port(), free_port()
    write_configuration(folder, worker=worker, lag=lag, alertmanager=manager)
    with (
        running(
            folder,
            alertmanager,
            f"--config.file={OPS / 'alertmanager/alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={HOST}:{manager}",
            "--cluster.listen-address=",
        ),
        running(
            folder,
            prometheus,
            "--config.file=prometheus.yml",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={HOST}:{server}",
        ),
    ):
        yield server, manager


async def value(server: int, query: str) -> str | None:
    """Of the first series; None where there is none."""
    found = await asked(server, "/api/v1/query", query=query)
    result = found["data"]["result"] if found else []
    return str(result[0]["value"][1]) if result else None


async def alerts(manager: int) -> set[str]:
    """What the Alertmanager has got, inhibited ones too."""
    found = await asked(manager, "/api/v2/alerts")
    return {alert["labels"]["alertname"] for alert in found or ()}


async def test_crash_loop_lag_and_a_worker_that_is_down_reach_the_alertmanager(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = await pipeline_run.prepared(kafka_broker.address, "watched")
    worker, lag = free_port(), free_port()
    starts: set[str] = set()

    async def start_is_seen() -> bool:
        start = await value(
            server, 'process_start_time_seconds{job="leimo"} and up{job="leimo"} == 1'
        )
        is_new = start is not None and start not in starts
        starts.update({start} if start is not None else ())
        return is_new

    async def crash() -> None:
        with pipeline_run.leimo(settings, "worker", "--metrics", f"{HOST}:{worker}") as process:
            await pipeline_run.until(start_is_seen, lambda: "Prometheus sees no start", 60)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)

    with ExitStack() as servers:
        server, manager = servers.enter_context(watching(tmp_path, worker=worker, lag=lag))
        servers.enter_context(pipeline_run.leimo(settings, "lag", "--serve", f"{HOST}:{lag}"))
        for _ in range(3):
            await crash()
        assert "LeimoWorkerRestarts" not in await alerts(manager), "two restarts are no loop"
        await crash()
        assert float(await value(server, "max(resets(leimo_mentions_total[15m]))") or 0) == 0
        assert "LeimoLag" not in await alerts(manager), "nothing waits yet"

        await append(
            settings, *(Row(POSTS_RAW.name, number % 4, b"u", b"{}") for number in range(400))
        )
        wanted = {"LeimoWorkerRestarts", "LeimoWorkerDown", "LeimoNoWorkers", "LeimoLag"}
        got: set[str] = set()

        async def all_came() -> bool:
            got.update(await alerts(manager))
            return wanted <= got

        await pipeline_run.until(all_came, lambda: f"came: {sorted(got)}", 60)


async def test_a_commit_that_hangs_is_told_while_it_hangs(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    """The broker is there and answers nothing; after a minute the worker ends by itself."""
    worker, lag = free_port(), free_port()
    settings = await pipeline_run.prepared(kafka_broker.address, "stalled")
    with (
        watching(tmp_path, worker=worker, lag=lag) as (server, manager),
        pipeline_run.leimo(settings, "worker", "--metrics", f"{HOST}:{worker}") as process,
    ):

        async def is_committing() -> bool:
            commits = 'sum(leimo_commit_seconds_count{stage="measure"}) > 0'
            return await value(server, commits) is not None

        async def is_told() -> bool:
            return "LeimoCommitStall" in await alerts(manager)

        await pipeline_run.until(is_committing, lambda: "no commit was seen", 90)
        assert not await is_told()
        kafka_broker.pause()
        try:
            await pipeline_run.until(is_told, lambda: "LeimoCommitStall did not come", 60)
            assert process.poll() is None, "the worker ended before it was told of"
        finally:
            process.kill()
            kafka_broker.resume()
