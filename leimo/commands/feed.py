"""`leimo feed`: bring posts into `posts.raw`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from leimo.commands import feed_outside, feed_weibo
from leimo.commands.feed_end import finish, run_feed, say_line
from leimo.commands.live_feeds import MetricsAddress, SampleOption, run_defined, run_feeds
from leimo.terminal import say, say_json, terminal
from schemas.post import Source

app = typer.Typer(no_args_is_help=True, help="Bring posts into the topic `posts.raw`.")
for command in (feed_outside.push, feed_outside.follow, feed_outside.kafka):
    app.command()(command)
app.add_typer(feed_weibo.app, name="weibo")

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

        leimo feed simulate --duration 60 --speed max --out posts.ndjson.zst
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


@app.command()
def jetstream(
    *,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            help="wss://HOST of an instance; again for more, asked in turn.  [default: Bluesky's]"
        ),
    ] = None,
    lang: Annotated[
        list[str] | None,
        typer.Option(help="Take posts in this language, such as zh; may be given again."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="The feed's name: its position is kept under it.")
    ] = "jetstream",
    compress: Annotated[
        bool, typer.Option("--compress/--no-compress", help="Let the source compress.")
    ] = True,
    sample: SampleOption = 1.0,
    metrics: MetricsAddress = None,
    broker: Broker = None,
    quiet: Quiet = False,
) -> None:
    """Follow Bluesky: posts, reposts, deletions and removals of accounts, as they happen.

    It goes on where it stopped, as far as the source still has it; what is missing is in `leimo
    feed gaps`. Posts that name no language are taken with every --lang.

    Examples:

        leimo feed jetstream --lang zh --lang ja

        leimo feed jetstream --endpoint wss://jetstream.example --sample 0.1
    """
    from feeds.live.jetstream.endpoints import PUBLIC
    from feeds.live.jetstream.feed import Jetstream

    run_feeds(
        lambda known: [
            Jetstream(
                endpoint or PUBLIC,
                languages=lang or (),
                is_compressed=compress,
                name=name,
                metrics=known,
            )
        ],
        sample=sample,
        broker=broker,
        metrics=metrics,
        quiet=quiet,
    )


@app.command()
def mastodon(
    *,
    server: Annotated[
        list[str], typer.Option(help="Name of a server, such as mastodon.social; again for more.")
    ],
    token: Annotated[
        list[str] | None,
        typer.Option(
            envvar="MASTODON_TOKEN",
            show_envvar=True,
            help="Token of an account there, with read:statuses; one for each server, in order.",
        ),
    ] = None,
    stream: Annotated[str, typer.Option(help="public, public:local or public:remote.")] = "public",
    lang: Annotated[
        list[str] | None,
        typer.Option(help="Take posts in this language, such as zh; may be given again."),
    ] = None,
    sample: SampleOption = 1.0,
    metrics: MetricsAddress = None,
    broker: Broker = None,
    quiet: Quiet = False,
) -> None:
    """Follow the public posts, edits and deletions of Mastodon servers.

    What was missed is asked for, up to 12,000 posts; the rest is in `leimo feed gaps`. Others who
    use this machine see options: name tokens in MASTODON_TOKEN, with a space between.

    Example:

        MASTODON_TOKEN=... leimo feed mastodon --server mastodon.social --lang zh
    """
    from feeds.live.mastodon.feed import Mastodon
    from leimo.run import fail

    tokens = token or [""]
    if len(tokens) not in (1, len(server)):
        fail(
            f"--token: {len(tokens)} tokens for {len(server)} servers; name one for each, in the "
            "order of the servers",
            code=2,
        )
    if len(tokens) == 1 < len(server) and tokens[0]:
        fail("--token: one token for several servers; each knows only its own", code=2)
    given = zip(server, tokens * len(server) if len(tokens) == 1 else tokens, strict=True)
    run_feeds(
        lambda known: [
            Mastodon(name, secret, stream=stream, languages=lang or (), metrics=known)
            for name, secret in given
        ],
        sample=sample,
        broker=broker,
        metrics=metrics,
        quiet=quiet,
    )


@app.command("run")
def run_(
    *,
    feed: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A feed of a package, by its name.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="For the feed; may be given again."),
    ] = None,
    sample: SampleOption = 1.0,
    metrics: MetricsAddress = None,
    broker: Broker = None,
    quiet: Quiet = False,
) -> None:
    """Run all feeds that the catalogue defines; with NAME, one of your own.

    Definitions are taken over as they change. A feed that fails does not stop the others: `leimo
    feed list` says why. NAME is that of a package with an entry point in the group `leimo.feeds`.

    Examples:

        leimo feed run

        leimo feed run forum --set board=phones
    """
    from feeds.live.found import feed_of
    from leimo.run import fail

    if feed is None:
        if option or sample < 1:
            fail("--set and --sample go with NAME; the catalogue says them of its feeds", code=2)
        run_defined(broker=broker, metrics=metrics, quiet=quiet)
        return
    given = [text.partition("=") for text in option or ()]
    for key, sign, _ in given:
        if not (key and sign):
            raise typer.BadParameter(f"{key!r} is no KEY=VALUE", param_hint="--set")
    options = {key: value for key, _, value in given}
    run_feeds(
        lambda _: [feed_of(feed, options)],
        sample=sample, broker=broker, metrics=metrics, quiet=quiet,
    )  # fmt: skip


@app.command("list")
def list_(*, broker: Broker = None, as_json: AsJson = False) -> None:
    """List live feeds that ran or are defined: state, lag, what was missing in a day, and rate.

    `gone`: it has not written for half a minute, so it does not run, or its broker was away.
    `failed`: asking again is of no use; why stands below. `off`: its definition says so. `defined`:
    it never ran; `leimo feed run` does it.
    """
    import time

    import orjson
    from rich.table import Table

    from feeds.live.listing import feed_rows
    from leimo.run import load_settings, run
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    now_ms = round(time.time() * 1000)
    rows = run(feed_rows(settings, now_ms, now_ms - 86_400_000), settings)
    if as_json:
        for row in rows:
            say_json(orjson.dumps(row))
        return
    if not rows:
        say("No live feed has run yet; begin with `leimo feed jetstream`.")
        return
    names = ("feed", "state", "lag", "missing (24 h)", "posts/s", "sample", "newest", "from")
    table = Table(*names, box=None)
    for row in rows:
        lag, newest = "-", "-"
        if row["lag_s"] is not None:
            lag, newest = f"{row['lag_s']:,.1f} s", shown(row["event_time_ms"])
        table.add_row(
            *(one_line(row["feed"]), row["state"], lag, f"{row['gap_s']:,.1f} s"),
            *(f"{row['posts_per_s']:,.1f}", sampled(row["sample"])),
            *(newest, one_line(row["endpoint"])),
        )
    terminal().print(table)
    for row in rows:
        if row["error"]:
            say(f"{one_line(row['feed'])}: {one_line(row['error'])}")


def sampled(share: float) -> str:
    """How much of a feed is taken, for people.

    >>> sampled(1.0), sampled(0.1)
    ('all', '10 %')
    """
    return "all" if share >= 1 else f"{100 * share:.3g} %"


@app.command()
def gaps(
    *,
    feed: Annotated[str | None, typer.Option(help="Of this feed alone.")] = None,
    since: Annotated[
        str, typer.Option(help="From this time on: ISO 8601, or 90m, 24h, 7d for so long ago.")
    ] = "7d",
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """List stretches of time that live feeds could not give: posts of then may be missing.

    Examples:

        leimo feed gaps --since 24h

        leimo feed gaps --feed jetstream --json
    """
    import msgspec

    from feeds.live.listing import found_gaps
    from leimo.moment_option import moment_option
    from leimo.run import load_settings, run
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    since_ms = moment_option("--since", since) or 0
    found = run(found_gaps(settings, feed, since_ms), settings)
    for gap in found:
        if as_json:
            say_json(msgspec.json.encode(gap))
            continue
        seconds = max(0, gap.to_ms - gap.from_ms) / 1_000
        say(
            f"{one_line(gap.feed)}: {shown(gap.from_ms)} to {shown(gap.to_ms)} ({seconds:,.1f} s): "
            f"{gap.reason}{f' ({one_line(gap.detail)})' if gap.detail else ''}"
        )
    if not found and not as_json:
        say("No gap is known.")


@app.command()
def forget(
    feed: Annotated[str, typer.Argument(metavar="NAME", help="See `leimo feed list`.")],
    *,
    broker: Broker = None,
) -> None:
    """Forget where a feed stands: it begins anew with what is live. Stop it first.

    Example:

        leimo feed forget jetstream
    """
    from feeds.live.listing import forget as forget_feed
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    run(forget_feed(settings, feed), settings)
    say(f"{feed}: forgotten. It begins with what is live when it is started again.")
