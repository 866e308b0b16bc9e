"""Feeds of Poisson posts through a board, and boards that have learned what is usual."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState, SuppressedReason
from schemas.catalogue import Brand, Catalogue, Silence
from schemas.mention import AnyMention, Mention, Tick
from schemas.rules import Rule
from tests.measures.stream import MINUTE, START, board, changelog, mention, run, tick

HOUR = 60
DAY = 24 * HOUR


class Feed:
    """Mentions of one brand, minute by minute, with ticks."""

    def __init__(self, subject: Board, seed: int = 1, minute: int = 0) -> None:
        self.subject = subject
        self.alerts: list[Alert] = []
        self.suppressed: Counter[SuppressedReason] = Counter()
        self.minute = minute
        self._rnd = random.Random(seed)
        self._offset = 1000 * minute

    @property
    def inhibited(self) -> int:
        """Findings of brands that were held back while all burst."""
        return self.suppressed[SuppressedReason.PLATFORM_WIDE_BURST]

    def minutes(self, count: int, rate: float, brands: Sequence[str] = "x", **fields: Any) -> None:
        """Poisson posts at so many a minute, of each of the brands."""
        for _ in range(count):
            self.posts(*(self.mentions(rate, brand, **fields) for brand in brands))

    def posts(self, *groups: Iterable[AnyMention]) -> list[Alert]:
        """One minute with these posts; returns its alerts."""
        items: list[AnyMention | Tick] = [item for group in groups for item in group]
        self.minute += 1
        return self.take([*items, tick(self.minute + 1)])

    def take(self, items: Iterable[AnyMention | Tick]) -> list[Alert]:
        output = run(self.subject, items)
        self.alerts += output.alerts
        self.suppressed.update(output.suppressed)
        return output.alerts

    def mentions(self, rate: float, brand: str = "x", **fields: Any) -> list[Mention]:
        """Poisson posts of this minute."""
        return [self.mention(second, brand, **fields) for second in sorted(self._seconds(rate))]

    def some(self, count: int, brand: str = "x", **fields: Any) -> list[Mention]:
        """So many posts of this minute."""
        return [self.mention(60 * number / count, brand, **fields) for number in range(count)]

    def mention(self, second: float, brand: str = "x", **fields: Any) -> Mention:
        self._offset += 1
        return mention(self.minute + second / 60, self._offset, brand, **fields)

    def _seconds(self, rate: float) -> Iterator[float]:
        at = self._rnd.expovariate(rate / 60) if rate else 60.0
        while at < 60:
            yield at
            at += self._rnd.expovariate(rate / 60)


def learned(
    rules: Iterable[Rule],
    minutes: int,
    rate: float,
    brands: Sequence[str] = "xy",
    *,
    silences: Iterable[Silence] = (),
    speaks_for_all: bool = True,
    **fields: Any,
) -> Feed:
    """A feed whose brands have had posts at this rate for so long, as no rule watched."""
    whole, entries = _history(minutes, rate, tuple(brands), tuple(sorted(fields.items())))
    subject = Board(
        BoardSettings(), catalogue(rules, brands, silences), speaks_for_all=speaks_for_all
    )
    subject.restore_partition_state(whole)
    subject.restore(entries)
    return Feed(subject, seed=2, minute=minutes)


def catalogue(
    rules: Iterable[Rule] = (), brands: Sequence[str] = "xy", silences: Iterable[Silence] = ()
) -> Catalogue:
    watched = tuple(Brand(id=name, name=name) for name in brands)
    return Catalogue(watched, tuple(rules), silences=tuple(silences))


@lru_cache(maxsize=32)
def _history(
    minutes: int, rate: float, brands: tuple[str, ...], fields: tuple[tuple[str, Any], ...]
) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    feed = Feed(board(brands=brands))
    feed.minutes(minutes, rate, brands, **dict(fields))
    return feed.subject.partition_state_bytes(), tuple(changelog(feed.subject))


def restarted(subject: Board, rules: Iterable[Rule], brands: Sequence[str] = "xy") -> Board:
    """What the next owner restores from the changelog; of a board that has written none yet."""
    fresh = board(rules, brands)
    fresh.restore_partition_state(subject.partition_state_bytes())
    fresh.restore(changelog(subject))
    return fresh


def at(minute: float) -> int:
    """Event time, ms."""
    return START + int(minute * MINUTE)


def begun(alerts: Iterable[Alert]) -> list[Alert]:
    """The first record of each alert."""
    return [alert for alert in alerts if alert.revision == 0]


def ended(alerts: Iterable[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.state is AlertState.RESOLVED]


def same_but_incident(one: Alert, other: Alert) -> bool:
    return one == msgspec.structs.replace(other, incident=one.incident, revision=one.revision)


def check_lives(alerts: Sequence[Alert]) -> None:
    """Of each id revisions 0, 1, 2, ..., and at most one end, and then at most another incident."""
    lives: dict[str, list[Alert]] = {}
    for alert in alerts:
        lives.setdefault(alert.id, []).append(alert)
    for life in lives.values():
        assert [alert.revision for alert in life] == list(range(len(life)))
        ends = ended(life)
        assert life[len(life) - len(ends) :] == ends
        assert all(same_but_incident(ends[0], other) for other in ends)
        assert len({alert.fingerprint for alert in life}) == 1
        assert len({alert.started_at_ms for alert in life}) == 1
