"""`leimo watch`: the stream on the terminal."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import terminal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from rich.console import Console

    from kafka_io.settings import Settings
    from views.view import Order

_HEED_S = 2.0


class Sort(StrEnum):
    VOLUME = "volume"
    NEGATIVE = "negative"
    NAME = "name"


def watch(
    *,
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    brand: Annotated[
        list[str] | None, typer.Option(help="Id of a brand to show; may be given again.")
    ] = None,
    sort: Annotated[Sort, typer.Option(help="What brands are sorted by.")] = Sort.VOLUME,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a second, for programs.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Save one screen as a picture and end.", dir_okay=False)
    ] = None,
) -> None:
    """Show brands, their volume and sentiment, and alerts, live.

    On a terminal: a full screen; q quits, s sorts, arrows scroll, space pauses. Elsewhere: one
    line every 5 seconds. It only reads, belongs to no consumer group, and may run many times.

    Examples:

        leimo watch

        leimo watch --brand xiaomi --brand huawei

        leimo watch --json | jq '.alerts[].reason'

        COLUMNS=120 LINES=36 leimo watch --svg screen.svg
    """
    import logging
    import sys

    from leimo.pipes import quiet_broken_pipe
    from leimo.run import fail, load_settings, run

    if as_json and svg is not None:
        fail("--json and --svg exclude each other; give one of them", code=2)
    settings = load_settings(broker=broker)
    # What clients log about a broker that is away would fall into the screen; the head says it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    console = terminal(is_screen=True)
    with quiet_broken_pipe():
        run(
            _watch(
                console=console,
                settings=settings,
                only=frozenset(brand or ()),
                sort=sort,
                once=once,
                as_json=as_json,
                svg=svg,
            ),
            settings,
        )


async def _watch(
    *,
    console: "Console",
    settings: "Settings",
    only: frozenset[str],
    sort: Sort,
    once: bool,
    as_json: bool,
    svg: Path | None,
) -> None:
    import asyncio

    from leimo.brands_in_force import refuse_unknown
    from leimo.watch.session import run_json, run_watch
    from views.view import Order

    await refuse_unknown(settings, only)
    stop = asyncio.Event()
    order = Order(sort.value)
    if as_json:
        work = run_json(settings, stop=stop, names={}, only=only, order=order, once=once)
    elif once or svg is not None:
        work = _once(settings, console=console, only=only, order=order, path=svg)
    else:
        work = run_watch(settings, console=console, stop=stop, names={}, only=only, order=order)
    await _until_signal(work, stop)


async def _until_signal(work: "Coroutine[None, None, None]", stop: "asyncio.Event") -> None:
    """Run `work`; a signal sets `stop`, and cancels what does not heed it, such as connecting."""
    import asyncio
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait({running}, timeout=_HEED_S if stop.is_set() else None)
    if not running.done():
        running.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()


async def _once(
    settings: "Settings",
    *,
    console: "Console",
    only: frozenset[str],
    order: "Order",
    path: Path | None,
) -> None:
    from leimo.watch.session import run_once

    picture = await run_once(settings, console=console, names={}, only=only, order=order)
    if path is not None:
        _save(path, picture)


def _save(path: Path, picture: str) -> None:
    from schemas.errors import OperatorError

    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"--svg {path}: cannot write it: {error.strerror}") from None
