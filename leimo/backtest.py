"""Replay archived mentions through the worker's own rules, at full speed and without a broker."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from analysis.groups import Groups
from analysis.pipeline import Analyser
from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState
from schemas.catalogue import Catalogue
from schemas.mention import GROUP_PREFIX, Mention, Tick
from schemas.post import Post

TICK_MS = 10_000
"""Event time between two looks into open minutes. A worker looks once a second."""
_DISORDER_MS = 30_000
_LONGEST_GAP_TICKS = 26 * 60
"""Minutes without posts that are ticked one by one; longer ones are passed over."""
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_WEEK_MS = 7 * 24 * _HOUR_MS
_KNOBS = (0.01, 100.0)
_TRIES = 7

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Mention).decode


class History:
    """Mentions of the past, in the order of event time: 0.3 to 0.6 kB each."""

    def __init__(self) -> None:
        self.posts = 0
        self._at_ms = array("q")
        self._encoded: list[bytes] = []
        self._order: list[int] | None = None

    def add(self, posts: Iterable[Post], analyser: Analyser, groups: Groups) -> None:
        """Analyse posts and keep what they mention."""
        listed = list(posts)
        first = self.posts
        self.posts += len(listed)
        for found in analyser.mentions_many(listed, 0, range(first, self.posts)):
            for mention in (*found, *groups.of(found)):
                self._at_ms.append(mention.event_time_ms)
                self._encoded.append(_encode(mention))
        self._order = None

    def __len__(self) -> int:
        return len(self._encoded)

    @property
    def weeks(self) -> float:
        """How long it spans."""
        return (max(self._at_ms) - min(self._at_ms)) / _WEEK_MS if self._at_ms else 0.0

    def mentions(self) -> Iterator[Mention]:
        """All, by event time. Offsets are given anew: they rise with time."""
        if self._order is None:
            self._order = sorted(range(len(self._at_ms)), key=self._at_ms.__getitem__)
        for offset, at in enumerate(self._order):
            yield msgspec.structs.replace(_decode(self._encoded[at]), offset=offset)


class Outcome(NamedTuple):
    """What a catalogue would have raised."""

    alerts: list[Alert]
    """First and last record of each alert, as they came."""
    counts: Mapping[str, Mapping[int, int]]
    """Brand -> start of an hour in ms -> posts."""
    weeks: float

    @property
    def begun(self) -> list[Alert]:
        """One record for each alert: the one with which it began."""
        return [alert for alert in self.alerts if alert.revision == 0]

    @property
    def worst(self) -> Mapping[str, Alert]:
        """Id of an alert -> its record with the highest severity."""
        found: dict[str, Alert] = {}
        for alert in self.alerts:
            if alert.id not in found or alert.severity > found[alert.id].severity:
                found[alert.id] = alert
        return found

    @property
    def ended_ms(self) -> Mapping[str, int | None]:
        """Id of an alert -> when it was resolved."""
        return {
            alert.id: alert.ended_at_ms
            for alert in self.alerts
            if alert.state is AlertState.RESOLVED
        }

    def by_rule(self) -> Counter[str]:
        """Rule -> alerts."""
        return Counter(alert.rule for alert in self.begun)


def replay(history: History, catalogue: Catalogue) -> Outcome:
    """Run the rules over the history, as a worker would have while the feed was live."""
    board = Board(BoardSettings(), catalogue)
    alerts: list[Alert] = []
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    ticked_ms = -1
    at_ms = 0
    for mention in history.mentions():
        at_ms = mention.event_time_ms
        if ticked_ms < 0:
            ticked_ms = at_ms - TICK_MS
        if at_ms - ticked_ms >= TICK_MS:
            _pass_time(board, ticked_ms, at_ms)
            ticked_ms = at_ms
            alerts += board.drain().alerts
        board.apply(mention)
        if not mention.brand.startswith(GROUP_PREFIX) and not mention.is_edit:
            counts[mention.brand][at_ms - at_ms % _HOUR_MS] += 1
    if ticked_ms >= 0:
        _pass_time(board, ticked_ms, at_ms + 6 * _HOUR_MS)
    alerts += board.drain().alerts
    return Outcome(alerts, counts, history.weeks)


def _pass_time(board: Board, from_ms: int, until_ms: int) -> None:
    """Tick as the clock went on; a long gap is an outage of the feed, not a silence."""
    minutes = (until_ms - from_ms) // _MINUTE_MS
    if 1 < minutes <= _LONGEST_GAP_TICKS:
        for at_ms in range(from_ms + _MINUTE_MS, until_ms, _MINUTE_MS):
            board.tick(_tick(at_ms))
    board.tick(_tick(until_ms))


def _tick(at_ms: int) -> Tick:
    return Tick(sent_at_ms=at_ms, partitions=1, watermarks={0: at_ms - _DISORDER_MS})


def with_knob(catalogue: Catalogue, knob: float) -> Catalogue:
    """The catalogue with another number of false alerts in all rules."""
    rules = tuple(
        msgspec.structs.replace(rule, false_alerts_per_month=knob) for rule in catalogue.rules
    )
    return msgspec.structs.replace(catalogue, rules=rules)


def knob_for(history: History, catalogue: Catalogue, alerts_per_week: float) -> tuple[float, float]:
    """The knob with which the history gives about so many alerts a week, and how many it gives.

    Searched by halving on a logarithmic scale; rules without a knob give what they give.
    """
    low, high = _KNOBS
    best = (1.0, float("inf"))
    for _ in range(_TRIES):
        knob = (low * high) ** 0.5
        given = len(replay(history, with_knob(catalogue, knob)).begun) / max(history.weeks, 1e-9)
        if abs(given - alerts_per_week) < abs(best[1] - alerts_per_week):
            best = (knob, given)
        low, high = (low, knob) if given > alerts_per_week else (knob, high)
    return best
