"""`leimo deliveries`: what was told to whom, and why."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json
from schemas.delivery import Outcome

if TYPE_CHECKING:
    from schemas.delivery import Delivery

app = typer.Typer(no_args_is_help=True, help="What was told to whom, and why.")

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]
Subscribers = Annotated[
    list[str] | None, typer.Option("--subscriber", help="Only this one; may be given again.")
]


@app.command("list")
def list_(
    *,
    broker: Broker = None,
    subscriber: Subscribers = None,
    outcome: Annotated[
        list[Outcome] | None, typer.Option(help="Only these; may be given again.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, the newest.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, all.")] = False,
) -> None:
    """Show what was told, waits, or was given up: the newest.

    Examples:

        leimo deliveries list --subscriber ops

        leimo deliveries list --outcome dead --json | jq -r .alert
    """
    from delivery.explanations import in_words
    from delivery.history import deliveries
    from leimo.run import load_settings, run
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    found = [
        one
        for one in run(deliveries(settings), settings)
        if (not subscriber or one.subscriber in subscriber)
        and (not outcome or one.outcome in outcome)
    ]
    if as_json:
        for one in found:
            _print_json(one)
        return
    for one in found[-limit:]:
        head = f"{shown(one.at_ms)}  {one_line(one.alert)}/{one.revision}  {one_line(one.brand)}"
        say(f"{head} → {one_line(one.subscriber)} ({one.channel.value}): {in_words(one)}")
    if len(found) > limit:
        say(f"... and {len(found) - limit:,} before them; see --limit and --json")
    if not found:
        say("nothing was delivered")


@app.command("explain")
def explain(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Its id, or the start of it.")],
    *,
    broker: Broker = None,
    subscriber: Subscribers = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Say for each subscriber why an alert was told to it, or why not, with every attempt.

    Examples:

        leimo deliveries explain 3f2a91

        leimo deliveries explain 3f2a91 --subscriber ops --json
    """
    from delivery.explanations import IN_WORDS, in_words
    from delivery.history import catalogue_in_force, deliveries, states_of, why_not
    from leimo.run import load_settings, run
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    states = run(states_of(settings, alert), settings)
    newest = states[-1]
    held = {
        one.subscriber: one for one in run(deliveries(settings), settings) if one.alert == newest.id
    }
    defined = {one.id: one for one in run(catalogue_in_force(settings), settings).subscribers}
    ids = [one for one in sorted({*held, *defined}) if not subscriber or one in subscriber]
    if not as_json:
        about = f"{one_line(newest.kind)} of {one_line(newest.brand)}"
        say(f"{newest.id}: {about}, severity {newest.severity}, {newest.state.value}")
    for one in ids:
        delivery = held.get(one)
        if delivery is None:
            reason = why_not(defined[one], states)
            if as_json:
                _print_json({"subscriber": one, "alert": newest.id, "reason": reason.value})
            else:
                say(f"{one_line(one)}: not sent: {IN_WORDS[reason]}")
            continue
        if as_json:
            _print_json(delivery)
            continue
        say(f"{one_line(one)} ({delivery.channel.value}): {in_words(delivery)}")
        for attempt in delivery.attempts:
            status = attempt.status or "no answer"
            detail = f": {one_line(attempt.detail)}" if attempt.detail else ""
            say(f"  {shown(attempt.at_ms)}  {status}  {attempt.reason.value}{detail}")
    if not ids and not as_json:
        say("there are no such subscribers; see `leimo subscribers list`")


def _print_json(value: "Delivery | dict[str, object]") -> None:
    import msgspec

    say_json(msgspec.json.encode(value))
