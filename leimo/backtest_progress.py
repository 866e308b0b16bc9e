"""What a backtest is doing, on standard error: at once, and without a line for each step."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from leimo.terminal import say

OnProgress = Callable[[int, int | None], None]


@contextmanager
def stage(what: str) -> Iterator[OnProgress]:
    """Show a stage while it runs; inside, call with how many of how many are done.

    On a terminal it is a line that moves and goes; elsewhere one line says that it began.
    """
    console = Console(stderr=True, markup=False)
    if not console.is_terminal:
        say(f"{what} ...", err=True)
        yield lambda done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(what, total=None, told="")

        def on_progress(done: int, total: int | None) -> None:
            of = f" of {total:,}" if total is not None else ""
            progress.update(bar, completed=done, total=total, told=f"{done:,}{of}")

        yield on_progress
    sys.stderr.flush()
