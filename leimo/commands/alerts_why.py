"""`leimo alerts list` and `leimo alerts why`: what was told, and why nothing was."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measures.why_not import Answer
    from schemas.alert import Alert

Broker = Annotated[str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")]


def list_(
    *,
    broker: Broker = None,
    brand: Annotated[
        list[str] | None, typer.Option(help="Only of this brand's id; may be given again.")
    ] = None,
    firing: Annotated[bool, typer.Option("--firing", help="Only those that fire.")] = False,
    heads: Annotated[
        bool, typer.Option("--heads", help="One of each incident: the alert that is its head.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, the newest.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, all.")] = False,
) -> None:
    """Show alerts in their newest state: the last of each rule and brand.

    Alerts of one incident tell of one event; `+` marks those that are parts of another's.

    Examples:

        leimo alerts list --firing --heads

        leimo alerts list --brand xiaomi --json | jq -r .incident
    """
    import msgspec

    from leimo.brands_in_force import refuse_unknown
    from leimo.kept_brands import latest_alerts
    from leimo.run import load_settings, run
    from schemas.alert import EVERY_BRAND
    from views.plain_text import one_line
    from views.times import shown

    settings = load_settings(broker=broker)
    found = [
        alert
        for alert in run(latest_alerts(settings), settings)
        if (not brand or alert.brand in brand)
        and (not firing or alert.state.value == "firing")
        and (not heads or alert.incident in ("", alert.id))
    ]
    if brand and not found:
        run(refuse_unknown(settings, set(brand) - {EVERY_BRAND}), settings)
    if as_json:
        for alert in found:
            say_json(msgspec.json.encode(alert))
        return
    for alert in found[-limit:]:
        say(f"{shown(alert.started_at_ms)}  {_mark(alert)} {one_line(alert.reason)}")
    if len(found) > limit:
        say(f"... and {len(found) - limit:,} before them; see --limit and --json")
    if not found:
        say("no alerts")


def _mark(alert: "Alert") -> str:
    from views.plain_text import one_line

    part = "+" if alert.incident not in ("", alert.id) else " "
    about = f"{alert.state.value:8} {alert.severity:2} {part} {alert.id[:8]}"
    return f"{about}  {one_line(alert.rule)}/{one_line(alert.brand)} "


def why(
    brand: Annotated[str, typer.Argument(metavar="BRAND", help="Its id.")],
    *,
    at: Annotated[
        str | None,
        typer.Option(help="Which minute: ISO 8601, or 20m for so long ago; else the newest."),
    ] = None,
    broker: Broker = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rule.")] = False,
) -> None:
    """Say for each rule what it sees of a brand, what it asks for, and what holds it back.

    It is worked out again from what workers keep: the minutes of the last two hours, and what is
    usual as of now. What was told stands in `leimo alerts list`.

    Reasons: fires, holds (it would be told), below_limit, no_posts, few_authors, warming_up,
    outside_active_hours, platform_wide_burst, pending, cool_down, silence.

    Examples:

        leimo alerts why xiaomi

        leimo alerts why xiaomi --at 2026-11-25T18:04+08:00

        leimo alerts why xiaomi --json | jq -r 'select(.reason == "silence").rule'
    """
    import msgspec

    from leimo.kept_brands import kept_of
    from leimo.moment_option import moment_option
    from leimo.run import fail, load_settings, run
    from measures.why_not import NotKeptError, answers, minute_of

    settings = load_settings(broker=broker)
    at_ms = moment_option("--at", at)
    kept = run(kept_of(settings, brand), settings)
    try:
        start_ms = minute_of(kept.states[brand], at_ms)
    except NotKeptError as error:
        fail(f"{brand}: {_not_kept(error.minutes)}")
    found = answers(kept.rules, kept.whole, kept.states, brand, start_ms)
    if as_json:
        for answer in found:
            fields = msgspec.to_builtins(answer)
            say_json(msgspec.json.encode({"brand": brand, "at_ms": start_ms, **fields}))
        return
    _show(brand, start_ms, found)


def _not_kept(minutes: "Sequence[int]") -> str:
    """`minutes`: see `NotKeptError`."""
    from views.times import shown

    if not minutes:
        return "it had no post in the two hours that are kept"
    at, first, newest = map(shown, minutes)
    return (
        f"nothing is kept of the minute from {at}: only of those from {first} to {newest}; "
        "what was told before stands in `leimo alerts list`"
    )


def _show(brand: str, start_ms: int, found: "Sequence[Answer]") -> None:
    from views.plain_text import one_line
    from views.times import shown

    say(f"{one_line(brand)}, the minute from {shown(start_ms)}")
    if not found:
        say("no rule watches it")
    for answer in found:
        say(f"  {one_line(answer.rule):22} {answer.reason.value:20} {_numbers(answer)}".rstrip())
        for line in (one_line(answer.cause), _still(answer, start_ms)):
            if line:
                say(f"  {'':22} {line}")


def _still(answer: "Answer", start_ms: int) -> str:
    """Why an alert fires that would not begin by what this minute sees."""
    from views.times import shown

    if not answer.is_held_open:
        return ""
    ends = f"over at {shown(answer.over_at_ms)} unless it holds again"
    if answer.held_at_ms >= start_ms:
        return f"held open: to go on takes less than to begin; {ends}"
    last = f"its condition held last in the minute from {shown(answer.held_at_ms)}"
    return f"held open: {last}; {ends}"


def _numbers(answer: "Answer") -> str:
    """What was seen, what is usual, and the limit, as far as each is known."""
    from schemas.rules import RuleKind

    told = []
    if answer.seen is not None:
        # A time without posts is its own horizon.
        over = "" if answer.kind == RuleKind.SILENCE else f" in {answer.horizon_min} min"
        told.append(f"{_number(answer.seen)} {_unit(answer)}{over}")
    if answer.expected is not None:
        told.append(f"{_number(answer.expected)} expected")
    if answer.limit is not None:
        told.append(f"limit {_number(answer.limit)}")
    if answer.alert:
        told.append(f"alert {answer.alert[:8]}")
    return ", ".join(told)


def _unit(answer: "Answer") -> str:
    one = {"posts": "post", "followers": "follower"}
    return one.get(answer.unit, answer.unit) if answer.seen == 1 else answer.unit


def _number(value: float) -> str:
    """
    >>> [_number(value) for value in (4.0, 0.02, 0.0049, 12.34, 429.84, 1665839.62)]
    ['4', '0.02', '0', '12.3', '430', '1,665,840']
    """
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
