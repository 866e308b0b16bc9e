"""Kill the center and the broker under load: does the store equal the topics afterwards?

python -m tests.center.ingest.kills --kills 20 --broker-kills 5 [--store postgresql://...]
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka.errors import KafkaError

from center.ingest.reading import decoded
from center.store.opening import SqlStore, open_store
from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    EVERYTHING,
    HOUR_MS,
    AlertFilter,
    MentionFilter,
    Size,
    Span,
)
from kafka_io.batches import BatchSender, Row
from kafka_io.brokers import ApacheKafka
from kafka_io.child_process import ChildProcess
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import Alert
from schemas.deletion import Deletion, DeletionScope
from schemas.mention import Mention
from schemas.topics import ACTIONS, ALERTS, DELETIONS, MENTIONS, WINDOWS
from schemas.window import Window
from tests.center.records import alert, mention, windows_of
from tests.kafka_io.broker_log import committed

PARTITIONS = 4
BRANDS = 40
_TICK_S = 0.1
_PATIENCE_S = 120
ROOT = Path(__file__).resolve().parents[3]


class Load:
    """Mentions, windows with revisions, alerts, actions and deletions, until it is stopped."""

    def __init__(self, settings: Settings, seed: int = 5) -> None:
        self._settings = settings
        self._drawn = random.Random(seed)
        self._begin_ms = time.time_ns() // 1_000_000 - 6 * HOUR_MS  # what is old is dropped
        self._number = 0
        self.sent = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """A producer that fails is replaced: what it wrote twice stands twice in the topics."""
        while not self._stop.is_set():
            try:
                producer = await started_producer(self._settings)
            except (KafkaError, OSError):
                await asyncio.sleep(_TICK_S)
                continue
            sender = BatchSender(producer)
            try:
                while not self._stop.is_set():
                    rows = list(self._rows())
                    await asyncio.wait_for(sender.send(rows), 10)
                    await asyncio.wait_for(sender.flush(), 10)
                    self.sent += len(rows)
                    await asyncio.sleep(_TICK_S)
            except (KafkaError, OSError, TimeoutError):
                pass
            finally:
                stopping = asyncio.create_task(producer.stop())
                await asyncio.wait([stopping], timeout=10)

    def _rows(self) -> Iterator[Row]:
        drawn = self._drawn
        found: list[Mention] = []
        for _ in range(100):
            part = drawn.randrange(PARTITIONS)
            brand = drawn.randrange(BRANDS)
            self._number += 1
            one = mention(
                self._number,
                self._begin_ms + self._number * 500 + drawn.randrange(60_000),
                brand=f"b{brand}",
                partition=part,
                author=f"u{drawn.randrange(500)}",
                text=f"小米手机 {self._number}",
            )
            found.append(one)
            yield Row(MENTIONS.name, part, one.brand.encode(), msgspec.json.encode(one))
        for window in windows_of(found):
            revised = msgspec.structs.replace(
                window, revision=drawn.randrange(4), posts=drawn.randrange(1, 9)
            )
            part = int(window.brand[1:]) % PARTITIONS
            yield Row(WINDOWS.name, part, window.key, msgspec.json.encode(revised))
        for _ in range(3):
            number = drawn.randrange(200)
            fired = alert(number, revision=drawn.randrange(9))
            yield Row(
                ALERTS.name, number % PARTITIONS, fired.fingerprint.encode(),
                msgspec.json.encode(fired),
            )  # fmt: skip
        act = Action(
            id=str(self._number), at_ms=self._begin_ms, who="li", kind=ActionKind.NOTE,
            on=ActionSubject.ALERT, subject=f"a{drawn.randrange(200)}",
        )  # fmt: skip
        yield Row(ACTIONS.name, 0, act.key, msgspec.json.encode(act))
        gone = Deletion(
            scope=drawn.choice((DeletionScope.POST, DeletionScope.AUTHOR)),
            source="weibo",
            subject=drawn.choice((f"p{drawn.randrange(self._number)}", f"u{drawn.randrange(500)}")),
            at_ms=self._begin_ms + self._number * 500,
        )
        yield Row(DELETIONS.name, 0, gone.key, msgspec.json.encode(gone))


class Expected(NamedTuple):
    """What the topics say, in the most obvious way."""

    windows: dict[tuple[str, int], Window]
    mentions: dict[tuple[str, int, int], Mention]
    alerts: dict[str, int]
    actions: set[str]
    gone: dict[tuple[str, str], int]
    positions: dict[tuple[str, int], int]


async def expected(settings: Settings) -> Expected:
    """Read every topic from its beginning."""
    found = Expected({}, {}, {}, set(), {}, {})
    for topic in (WINDOWS, MENTIONS, ALERTS, ACTIONS, DELETIONS):
        for partition, records in (await committed(settings, topic.name)).items():
            found.positions[topic.name, partition] = records[-1].offset + 1
            for record in decoded(topic.name, records):
                _add(found, record.value)
    return found


def _add(found: Expected, value: object) -> None:
    match value:
        case Window():
            held = found.windows.get((value.brand, value.start_ms))
            if held is None or value.revision >= held.revision:
                found.windows[value.brand, value.start_ms] = value
        case Mention():
            found.mentions.setdefault((value.brand, value.partition, value.offset), value)
        case Alert():
            found.alerts[value.id] = max(value.revision, found.alerts.get(value.id, 0))
        case Action():
            found.actions.add(value.id)
        case Deletion():
            place = (value.scope.value, value.subject)
            found.gone[place] = max(value.at_ms, found.gone.get(place, 0))


def differences(store: SqlStore, wanted: Expected) -> list[str]:
    """Each way in which the store is not what the topics say."""
    lines = []
    always = Span(0, 1 << 60)
    at = COUNT_NAMES.index("posts")
    for size, size_ms in ((Size.MINUTE, 60_000), (Size.HOUR, HOUR_MS), (Size.DAY, DAY_MS)):
        rows = store.counts(EVERYTHING, None, always, size)
        held = Counter({(row.brand, row.start_ms): row.counts[at] for row in rows})
        sums: Counter[tuple[str, int]] = Counter()
        for (brand, start_ms), window in wanted.windows.items():
            sums[brand, start_ms // size_ms * size_ms] += window.posts
        if held != sums:
            lines.append(f"windows of {size.value}: {len(held)} held, {len(sums)} expected")
    mentions = {
        (row.mention.brand, row.mention.partition, row.mention.offset): row
        for row in store.all_mentions(EVERYTHING, MentionFilter(with_edits=True))
    }
    if mentions.keys() != wanted.mentions.keys():
        lines.append(f"mentions: {len(mentions)} held, {len(wanted.mentions)} expected")
    for key, one in wanted.mentions.items():
        until_ms = wanted.gone.get(("author", one.author), 0)
        is_gone = ("post", one.post) in wanted.gone or until_ms >= one.event_time_ms
        row = mentions.get(key)
        if row is not None and row.is_deleted != is_gone:
            lines.append(f"mention {key}: deleted {row.is_deleted}, expected {is_gone}")
    words = MentionFilter(words="手机")
    found = store.count_mentions(EVERYTHING, words, 1 << 40)
    if found != sum(not row.is_deleted for row in mentions.values()):
        lines.append(f"search finds {found}")
    alerts = {one.id: one.revision for one in store.alerts(EVERYTHING, AlertFilter(), None, 10_000)}
    if alerts != wanted.alerts:
        lines.append(f"alerts: {len(alerts)} held, {len(wanted.alerts)} expected, or revisions")
    actions = {one.id for one in store.actions(EVERYTHING, None, None, 1_000_000)}
    if actions != wanted.actions:
        lines.append(f"actions: {len(actions)} held, {len(wanted.actions)} expected")
    return lines


def start_center(settings: Settings, url: str, folder: Path, *options: str) -> ChildProcess:
    """`leimo center`, as anybody starts it."""
    command = [sys.executable, "-m", "leimo", "center", "--port", "0", "--store", url, *options]
    environment = {
        **os.environ,
        "LEIMO_BROKER": settings.broker,
        "LEIMO_PARTITIONS": str(settings.partitions),
        "LEIMO_CENTER_ARCHIVE": str(folder / "archive"),
        "LEIMO_METRICS_TOKEN": "",
        "PYTHONPATH": str(ROOT),
    }
    return ChildProcess(command, folder, folder / "center.log", environment)


async def caught_up(store: SqlStore, wanted: dict[tuple[str, int], int]) -> None:
    """Wait until the store has read so far."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        held = await asyncio.to_thread(store.offsets)
        left = {source: at for source, at in wanted.items() if held.get(source, 0) < at}
        if not left:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"not read after {_PATIENCE_S} s: {left}; held {held}")
        await asyncio.sleep(0.05)


async def _emptied(store: SqlStore) -> None:
    """Wait until a rebuild has begun: the store is behind what it had read."""
    before = sum((await asyncio.to_thread(store.offsets)).values())
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while sum((await asyncio.to_thread(store.offsets)).values()) >= before:
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("no rebuild begins")
        await asyncio.sleep(0.005)


async def _moved(store: SqlStore) -> None:
    """Wait until the store takes something in, so that a kill meets it at work."""
    before = await asyncio.to_thread(store.offsets)
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while await asyncio.to_thread(store.offsets) == before:
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError("the store takes nothing in")
        await asyncio.sleep(0.01)


async def kill_under_load(
    broker: ApacheKafka,
    url: str,
    folder: Path,
    *,
    kills: int,
    broker_kills: int,
    is_rebuilt: bool = True,
    seed: int = 5,
) -> tuple[list[str], Expected]:
    """Returns what differs in the end, and what was expected."""
    settings = Settings(broker=broker.address, partitions=PARTITIONS, metrics_address="")
    drawn = random.Random(seed)
    load = Load(settings, seed)
    loading = asyncio.create_task(load.run())
    store = await asyncio.to_thread(open_store, url)
    center = start_center(settings, url, folder)
    try:
        faults = ["center"] * kills + ["broker"] * broker_kills
        drawn.shuffle(faults)
        for fault in faults:
            await _moved(store)
            await asyncio.sleep(drawn.random() * 0.3)
            if fault == "center":
                center.kill()
                center = start_center(settings, url, folder)
            else:
                await asyncio.to_thread(broker.kill)
                await broker.restart()
        await _moved(store)
        load.stop()
        await loading
        wanted = await expected(settings)
        await caught_up(store, wanted.positions)
        lines = await asyncio.to_thread(differences, store, wanted)
        if is_rebuilt:
            center.stop()
            center = start_center(settings, url, folder, "--rebuild")
            await _emptied(store)
            await caught_up(store, wanted.positions)
            again = await asyncio.to_thread(differences, store, wanted)
            lines += [f"after a rebuild: {line}" for line in again]
        return lines, wanted
    finally:
        load.stop()
        await asyncio.gather(loading, return_exceptions=True)
        center.stop()
        store.close()


async def _main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.store or f"sqlite:///{folder}/center.db"
        with ApacheKafka.start() as broker:
            settings = Settings(broker=broker.address, partitions=PARTITIONS)
            await apply_topics(settings)
            lines, wanted = await kill_under_load(
                broker,
                url,
                Path(folder),
                kills=arguments.kills,
                broker_kills=arguments.broker_kills,
            )
    for line in lines[:20]:
        print(line)  # noqa: T201
    print(  # noqa: T201
        f"{len(wanted.mentions)} mentions, {len(wanted.windows)} windows, "
        f"{len(wanted.actions)} actions; {len(lines)} differences"
    )
    return bool(lines)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--broker-kills", type=int, default=5)
    parser.add_argument("--store", default="")
    sys.exit(asyncio.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
