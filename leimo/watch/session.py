"""Show the stream until told to stop: on the terminal, as lines, as JSON, or once."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import tzinfo

from rich.console import Console
from rich.live import Live

from kafka_io.settings import Settings
from leimo.terminal import say_json
from leimo.watch.keys import reading_keys
from leimo.watch.picture import svg
from leimo.watch.screen import Screen, layout_of
from views.status import Status
from views.stream import ExtraLines, Stream, open_stream
from views.summary import AlertLog, summary_json, summary_line
from views.view import Order, View

_REFRESH_S = 0.5
_LINE_S = 5.0
_JSON_S = 1.0
_CATCH_UP_S = 10.0
_ALL_BRANDS = 5000


async def run_watch(
    settings: Settings,
    *,
    console: Console,
    stop: asyncio.Event,
    names: Mapping[str, str],
    extra: ExtraLines = tuple,
    only: frozenset[str] = frozenset(),
    order: Order = Order.VOLUME,
    zone: tzinfo | None = None,
) -> None:
    """Show the stream of the broker on `console` until `stop` is set.

    On a terminal this is a full screen, which `q` ends by setting `stop`; elsewhere one line
    every 5 s. `names` maps brand ids to names (those of the topic `catalogue` win); `extra` gives
    more lines for the head; `only` are the ids of the brands to show, empty for all; `zone` is
    the time zone, None for the machine's. The terminal is left as it was, however this ends.

    Raises:
        OperatorError: no broker answers, or topics are missing; the message says what to do.
    """
    async with open_stream(settings, names, only) as stream:
        if console.is_terminal and not console.is_dumb_terminal:
            await _Show(stream, console, stop, extra=extra, order=order, zone=zone).run()
        else:
            await _print_lines(stream, console, stop, order, zone)


async def run_json(
    settings: Settings,
    *,
    stop: asyncio.Event,
    names: Mapping[str, str],
    only: frozenset[str] = frozenset(),
    order: Order = Order.VOLUME,
    once: bool = False,
) -> None:
    """Write one JSON object a second to standard output; with `once`, one and no more."""
    async with open_stream(settings, names, only) as stream:
        await stream.catch_up(_CATCH_UP_S)
        while not stop.is_set():
            view = stream.board.view(order=order, limit=_ALL_BRANDS)
            say_json(summary_json(view, stream.status(view)))
            if once:
                return
            await _wait(stop, _JSON_S)


async def run_once(
    settings: Settings,
    *,
    console: Console,
    names: Mapping[str, str],
    only: frozenset[str] = frozenset(),
    order: Order = Order.VOLUME,
    zone: tzinfo | None = None,
) -> str:
    """Print one screen; returns it as an SVG picture too."""
    async with open_stream(settings, names, only) as stream:
        await stream.catch_up(_CATCH_UP_S)
        view = stream.board.view(order=order, limit=console.height)
        screen = Screen(view, stream.status(view), order, zone=zone, height=console.height)
    console.print(screen)
    return svg(screen, console.width, console.height)


class _Show:
    """The full screen and its keys."""

    def __init__(
        self,
        stream: Stream,
        console: Console,
        stop: asyncio.Event,
        *,
        extra: ExtraLines,
        order: Order,
        zone: tzinfo | None,
    ) -> None:
        self._stream = stream
        self._console = console
        self._stop = stop
        self._extra = extra
        self._order = order
        self._zone = zone
        self._first = 0
        self._frozen: View | None = None
        self._has_keys = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        with (
            Live(console=self._console, screen=True, auto_refresh=False) as live,
            reading_keys(self._key) as self._has_keys,
        ):
            while not self._stop.is_set():
                live.update(self._screen(), refresh=True)
                self._wake.clear()
                await _wait_any(self._stop, self._wake, _REFRESH_S)

    def _screen(self) -> Screen:
        view = self._frozen or self._stream.board.view(order=self._order, limit=0)
        status = self._status(view)
        rows = layout_of(*self._console.size, status).rows
        self._first = max(0, min(self._first, view.brands_total - rows))
        if self._frozen is None:
            view = self._stream.board.view(order=self._order, first=self._first, limit=rows)
        else:
            shown = self._frozen.brands[self._first : self._first + rows]
            view = self._frozen._replace(brands=shown)
        return Screen(view, status, self._order, self._first, self._zone)

    def _status(self, view: View) -> Status:
        return self._stream.status(view)._replace(
            extra=tuple(self._extra()),
            is_paused=self._frozen is not None,
            has_keys=self._has_keys,
        )

    def _key(self, key: str) -> None:
        page = max(1, layout_of(*self._console.size, Status("", 0)).rows - 1)
        steps = {"up": -1, "down": 1, "page up": -page, "page down": page}
        if key in steps:
            self._first = max(0, self._first + steps[key])
        elif key == "home":
            self._first = 0
        elif key == "space":
            self._pause()
        elif key == "s":
            orders = list(Order)
            self._order = orders[(orders.index(self._order) + 1) % len(orders)]
            self._first = 0
            if self._frozen is not None:
                self._frozen = self._all()
        elif key == "q":
            self._stop.set()
        self._wake.set()

    def _pause(self) -> None:
        self._frozen = self._all() if self._frozen is None else None

    def _all(self) -> View:
        return self._stream.board.view(order=self._order, limit=_ALL_BRANDS)


async def _print_lines(
    stream: Stream, console: Console, stop: asyncio.Event, order: Order, zone: tzinfo | None
) -> None:
    log = AlertLog()
    await stream.catch_up(_CATCH_UP_S)
    while not stop.is_set():
        view = stream.board.view(order=order)
        status = stream.status(view)
        lines = [summary_line(view, status, zone), *log.new_lines(view, status.now_ms, zone)]
        # Without rich's wrapping and markup: these lines are for logs and for `grep`.
        console.file.write("".join(f"{line}\n" for line in lines))
        console.file.flush()
        await _wait(stop, _LINE_S)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """Until `stop` is set, at most `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _wait_any(stop: asyncio.Event, wake: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (stop, wake)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
