"""`leimo deliveries`: what was told to whom, and why; what was given up, once more."""

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
        what = f"{one_line(one.alert)}/{one.revision}" if one.alert else ""
        what = f"{what} {one_line(one.item)}".strip()
        head = f"{shown(one.at_ms)}  {what}  {one_line(one.brand)}"
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
    kept = [one for one in run(deliveries(settings), settings) if one.alert == newest.id]
    held = {one.subscriber: one for one in kept if not one.item}
    notices = [one for one in kept if one.item]
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
        for other in notices:
            if other.subscriber == one:
                say(f"  {one_line(other.item)}: {in_words(other)}")
    if not ids and not as_json:
        say("there are no such subscribers; see `leimo subscribers list`")


@app.command("retry")
def retry(
    *,
    broker: Broker = None,
    alert: Annotated[
        str, typer.Option("--alert", help="Only this alert: its id, or the start of it.")
    ] = "",
    subscriber: Subscribers = None,
    who: Annotated[str, typer.Option("--as", envvar="USER", help="Your name.")] = "",
) -> None:
    """Ask for what was given up once more: `leimo deliver` sends it in its newest state.

    Mend the receiver first. Digests and notices are not sent again.

    Examples:

        leimo deliveries retry --subscriber ops

        leimo deliveries retry --alert 3f2a91
    """
    import time

    from delivery.history import deliveries
    from kafka_io.actions import append_actions
    from leimo.run import fail, load_settings, run
    from leimo.who import named
    from schemas.action import Action, ActionKind, ActionSubject

    if not (alert or subscriber):
        fail("name --subscriber or --alert; see `leimo deliveries list --outcome dead`", code=2)
    settings = load_settings(broker=broker)
    found = [
        one
        for one in run(deliveries(settings), settings)
        if one.outcome is Outcome.DEAD
        and not one.item
        and one.alert.startswith(alert)
        and (not subscriber or one.subscriber in subscriber)
    ]
    now_ms = time.time_ns() // 1_000_000
    actions = [
        Action(
            id=f"retry-{now_ms}-{at}",
            at_ms=now_ms,
            who=named(who),
            kind=ActionKind.RETRIED,
            on=ActionSubject.DELIVERY,
            subject=one.key.decode(),
            via="command",
            brand=one.brand,
        )
        for at, one in enumerate(found)
    ]
    if actions:
        run(append_actions(settings, actions), settings)
    say(f"{len(actions)} asked for once more; see `leimo deliveries list`")


def _print_json(value: "Delivery | dict[str, object]") -> None:
    import msgspec

    say_json(msgspec.json.encode(value))
