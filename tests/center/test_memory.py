"""What the center holds does not grow with what came: ten times the events, the same objects."""

import gc
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace as replaced
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

from msgspec.structs import replace

from center.api.stream import Hub
from center.app import create_app
from center.asked import AppAsking
from center.context import Center
from center.store.opening import SqlStore, open_store
from center.store.protocol import MINUTE_MS
from center.store.readers import IDLE
from center.store.sqlite import SqliteDatabase
from schemas.catalogue import Brand
from schemas.topics import ALERTS, CATALOGUE, MENTIONS, WINDOWS
from tests.center.center import center_over
from tests.center.records import START_MS, alert, mention, records, windows_of

BRANDS = ("xiaomi", "oppo", "huawei")
KEPT = 20
"""Batches that the stream of the test keeps: full long before it is measured."""
_LEAST_OBJECT_BYTES = 24
"""Nothing that Python keeps of an event takes less."""
_ASKED = ("/api/wall", "/api/brands", "/api/alerts", "/api/feeds", "/api/health")


class Rounds:
    """One minute after the other: taken in, told, and looked at."""

    def __init__(self, center: Center, store: SqlStore) -> None:
        self._center, self._store = center, store
        self._asking = AppAsking(create_app(center))
        self._brands = cycle(BRANDS)
        self._number = 0

    def go(self, count: int) -> tuple[int, int]:
        """Objects that are left, and the bytes of all that Python holds."""
        for _ in range(count):
            self._one()
        for path in _ASKED:
            self._asking.get(path, {})
        gc.collect()
        return len(gc.get_objects()), tracemalloc.get_traced_memory()[0]

    def _one(self) -> None:
        number, brand = self._number, next(self._brands)
        self._number += 1
        post = mention(number, START_MS + number * MINUTE_MS // 10, brand=brand)
        (window,) = windows_of([post])
        told = replace(window, revision=number)
        fired = alert(number // 100, brand=brand, revision=number)
        found = [
            *records(MENTIONS.name, post, first=number),
            *records(WINDOWS.name, told, first=number),
            *records(ALERTS.name, fired, first=number),
        ]
        positions = {(one.topic, one.partition): one.offset + 1 for one in found}
        self._store.apply(found, positions)
        self._center.hub.publish(found, positions, is_near=True)


def _growth(folder: Path) -> tuple[int, int]:
    """Objects and bytes that ten times the events leave."""
    store = open_store(f"sqlite:///{folder}/center.db")
    store.apply(
        records(CATALOGUE.name, *(Brand(name, name) for name in BRANDS)),
        {(CATALOGUE.name, 0): len(BRANDS)},
    )
    center = center_over(store, START_MS)
    rounds = Rounds(replaced(center, hub=Hub(store.offsets(), KEPT)), store)
    tracemalloc.start()
    try:
        rounds.go(3 * KEPT)  # what is kept is full, what is made once is made
        objects, size = rounds.go(2 * KEPT)
        later_objects, later_size = rounds.go(20 * KEPT)
    finally:
        tracemalloc.stop()
        store.close()
    return later_objects - objects, later_size - size


def test_ten_times_the_events_leave_the_same_objects(tmp_path: Path) -> None:
    # In a process of its own: all that Python holds is counted, and other tests leave threads.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as alone:
        objects, size = alone.submit(_growth, tmp_path).result(timeout=120)
    assert objects < KEPT
    assert size < 20 * KEPT * _LEAST_OBJECT_BYTES


def test_what_the_stream_keeps_takes_ten_megabytes() -> None:
    (window,) = windows_of([mention(1)])
    hub = Hub({}, 1 << 20)
    tracemalloc.start()
    try:
        for first in range(0, 60_000, 10):
            found = records(WINDOWS.name, *[replace(window, revision=first)] * 10, first=first)
            hub.publish(found, {(WINDOWS.name, 0): first + 10}, is_near=True)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert hub.kept_items == 20_000
    assert size < 10 << 20


def test_a_rush_of_questions_leaves_few_connections(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "center.db")
    asked = [database.stream("SELECT 1 UNION SELECT 2") for _ in range(3 * IDLE)]
    assert [next(rows) for rows in asked] == [(1,)] * len(asked)  # all at once
    for rows in asked:
        assert list(rows) == [(2,)]
    assert database.idle_readers == IDLE
    assert database.rows("SELECT 3") == [(3,)]
    database.close()
