"""Broker, topics, catalogue, feed, workers and live view in one, for a first look.

The broker, the feed and each worker are processes of their own, as in a deployment; this one shows
the view and takes care that nothing is left behind.
"""

import asyncio
import contextlib
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from pathlib import Path

import aiohttp
import msgspec
from aiokafka.errors import KafkaError

from catalogue.topic import held_definitions, publish
from kafka_io.brokers import ApacheKafka, Broker, BrokerUnavailable, EmbeddedBroker
from kafka_io.child_process import ChildProcess
from kafka_io.dead_letter_replay import reasons_since
from kafka_io.reading import PartitionReader
from kafka_io.settings import SecurityProtocol, Settings
from kafka_io.topic_admin import TopicError, apply_topics, topic_states
from leimo.demo_alerts import listed, raised
from leimo.demo_center import Companions, started_companions
from leimo.demo_end import asked_to_end, resident_bytes
from leimo.demo_processes import WorkerProcess, broker_variables, start
from leimo.demo_refusals import report
from leimo.terminal import say, terminal
from leimo.windows_file import write_windows
from schemas.catalogue import Catalogue
from schemas.counted import counted
from schemas.errors import OperatorError
from schemas.post import Source
from schemas.topics import CATALOGUE, POSTS_RAW

_POLL_S = 0.25
_TELL_S = 5.0
"""How long the end may take to look for what was refused."""
_CLOSE_S = 3.0
"""How long the view may take to close when a part has died."""
_BROKER_LINES = 5
_CALM_POLLS = 8
"""So many looks in a row must find all posts counted, before they are believed to be all."""


class DemoOptions(msgspec.Struct, frozen=True):
    """What the command line asked for; see `leimo demo --help`."""

    endpoints: tuple[str, ...]
    """Instances of Jetstream to follow; empty: posts are replayed or simulated."""
    languages: tuple[str, ...]
    replay: tuple[Path, ...]
    source: Source
    speed: str
    rate: float
    seed: int
    broker: str
    may_share: bool
    """Use a broker that holds a catalogue or posts."""
    memory_bytes: int
    """Of the embedded broker; with more, a simulation begins anew."""
    workers: int
    catalogue: Path | None
    port: int | None
    ends_when_done: bool
    duration_s: float | None
    windows: Path | None
    has_center: bool = False
    """Whether the command center runs too, with its past, and what subscribers get."""


async def run_demo(options: DemoOptions, settings: Settings) -> None:
    """Run until Ctrl-C, until the terminal is gone, or until all fed posts are counted.

    Raises:
        OperatorError: a part does not start, the message holds its last lines; or the broker is in
            use.
    """
    catalogue = _catalogue(options)
    while await _run_once(options, settings, catalogue) is _End.MEMORY:
        sys.stderr.write(
            f"leimo demo: the embedded broker holds {options.memory_bytes >> 20} MiB and forgets "
            "nothing: everything begins anew\n"
        )


class _End(Enum):
    """Why a demo is over."""

    ASKED = "asked"
    DONE = "done"
    MEMORY = "memory"


async def _run_once(options: DemoOptions, settings: Settings, catalogue: Catalogue) -> _End:
    progress = _Progress()
    started_ms = time.time_ns() // 1_000_000
    async with contextlib.AsyncExitStack() as stack:
        progress("broker")
        settings, process = await stack.enter_async_context(_broker(options, settings))
        if process is None and not options.may_share:
            await refuse_used(settings)
        progress("topics")
        await apply_topics(settings)
        progress("catalogue")
        # Never over definitions that are in force: the broker may be somebody's.
        await publish(settings, catalogue, only_absent=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leimo-demo-")))
        progress("worker" if options.workers == 1 else f"{options.workers} workers")
        idle_s = 2.0 if options.ends_when_done and options.replay else None
        workers = [
            stack.enter_context(WorkerProcess(settings, folder, number, idle_s=idle_s).running())
            for number in range(options.workers)
        ]
        await asyncio.gather(*(worker.ready() for worker in workers))
        stop = asyncio.Event()
        stack.enter_context(asked_to_end(stop))
        companions = Companions()
        if options.has_center:
            progress("center")
            companions = await stack.enter_async_context(
                started_companions(
                    settings,
                    folder,
                    past_rate=None if options.replay or options.endpoints else options.rate,
                    tells=process is not None,
                    catalogue=options.catalogue,
                )
            )
        progress("feed")
        feed = stack.enter_context(_feed(options, settings, folder))
        progress.done()
        for line in companions.lines():
            say(f"leimo demo: {line}", err=True)
        guard = _Guard(options, workers, companions, feed, process)
        end = await _watch(settings, catalogue, guard, companions, stop)
        await _stop_feeding(feed)
        if end is not _End.MEMORY:
            await _tell_refused(options, settings, workers, started_ms)
            if options.replay:
                await _tell_alerts(settings)
        if options.windows is not None:
            count = await write_windows(options.windows, settings)
            sys.stderr.write(f"{count} windows written to {options.windows}\n")
        return end


async def _tell_refused(
    options: DemoOptions, settings: Settings, workers: list[WorkerProcess], since_ms: int
) -> None:
    """Say how many records were no posts, and why: the live view is gone, and with it the broker.

    Whoever ends a demo whose broker or worker is gone is told nothing, and does not wait for it.
    """
    with contextlib.suppress(KafkaError, TopicError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(_TELL_S):
            reasons = await reasons_since(settings, since_ms)
            names = ("posts", "repeats", "dead_letters", "skipped_events")
            counters = [f"leimo_{name}_total" for name in names]
            read = sum([await worker.gauge(name) for worker in workers for name in counters])
            outlives = None if options.broker in {"embedded", "kafka"} else settings.broker
            lines = report(reasons, read, options.replay, options.source, outlives)
            for line in lines:
                say(line, err=True)


async def _tell_alerts(settings: Settings) -> None:
    """List what was raised: the live view shows what fires, which is nothing at the end of an
    archive. Nothing is said where the broker is gone."""
    with contextlib.suppress(KafkaError, TopicError, OSError):
        async with asyncio.timeout(_TELL_S):
            for line in listed(await raised(settings)):
                say(line, err=True)


def _may_begin_anew(options: DemoOptions) -> bool:
    """A replay would be read from its begin, and an end would never come."""
    endless = not options.replay and options.duration_s is None and options.windows is None
    return endless and options.broker == "embedded"


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


async def refuse_used(settings: Settings) -> None:
    """Refuse a broker that holds somebody's catalogue or posts.

    Raises:
        OperatorError: it does.
    """
    states = {state.topic.name: state.found or 0 for state in await topic_states(settings)}
    held = []
    if states[CATALOGUE.name] and (count := len(await held_definitions(settings))):
        held.append(f"a catalogue ({count:,} definitions)")
    if states[POSTS_RAW.name]:
        async with PartitionReader(settings) as reader:
            partitions = [(POSTS_RAW.name, at) for at in range(states[POSTS_RAW.name])]
            bounds = await reader.bounds(partitions)
        if count := sum(end - first for first, end in bounds.values()):
            held.append(f"posts ({counted(count, 'record')})")
    if held:
        raise OperatorError(
            f"--broker {settings.broker} is in use: it holds {' and '.join(held)}, and a "
            "demo would add made-up posts and brands. Leave --broker out for a broker of the "
            "demo's own, or add --shared-broker if that is meant"
        )


@contextlib.asynccontextmanager
async def _broker(
    options: DemoOptions, settings: Settings
) -> AsyncIterator[tuple[Settings, ChildProcess | None]]:
    """The settings for the broker, and its process where it is a child."""
    started: Broker
    if options.broker == "embedded":
        started = EmbeddedBroker.start(options.port)
    elif options.broker == "kafka":
        started = ApacheKafka.start(options.port, quick=options.speed != "max")
    else:
        yield settings.model_copy(update={"broker": options.broker}), None
        return
    try:
        await started.__aenter__()
    except BrokerUnavailable as error:
        raise OperatorError(str(error)) from error
    try:
        own = {"broker": started.address, "security_protocol": SecurityProtocol.PLAINTEXT}
        yield settings.model_copy(update=own), started.nodes[0]
    finally:
        await started.__aexit__(None, None, None)


def _catalogue(options: DemoOptions) -> Catalogue:
    from catalogue.file import SHIPPED, CatalogueErrors, load

    try:
        return load(options.catalogue or SHIPPED)
    except CatalogueErrors as errors:
        raise OperatorError(str(errors)) from errors


@contextlib.contextmanager
def _feed(options: DemoOptions, settings: Settings, folder: Path) -> Iterator[ChildProcess]:
    """`leimo feed`: live, replaying or simulating."""
    command = [sys.executable, "-m", "leimo", "feed"]
    if options.endpoints:
        command += ["jetstream", *(f"--endpoint={endpoint}" for endpoint in options.endpoints)]
        command += [f"--lang={language}" for language in options.languages]
    elif options.replay:
        command += ["replay", *(str(file.resolve()) for file in options.replay)]
        command += ["--speed", options.speed, "--source", options.source.value]
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
    settings: Settings,
    catalogue: Catalogue,
    guard: "_Guard",
    companions: Companions,
    stop: asyncio.Event,
) -> _End:
    """Show the view until somebody asks for the end, a part dies, or the guard says so."""
    from leimo.watch.session import run_watch

    names = {brand.id: brand.name for brand in catalogue.brands}
    console = terminal(is_screen=True)
    view = asyncio.create_task(
        run_watch(settings, console=console, stop=stop, names=names, extra=companions.lines)
    )
    guarding = asyncio.create_task(guard.watch())
    await asyncio.wait({view, guarding}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    if guarding.done() and guarding.exception() is not None:
        await _closed(view)
        return guarding.result()
    # A terminal that is gone takes no screen any more.
    with contextlib.suppress(OSError, termios.error):
        await view
    if guarding.done():
        return guarding.result()
    guarding.cancel()
    return _End.ASKED


async def _closed(view: asyncio.Task[None]) -> None:
    """Let the view put the terminal back; what it says itself follows from what has died."""
    await asyncio.wait({view}, timeout=_CLOSE_S)
    view.cancel()
    await asyncio.wait({view})
    if not view.cancelled():
        view.exception()  # taken note of


class _Guard:
    """Sees to it that all parts live, and says when the demo is over."""

    def __init__(
        self,
        options: DemoOptions,
        workers: list[WorkerProcess],
        companions: Companions,
        feed: ChildProcess,
        broker: ChildProcess | None,
    ) -> None:
        """`broker`: where it is the demo's own."""
        self._options = options
        self._companions = companions
        self._workers = workers
        self._feed = feed
        self._broker = broker

    async def watch(self) -> _End:
        """Return once all is counted, where that was asked for, or the broker's memory is full.

        Raises:
            OperatorError: a part died.
        """
        calm = 0
        while True:
            await asyncio.sleep(_POLL_S)
            self._refuse_without_broker()
            for worker in self._workers:
                worker.refuse_dead()
            self._companions.refuse_dead()
            if self._is_full():
                return _End.MEMORY
            if self._feed.is_running:
                continue
            if self._feed.exit_code != 0:
                raise OperatorError(
                    f"the feed ended with code {self._feed.exit_code}; its last lines:\n"
                    f"{self._feed.last_lines(15)}"
                )
            if self._options.ends_when_done:
                calm = calm + 1 if await _is_counted(self._workers) else 0
                if calm >= _CALM_POLLS:
                    return _End.DONE

    def _refuse_without_broker(self) -> None:
        """Nothing of the demo is of use without its broker, or could end in an orderly way: the
        others would ask for it as long as they may."""
        if self._broker is None or self._broker.is_running:
            return
        for worker in self._workers:
            worker.kill()
        self._companions.kill()
        self._feed.kill()
        code = self._broker.exit_code or 0
        if code < 0:
            raise OperatorError(
                f"the demo's broker was ended by signal {-code} from outside, or for want of "
                "memory, and the demo ends with it"
            )
        raise OperatorError(
            f"the demo's broker ended with code {code}, and the demo ends with it; its last "
            f"lines:\n{self._broker.last_lines(_BROKER_LINES)}"
        )

    def _is_full(self) -> bool:
        if self._broker is None or not _may_begin_anew(self._options):
            return False
        taken = resident_bytes(self._broker.pid)
        return taken is not None and taken > self._options.memory_bytes


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
