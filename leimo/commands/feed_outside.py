"""`leimo feed push`, `follow` and `kafka`: posts that others bring, or keep."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say
from schemas.post import Source

if TYPE_CHECKING:
    from feeds.push.server import PushServer

Broker = Annotated[
    str | None, typer.Option(help="Kafka broker, host:port.  [default: LEIMO_BROKER]")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
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

        curl 127.0.0.1:9480/posts -H 'Content-Type: application/x-ndjson' --data-binary @posts
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
        say(f"{server.accepted_posts:,} posts accepted", err=True)
    if number:
        raise typer.Exit(128 + number)
