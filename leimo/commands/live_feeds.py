"""What the commands of live feeds share: their options, and how they run and end."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.commands.feed_end import leave, say_line
from leimo.terminal import terminal
from schemas.counted import counted

if TYPE_CHECKING:
    from feeds.live.process import LiveOutcome
    from feeds.live.source import LiveFeed
    from streams.metrics import FeedMetrics

Broker = Annotated[
    str | None, typer.Option(help="Kafka broker, host:port.  [default: LEIMO_BROKER]")
]
NoProgress = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
MetricsAddress = Annotated[
    str | None,
    typer.Option("--metrics", metavar="HOST:PORT", help="Serve /metrics and /health there."),
]
SampleOption = Annotated[
    float,
    typer.Option(
        "--sample",
        min=0,
        max=1,
        help="Take this share of the authors, such as 0.1.  [default: all]",
        show_default=False,
    ),
]

_console = terminal(err=True)


def run_feeds(
    feeds_of: "Callable[[FeedMetrics], list[LiveFeed]]",
    *,
    sample: float = 1.0,
    broker: str | None,
    metrics: str | None,
    quiet: bool,
) -> None:
    """Run live feeds until a signal, and leave with the right code."""
    from feeds.live.group import GivenFeeds
    from feeds.live.process import run_live
    from feeds.source import FeedError
    from kafka_io.event_loop import Loop
    from leimo.run import fail, load_settings, start_logging
    from streams.metrics import FeedMetrics
    from streams.monitoring import MonitoringError

    settings = load_settings(broker=broker, metrics_address=metrics or "")
    known = FeedMetrics()
    try:
        if not sample:
            raise ValueError("--sample 0 takes nothing; give a share above 0, such as 0.1")
        group = GivenFeeds(feeds_of(known), settings, known, sample=sample)
    except (FeedError, ValueError) as error:
        fail(str(error), code=2)
    start_logging(settings.log_level)
    runner = asyncio.Runner(loop_factory=Loop)
    try:
        outcome = runner.run(run_live(group, settings, known, _console, quiet=quiet))
    except (FeedError, MonitoringError) as error:
        fail(str(error))
    _finish(runner, outcome, sample=sample, quiet=quiet)


def run_defined(*, broker: str | None, metrics: str | None, quiet: bool) -> None:
    """Run the feeds that the catalogue defines until a signal, and leave with the right code."""
    from feeds.live.group import DefinedFeeds
    from feeds.live.process import run_live
    from kafka_io.event_loop import Loop
    from kafka_io.topic_admin import TopicError
    from leimo.run import fail, load_settings, start_logging
    from streams.metrics import FeedMetrics
    from streams.monitoring import MonitoringError

    settings = load_settings(broker=broker, metrics_address=metrics or "")
    known = FeedMetrics()
    start_logging(settings.log_level)
    runner = asyncio.Runner(loop_factory=Loop)
    group = DefinedFeeds(settings, known)
    try:
        outcome = runner.run(run_live(group, settings, known, _console, quiet=quiet))
    except (MonitoringError, TopicError) as error:
        fail(str(error))
    _finish(runner, outcome, quiet=quiet)


def _finish(
    runner: asyncio.Runner, outcome: "LiveOutcome", *, sample: float = 1.0, quiet: bool
) -> None:
    """Say what was sent, and leave with the right code."""
    from leimo.run import fail

    if not quiet:
        of = f", a sample of {sample:.3g} of the authors" if sample < 1 else ""
        say_line(f"{counted(outcome.tally.posts, 'post')} sent{of}")
    if outcome.is_given_up:
        leave(outcome.error, outcome.exit_code)
    runner.close()
    if outcome.error:
        fail(outcome.error, outcome.exit_code)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
