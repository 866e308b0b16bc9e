"""`leimo subscribers`: who is told of what, and whether that works."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json

if TYPE_CHECKING:
    from delivery.outcomes import Answer
    from kafka_io.settings import Settings
    from schemas.action import Action
    from schemas.alert import Alert
    from schemas.catalogue import Catalogue, Subscriber

app = typer.Typer(no_args_is_help=True, help="Who is told of which alerts: list, test, mute.")

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]


@app.command("list")
def list_(
    broker: Broker = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the subscribers in force.

    Examples:

        leimo subscribers list

        leimo subscribers list --json | jq -r .id
    """
    from delivery.history import catalogue_in_force
    from leimo.run import load_settings, run
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    found = run(catalogue_in_force(settings), settings).subscribers
    muted = {} if as_json else run(_muted(settings), settings)
    for one in sorted(found, key=lambda subscriber: subscriber.id):
        if as_json:
            import msgspec

            say_json(msgspec.json.encode(one))
            continue
        until = f"; muted until {shown(muted[one.id])}" if one.id in muted else ""
        say(f"{one_line(one.id)} ({one.channel.value}): {_about(one)}{until}")
    if not found and not as_json:
        say("Nobody is told of alerts; write `subscribers:` into the catalogue.")


def _about(subscriber: "Subscriber") -> str:
    from views.plain_text import one_line

    listed = [
        f"{name} {', '.join(one_line(str(value)) for value in values)}"
        for name in ("brands", "groups", "kinds", "intents", "departments")
        if (values := getattr(subscriber, name))
    ]
    listed.append(f"severity {subscriber.min_severity} and more")
    if subscriber.hours or subscriber.days:
        hours = " ".join([*(day.value for day in subscriber.days), one_line(subscriber.hours)])
        listed.append(f"{hours} {one_line(subscriber.zone)}")
    return "; ".join(listed)


async def _muted(settings: "Settings") -> dict[str, int]:
    """Until when, by id."""
    import time

    from kafka_io.actions import read_actions
    from schemas.action import ActionSubject
    from views.doings import Doings

    actions = await read_actions(settings)
    doings = Doings(actions)
    subjects = {one.subject for one in actions if one.on is ActionSubject.DEFINITION}
    until = {one: doings.of(ActionSubject.DEFINITION, one).until_ms for one in subjects}
    now_ms = time.time_ns() // 1_000_000
    return {
        one.removeprefix("subscriber:"): at_ms
        for one, at_ms in until.items()
        if one.startswith("subscriber:") and at_ms > now_ms
    }


@app.command("mute")
def mute(
    subscriber: Annotated[
        str, typer.Argument(metavar="ID", help="Its id, see `leimo subscribers list`.")
    ],
    span: Annotated[
        str | None, typer.Option("--for", help="How long: 90m, 2h, 3d or 1w from now.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Hear of alerts again.")] = False,
    who: Annotated[str, typer.Option("--as", envvar="USER", help="Your name.")] = "",
    broker: Broker = None,
) -> None:
    """Send nothing to a subscriber for a while. What still fires then is told then.

    Escalation goes on: others are told in its place.

    Examples:

        leimo subscribers mute ops --for 2h

        leimo subscribers mute ops --end
    """
    import time

    from catalogue.silences import end_ms
    from leimo.run import fail, load_settings, run
    from leimo.who import named
    from schemas.action import Action, ActionKind, ActionSubject
    from views.plain_text import one_line
    from views.times import shown

    now_ms = time.time_ns() // 1_000_000
    if end == (span is not None):
        fail("give either --for, such as 2h, or --end", code=2)
    try:
        until_ms = None if end else end_ms(span, None, now_ms)
    except ValueError as error:
        fail(str(error), code=2)
    settings = load_settings(broker=broker)
    action = Action(
        id=f"mute-{subscriber}-{now_ms}",
        at_ms=now_ms,
        who=named(who),
        kind=ActionKind.RELEASED if end else ActionKind.SILENCED,
        on=ActionSubject.DEFINITION,
        subject=f"subscriber:{subscriber}",
        via="command",
        until_ms=until_ms,
    )
    run(_mute(settings, subscriber, action), settings)
    is_until = "hears of alerts again" if until_ms is None else f"muted until {shown(until_ms)}"
    say(f"{one_line(subscriber)}: {is_until}")


async def _mute(settings: "Settings", subscriber: str, action: "Action") -> None:
    from delivery.history import catalogue_in_force
    from kafka_io.actions import append_actions

    _known(await catalogue_in_force(settings), subscriber)
    await append_actions(settings, [action])


def _known(catalogue: "Catalogue", subscriber: str) -> "Subscriber":
    """The subscriber in force; `OperatorError` where there is none."""
    import difflib

    from schemas.errors import OperatorError

    known = {one.id: one for one in catalogue.subscribers}
    if subscriber not in known:
        near = difflib.get_close_matches(subscriber, known, n=1)
        mend = f"did you mean {near[0]}?" if near else "see `leimo subscribers list`"
        raise OperatorError(f"{subscriber!r} is the id of no subscriber in force; {mend}")
    return known[subscriber]


@app.command("test")
def try_out(
    subscriber: Annotated[
        str, typer.Argument(metavar="ID", help="Its id, see `leimo subscribers list`.")
    ],
    broker: Broker = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send a test message to a subscriber, past its hours, and say what the receiver answers.

    Needs its SUBSCRIBER_... files or variables here. Exit code 1 where it is not taken.

    Examples:

        SUBSCRIBER_OPS_URL=https://... leimo subscribers test ops
    """
    from delivery.explanations import IN_WORDS
    from leimo.run import load_settings, run
    from schemas.delivery import Reason
    from views.plain_text import one_line

    settings = load_settings(broker=broker)
    answer = run(_tested(settings, subscriber), settings)
    if as_json:
        import orjson

        fields = {"reason": answer.reason.value, "status": answer.status, "detail": answer.detail}
        say_json(orjson.dumps(fields))
    else:
        was_asked = answer.status or answer.reason is not Reason.MISCONFIGURED
        status = (answer.status or "no answer") if was_asked else "not asked"
        words = IN_WORDS[answer.reason].replace("; it is tried again", "")  # a test is not
        detail = f": {one_line(answer.detail)}" if answer.detail else ""
        say(f"{one_line(subscriber)}: {status}: {words}{detail}")
    if answer.reason is not Reason.SENT:
        raise typer.Exit(1)


async def _tested(settings: "Settings", subscriber: str) -> "Answer":
    import time

    from delivery.history import catalogue_in_force
    from delivery.outbound import Outbound
    from delivery.sender import Sender
    from schemas.delivery import Delivery, Outcome, Reason
    from views.doings import Doings

    catalogue = await catalogue_in_force(settings)
    found = _known(catalogue, subscriber)
    now_ms = time.time_ns() // 1_000_000
    alert = _test_alert(catalogue, now_ms)
    delivery = Delivery(
        subscriber=found.id,
        channel=found.channel,
        alert=alert.id,
        brand=alert.brand,
        revision=0,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        matched_at_ms=now_ms,
        pending=alert,
    )
    names = {brand.id: brand.name for brand in catalogue.brands}
    async with Outbound(settings.deliver_networks) as outbound:
        sender = Sender(settings, outbound)
        sent = await sender.send(found, [delivery], names, Doings(), now_ms)
    return sent.answer


def _test_alert(catalogue: "Catalogue", now_ms: int) -> "Alert":
    """An alert that says it is a test, and is over: a program that keeps alerts opens none."""
    from schemas.alert import Alert, AlertState

    return Alert(
        id=f"test-{now_ms}",
        fingerprint="test",
        rule="test",
        kind="test",
        brand=catalogue.brands[0].id if catalogue.brands else "*",
        state=AlertState.RESOLVED,
        severity=1,
        started_at_ms=now_ms,
        updated_at_ms=now_ms,
        ended_at_ms=now_ms,
        seen=0.0,
        expected=0.0,
        reason="测试 / this is a test",
    )
