"""Alerts as lines: the newest in full, older ones as far as there is room."""

from collections.abc import Sequence
from datetime import tzinfo

from rich.text import Text

from schemas.alert import Alert, AlertState
from views import figures
from views.plain_text import cut, fit, one_line, width_of
from views.view import AlertRow

_MAX_LINES = 4


def alert_lines(
    rows: Sequence[AlertRow], width: int, room: int, now_ms: int, zone: tzinfo | None
) -> list[Text]:
    """At most `room` lines of at most `width` cells for `rows`, the first ones in most detail."""
    if not rows:
        return [Text(cut("None firing.", width), "dim")][:room]
    blocks = [_block(row, width, now_ms, zone) for row in rows[:room]]
    if sum(map(len, blocks)) + len(blocks) - 1 <= room and len(blocks) == len(rows):
        blocks = [[*block, Text("")] for block in blocks]
        return [line for block in blocks for line in block][:-1]
    lengths = shares([len(block) for block in blocks], room)
    return [line for block, length in zip(blocks, lengths, strict=True) for line in block[:length]]


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """One line for each, then a second for each from the first on, as long as there is room.

    >>> shares([4, 4, 4], 8)
    [3, 3, 2]
    >>> shares([4, 1, 4], 4)
    [2, 1, 1]
    """
    given = [0] * len(wanted)
    left = room
    for level in range(max(wanted, default=0)):
        for index, most in enumerate(wanted):
            if left and level < most:
                given[index] += 1
                left -= 1
    return given


def _block(row: AlertRow, width: int, now_ms: int, zone: tzinfo | None) -> list[Text]:
    alert = row.alert
    lines = [_headline(row, width, now_ms, zone)]
    style = "" if alert.state is AlertState.FIRING else "dim"
    indented = width - 4
    if reason := one_line(alert.reason):
        lines.append(Text("    " + cut(reason, indented), style))
    if alert.terms:
        terms = "  ".join(f"{one_line(t.term)} {figures.count(t.count)}" for t in alert.terms)
        lines.append(Text("    " + cut(terms, indented), "cyan" if style == "" else "dim"))
    if alert.samples and (sample := one_line(alert.samples[0].text)):
        lines.append(Text("    “" + cut(sample, indented - 2) + "”", "dim italic"))
    return lines[:_MAX_LINES]


def _headline(row: AlertRow, width: int, now_ms: int, zone: tzinfo | None) -> Text:
    alert = row.alert
    name = cut(row.name, max(8, width // 3))
    kind = one_line(alert.kind)
    if alert.state is AlertState.FIRING:
        since = figures.clock(alert.started_at_ms, now_ms, zone, seconds=False)
        head = Text.assemble((f"▲{alert.severity:<2} ", "bold red"), (name, "bold"), f"  {kind}")
        head.append(f"  since {since}", "dim")
        if alert.silenced_by:
            head.append("  silenced", "yellow")
    else:
        ended = figures.clock(alert.ended_at_ms or alert.updated_at_ms, now_ms, zone, seconds=False)
        head = Text.assemble(("✓   ", "green"), (name, "dim"), (f"  {kind}", "dim"))
        head.append(f"  resolved {ended}", "dim")
    measure = _measure(alert)
    room = width - width_of(head.plain) - width_of(measure)
    if room >= 2:
        head.append(" " * room + measure, "bold" if alert.state is AlertState.FIRING else "dim")
    elif room < -width_of(measure):
        return Text(fit(head.plain, width), "bold")
    return head


def _measure(alert: Alert) -> str:
    seen, expected = figures.amount(alert.seen), figures.amount(alert.expected)
    return f"{seen} {one_line(alert.unit)}, expected {expected}"
