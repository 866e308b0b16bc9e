"""`leimo demo`: everything in one command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from leimo.commands.feed import speed_of
from schemas.post import Source


class Exit(StrEnum):
    AUTO = "auto"
    DONE = "done"
    CTRL_C = "ctrl-c"


class LiveSource(StrEnum):
    JETSTREAM = "jetstream"


def demo(
    feed: Annotated[
        LiveSource | None,
        typer.Option(help="Follow a live feed instead of the simulator; `jetstream` is Bluesky."),
    ] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="With --feed: wss://HOST of an instance.  [default: Bluesky's]"),
    ] = None,
    lang: Annotated[
        list[str] | None,
        typer.Option(help="With --feed: posts in this language, such as en; again for more."),
    ] = None,
    replay: Annotated[
        list[Path] | None,
        typer.Option(help="Feed these NDJSON files of posts instead of the simulator."),
    ] = None,
    source: Annotated[Source, typer.Option(help="With --replay: whose JSON.")] = Source.WEIBO,
    speed: Annotated[
        str, typer.Option(help="With --replay: times the posts' own pace, or `max`.")
    ] = "1",
    rate: Annotated[
        float,
        typer.Option(help="Simulated posts a second. The more, the fewer days are past.", min=0.1),
    ] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the simulator.")] = 1,
    broker: Annotated[
        str,
        typer.Option(
            help="`embedded`, `kafka` (starts Apache Kafka; needs Java and Maven), or "
            "host:port of a running one."
        ),
    ] = "embedded",
    shared_broker: Annotated[
        bool,
        typer.Option(
            "--shared-broker",
            help="With host:port: also where it holds a catalogue or posts. Posts are added, "
            "and definitions that it lacks; the worker joins the group.",
        ),
    ] = False,
    memory: Annotated[
        int,
        typer.Option(
            min=32,
            help="MiB of the embedded broker. It forgets nothing: with more, a simulation "
            "begins anew.",
        ),
    ] = 512,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=16)] = 1,
    catalogue: Annotated[
        Path | None, typer.Option(help="Brands and rules; the shipped catalogue if not given.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="Port of the embedded broker; a free one if not given."
        ),
    ] = None,
    until: Annotated[
        Exit,
        typer.Option(
            help="When to end: `done` (all fed posts are counted), `ctrl-c`, or `auto`: "
            "done for a replay without a terminal."
        ),
    ] = Exit.AUTO,
    center: Annotated[
        bool | None,
        typer.Option(
            "--center/--no-center",
            help="The command center with a simulated past, and a mailbox; usually where the demo "
            "does not end by itself.",
        ),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(help="Stop feeding after so many seconds.", min=1)
    ] = None,
    windows: Annotated[
        Path | None, typer.Option(help="At the end, write the final windows here, as NDJSON.")
    ] = None,
) -> None:
    """Watch posts turn into mentions, windows and alerts, with nothing else to install.

    Starts a broker, makes the topics, publishes the catalogue, feeds posts, runs a worker, opens
    the command center and shows the live view. Ctrl-C stops it all; nothing is left behind.

    Examples:

        leimo demo

        leimo demo --feed jetstream

        leimo demo --rate 3000 --workers 2

        leimo demo --replay posts.ndjson.gz --speed max --windows windows.ndjson

        leimo demo --broker kafka
    """
    import logging

    from backtest.output_files import refuse_unwritable
    from leimo.demo import DemoOptions, run_demo
    from leimo.named_files import refuse_missing
    from leimo.run import fail, load_settings, run, start_logging
    from schemas.errors import OperatorError

    refuse_missing(*(replay or ()), catalogue)
    speed_of(speed)
    if windows is not None:
        try:
            refuse_unwritable("--windows", windows)
        except OperatorError as error:
            fail(str(error), code=2)
    if feed is None and (endpoint or lang):
        fail("--endpoint and --lang go with --feed", code=2)
    if feed is not None and (replay or duration is not None or until is Exit.DONE):
        fail("--feed: a live feed has no end; do without --replay, --duration and --until", code=2)
    endpoints = _reachable(endpoint) if feed is not None else ()
    named = None if broker in {"embedded", "kafka"} else broker
    settings = load_settings(broker=named)
    start_logging("WARNING")
    # Of a broker that is away the live view tells, and of one that is gone the last line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    ends_when_done = until is Exit.DONE or (
        until is Exit.AUTO and bool(replay) and not _is_terminal()
    )
    options = DemoOptions(
        endpoints=endpoints,
        languages=tuple(lang or ()),
        replay=tuple(replay or ()),
        source=source if feed is None else Source.JETSTREAM,
        speed=speed,
        rate=rate,
        seed=seed,
        broker=broker,
        may_share=shared_broker,
        memory_bytes=memory << 20,
        workers=workers,
        catalogue=catalogue,
        port=port,
        ends_when_done=ends_when_done,
        duration_s=duration,
        windows=windows,
        has_center=not ends_when_done and duration is None if center is None else center,
    )
    run(run_demo(options, settings), settings)


_REACH_S = 6.0


def _reachable(endpoints: list[str] | None) -> tuple[str, ...]:
    """The instances to follow; where there is no network, one line says so, and what else to do."""
    import asyncio

    from feeds.live.jetstream.endpoints import PUBLIC
    from feeds.live.jetstream.reach import why_unreachable
    from leimo.commands.feed_end import leave
    from leimo.run import fail

    given = tuple(endpoints or PUBLIC)
    runner = asyncio.Runner()
    try:
        reason = runner.run(why_unreachable(given, _REACH_S))
    except ValueError as error:
        fail(str(error), code=2)
    if reason:
        # At once: an orderly end waits for names that are still being looked up.
        leave(f"Bluesky cannot be reached ({reason}); `leimo demo` alone shows simulated posts", 1)
    runner.close()
    return given


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
