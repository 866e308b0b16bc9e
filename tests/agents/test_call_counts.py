"""A post, a mention and a closed minute take no more work than the repository says."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import orjson
import pytest

from tests.agents.call_counts import Counter

ROOT = Path(__file__).resolve().parents[2]
BOUNDS = tomllib.loads(Path(__file__).with_name("call_bounds.toml").read_text())
SLACK = 0.02
"""Of another release of Python or of a library."""
LOOSE = 0.10
"""A bound so far above what is counted guards nothing."""


@pytest.fixture(scope="module")
def counted() -> dict[str, dict[str, float]]:
    """In a process of its own, whose caches nothing else has filled."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.agents.call_counts"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
    )
    found: dict[str, dict[str, float]] = orjson.loads(done.stdout)
    return found


def test_all_that_is_counted_has_a_bound(counted: dict[str, dict[str, float]]) -> None:
    assert {stream: set(found) for stream, found in counted.items()} == {
        stream: set(bounds) for stream, bounds in BOUNDS.items()
    }


@pytest.mark.parametrize(
    ("stream", "what"), [(stream, what) for stream, bounds in BOUNDS.items() for what in bounds]
)
def test_it_takes_no_more_calls_than_its_bound(
    counted: dict[str, dict[str, float]], stream: str, what: str
) -> None:
    calls, bound = counted[stream][what], BOUNDS[stream][what]

    assert calls <= bound * (1 + SLACK), (
        f"a {what} of the {stream} stream takes {calls} calls, {bound} are allowed: find what was "
        "added, or raise the bound in call_bounds.toml and say why"
    )
    assert calls >= bound * (1 - LOOSE), (
        f"a {what} of the {stream} stream takes only {calls} calls now: lower its bound of {bound} "
        "in call_bounds.toml"
    )


def test_more_work_counts_as_more() -> None:
    counter = Counter()
    for what, times in (("few", 10), ("many", 100)):
        with counter.counting(what):
            for _ in range(times):
                len("")

    assert counter.calls["many"] - counter.calls["few"] == 90
