"""Show how far a feed is: a bar on a terminal, a line now and then elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from feeds.publish import Tally

_BAR_S = 0.2
_LINE_S = 5.0
LAGGING_MS = 2_000
"""From here on the reader is told that the feed cannot keep its pace."""


def summary(tally: Tally, seconds: float, refused: int = 0) -> dict[str, Any]:
    """What a run comes to, for people and for `--json`."""
    return {
        "posts": tally.posts,
        "seconds": round(seconds, 3),
        "posts_per_s": round(tally.posts / seconds, 1) if seconds > 0 else 0.0,
        "bytes": tally.bytes,
        "refused_lines": refused,
        "ahead_of_clock": tally.ahead,
        "newest_event_time_ms": tally.newest_ms or None,
    }


def state_line(tally: Tally, posts_per_s: float) -> str:
    """Posts sent, their rate, and the event time of the newest.

    >>> state_line(Tally(posts=12_000, newest_ms=1306835215000), 401.2)
    '12,000 posts, 401/s, newest 2011-05-31 09:46:55 UTC'
    """
    line = f"{tally.posts:,} posts, {posts_per_s:,.0f}/s"
    if tally.newest_ms:
        newest = datetime.fromtimestamp(tally.newest_ms / 1_000, UTC)
        line += f", newest {newest:%Y-%m-%d %H:%M:%S} UTC"
    if tally.lag_ms > LAGGING_MS:
        line += f", {tally.lag_ms / 1_000:,.0f} s behind its pace"
    return line


@asynccontextmanager
async def shown(
    tally: Tally, console: Console, *, total: int | None = None, quiet: bool = False
) -> AsyncIterator[None]:
    """Show `tally` while the body runs; `total` posts fill the bar."""
    if quiet:
        yield
        return
    task = asyncio.create_task(
        _bar(tally, console, total) if console.is_terminal else _lines(tally, console)
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _bar(tally: Tally, console: Console, total: int | None) -> None:
    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        auto_refresh=False,
    )
    bar = progress.add_task("waiting for the first post", total=total)

    def draw(line: str) -> None:
        progress.update(bar, description=line, completed=tally.posts)
        progress.refresh()

    with progress:
        await _every(_BAR_S, tally, draw)


async def _lines(tally: Tally, console: Console) -> None:
    await _every(_LINE_S, tally, lambda line: console.print(line, highlight=False, soft_wrap=True))


async def _every(pause_s: float, tally: Tally, show: Callable[[str], None]) -> None:
    """Show the state again and again; the rate is that of the last few seconds."""
    marks = [(time.monotonic(), 0)]
    while True:
        await asyncio.sleep(pause_s)
        marks.append((time.monotonic(), tally.posts))
        marks = marks[-16:]
        (then, before), (now, posts) = marks[0], marks[-1]
        show(state_line(tally, (posts - before) / max(now - then, 1e-3)))
