"""How a command of feeds runs and ends: the summary, and the exit code."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from leimo.terminal import say_json, terminal

if TYPE_CHECKING:
    from feeds.run import Outcome

_console = terminal(err=True)


def run_feed(main: "Coroutine[Any, Any, Outcome]") -> "Outcome":
    """Run a feed on the loop of commands."""
    from kafka_io.event_loop import Loop

    runner = asyncio.Runner(loop_factory=Loop)
    try:
        outcome = runner.run(main)
    except BaseException:
        runner.close()
        raise
    if not outcome.is_given_up:
        runner.close()
    return outcome


def say_line(message: str) -> None:
    """Tell a person, on standard error."""
    _console.print(message, soft_wrap=True)


def finish(outcome: "Outcome", *, as_json: bool, quiet: bool, refused: int = 0) -> None:
    """Print the summary and leave with the right code."""
    import orjson

    from feeds.progress import state_line
    from leimo.run import fail

    summary = outcome.summary(refused)
    if as_json:
        say_json(orjson.dumps(summary))
    elif not quiet:
        say_line(f"{state_line(outcome.tally, summary['posts_per_s'])}, {outcome.seconds:,.1f} s")
    if outcome.tally.ahead and not quiet:
        say_line(
            f"{outcome.tally.ahead:,} posts are dated more than a minute after they were sent: the "
            "worker gives them the time of receipt, or puts them aside"
        )
    if outcome.is_given_up:
        leave(outcome.error, outcome.exit_code)
    if outcome.error:
        fail(outcome.error, outcome.exit_code)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def leave(error: str, code: int) -> NoReturn:
    """End at once: the broker's client would go on for half a minute when it is asked to end."""
    import os
    import sys

    say_line(f"error: {error}")
    sys.stdout.flush()
    os._exit(code)
