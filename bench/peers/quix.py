"""Starts the Quix Streams worker of `bench.peers.quix_worker`."""

import sys
from importlib.util import find_spec
from pathlib import Path

from bench.runs import System
from streams.settings import Settings

NAME = "Quix Streams"


def missing() -> str | None:
    """What has to be installed first; None where nothing has."""
    if find_spec("quixstreams") is None:
        return "left out, quixstreams is not installed: pip install 'leimo[bench]'"
    return None


def system(settings: Settings, catalogue: Path) -> System:
    return System(
        NAME,
        [sys.executable, "-m", "bench.peers.quix_worker"],
        {
            "BENCH_BROKER": settings.broker,
            "BENCH_GROUP": settings.group,
            "BENCH_CATALOGUE": str(catalogue),
            "BENCH_COMMIT_INTERVAL_S": str(settings.commit_interval_s),
        },
    )
