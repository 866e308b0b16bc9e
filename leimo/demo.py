"""Broker, topics, catalogue, feed, workers and live view in one, for a first look.

The broker, the feed and each worker are processes of their own, as in a deployment; this one shows
the view and takes care that nothing is left behind.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from leimo.demo_processes import WorkerProcess, broker_variables, start
from leimo.run import CommandError
from leimo.windows_file import write_windows
from schemas.catalogue import Catalogue
from streams.brokers import ApacheKafka, Broker, BrokerUnavailable, EmbeddedBroker
from streams.child_process import ChildProcess
from streams.settings import SecurityProtocol, Settings
from streams.topic_admin import apply_topics

_POLL_S = 0.25
_CALM_POLLS = 8
"""So many looks in a row must find all posts counted, before they are believed to be all."""


class DemoOptions(msgspec.Struct, frozen=True):
    """What the command line asked for; see `leimo demo --help`."""

    replay: tuple[Path, ...]
    speed: str
    rate: float
    seed: int
    broker: str
    workers: int
    catalogue: Path | None
    port: int | None
    ends_when_done: bool
    duration_s: float | None
    windows: Path | None


async def run_demo(options: DemoOptions, settings: Settings) -> None:
    """Run until Ctrl-C, or until all fed posts are counted.

    Raises:
        CommandError: a part does not start; the message holds its last lines.
    """
    say = _Progress()
    async with contextlib.AsyncExitStack() as stack:
        say("broker")
        settings = await stack.enter_async_context(_broker(options, settings))
        say("topics")
        await apply_topics(settings)
        say("catalogue")
        catalogue = await _publish(options, settings)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leimo-demo-")))
        say("worker" if options.workers == 1 else f"{options.workers} workers")
        idle_s = 2.0 if options.ends_when_done and options.replay else None
        workers = [
            stack.enter_context(WorkerProcess(settings, folder, number, idle_s=idle_s).running())
            for number in range(options.workers)
        ]
        await asyncio.gather(*(worker.ready() for worker in workers))
        say("feed")
        feed = stack.enter_context(_feed(options, settings, folder))
        say.done()
        await _watch(options, settings, catalogue, workers, feed)
        await _stop_feeding(feed)
        if options.windows is not None:
            count = await write_windows(options.windows, settings)
            sys.stderr.write(f"{count} windows written to {options.windows}\n")


class _Progress:
    """One line on the terminal that tells what is being started."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, part: str) -> None:
        self._show(f"starting {part} …", "")

    def done(self) -> None:
        seconds = time.monotonic() - self._started
        self._show(f"up in {seconds:.1f} s", "\n")

    def _show(self, text: str, end: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[Kleimo demo: {text}{end}")
        else:
            sys.stderr.write(f"leimo demo: {text}\n")
        sys.stderr.flush()


@contextlib.asynccontextmanager
async def _broker(options: DemoOptions, settings: Settings) -> AsyncIterator[Settings]:
    """The settings for the broker: a child, or one that runs already."""
    started: Broker
    if options.broker == "embedded":
        started = EmbeddedBroker.start(options.port)
    elif options.broker == "kafka":
        started = ApacheKafka.start(options.port, quick=options.speed != "max")
    else:
        yield settings.model_copy(update={"broker": options.broker})
        return
    try:
        await started.__aenter__()
    except BrokerUnavailable as error:
        raise CommandError(str(error)) from error
    try:
        own = {"broker": started.address, "security_protocol": SecurityProtocol.PLAINTEXT}
        yield settings.model_copy(update=own)
    finally:
        await started.__aexit__(None, None, None)


async def _publish(options: DemoOptions, settings: Settings) -> Catalogue:
    from leimo.catalogue_file import SHIPPED, CatalogueErrors, load
    from leimo.catalogue_topic import publish

    try:
        catalogue = load(options.catalogue or SHIPPED)
    except CatalogueErrors as errors:
        raise CommandError(str(errors)) from errors
    await publish(settings, catalogue)
    return catalogue


@contextlib.contextmanager
def _feed(options: DemoOptions, settings: Settings, folder: Path) -> Iterator[ChildProcess]:
    """`leimo feed`, replaying or simulating."""
    command = [sys.executable, "-m", "leimo", "feed"]
    if options.replay:
        command += ["replay", *(str(file.resolve()) for file in options.replay)]
        command += ["--speed", options.speed]
        if options.speed != "max":
            command.append("--rebase-time")
    else:
        command += [
            "simulate",
            "--rate",
            str(options.rate),
            "--seed",
            str(options.seed),
            "--eventful",
        ]
        if options.duration_s is not None:
            command += ["--duration", str(options.duration_s)]
    process = start(command, folder, "feed", broker_variables(settings))
    try:
        yield process
    finally:
        process.stop()


async def _watch(
    options: DemoOptions,
    settings: Settings,
    catalogue: Catalogue,
    workers: list[WorkerProcess],
    feed: ChildProcess,
) -> None:
    """Show the view until Ctrl-C, a part dies, or all is counted."""
    from rich.console import Console

    from leimo.watch.session import run_watch

    stop = asyncio.Event()
    names = {brand.id: brand.name for brand in catalogue.brands}
    with _interrupts(stop):
        view = asyncio.create_task(
            run_watch(
                settings,
                console=Console(highlight=False, markup=False, emoji=False),
                stop=stop,
                names=names,
            )
        )
        guard = asyncio.create_task(_guard(options, workers, feed))
        await asyncio.wait({view, guard}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await view
        if guard.done():
            guard.result()
        guard.cancel()


@contextlib.contextmanager
def _interrupts(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask for the end instead of breaking it off."""
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _guard(options: DemoOptions, workers: list[WorkerProcess], feed: ChildProcess) -> None:
    """Return once all is counted, where that was asked for; raise when a part dies."""
    calm = 0
    while True:
        await asyncio.sleep(_POLL_S)
        for worker in workers:
            worker.refuse_dead()
        if feed.is_running:
            continue
        if feed.exit_code != 0:
            raise CommandError(
                f"the feed ended with code {feed.exit_code}; its last lines:\n{feed.last_lines(15)}"
            )
        if options.ends_when_done:
            calm = calm + 1 if await _is_counted(workers) else 0
            if calm >= _CALM_POLLS:
                return


async def _is_counted(workers: list[WorkerProcess]) -> bool:
    """Whether nothing is left to read, and no window is open."""
    lags = [await worker.gauge("leimo_lag_records") for worker in workers]
    left = [await worker.gauge("leimo_open_windows") for worker in workers]
    return sum(lags) <= _TICKS_IN_FLIGHT * len(workers) and not any(left)


_TICKS_IN_FLIGHT = 64
"""Ticks go on while all is quiet: so many records of `mentions` may be on their way."""


async def _stop_feeding(feed: ChildProcess) -> None:
    if feed.is_running:
        await asyncio.to_thread(feed.stop)
