"""Server-sent events: what changed, each client from where it was."""

import asyncio
import base64
import re
import zlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from center.api import answers, forms
from center.store.protocol import MINUTE_MS, Offsets, Record, Scope
from schemas.action import Action
from schemas.alert import Alert
from schemas.feed import FeedGap
from schemas.topics import ACTIONS, ALERTS, FEED_GAPS, TRENDS, WINDOWS
from schemas.trend import Trend
from schemas.window import Window

TOLD = (WINDOWS, ALERTS, ACTIONS, TRENDS, FEED_GAPS)
"""Topics of which clients are told."""
_LETTERS = {WINDOWS.name: "w", ALERTS.name: "a", ACTIONS.name: "c", TRENDS.name: "t"} | {
    FEED_GAPS.name: "g"
}
_TOPICS = {letter: topic for topic, letter in _LETTERS.items()}
_PLACE = re.compile(r"([wactg])([0-9]{1,4})\.([0-9]{1,18})")
_KEPT_ITEMS = 20_000
_KEPT_BATCHES = 2_000
_LONGEST_ID = 60_000

KINDS = ("window", "alert", "action", "trend", "gap", "health")
RESET = b"event: reset\ndata: {}\n\n"
RETRY = b"retry: 2000\n\n"


class Wanted(NamedTuple):
    """What a client wants to be told of."""

    scope: Scope
    brands: frozenset[str] = frozenset()
    """Empty: all that it may see."""
    kinds: frozenset[str] = frozenset(KINDS)

    def takes(self, brand: str) -> bool:
        """Whether it is told of a brand; what is about none in particular, only who sees all."""
        return self.scope.allows(brand) and (not self.brands or brand in self.brands)

    @property
    def takes_all(self) -> bool:
        """Whether nothing is held back, so that all such clients share one text."""
        return self == Wanted(Scope())


class Item(NamedTuple):
    """One thing to tell."""

    kind: str
    brand: str
    """Empty: of no brand."""
    told: bytes
    """As JSON: a ninth of what the model takes, and thousands are kept."""


class _Batch:
    """What one commit of the store brought."""

    def __init__(self, number: int, after: dict[tuple[str, int], int], items: list[Item]) -> None:
        self.number = number
        self.after = after
        """How far each topic was read with it."""
        self.items = items
        self._for_all: bytes | None = None

    def text(self, wanted: Wanted) -> bytes:
        """As events. The last one carries the id: who is cut off before hears them again."""
        if not wanted.takes_all:
            return self._text(wanted)
        if self._for_all is None:
            self._for_all = self._text(wanted)
        return self._for_all

    def _text(self, wanted: Wanted) -> bytes:
        chosen = [
            item
            for item in self.items
            if item.kind in wanted.kinds and (item.kind == "gap" or wanted.takes(item.brand))
        ]
        windows = [item.told for item in chosen if item.kind == "window"]
        texts = [_framed("window", _window_event(windows))] if windows else []
        texts += [_framed(item.kind, item.told) for item in chosen if item.kind != "window"]
        if not texts:
            return b""
        texts[-1] = f"id: {event_id(self.after)}\n".encode() + texts[-1]
        return b"".join(texts)


def event(kind: str, told: BaseModel) -> bytes:
    """One event; JSON has no line breaks of its own."""
    return _framed(kind, _json(told))


def _framed(kind: str, told: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), told)


def _json(told: BaseModel) -> bytes:
    return told.model_dump_json().encode()


def _window_event(windows: Sequence[bytes]) -> bytes:
    """`answers.WindowEvent` of minutes that are JSON already."""
    return b'{"windows":[%b]}' % b",".join(windows)


def event_id(offsets: Offsets) -> str:
    """How far each topic was read, as a text that comes back as `Last-Event-ID`.

    >>> event_id({("windows", 0): 12, ("actions", 0): 3}) == event_id(
    ...     {("actions", 0): 3, ("windows", 0): 12})
    True
    """
    places = (f"{_LETTERS[topic]}{at}.{n}" for (topic, at), n in sorted(offsets.items()))
    packed = zlib.compress("-".join(places).encode(), 6)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def offsets_of(text: str) -> dict[tuple[str, int], int] | None:
    """What `event_id` made; None where it did not.

    >>> offsets_of(event_id({("windows", 0): 12, ("alerts", 3): 5}))
    {('alerts', 3): 5, ('windows', 0): 12}
    >>> offsets_of("w0.12"), offsets_of("")
    (None, None)
    """
    if len(text) > _LONGEST_ID:
        return None
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        decompressor = zlib.decompressobj()
        places = decompressor.decompress(packed, 1 << 20).decode("ascii").split("-")
    except (ValueError, zlib.error):
        return None
    found = {}
    for place in places:
        if (match := _PLACE.fullmatch(place)) is None:
            return None
        found[_TOPICS[match[1]], int(match[2])] = int(match[3])
    return found


class Hub:
    """The newest batches, once for all clients: a client is a place among them.

    Memory is that of the batches kept, however many clients there are and however slow. One that
    falls behind the oldest batch is told to ask for everything anew.
    """

    def __init__(self, offsets: Offsets, kept_batches: int = _KEPT_BATCHES) -> None:
        names = {topic.name for topic in TOLD}
        self._after = {source: at for source, at in offsets.items() if source[0] in names}
        self._names = names
        self._before = dict(self._after)
        """How far the topics were read before the oldest batch."""
        self._batches: deque[_Batch] = deque()
        self._items = 0
        self._number = 0
        self._changed = asyncio.Event()
        self._kept_batches = kept_batches
        self._is_closed = False
        self.clients = 0

    @property
    def kept_items(self) -> int:
        """How many things are kept for those that come back."""
        return self._items

    def publish(self, records: Sequence[Record], positions: Offsets, is_near: bool) -> None:
        """What the store has taken in; while it catches up, nobody is told of the past."""
        told = {source: at for source, at in positions.items() if source[0] in self._names}
        if not told:
            return
        self._after = self._after | told
        items = [item for record in records if (item := _item(record)) is not None]
        self._number += 1
        if not is_near:  # a hole among the numbers: clients are reset once, at the end of it
            self._batches.clear()
            self._items = 0
            self._before = dict(self._after)
            return
        self._batches.append(_Batch(self._number, self._after, items))
        self._items += len(items)
        while len(self._batches) > 1 and (
            self._items > _KEPT_ITEMS or len(self._batches) > self._kept_batches
        ):
            gone = self._batches.popleft()
            self._items -= len(gone.items)
            self._before = gone.after
        self._wake()

    def close(self) -> None:
        """End every client's stream."""
        self._is_closed = True
        self._wake()

    async def follow(
        self,
        wanted: Wanted,
        last_event_id: str,
        health: Callable[[], Awaitable[BaseModel]],
        every_s: float,
    ) -> AsyncIterator[bytes]:
        """Events from where the client was; `reset` first where that is not known any more."""
        self.clients += 1
        try:
            yield RETRY
            at, is_known = self._place(last_event_id)
            if last_event_id and not is_known:
                yield RESET
            yield f"id: {event_id(self._after)}\n".encode() if not is_known else b""
            yield event("health", await health())
            while not self._is_closed:
                changed = self._changed
                if self._batches and at < self._batches[0].number - 1:
                    at = self._number
                    yield RESET + f"id: {event_id(self._after)}\n".encode()
                    yield event("health", await health())
                for batch in self._since(at):
                    at = batch.number
                    if text := batch.text(wanted):
                        yield text
                if changed is not self._changed:
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), every_s)
                except TimeoutError:
                    yield event("health", await health())
        finally:
            self.clients -= 1

    def _since(self, number: int) -> list[_Batch]:
        return [batch for batch in self._batches if batch.number > number]

    def _place(self, last_event_id: str) -> tuple[int, bool]:
        """Number of the newest batch that the client has, and whether that is known."""
        if not last_event_id:
            return self._number, False
        seen = offsets_of(last_event_id)
        if seen is None or not _covers(seen, self._before):
            return self._number, False
        number = self._batches[0].number - 1 if self._batches else self._number
        for batch in self._batches:
            if not _covers(seen, batch.after):
                break
            number = batch.number
        return number, True

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _covers(seen: Offsets, after: Offsets) -> bool:
    return all(seen.get(source, 0) >= offset for source, offset in after.items())


def _item(record: Record) -> Item | None:
    match record.value:
        case Window(size_ms=size_ms) as one if size_ms == MINUTE_MS:
            told = answers.WindowTold(
                brand=one.brand,
                start_ms=one.start_ms,
                revision=one.revision,
                posts=one.posts,
                positive=one.positive,
                negative=one.negative,
            )
            return Item("window", one.brand, _json(told))
        case Alert() as one:
            return Item("alert", one.brand, _json(forms.alert_event(one)))
        case Action() as one:
            action = answers.ActionEvent(**forms.action_fields(one))
            return Item("action", one.brand, _json(action))
        case Trend() as one:
            rising = [term.term for term in one.rising[:10]]
            trend = answers.TrendEvent(brand=one.brand, at_ms=one.at_ms, rising=rising)
            return Item("trend", one.brand, _json(trend))
        case FeedGap() as one:
            return Item("gap", "", _json(answers.GapEvent(**forms.gap_fields(one))))
    return None
