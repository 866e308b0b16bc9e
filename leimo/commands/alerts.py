"""`leimo alerts`: what was told, why nothing was, and what people do about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.commands import alerts_why
from leimo.terminal import say, say_json

if TYPE_CHECKING:
    from kafka_io.settings import Settings
    from schemas.action import Action, ActionKind

app = typer.Typer(
    no_args_is_help=True,
    help="What was told, why nothing was, and what people do about it: acknowledge, assign, note.",
)
app.command("list")(alerts_why.list_)
app.command("why")(alerts_why.why)

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or the start of it.")]
Who = Annotated[str, typer.Option("--as", envvar="USER", help="Your name.")]
Note = Annotated[str, typer.Option(help="What others should know.")]
Whole = Annotated[bool, typer.Option("--incident", help="For all alerts of its incident.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command("ack")
def acknowledge(
    alert: Id,
    who: Who = "",
    note: Note = "",
    incident: Whole = False,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say that you see to an alert: repeats and escalation stop, the others are told.

    Examples:

        leimo alerts ack 3f2a91 --note "calling the plant"
    """
    from schemas.action import ActionKind

    _done(ActionKind.ACKNOWLEDGED, alert, who, broker, note=note, whole=incident, as_json=as_json)


@app.command("assign")
def assign(
    alert: Id,
    to: Annotated[str, typer.Option("--to", help="Who gets it.")],
    who: Who = "",
    note: Note = "",
    incident: Whole = False,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Give an alert to somebody: as acknowledged by them.

    Examples:

        leimo alerts assign 3f2a91 --to wang
    """
    from schemas.action import ActionKind

    _done(
        ActionKind.ASSIGNED, alert, who, broker,
        note=note, assignee=to, whole=incident, as_json=as_json,
    )  # fmt: skip


@app.command("release")
def release(
    alert: Id,
    who: Who = "",
    note: Note = "",
    incident: Whole = False,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Take back that an alert was acknowledged, assigned or called false.

    Examples:

        leimo alerts release 3f2a91
    """
    from schemas.action import ActionKind

    _done(ActionKind.RELEASED, alert, who, broker, note=note, whole=incident, as_json=as_json)


@app.command("note")
def add_note(
    alert: Id,
    text: Annotated[str, typer.Argument(help="What is to be kept with the alert.")],
    who: Who = "",
    incident: Whole = False,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Write something down about an alert.

    Examples:

        leimo alerts note 3f2a91 "the video is from 2024"
    """
    from leimo.run import fail
    from schemas.action import ActionKind

    if not text.strip():
        fail("the note is empty; write what is to be kept", code=2)
    _done(ActionKind.NOTE, alert, who, broker, note=text, whole=incident, as_json=as_json)


@app.command("false-alarm")
def false_alarm(
    alert: Id,
    who: Who = "",
    note: Note = "",
    incident: Whole = False,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say that an alert tells of nothing: as acknowledged, and kept for tuning the rule.

    Examples:

        leimo alerts false-alarm 3f2a91 --note "a song of that name"
    """
    from schemas.action import ActionKind

    _done(ActionKind.FALSE_ALARM, alert, who, broker, note=note, whole=incident, as_json=as_json)


def _done(
    kind: "ActionKind",
    alert: str,
    who: str,
    broker: str | None,
    *,
    note: str = "",
    assignee: str = "",
    whole: bool,
    as_json: bool,
) -> None:
    import msgspec

    from leimo.run import load_settings, run
    from leimo.who import named
    from views.plain_text import one_line

    settings = load_settings(broker=broker)
    work = _act(settings, kind, alert, named(who), one_line(note), one_line(assignee), whole)
    action = run(work, settings)
    if as_json:
        say_json(msgspec.json.encode(action))
        return
    to = f" to {action.assignee}" if action.assignee else ""
    note = f": {action.note}" if action.note else ""
    words = kind.value.replace("_", " ")
    say(f"{action.on.value} {one_line(action.subject)}: {words}{to} by {action.who}{note}")


async def _act(
    settings: "Settings",
    kind: "ActionKind",
    alert: str,
    who: str,
    note: str,
    assignee: str,
    whole: bool,
) -> "Action":
    import time
    import uuid

    from delivery.history import states_of
    from kafka_io.actions import append_actions
    from schemas.action import Action, ActionSubject

    newest = (await states_of(settings, alert))[-1]
    is_whole = whole and newest.incident
    action = Action(
        id=uuid.uuid4().hex,
        at_ms=time.time_ns() // 1_000_000,
        who=who,
        kind=kind,
        on=ActionSubject.INCIDENT if is_whole else ActionSubject.ALERT,
        subject=newest.incident if is_whole else newest.id,
        via="command",
        brand=newest.brand,
        assignee=assignee,
        note=note,
    )
    await append_actions(settings, [action])
    return action
