"""What was lost or counted twice, after all is quiet."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.shipped import analyser_of
from kafka_io.reading import PartitionReader
from leimo.audit import audit
from measures.board import Board, BoardSettings
from measures.recount import Counts, Key, lost_and_twice
from schemas.alert import Alert
from schemas.mention import MentionOrTick, Tick
from schemas.signal import Signal
from schemas.topics import ALERTS, MENTIONS, Topic
from tests import oracle
from tests.chaos.deployment import Deployment
from tests.leimo import pipeline_run

_SETTLED_S = 120


class Verdict(NamedTuple):
    """Zero everywhere but in the first three is the only pass."""

    posts: int
    windows: int
    alerts: int
    lost: int
    counted_twice: int
    wrong_windows: int
    """With any number that is not right, such as a distinct count."""
    wrong_dead_letters: int
    wrong_alerts: int
    alerts_twice: int
    wrong_by_audit: int
    """Windows that `leimo audit` finds wrong, and minutes that never closed or were not counted."""
    differences: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return not any(self[3:])


async def judge(deployment: Deployment) -> Verdict:
    """Compare the topics with the journal of the feed. The feed has to be retired."""
    expected, posts = await asyncio.to_thread(_expected, deployment)
    differences, lost, twice = await _compare(deployment, expected)
    ids, wrong_alerts = await _compare_alerts(deployment)
    report = await audit(deployment.settings)
    return Verdict(
        posts=posts,
        windows=len(expected),
        alerts=len(ids),
        lost=lost,
        counted_twice=twice,
        wrong_windows=len({line.partition(": ")[0] for line in differences}),
        wrong_dead_letters=report.dead_letters_missing + report.dead_letters_too_many,
        wrong_alerts=wrong_alerts,
        alerts_twice=ids.total() - len(ids),
        wrong_by_audit=report.wrong_windows
        + report.removed
        + report.open_windows
        + report.waiting_windows,
        differences=(*differences[:20], *report.differences[:20]),
    )


def _expected(deployment: Deployment) -> tuple[dict[Key, Counts], int]:
    """The windows by a batch computation over the journal, and the number of posts in it."""
    analyser = analyser_of(deployment.catalogue)
    counted = Counter[None]()

    def lines() -> Iterator[bytes]:
        for value in _journal(deployment.journal):
            counted[None] += 1
            yield value

    return oracle.batch_windows(lines(), analyser, int(time.time() * 1000)), counted[None]


def _journal(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n").split(b"\t", 1)[1]


async def _compare(
    deployment: Deployment, expected: dict[Key, Counts]
) -> tuple[list[str], int, int]:
    """Differences, lost posts and posts counted twice, once no window changes any more."""
    deadline = time.monotonic() + _SETTLED_S
    while True:
        windows = await pipeline_run.windows(deployment.settings)
        differences = oracle.differences(expected, windows)
        if not differences or time.monotonic() > deadline:
            break
        sys.stderr.write(f"{len(differences)} differences, such as {differences[0]}\n")
        await asyncio.sleep(5)
    found = {(window["brand"], window["start_ms"]): window for window in windows}
    return differences, *lost_and_twice(expected, found)


async def _records(deployment: Deployment, topic: Topic) -> AsyncIterator[Any]:
    count = deployment.settings.partitions if topic.scales else 1
    async with PartitionReader(deployment.settings) as reader:
        bounds = await reader.bounds((topic.name, partition) for partition in range(count))
        async for _, records in reader.read(bounds):
            for record in records:
                yield record


def _alert_id(value: bytes) -> tuple[str, int]:
    alert = msgspec.json.decode(value, type=Alert)
    return alert.id, alert.revision


async def _compare_alerts(deployment: Deployment) -> tuple[Counter[tuple[str, int]], int]:
    """The alerts that were told, and how many differ from those of a replay.

    Time goes on meanwhile: workers tell of a feed that has fallen silent, and what is over ends.
    """
    deadline = time.monotonic() + _SETTLED_S
    while True:
        replayed = await _alerts_by_replay(deployment)
        ids = Counter([_alert_id(record.value) async for record in _records(deployment, ALERTS)])
        wrong = len(ids.keys() ^ replayed)
        if not wrong or time.monotonic() > deadline:
            return ids, wrong
        await asyncio.sleep(5)


async def _alerts_by_replay(deployment: Deployment) -> set[tuple[str, int]]:
    """What the rules say over the mentions and ticks as they stand in the topic, in one go."""
    decode = msgspec.json.Decoder(MentionOrTick).decode
    catalogue = deployment.catalogue
    boards: dict[int, Board] = {}
    found = set()
    async for record in _records(deployment, MENTIONS):
        if record.partition not in boards:
            boards[record.partition] = Board(
                _BOARD, catalogue, speaks_for_all=record.partition == 0
            )
        board = boards[record.partition]
        item = decode(record.value)
        match item:
            case Tick():
                board.tick(item)
            case Signal():
                board.add_signal(item)
            case _:
                board.apply(item)
        found |= {(alert.id, alert.revision) for alert in board.drain().alerts}
    return found


_BOARD = BoardSettings(grace_ms=10_000, allowance_ms=5_000)
"""As the workers have it, see `deployment`."""
