"""`leimo silence`: keep alerts quiet for a while, see which are, and end that."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json

if TYPE_CHECKING:
    from schemas.catalogue import Silence

app = typer.Typer(
    no_args_is_help=True,
    help="Alerts that nobody wants to be told of for a while: add, list, end.",
)

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]


@app.command("add")
def add(
    *,
    reason: Annotated[str, typer.Option(help="Why, for those who wonder.")],
    brand: Annotated[
        list[str] | None, typer.Option(help="Id of a brand; may be given again. None: all.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Id of a rule; may be given again. None: all.")
    ] = None,
    span: Annotated[
        str | None, typer.Option("--for", help="How long: 90m, 2h, 3d or 1w from now.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="End, ISO 8601; UTC where it names no zone.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who asks for it.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Silence every rule for every brand.")
    ] = False,
    broker: Broker = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Silence alerts of brands and rules. They live on, marked `silenced_by`; nobody is told.

    It ends by itself. Workers take it over within a second.

    Examples:

        leimo silence add --brand xiaomi --rule spike --for 2h --reason "launch"

        leimo silence add --rule feed-silent --until 2026-11-25 --reason "repairs"
    """
    import time

    from catalogue import silences
    from leimo.run import fail, load_settings, run
    from schemas.catalogue import Silence

    now_ms = int(time.time() * 1000)
    try:
        until_ms = silences.end_ms(span, until, now_ms)
        if not reason.strip():
            raise ValueError("--reason is empty; say why, for those who wonder")
        if bool(brand or rule) == everything:
            raise ValueError("name --brand or --rule, or --all for every alert there is")
    except ValueError as error:
        fail(str(error), code=2)
    wanted = Silence(
        id="",
        reason=reason.strip(),
        until="",
        brands=tuple(dict.fromkeys(brand or ())),
        rules=tuple(dict.fromkeys(rule or ())),
        by=by.strip(),
    )
    settings = load_settings(broker=broker)
    made = run(silences.add(settings, wanted, until_ms, now_ms), settings)
    if as_json:
        _print_json(made)
        return
    say(f"{made.id}: {_about(made)} silenced until {_end(made)}.")
    say(f"To end it sooner: leimo silence end {made.id}")


@app.command("list")
def list_(
    broker: Broker = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List silences that are in force or still to come, the next to end first.

    Examples:

        leimo silence list

        leimo silence list --json | jq -r .id
    """
    import time

    from catalogue import silences
    from leimo.run import load_settings, run
    from views.plain_text import one_line

    settings = load_settings(broker=broker)
    found = run(silences.in_force(settings, int(time.time() * 1000)), settings)
    for silence in found:
        if as_json:
            _print_json(silence)
            continue
        since = f" from {one_line(silence.since)}" if silence.since else ""
        by = f" ({one_line(silence.by)})" if silence.by else ""
        say(
            f"{one_line(silence.id)}: {_about(silence)} silenced{since} until {_end(silence)}: "
            f"{one_line(silence.reason)}{by}"
        )
    if not found and not as_json:
        say("No alert is silenced.")


@app.command("end")
def end(
    silence: Annotated[str, typer.Argument(metavar="ID", help="Its id, see `leimo silence list`.")],
    broker: Broker = None,
) -> None:
    """End a silence now: alerts are told again.

    Examples:

        leimo silence end xiaomi-spike-1125-1000
    """
    import time

    from catalogue import silences
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    found = run(silences.end(settings, silence, int(time.time() * 1000)), settings)
    say(f"{found.id}: ended. {_about(found).capitalize()} told again.")


def _about(silence: "Silence") -> str:
    """What it silences, as the subject of a sentence."""
    from views.plain_text import one_line

    rules = (
        f"alerts of {', '.join(map(one_line, silence.rules))}" if silence.rules else "all alerts"
    )
    brands = f"for {', '.join(map(one_line, silence.brands))}" if silence.brands else ""
    return f"{rules} {brands or 'for all brands'} are"


def _end(silence: "Silence") -> str:
    from catalogue.silences import ends_at_ms, iso

    return (
        iso(ends_at_ms(silence)).replace("T", " ").removesuffix(":00Z").removesuffix("Z") + " UTC"
    )


def _print_json(silence: "Silence") -> None:
    import msgspec

    fields = msgspec.to_builtins(silence)
    fields.pop("type", None)
    say_json(msgspec.json.encode(fields))
