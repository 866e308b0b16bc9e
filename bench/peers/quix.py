"""Starts the Quix Streams worker of `bench.peers.quix_worker`.

Quix Streams wants an older pydantic than leimo, so it has a virtual environment of its own, with
what leimo's analysis needs in it; `make bench` makes it.
"""

import os
from pathlib import Path

from bench.peers.topics import COMMIT_INTERVAL_S
from bench.runs import ROOT, System
from kafka_io.settings import Settings

PYTHON = Path(os.environ.get("BENCH_QUIX_PYTHON", ROOT / ".venv/quix/bin/python"))


def missing() -> str | None:
    """What has to be installed first; None where nothing has."""
    if PYTHON.is_file():
        return None
    return f"left out, {PYTHON} is absent: `make bench` makes it, or set BENCH_QUIX_PYTHON"


def system(settings: Settings, catalogue: Path, workers: int) -> System:
    return System(
        "quix",
        [str(PYTHON), "-W", "ignore", "-m", "bench.peers.quix_worker"],
        {
            "BENCH_BROKER": settings.broker,
            "BENCH_GROUP": settings.group,
            "BENCH_CATALOGUE": str(catalogue),
            "BENCH_COMMIT_INTERVAL_S": str(COMMIT_INTERVAL_S),
        },
        "leimo's own analysis; no repeats, dead letters, rules; at least once",
        processes=workers,
    )
