"""`leimo feed push`, `follow` and `kafka`: posts that others bring, or keep."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leimo.terminal import say, terminal
from schemas.counted import counted
from schemas.post import Source

if TYPE_CHECKING:
    from feeds.follow.forms import PostsOf
    from feeds.push.server import PushServer
    from feeds.run import Outcome

_console = terminal(err=True)

Broker = Annotated[
    str | None, typer.Option(help="Kafka broker, host:port.  [default: LEIMO_BROKER]")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
SourceOption = Annotated[Source, typer.Option(help="Whose JSON the posts are, or shall be.")]
MapOption = Annotated[
    str | None,
    typer.Option("--map", metavar="FIELD=COLUMN,...", help="Which column or JSON field is what."),
]
ZoneOption = Annotated[
    str, typer.Option(help="Offset of times without one, with --map and posts of leimo.")
]
MetricsAddress = Annotated[
    str | None, typer.Option("--metrics", help="Serve /metrics and /health on this host:port.")
]


def push(
    *,
    listen: Annotated[
        str | None, typer.Option(help="host:port.  [default: LEIMO_PUSH_ADDRESS, 127.0.0.1:9480]")
    ] = None,
    source: Annotated[
        Source, typer.Option(help="Whose JSON it is where a request names no source.")
    ] = Source.LEIMO,
    metrics: MetricsAddress = None,
    broker: Broker = None,
    quiet: Quiet = False,
) -> None:
    """Take posts over HTTP: `POST /posts`, answered once Kafka has them.

    Off the loopback it asks for LEIMO_PUSH_TOKEN. More: docs/feeds-push-and-files.md.

    Examples:

        leimo feed push

        curl 127.0.0.1:9480/posts -H 'Content-Type: application/json' -d @post
    """
    from feeds.push.run import run_push
    from leimo.run import load_settings, run, start_logging

    settings = load_settings(broker=broker, metrics_address=metrics or "", push_address=listen)
    start_logging(settings.log_level)

    def tell(server: "PushServer") -> None:
        if not quiet:
            host = settings.push_address.rpartition(":")[0]
            say(f"listening on http://{host}:{server.port}/posts", err=True)

    server, number = run(run_push(settings, source, tell), settings)
    if not quiet:
        say(f"{counted(server.accepted_posts, 'post')} accepted", err=True)
    if number:
        raise typer.Exit(128 + number)


def follow(
    *,
    what: Annotated[
        str, typer.Argument(metavar="FILE|DIR|-", help="A file, a folder, or standard input.")
    ],
    source: SourceOption = Source.WEIBO,
    crawler: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="A crawler's tables: weibo-crawler, weibo-search, weibospider, mediacrawler.",
        ),
    ] = None,
    mapping: MapOption = None,
    zone: ZoneOption = "+00:00",
    once: Annotated[
        bool, typer.Option("--once", help="End when all that is there was sent.")
    ] = False,
    positions: Annotated[
        Path | None,
        typer.Option(help="Keep how far each file was sent in this file.  [default: in Kafka]"),
    ] = None,
    broker: Broker = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Send files that others write, while they grow: NDJSON, JSON arrays, tables with a mapping.

    Plain, gzip or Zstandard. Renamed and rotated files are told by what they hold; a restart goes
    on where the last run stopped.

    Examples:

        leimo feed follow crawler/weibo --as weibo-crawler

        leimo feed follow posts.csv --map id=mid,text=words,created_at=time

        tail -f posts.ndjson | leimo feed follow -
    """
    from feeds.follow.follower import Follower
    from feeds.follow.standard_input import StandardInput
    from feeds.positions import FilePositions, TopicPositions
    from feeds.steady import run_steadily
    from leimo.named_files import refuse_missing_path
    from leimo.run import load_settings, start_logging

    posts_of = _posts_of(source, crawler, mapping, zone)
    settings = load_settings(broker=broker)
    start_logging(settings.log_level)
    if what == "-":
        work = StandardInput(posts_of).run
        _finish(
            run_steadily(work, settings, posts_of.source, _console, quiet=quiet),
            as_json=as_json, quiet=quiet,
        )  # fmt: skip
        return
    root = Path(what)
    refuse_missing_path(root)

    async def followed() -> "Outcome":
        if positions is None:
            in_topic = TopicPositions(settings)
            work = Follower(root, posts_of, in_topic, once=once).run
            return await run_steadily(
                work, settings, posts_of.source, _console, quiet=quiet, positions=in_topic
            )
        own = frozenset({str(positions.absolute())})
        async with FilePositions(positions) as in_file:
            work = Follower(root, posts_of, in_file, once=once, ignored=own).run
            return await run_steadily(work, settings, posts_of.source, _console, quiet=quiet)

    _finish(followed(), as_json=as_json, quiet=quiet)


def kafka(
    *,
    topic: Annotated[str, typer.Option("--from", metavar="TOPIC", help="The topic to read.")],
    from_broker: Annotated[
        str | None, typer.Option(help="Kafka broker that has it.  [default: the one of leimo]")
    ] = None,
    mapping: MapOption = None,
    zone: ZoneOption = "+00:00",
    source: SourceOption = Source.LEIMO,
    group: Annotated[
        str | None, typer.Option(help="Consumer group that keeps the offsets.  [default: by topic]")
    ] = None,
    from_end: Annotated[
        bool, typer.Option("--from-end", help="A new group begins with what comes from now on.")
    ] = False,
    broker: Broker = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Send the posts of a topic of your own; `--map` says which JSON field is what.

    Offsets are committed once `posts.raw` has the posts. Start several to share the partitions.

    Example:

        leimo feed kafka --from forum --map id=post.id,text=body,created_at=ts
    """
    from feeds.from_topic import FromTopic
    from feeds.steady import run_steadily
    from kafka_io.topic_names import Names
    from leimo.run import fail, load_settings, start_logging
    from schemas.topics import POSTS_RAW

    posts_of = _posts_of(source, None, mapping, zone)
    settings = load_settings(broker=broker)
    theirs = load_settings(broker=from_broker or broker)
    own = Names(settings).on_broker(POSTS_RAW.name)
    if topic == own and theirs.broker == settings.broker:
        fail(f"--from {topic}: posts would go round in a circle; name another topic", code=2)
    start_logging(settings.log_level)
    group_id = group or f"{settings.group_id}-feed-{topic}"
    reader = FromTopic(theirs, topic, group_id, posts_of, from_end=from_end)
    _finish(
        run_steadily(reader.run, settings, posts_of.source, _console, quiet=quiet),
        as_json=as_json, quiet=quiet,
    )  # fmt: skip


def _posts_of(source: Source, crawler: str | None, mapping: str | None, zone: str) -> "PostsOf":
    """What the options say of the posts; ends with code 2 where they say too much."""
    from datetime import datetime, timedelta, timezone

    from feeds.columns import CRAWLERS, columns_of
    from feeds.follow.forms import PostsOf
    from feeds.source import FeedError
    from leimo.run import fail

    if crawler and mapping:
        fail("--as and --map: give one of them", code=2)
    if crawler:
        if crawler not in CRAWLERS:
            fail(f"--as {crawler!r}: is none of {', '.join(CRAWLERS)}; or use --map", code=2)
        return PostsOf(source, CRAWLERS[crawler])
    if not mapping:
        return PostsOf(source)
    try:
        offset = datetime.strptime(zone, "%z").utcoffset() or timedelta()
    except ValueError:
        fail(f"--zone {zone!r}: is no offset such as +08:00", code=2)
    try:
        return PostsOf(source, columns_of(mapping, source, timezone(offset)))
    except FeedError as error:
        fail(str(error), code=2)


def _finish(main: "Coroutine[Any, Any, Outcome]", *, as_json: bool, quiet: bool) -> None:
    from feeds.source import FeedError
    from leimo.commands.feed_end import finish, run_feed
    from leimo.run import fail

    try:
        outcome = run_feed(main)
    except FeedError as error:
        fail(str(error))
    finish(outcome, as_json=as_json, quiet=quiet)
