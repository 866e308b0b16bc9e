"""`leimo feed`: bring posts into `posts.raw`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from leimo.commands import feed_outside
from leimo.commands.feed_end import finish, run_feed, say_line
from leimo.terminal import terminal
from schemas.post import Source

app = typer.Typer(no_args_is_help=True, help="Bring posts into the topic `posts.raw`.")
for command in (feed_outside.push, feed_outside.follow, feed_outside.kafka):
    app.command()(command)

_console = terminal(err=True)

Broker = Annotated[
    str | None, typer.Option(help="Kafka broker, host:port.  [default: LEIMO_BROKER]")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Stop after so many posts.")]


def speed_of(text: str) -> float:
    """A speed: a number above 0, or `max`.

    >>> speed_of("max"), speed_of("0.5")
    (inf, 0.5)
    """
    if text == "max":
        return float("inf")
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"{text!r} is neither a number above 0 nor 'max'")
    return speed


def part_of(text: str) -> tuple[int, int]:
    """Which of how many pieces.

    >>> part_of("2/3")
    (2, 3)
    """
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise typer.BadParameter(f"{text!r} is not I/N with 1 <= I <= N, such as 1/3")
    return int(part), int(parts)


@app.command()
def replay(
    *,
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON, one post a line; plain, .gz or .zst.")
    ],
    speed: Annotated[
        str, typer.Option(help="Times the posts' own pace, or 'max' for no pauses.")
    ] = "1",
    rebase_time: Annotated[
        bool,
        typer.Option("--rebase-time", help="Move the posts' times: the first post is of now."),
    ] = False,
    max_gap: Annotated[
        float, typer.Option(min=0, help="Cut silences to so many seconds of the replay.")
    ] = 10.0,
    source: Annotated[Source, typer.Option(help="Whose JSON the posts are.")] = Source.WEIBO,
    limit: Limit = None,
    part: Annotated[
        str, typer.Option(metavar="I/N", help="Send the I-th of every N posts only.")
    ] = "1/1",
    shuffle_within: Annotated[
        float,
        typer.Option(min=0, help="Put posts out of order by at most so many seconds of theirs."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Which disorder.")] = 0,
    broker: Broker = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Send files of posts: at their own pace, faster, or as fast as can be."""
    import time

    from feeds.files import Refusal
    from feeds.replay import Replay
    from feeds.run import run
    from feeds.sinks import Connection
    from leimo.named_files import refuse_missing
    from leimo.run import load_settings

    refuse_missing(*files)
    refused: list[Refusal] = []

    def refuse(refusal: Refusal) -> None:
        refused.append(refusal)
        say_line(str(refusal))

    piece, pieces = part_of(part)
    feed = Replay(
        files=files,
        source=source,
        speed=speed_of(speed),
        max_gap_s=max_gap,
        now_ms=time.time_ns() // 1_000_000 if rebase_time else None,
        shuffle_within_s=shuffle_within,
        seed=seed,
        part=piece,
        parts=pieces,
        limit=limit,
        refuse=refuse,
    )
    target = Connection(load_settings(broker=broker), source)
    outcome = run_feed(run(feed, target, _console, total=limit, quiet=quiet))
    finish(outcome, as_json=as_json, quiet=quiet, refused=len(refused))


@app.command()
def simulate(
    *,
    rate: Annotated[float, typer.Option(min=0.1, help="Posts a second, over the mean day.")] = 300,
    duration: Annotated[
        float | None,
        typer.Option(min=1, help="Seconds of event time.  [default: until Ctrl-C]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same posts.")] = 1,
    speed: Annotated[
        str, typer.Option(help="Seconds of event time in a second, or 'max' for no pauses.")
    ] = "1",
    start: Annotated[
        datetime | None, typer.Option(help="Event time of the first post.  [default: now]")
    ] = None,
    eventful: Annotated[
        bool, typer.Option("--eventful", help="A crisis within seconds, an event every minute.")
    ] = False,
    steady: Annotated[bool, typer.Option("--steady", help="No rhythm of day and week.")] = False,
    broken: Annotated[
        float, typer.Option(min=0, max=1, help="Share of records that are no posts.")
    ] = 0.0,
    truth: Annotated[
        Path | None,
        typer.Option(help="At the end, write counts by brand and minute, and events, as NDJSON."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a file (.zst, .gz or plain) instead of sending.")
    ] = None,
    broker: Broker = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make up posts: brands, moods, campaigns, crises, spam, disorder and repeats.

    Examples:

        leimo feed simulate --rate 1000

        leimo feed simulate --rate 5000 --duration 60 --speed max --out posts.ndjson.zst --truth t
    """
    import time

    from feeds.run import run
    from feeds.simulate.stream import Simulation
    from feeds.simulate.truth import Truth
    from feeds.sinks import Connection, FileSink
    from leimo.run import fail, load_settings

    held = Truth() if truth is not None else None
    feed = Simulation(
        start_ms=int(start.timestamp() * 1000) if start else time.time_ns() // 1_000_000,
        rate=rate,
        seed=seed,
        speed=speed_of("max" if out is not None and speed == "1" else speed),
        duration_s=duration,
        event_gap_s=60.0 if eventful else 1800.0,
        first_event_s=6.0 if eventful else 600.0,
        broken_share=broken,
        is_rhythmic=not (eventful or steady),
        truth=held,
    )
    if out is not None and duration is None:
        fail("--out needs --duration: without an end the file would have none", code=2)
    target = FileSink(out) if out else Connection(load_settings(broker=broker), Source.WEIBO)
    outcome = run_feed(run(feed, target, _console, quiet=quiet))
    if truth is not None and held is not None:
        held.write(truth)
    finish(outcome, as_json=as_json, quiet=quiet)
