"""`leimo forget`: let go of what somebody wrote, as the law or its author asks."""

from enum import StrEnum
from typing import Annotated

import typer

from leimo.terminal import say, say_json
from schemas.deletion import Deletion, DeletionScope
from schemas.post import Source


class What(StrEnum):
    """What is to be forgotten."""

    POST = "post"
    AUTHOR = "author"


def forget(
    what: Annotated[What, typer.Argument(help="One post, or all that an author wrote until now.")],
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="Its id, as alerts and mentions give it.")
    ],
    *,
    source: Annotated[Source, typer.Option(help="Where the post or the author is.")],
    by: Annotated[str, typer.Option(help="Who asks for it.")] = "",
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take the text of a post, or of an author's posts, out of what is kept and shown.

    Workers do it within seconds: samples of alerts and names in trends go, and what was told with
    them is told again without. Counts stay. What it cannot reach it lists, and until when that is
    there. Deletions that a source tells of (Bluesky, Mastodon, Weibo's push) need no command.

    Examples:

        leimo forget post 3342523843923456 --source weibo

        leimo forget author did:plc:abcdef --source jetstream --by "ticket 71"
    """
    import time

    import msgspec

    from catalogue.deletions import announce, out_of_reach
    from leimo.run import fail, load_settings, run
    from views.plain_text import one_line

    if not subject.strip():
        fail("ID is empty; give the id of a post or of an author", code=2)
    deletion = Deletion(
        scope=DeletionScope(what.value),
        source=source.value,
        subject=subject.strip(),
        at_ms=int(time.time() * 1000),
        asked_by=by.strip(),
    )
    settings = load_settings(broker=broker)
    run(announce(settings, deletion), settings)
    left = out_of_reach(deletion.at_ms)
    if as_json:
        say_json(msgspec.json.encode({"deletion": deletion, "out_of_reach": left}))
        return
    say(f"{what.value} {one_line(deletion.subject)} of {source.value} is to be forgotten.")
    say("Workers take it out of alerts and trends within seconds. The rest goes by itself:")
    for place in left:
        say(f"  {place.topic:<18} {place.holds}, until {place.until}")
