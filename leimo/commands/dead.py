"""`leimo dead`: look at what is no post, and put it back."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json
from schemas.dead_letter import DropReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_io.dead_letter_replay import Entry, Selection
    from kafka_io.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Look at records that are no posts; put them back.")

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]
Reason = Annotated[
    list[DropReason] | None, typer.Option(help="Only these reasons; may be given again.")
]
Since = Annotated[
    str | None,
    typer.Option(help="Put aside since: 2026-05-25T14:00 (UTC), or 2h for so long ago."),
]
Until = Annotated[str | None, typer.Option(help="Put aside before, as --since.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

_SHOWN_CELLS = 100


@app.command("list")
def list_dead(
    *,
    broker: Broker = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what was put aside: how many of each reason, and the newest.

    With --json: one object a line, all of them.

    Examples:

        leimo dead list --since 2h

        leimo dead list --reason not_json --json | jq -r .detail | sort | uniq -c
    """

    from kafka_io.dead_letter_replay import counts

    settings, selection = _asked(broker, reason, since, until)
    entries = _found(settings, selection)
    if as_json:
        from leimo.pipes import quiet_broken_pipe

        with quiet_broken_pipe():
            for entry in entries:
                say_json(_json(entry))
        return
    for name, count in counts(entries).items():
        say(f"{count:>9,}  {name}")
    if not entries:
        say("nothing was put aside")
        return
    say()
    for entry in entries[-limit:]:
        say(_line(entry))
    if len(entries) > limit:
        say(f"... and {len(entries) - limit:,} before them; see --limit and --json")


@app.command("show")
def show(
    offset: Annotated[int, typer.Argument(min=0, help="As `leimo dead list` shows it.")],
    *,
    broker: Broker = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the bytes as they are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one of them whole.

    Examples:

        leimo dead show 17

        leimo dead show 17 --raw | jq .
    """
    import sys

    from kafka_io.dead_letter_replay import Selection
    from kafka_io.topic_names import Names
    from leimo.run import fail, load_settings
    from schemas.topics import POSTS_DEAD
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    entries = _found(settings, Selection(offsets=frozenset([offset])))
    if not entries:
        name = Names(settings).on_broker(POSTS_DEAD.name)
        fail(f"{offset}: `{name}` holds no such offset; see `leimo dead list`")
    entry = entries[0]
    if raw:
        sys.stdout.buffer.write(entry.value)
        sys.stdout.flush()
    elif as_json:
        say_json(_json(entry))
    else:
        for name, value in (
            ("reason", entry.reason.value),
            ("detail", one_line(entry.detail)),
            ("put aside", shown(entry.time_ms)),
            ("from", f"{entry.topic}/{entry.partition} at {entry.raw_offset}"),
            ("source", one_line(entry.source or "-")),
            ("key", one_line(_text(entry.key or b"-"))),
            ("replayed", "yes" if entry.is_replayed else "no"),
            ("bytes", f"{len(entry.value):,}"),
        ):
            say(f"{name:<10} {value}")
        say(one_line(_text(entry.value)))


@app.command("replay")
def replay(
    *,
    broker: Broker = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    offset: Annotated[
        list[int] | None, typer.Option(min=0, help="Only this one; may be given again.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was put aside.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be put back, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put records back into `posts.raw`, each once, after the cause was mended.

    What still is no post comes back to `posts.dead`. A post that is older than LEIMO_RETENTION_S
    counts as late.

    Examples:

        leimo dead replay --reason too_large --since 2h --dry-run

        LEIMO_MAX_POST_BYTES=4194304 leimo worker   # the cause is mended

        leimo dead replay --reason too_large --since 2h
    """
    from kafka_io.dead_letter_replay import replay as put_back
    from kafka_io.topic_names import Names
    from leimo.progress import counting
    from leimo.run import fail, run
    from schemas.topics import POSTS_RAW

    settings, selection = _asked(broker, reason, since, until, offset)
    if selection.is_all and not everything:
        fail("say which: --reason, --since, --until or --offset; or --all", code=2)
    if dry_run:
        count = sum(entry.is_waiting for entry in _found(settings, selection))
    else:
        with counting("putting back") as on_progress:
            count = run(put_back(settings, selection, on_progress), settings)
    if as_json:
        import orjson

        say_json(orjson.dumps({"replayed": 0 if dry_run else count, "selected": count}))
    else:
        verb = "would be put back" if dry_run else "put back"
        say(f"{count:,} {verb} into {Names(settings).on_broker(POSTS_RAW.name)}")


def _asked(
    broker: str | None,
    reasons: "Sequence[DropReason] | None",
    since: str | None,
    until: str | None,
    offsets: "Sequence[int] | None" = None,
) -> "tuple[Settings, Selection]":
    from kafka_io.dead_letter_replay import Selection
    from leimo.moment_option import moment_option
    from leimo.run import load_settings

    selection = Selection(
        reasons=frozenset(reasons or ()),
        since_ms=moment_option("--since", since),
        until_ms=moment_option("--until", until),
        offsets=frozenset(offsets or ()),
    )
    return load_settings(broker=broker), selection


def _found(settings: "Settings", selection: "Selection") -> "list[Entry]":
    from kafka_io.dead_letter_replay import found
    from leimo.progress import counting
    from leimo.run import run

    with counting("reading dead letters") as on_progress:
        return run(found(settings, selection, on_progress), settings)


def _line(entry: "Entry") -> str:
    from views.plain_text import cut, one_line
    from views.times import shown

    mark = "  replayed" if entry.is_replayed else ""
    text = cut(one_line(_text(entry.value[: 4 * _SHOWN_CELLS])), _SHOWN_CELLS)
    head = f"{entry.offset:>9}  {shown(entry.time_ms)}  {entry.reason.value:<14}"
    return f"{head} {one_line(entry.detail)}{mark}\n           {text}"


def _json(entry: "Entry") -> str:
    import base64

    import msgspec

    value = msgspec.to_builtins(entry, builtin_types=(bytes,))
    value |= {"key": None if entry.key is None else _text(entry.key), "value": _text(entry.value)}
    if entry.value != value["value"].encode():
        value["value_base64"] = base64.b64encode(entry.value).decode()
    return msgspec.json.encode(value).decode()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
