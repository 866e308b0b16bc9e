"""Replay archived mentions through the worker's own rules, at full speed and without a broker."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import msgspec

from backtest.history import MINUTE_MS
from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState, SuppressedReason
from schemas.catalogue import Catalogue
from schemas.mention import AnyMention, Mention, Tick
from schemas.rules import KnobRule

TICK_MS = 10_000
"""Event time between two looks into open minutes. A worker looks once a second."""
BIN_MS = 10 * MINUTE_MS
"""Posts are counted over so long for the plots."""
_DISORDER_MS = 30_000
_IDLE_MS = 5_000
_SWEEP_MS = 5 * MINUTE_MS
"""So often a board looks at brands without posts ..."""
_SWEEP_AFTER_MS = 60_000
"""... when this has passed: the allowed disorder and the grace."""
_PROGRESS_POSTS = 500

OnProgress = Callable[[int, int], None]


def _tell_nobody(done: int, total: int) -> None:
    """Progress that nobody asked for."""


class PastMentions(Protocol):
    """What can be replayed: a `backtest.history.History`, or mentions that somebody else keeps."""

    @property
    def first_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    def __len__(self) -> int: ...
    def outages(self) -> list[tuple[int, int]]: ...
    def mentions(self) -> Iterator[AnyMention]:
        """In the order of event time, with offsets that rise with it."""
        ...


class Fired(NamedTuple):
    """One alert, from its begin to its end."""

    first: Alert
    """As it was told first."""
    worst: Alert
    """As it was told when it was most severe."""
    last: Alert
    """As it was told last."""
    true_ms: int
    """Start of the last minute in which the condition held."""

    @property
    def is_over(self) -> bool:
        """Whether it was resolved before the history ended."""
        return self.last.state is AlertState.RESOLVED

    @property
    def lasted_min(self) -> int:
        """Minutes from the begin to the last minute in which the condition held."""
        return (self.true_ms - self.first.started_at_ms) // MINUTE_MS + 1


class Outcome(NamedTuple):
    """What a catalogue would have raised."""

    fired: list[Fired]
    """By the time of their begin."""
    counts: Mapping[str, Mapping[int, int]]
    """Brand -> start of ten minutes in ms -> posts."""
    suppressed: Mapping[SuppressedReason, int]
    """Why findings were not told, and how often."""

    def by_rule(self) -> Counter[str]:
        """Rule -> alerts."""
        return Counter(each.first.rule for each in self.fired)

    def by_brand(self) -> Counter[str]:
        """Brand -> alerts."""
        return Counter(each.first.brand for each in self.fired)


def replay(
    history: PastMentions, catalogue: Catalogue, on_progress: OnProgress = _tell_nobody
) -> Outcome:
    """Run the rules over the history, as a worker would have while the feed was live.

    What it leaves out: alerts about the feed as a whole, as a hole in an archive may be one of the
    archive alone. Holes are not learned as silence of the brands either.
    """
    board = Board(BoardSettings(), catalogue)
    clock = _Clock(board, history.outages())
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    alerts: list[Alert] = []
    suppressed: Counter[SuppressedReason] = Counter()

    def take_out() -> None:
        output = board.drain()
        alerts.extend(output.alerts)
        suppressed.update(output.suppressed)

    clock.pass_until(history.first_ms)
    total = len(history)
    for mention in history.mentions():
        at_ms = mention.event_time_ms
        if clock.pass_until(at_ms):
            take_out()
        if mention.offset % _PROGRESS_POSTS == 0:
            on_progress(mention.offset, total)
        board.apply(mention)
        if isinstance(mention, Mention) and not mention.is_edit:
            counts[mention.brand][at_ms - at_ms % BIN_MS] += 1
    clock.pass_until(history.end_ms)
    clock.fall_silent(history.end_ms)
    take_out()
    on_progress(total, total)
    still_true_ms = {
        held.id: held.true_at_ms
        for state in board.states.values()
        for held in state.alerts.values()
    }
    return Outcome(_fired(alerts, still_true_ms), counts, suppressed)


class _Clock:
    """Ticks as one worker would have sent them."""

    def __init__(self, board: Board, outages: list[tuple[int, int]]) -> None:
        self._board = board
        self._outages = outages[::-1]
        self._at_ms = -1

    def pass_until(self, at_ms: int) -> bool:
        """Let time pass; False where it is too early for another tick."""
        if self._at_ms < 0:
            self._tick(at_ms)
        if at_ms - self._at_ms < TICK_MS:
            return False
        while self._outages and self._outages[-1][0] < at_ms:
            from_ms, to_ms = self._outages.pop()
            self._live_until(from_ms)
            self.fall_silent(from_ms)
            self._tick(to_ms)
        self._live_until(at_ms)
        return True

    def fall_silent(self, at_ms: int) -> None:
        """The feed is read to its end, and nothing comes any more: what is open is closed."""
        watermarks = {0: at_ms - _DISORDER_MS}
        idle = Tick(sent_at_ms=at_ms + _IDLE_MS, partitions=1, watermarks=watermarks, idle=(0,))
        self._board.tick(idle)

    def _live_until(self, at_ms: int) -> None:
        """Nobody mentions a brand for a while: minutes close, and silence is looked for."""
        from_ms = self._at_ms
        sweep_ms = from_ms - from_ms % _SWEEP_MS + _SWEEP_MS + _SWEEP_AFTER_MS
        for moment_ms in sorted(
            {from_ms + MINUTE_MS, from_ms + 2 * MINUTE_MS, *range(sweep_ms, at_ms, _SWEEP_MS)}
        ):
            if moment_ms < at_ms:
                self._tick(moment_ms)
        if at_ms > self._at_ms:
            self._tick(at_ms)

    def _tick(self, at_ms: int) -> None:
        self._at_ms = at_ms
        watermarks = {0: at_ms - _DISORDER_MS}
        self._board.tick(Tick(sent_at_ms=at_ms, partitions=1, watermarks=watermarks))


def _fired(alerts: list[Alert], still_true_ms: Mapping[str, int]) -> list[Fired]:
    """`still_true_ms`: of alerts that are on at the end, which tells more than was told of them."""
    by_id: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_id[alert.id].append(alert)
    fired = []
    for told in by_id.values():
        # The reason of an alert that is over says when it ended, not what it was about.
        firing = [alert for alert in told if alert.state is AlertState.FIRING]
        worst = max(firing, key=lambda alert: (alert.severity, alert.revision))
        true_ms = still_true_ms.get(worst.id, told[-1].updated_at_ms)
        fired.append(Fired(told[0], worst, told[-1], true_ms))
    return sorted(
        fired, key=lambda each: (each.first.started_at_ms, each.first.rule, each.first.brand)
    )


def with_knob(catalogue: Catalogue, knob: float) -> Catalogue:
    """The catalogue with another number of false alerts in all rules that have one."""
    rules = tuple(
        msgspec.structs.replace(rule, false_alerts_per_month=knob)
        if isinstance(rule, KnobRule)
        else rule
        for rule in catalogue.rules
    )
    return msgspec.structs.replace(catalogue, rules=rules)
