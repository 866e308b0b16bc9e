"""Draw a view of the scoreboard: every line fits the terminal, whatever stands in the posts."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from leimo.watch.alert_lines import alert_lines
from schemas.alert import AlertState
from views import figures
from views.plain_text import cut, fit, one_line, width_of
from views.scoreboard import TREND_MINUTES
from views.status import Status
from views.view import BrandRow, Order, View

SIDE_BY_SIDE = 132
"""From this width on, alerts stand beside the brands and not below."""
_FRAME = "bright_black"
_LATE_MS = 120_000
_REPLAY_MS = 86_400_000
"""Event time that is further back is a replay's: the date says it, and nothing is late."""
_FEW_SIDES = 5
"""Fewer posts than this that take sides make a net sentiment that is shown dim."""


class Layout(NamedTuple):
    """How many cells and rows each part gets."""

    width: int
    height: int
    head: int
    brands_width: int
    brands_height: int
    alerts_width: int
    alerts_height: int

    @property
    def is_side_by_side(self) -> bool:
        return self.brands_width < self.width

    @property
    def rows(self) -> int:
        """Brands that fit: without frame and column heads."""
        return max(0, self.brands_height - 3)


class Screen(NamedTuple):
    """A rich renderable of exactly the terminal's size, less one column of slack on the right."""

    view: View
    status: Status
    order: Order = Order.VOLUME
    first: int = 0
    zone: tzinfo | None = None
    height: int | None = None
    """Rows to fill; None: the terminal's."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = self.height or options.height or console.height
        for index, line in enumerate(self.lines(options.max_width, height)):
            if index:
                yield Segment.line()
            # `Text.render` leaves out the style of the whole where there are no spans.
            yield from Segment.apply_style(line.render(console), console.get_style(line.style))

    def lines(self, width: int, height: int) -> list[Text]:
        """Exactly `height` lines, none wider than `width` cells."""
        layout = layout_of(width, height, self.status)
        body = self._body(layout)
        lines = [*_head(self.view, self.status, self.zone, width), *body][: max(0, height - 1)]
        lines += [Text("")] * (height - 1 - len(lines))
        return [*lines, _foot(self.status, self.order, self.zone, width)][:height]

    def _body(self, layout: Layout) -> list[Text]:
        brands = _brands_box(self.view, self.first, layout)
        alerts = _alerts_box(self.view, self.status.now_ms, self.zone, layout)
        if not layout.is_side_by_side:
            return [*brands, *alerts]
        return [Text.assemble(left, right) for left, right in zip(brands, alerts, strict=True)]


def layout_of(width: int, height: int, status: Status) -> Layout:
    """Share out a terminal of `width` cells and `height` rows."""
    head = 1 + len(status.problems[:2]) + len(status.extra)
    left = max(0, height - head - 1)
    if width >= SIDE_BY_SIDE:
        brands = round(width * 0.58)
        return Layout(width, height, head, brands, left, width - brands, left)
    brands_height = max(min(left, 9), round(left * 0.56))
    return Layout(width, height, head, width, brands_height, width, left - brands_height)


def _head(view: View, status: Status, zone: tzinfo | None, width: int) -> list[Text]:
    lines = [_figures_line(view, status, zone, width)]
    lines += [Text(fit(f" ! {one_line(p)}", width), "bold yellow") for p in status.problems[:2]]
    lines += [Text(fit(f" {one_line(line)}", width), "dim") for line in status.extra]
    return lines


def _figures_line(view: View, status: Status, zone: tzinfo | None, width: int) -> Text:
    """The figures of the stream; those of less weight go first where there is no room."""
    parts: list[tuple[int, Text]] = [(9, Text(" leimo ", "bold black on cyan"))]
    if status.is_paused:
        parts.append((8, Text("paused", "bold yellow")))
    if status.feed_per_s is not None:
        rate = Text.assemble((figures.count(status.feed_per_s), "bold"), " posts/s")
        parts.append((7, rate))
        parts.append((2, Text(figures.sparkline(status.feed_course, 12), "cyan")))
    if status.mentions_per_s is not None:
        rate = Text.assemble((figures.count(status.mentions_per_s), "bold"), " mentions/s")
        parts.append((5, rate))
    if view.event_time_ms is not None:
        time = figures.clock(view.event_time_ms, status.now_ms, zone)
        parts.append((6, Text(f"event time {time}")))
        behind_ms = status.now_ms - view.event_time_ms
        if behind_ms < _REPLAY_MS:
            late = "yellow" if behind_ms > _LATE_MS else "dim"
            parts.append((4, Text(f"{figures.duration(behind_ms)} behind", late)))
    parts.append((1, Text(one_line(status.broker), "dim")))
    while len(parts) > 1 and sum(width_of(part.plain) + 2 for _, part in parts) > width:
        parts.remove(min(parts, key=lambda part: part[0]))
    line = Text("  ").join(part for _, part in parts)
    return line if width_of(line.plain) <= width else Text(cut(line.plain, width))


def _foot(status: Status, order: Order, zone: tzinfo | None, width: int) -> Text:
    keys = (
        f" q quit   s sort: {order.value}   ↑ ↓ scroll   space {_pause(status)}"
        if status.has_keys
        else " Ctrl-C quits"
    )
    now = figures.clock(status.now_ms, status.now_ms, zone)
    room = width - width_of(now) - 2
    if room < 20:
        return Text(cut(keys, width), "dim")
    return Text(f"{fit(keys, room)} {now} ", "dim")


def _pause(status: Status) -> str:
    return "go on" if status.is_paused else "pause"


def _brands_box(view: View, first: int, layout: Layout) -> list[Text]:
    columns = _columns(layout.brands_width - 4)
    rows = [columns.heads(), *map(columns.row, view.brands[: layout.rows])]
    if view.event_time_ms is None:
        rows.append(Text("Waiting for the first post.", "dim"))
    elif not view.brands:
        rows.append(Text("No brand was mentioned in the last 30 minutes.", "dim"))
    title = f"Brands {figures.count(view.brands_total)}"
    shown = len(view.brands[: layout.rows])
    note = f"{first + 1}–{first + shown}" if shown < view.brands_total and shown else ""
    return _box(title, note, rows, layout.brands_width, layout.brands_height)


def _alerts_box(view: View, now_ms: int, zone: tzinfo | None, layout: Layout) -> list[Text]:
    firing = sum(row.alert.state is AlertState.FIRING for row in view.alerts)
    room = max(0, layout.alerts_height - 2)
    rows = alert_lines(view.alerts, layout.alerts_width - 4, room, now_ms, zone)
    title = f"Alerts {firing}" if firing else "Alerts"
    hidden = len(view.alerts) - room
    note = f"{hidden} more" if hidden > 0 else ""
    return _box(
        title,
        note,
        rows,
        layout.alerts_width,
        layout.alerts_height,
        style="red" if firing else _FRAME,
    )


class _Columns(NamedTuple):
    """Widths of the table of brands; 0: left out."""

    name: int
    trend: int
    balance: int

    def heads(self) -> Text:
        balance = f"  {fit('sentiment', self.balance)}" if self.balance else ""
        trend = f"  {fit(f'last {self.trend} minutes', self.trend)}" if self.trend else ""
        line = (
            f"    {fit('brand', self.name)}  {'5 min':>6}{trend}   {'net':>4}  {'neg':>4}{balance}"
        )
        return Text(line, "dim")

    def row(self, row: BrandRow) -> Text:
        mark = f"▲{row.severity}" if row.severity else ""
        line = Text.assemble(
            (f"{mark:<3} ", "bold red"),
            (fit(row.name, self.name), "bold" if row.severity else ""),
            f"  {figures.count(row.posts):>6}",
        )
        if self.trend:
            bars = figures.sparkline(row.trend, self.trend)
            line.append("  ")
            colour = "red" if row.severity else "cyan"
            line.append(bars[:-1], colour)
            line.append(bars[-1:], f"{colour} dim")
        line.append(f"   {figures.signed(row.net_sentiment):>4}", _net_style(row))
        line.append(f"  {figures.share(row.negative_share):>4}", "" if row.negative else "dim")
        if self.balance:
            line.append("  ")
            line.append_text(_balance(row, self.balance))
        return line


def _columns(room: int) -> _Columns:
    """Share `room` cells: first the name, then the trend, then the balance bar."""
    fixed = 4 + 8 + 7 + 6
    for trend, balance in ((TREND_MINUTES, 12), (TREND_MINUTES, 0), (20, 0), (10, 0)):
        name = room - fixed - (trend + 2) - (balance + 2 if balance else 0)
        if name >= 12:
            return _Columns(min(name, 32), trend, balance)
    return _Columns(max(1, room - fixed), 0, 0)


def _net_style(row: BrandRow) -> str:
    net = row.net_sentiment
    if net is None:
        return "dim"
    if row.positive + row.negative < _FEW_SIDES:
        return "dim"
    if net <= -20:
        return "bold red"
    return "green" if net >= 20 else ""


def _balance(row: BrandRow, cells: int) -> Text:
    """Negative, neutral and positive posts as parts of one bar."""
    if not row.posts:
        return Text(" " * cells)
    negative = round(cells * row.negative / row.posts)
    positive = min(cells - negative, round(cells * row.positive / row.posts))
    return Text.assemble(
        ("━" * negative, "red"),
        ("─" * (cells - negative - positive), _FRAME),
        ("━" * positive, "green"),
    )


def _box(
    title: str, note: str, rows: Sequence[Text], width: int, height: int, *, style: str = _FRAME
) -> list[Text]:
    """`rows` in a frame of exactly `width` × `height`."""
    if height < 2 or width < 6:
        return [Text(" " * width) for _ in range(height)]
    title = cut(title, width - 6)
    note = cut(f" {note} " if note else "", width - width_of(title) - 6)
    rule = "─" * (width - 5 - width_of(title) - width_of(note))
    top = Text.assemble(
        ("╭─ ", style), (title, "bold"), (f" {rule}", style), (note, "dim"), ("╮", style)
    )
    inner = list(_inner(rows, width, height - 2, style))
    return [top, *inner, Text(f"╰{'─' * (width - 2)}╯", style)]


def _inner(rows: Sequence[Text], width: int, height: int, style: str) -> Iterator[Text]:
    for index in range(height):
        row = rows[index] if index < len(rows) else Text("")
        if width_of(row.plain) > width - 4:
            row = Text(cut(row.plain, width - 4), row.style)
        padding = " " * (width - 4 - width_of(row.plain))
        yield Text.assemble(("│ ", style), row, padding, (" │", style))
