"""The past of the demo: days of simulated posts, through the pipeline and into the center's store.

They do not pass the broker, which keeps all in memory; and the figures are those of a worker, since
the same pure code counts them. Runs as a process of its own, beside the demo, and ends.
"""

import argparse
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from analysis.pipeline import Analyser
from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from center.store.opening import open_store
from center.store.protocol import DAY_MS, MINUTE_MS, Record, Store
from feeds.simulate.stream import Simulation
from measures.board import Board, BoardSettings, Output
from schemas.alert import Alert, AlertState
from schemas.catalogue import Catalogue
from schemas.mention import Mention, Tick
from schemas.post import Post
from schemas.topics import ALERTS, EXPECTATIONS, MENTIONS, TRENDS, WINDOWS
from sources.weibo import parse

MOST_POSTS = 1_220_000
"""Some two minutes of work for one core: at a high rate, fewer days are filled in."""
MOST_DAYS = 7
PARTITION = 1 << 20
"""Of its records: no topic has so many, so they meet no record of the broker's."""
_SEED = 7
_EVENT_GAP_S = 2 * 3600.0
_LEAST_EVENT = 0.12
_AT_ONCE = 1000
_APPLY_EVERY_MS = 30 * MINUTE_MS
_REPEATED_WITHIN = 30
_NICE = 10
"""The demo itself comes first."""


def days_of(rate: float) -> float:
    """How many days are filled in.

    >>> days_of(2), round(days_of(100), 2)
    (7.0, 0.14)
    """
    return min(float(MOST_DAYS), MOST_POSTS / rate / (DAY_MS / 1000))


def fill(
    store: Store,
    catalogue: Catalogue,
    analyser: Analyser,
    end_ms: int,
    rate: float,
    days: float,
    *,
    is_rhythmic: bool = True,
) -> int:
    """Fill in what would have been seen until `end_ms`; returns the number of mentions.

    `is_rhythmic`: the night is quiet.
    """
    start_ms = end_ms - int(days * DAY_MS) // MINUTE_MS * MINUTE_MS
    board = Board(BoardSettings(), catalogue)
    writer = _Writer(store)
    store.note_filling(0, end_ms)
    number = 0
    pending: list[Mention] = []
    told_ms = start_ms
    for posts, now_ms in _posts(start_ms, end_ms, rate, is_rhythmic):
        found = analyser.mentions_many(posts, PARTITION, range(number, number + len(posts)))
        number += len(posts)
        for mentions in found:
            for mention in mentions:
                board.apply(mention)
                pending.append(mention)
        board.tick(Tick(now_ms, 1, {0: now_ms - MINUTE_MS}))
        if now_ms - told_ms >= _APPLY_EVERY_MS:
            writer.write(pending, board.drain())
            pending, told_ms = [], now_ms
            store.note_filling(min(99, 100 * (now_ms - start_ms) // (end_ms - start_ms)), end_ms)
    board.tick(Tick(end_ms, 1, {0: end_ms + 2 * MINUTE_MS}))
    writer.write(pending, board.drain())
    writer.end(end_ms)
    store.note_filling(100, end_ms)
    return writer.mentions


def _posts(
    start_ms: int, end_ms: int, rate: float, is_rhythmic: bool
) -> Iterator[tuple[list[Post], int]]:
    """Posts in the order in which they come, some at once, and until when that is all."""
    plan = Simulation(
        start_ms=start_ms,
        rate=rate,
        is_rhythmic=is_rhythmic,
        seed=_SEED,
        duration_s=(end_ms - start_ms) / 1000,
        event_gap_s=_EVENT_GAP_S,
        first_event_s=_EVENT_GAP_S,
        least_event=_LEAST_EVENT,
    )
    posts: list[Post] = []
    seen: deque[bytes] = deque(maxlen=_REPEATED_WITHIN)
    looked_ms = start_ms
    for due in plan.batches():
        for one in due:
            now_ms = start_ms + int(one.due_ms)
            if one.value not in seen:  # sources repeat some
                posts.append(parse(one.value, now_ms, 20_000, MINUTE_MS))
                seen.append(one.value)
        if due and (len(posts) >= _AT_ONCE or now_ms - looked_ms >= MINUTE_MS):
            yield posts, now_ms
            posts, looked_ms = [], now_ms
    yield posts, end_ms


class _Writer:
    """Gives records offsets of their own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next: dict[str, int] = {}
        self._firing: dict[str, Alert] = {}
        self._over: list[Alert] = []
        """Not written yet."""
        self.mentions = 0

    def end(self, end_ms: int) -> None:
        """Nobody watches on: what fires then is over."""
        over = [
            msgspec.structs.replace(
                alert,
                state=AlertState.RESOLVED,
                revision=alert.revision + 1,
                ended_at_ms=end_ms,
            )
            for alert in self._firing.values()
        ]
        self.write([], Output(alerts=over))

    def write(self, mentions: list[Mention], output: Output) -> None:
        for alert in output.alerts:
            if alert.state is AlertState.FIRING:
                self._firing[alert.id] = alert
            else:
                self._firing.pop(alert.id, None)
                self._over.append(alert)
        alerts = self._of_past_incidents()
        records = [
            *(self._record(MENTIONS.name, one.brand, one) for one in mentions),
            *(self._record(WINDOWS.name, one.key.decode(), one) for one in output.windows),
            *(self._record(ALERTS.name, one.fingerprint, one) for one in alerts),
            *(self._record(TRENDS.name, one.brand, one) for one in output.trends),
            *(
                self._record(EXPECTATIONS.name, one.key.decode(), one)
                for one in output.expectations
            ),
        ]
        self.mentions += len(mentions)
        self._store.apply(records, {(topic, PARTITION): at for topic, at in self._next.items()})

    def _of_past_incidents(self) -> list[Alert]:
        """Alerts whose incidents are over: those of days ago are not to look as if they went on."""
        going_on = {_incident(alert) for alert in self._firing.values()}
        past = [alert for alert in self._over if _incident(alert) not in going_on]
        self._over = [alert for alert in self._over if _incident(alert) in going_on]
        return past

    def _record(self, topic: str, key: str, value: object) -> Record:
        offset = self._next.get(topic, 0)
        self._next[topic] = offset + 1
        return Record(topic, PARTITION, offset, key, value)


def _incident(alert: Alert) -> str:
    return alert.incident or alert.id


def main() -> None:
    """`python -m leimo.demo_week STORE --until MS --rate POSTS_A_SECOND`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("store")
    parser.add_argument("--until", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--catalogue", type=Path, default=SHIPPED)
    given = parser.parse_args()
    os.nice(_NICE)
    catalogue = load(given.catalogue)
    store = open_store(given.store)
    try:
        days = days_of(given.rate)
        fill(store, catalogue, analyser_of(catalogue), given.until, given.rate, days)
    finally:
        store.close()


if __name__ == "__main__":
    main()
