"""The wall as one SVG picture, drawn here: no chart library runs for weeks on the screen. Pure.

```
 group            clock        A picture is 1080 units high (landscape), so type sizes hold on
 brand ~~~~ 120 +3   alerts    720p and 4K alike: figures of 30 units and more can be read from
 brand ~~~~  80 -1   alerts    five metres on a screen of a metre's height.
 feeds, gaps, age of the data
```
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from center.api.answers import Feed, Gap, Incident, Wall, WallBrand
from center.pages.texts import Language, texts
from schemas.alert import AlertState
from views.figures import HAN, LATIN, Units, amount, count, duration, signed
from views.plain_text import cut, one_line, width_of

_EDGE = 48
_HEADER = 132
_FOOTER = 84
_ROW = 100
_CARD_GAP = 16
_CELL = 0.54
"""Width of a terminal cell in ems: half a Han character, and about a Latin one."""
STALE_AFTER_S = 180.0
_SHORT_WORD = 4


class Screen(NamedTuple):
    """What the picture is drawn for."""

    width: float
    height: float
    words: Mapping[str, str]
    zone: ZoneInfo
    now_ms: int
    units: Units
    """Of large counts."""


def screen_of(
    pixels_wide: int, pixels_high: int, language: Language, zone: ZoneInfo, now_ms: int
) -> Screen:
    """The picture's own units, from a screen's pixels: only their proportion counts."""
    aspect = min(max(pixels_wide / max(pixels_high, 1), 0.4), 3.0)
    words, units = texts(language), HAN if language == "zh" else LATIN
    if aspect >= 1.2:
        return Screen(1080 * aspect, 1080, words, zone, now_ms, units)
    return Screen(1000, 1000 / aspect, words, zone, now_ms, units)


def rows_on(screen: Screen) -> int:
    """How many brands have room."""
    return max(1, int(_rows_room(screen) // _ROW))


def draw_wall(wall: Wall, screen: Screen) -> Markup:
    """The whole picture."""
    parts = [*_header(wall, screen), *_brands(wall, screen), *_incidents(wall, screen)]
    parts += _footer(wall, screen)
    size = f"0 0 {screen.width:.0f} {screen.height:.0f}"
    label = escape(screen.words["wall.label"])
    # The text of each part is escaped where it is written.
    return Markup(  # noqa: S704
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img" aria-label="{label}">'
        '<defs><pattern id="hatch" width="10" height="10" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="10" class="w-hatch"/>'
        "</pattern></defs>" + "".join(parts) + "</svg>"
    )


def _is_wide(screen: Screen) -> bool:
    return screen.width > screen.height


def _rows_bottom(screen: Screen) -> float:
    return screen.height - _FOOTER if _is_wide(screen) else screen.height * 0.62


def _rows_room(screen: Screen) -> float:
    return _rows_bottom(screen) - _HEADER - 52


def _rows_right(screen: Screen) -> float:
    return screen.width * 0.655 if _is_wide(screen) else screen.width - _EDGE


def _header(wall: Wall, screen: Screen) -> Iterator[str]:
    words = screen.words
    title = words.get(f"trade.{wall.group}", wall.group) if wall.group else words["wall.all"]
    yield _text(_EDGE, 84, 54, "w-ink w-bold", cut(one_line(title), 26))
    now = datetime.fromtimestamp(screen.now_ms / 1000, screen.zone)
    right = screen.width - _EDGE
    yield _text(right, 84, 60, "w-ink w-num w-mid w-end", f"{now:%H:%M}")
    weekday = words[f"weekday.{now.weekday()}"]
    day = words["wall.date"].format(month=now.month, day=now.day, weekday=weekday)
    yield _text(right - 214, 84, 30, "w-ink2 w-end", day)


def _brands(wall: Wall, screen: Screen) -> Iterator[str]:
    right, words = _rows_right(screen), screen.words
    columns = _Columns.of(right)
    room = columns.posts - _width(words["wall.now"], 24) - 16 - columns.spark
    hour = words["wall.hour" if _width(words["wall.hour"], 24) <= room else "wall.hour_short"]
    heads = (
        (columns.spark, "", hour),
        (columns.posts, " w-end", words["wall.now"]),
        (columns.usual, " w-end", words["wall.usual"]),
        (columns.mood, " w-end", words["wall.mood"]),
    )
    for x, end, head in heads:
        yield _text(x, _HEADER + 20, 24, "w-ink3" + end, head)
    y: float = _HEADER + 44
    room = _rows_room(screen) / rows_on(screen)
    for brand in wall.brands[: rows_on(screen)]:
        yield f'<line x1="{_EDGE}" y1="{y:.1f}" x2="{right:.0f}" y2="{y:.1f}" class="w-line"/>'
        yield from _row(brand, columns, y, room, screen.units)
        y += room
    if not wall.brands:
        yield _text(_EDGE, y + 60, 34, "w-ink3", words["wall.no_brands"])


class _Columns(NamedTuple):
    """Where the columns of the list stand."""

    name: float
    spark: float
    spark_end: float
    posts: float
    usual: float
    mood: float

    @classmethod
    def of(cls, right: float) -> "_Columns":
        mood, usual = right, right - 150
        posts = usual - 140
        spark_end = posts - 200
        spark = max(spark_end - 400, _EDGE + 330)
        return cls(_EDGE + 76, spark, spark_end, posts, usual, mood)


def _row(brand: WallBrand, columns: _Columns, y: float, room: float, units: Units) -> Iterator[str]:
    middle = y + room / 2
    yield from _badge(_EDGE, middle - 24, brand.severity)
    cells = int((columns.spark - columns.name - 20) / (42 * _CELL))
    yield _text(columns.name, middle + 15, 42, "w-ink w-mid", cut(one_line(brand.name), cells))
    yield from _spark(brand, columns.spark, columns.spark_end, y + 16, y + room - 16)
    yield _text(
        columns.posts, middle + 19, 54, "w-ink w-num w-bold w-end", count(brand.posts_1h, units)
    )
    usual = "–" if brand.expected_1h is None else amount(brand.expected_1h, units)
    yield _text(columns.usual, middle + 17, 36, "w-ink3 w-num w-end", usual)
    net = brand.net_sentiment_1h
    mood = "w-ink3" if not net or round(net) == 0 else "w-positive" if net > 0 else "w-negative"
    sign = "–" if net is None else signed(net).replace("-", "−")
    yield _text(columns.mood, middle + 17, 42, f"{mood} w-num w-bold w-end", sign)


def _badge(x: float, y: float, severity: int) -> Iterator[str]:
    """Weight stands for severity: no colour has to be told from another."""
    if not severity:
        return
    box, ink = ("w-ink", "w-paper") if severity >= 5 else ("w-card", "w-ink")
    yield f'<rect x="{x:.0f}" y="{y:.0f}" width="58" height="48" rx="9" class="{box}"/>'
    yield _text(x + 29, y + 36, 34, f"{ink} w-num w-bold w-middle", str(severity))


def _spark(brand: WallBrand, left: float, right: float, top: float, bottom: float) -> Iterator[str]:
    minutes = brand.minutes
    if len(minutes) < 2:
        return
    level = brand.level_a_minute or 0.0
    highest = max(5.0, level * 1.2, *minutes)
    step = (right - left) / (len(minutes) - 1)

    def height(value: float) -> float:
        return bottom - (bottom - top) * value / highest

    points = [
        f"{left + step * index:.1f},{height(value):.1f}" for index, value in enumerate(minutes)
    ]
    outline = " ".join(points)
    area = f"{left:.1f},{bottom:.1f} {outline} {right:.1f},{bottom:.1f}"
    yield f'<polygon points="{area}" class="w-band"/>'
    if level:
        y = height(level)
        yield (
            f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" class="w-expected"/>'
        )
    yield f'<polyline points="{outline}" class="w-spark"/>'


def _incidents(wall: Wall, screen: Screen) -> Iterator[str]:
    wide = _is_wide(screen)
    left = _rows_right(screen) + 64 if wide else _EDGE
    right = screen.width - _EDGE
    top = _HEADER if wide else _rows_bottom(screen) + 20
    bottom = screen.height - _FOOTER - 8
    going = [one for one in wall.incidents if one.state is AlertState.FIRING]
    going.sort(key=lambda one: (-one.severity, -one.started_at_ms))
    over = [one for one in wall.incidents if one.state is not AlertState.FIRING]
    title = screen.words["wall.incidents"].format(count=len(going))
    yield _text(left, top + 20, 24, "w-ink3", title)
    y = top + 44
    for incident in [*going, *over]:
        told = _told(incident, screen.words, screen.units)
        lines = _wrapped(told, int((right - left - 48) / (28 * _CELL)), 2)
        height = 178 + 38 * len(lines)
        if y + height > bottom:
            break
        yield from _card(incident, lines, screen, (left, y, right - left, height))
        y += height + _CARD_GAP
    if not wall.incidents:
        yield _text(left, y + 50, 34, "w-ink3", screen.words["wall.calm"])


def _card(
    incident: Incident,
    lines: Sequence[str],
    screen: Screen,
    box: tuple[float, float, float, float],
) -> Iterator[str]:
    x, y, width, height = box
    words, head = screen.words, incident.head
    yield (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="12" '
        'class="w-card"/>'
    )
    yield from _badge(x + 24, y + 22, incident.severity)
    kind = words.get(f"kind.{head.kind}", head.kind)
    age = _span(screen.now_ms - incident.started_at_ms, words)
    room = int((width - 48 - 76) / (36 * _CELL))
    name = cut(one_line(head.brand_name or words["everything"]), room)
    yield _text(x + 98, y + 58, 36, "w-ink w-bold", name)
    yield _text(x + 24, y + 102, 28, "w-ink2", cut(f"{kind} · {age}", int(width / (28 * _CELL))))
    for number, line in enumerate(lines):
        yield _text(x + 24, y + 142 + 38 * number, 28, "w-ink", line)
    who = incident.assignee or incident.acknowledged_by
    state, style = words["wall.open"], "w-accent w-mid"
    if incident.state is not AlertState.FIRING:
        state, style = words["state.resolved"], "w-ink3"
    elif who:
        state, style = words["wall.taken"].format(who=one_line(who)), "w-ink3"
    yield _text(x + 24, y + height - 24, 26, style, cut(state, int((width - 48) / (26 * _CELL))))


def _told(incident: Incident, words: Mapping[str, str], units: Units) -> str:
    """What happened, in figures: the reason itself is a sentence for the page of the alert."""
    head = incident.head
    unit = words.get(f"unit.{head.unit}", one_line(head.unit))
    figures = {
        "seen": amount(head.seen, units),
        "expected": amount(head.expected, units),
        "unit": unit,
    }
    text = words["wall.seen"].format(**figures)
    terms = " ".join(one_line(term.term) for term in head.terms[:3])
    return f"{text} · {terms}" if terms else text


def _footer(wall: Wall, screen: Screen) -> Iterator[str]:
    y = screen.height - _FOOTER
    end = screen.width - _EDGE
    yield f'<line x1="{_EDGE}" y1="{y:.0f}" x2="{end:.0f}" y2="{y:.0f}" class="w-line2"/>'
    x = float(_EDGE)
    for feed in wall.feeds:
        label, style = _feed(feed, screen)
        if x + _width(label, 26) > screen.width * 0.6:
            break
        yield f'<circle cx="{x + 8:.0f}" cy="{y + 43:.0f}" r="8" class="{style}"/>'
        yield _text(x + 28, y + 52, 26, "w-ink2", label)
        x += 28 + _width(label, 26) + 36
    if gap := _newest_gap(wall.gaps, screen):
        yield (
            f'<rect x="{x:.0f}" y="{y + 29:.0f}" width="28" height="28" fill="url(#hatch)" '
            'class="w-line2"/>'
        )
        yield _text(x + 40, y + 52, 26, "w-ink2", gap)
    age = wall.data_age_s
    right = screen.width - _EDGE
    if wall.filling_percent is not None:
        filling = screen.words["filling"].format(percent=wall.filling_percent)
        yield _text(right, y + 52, 26, "w-ink w-num w-end", filling)
    elif age is None or age > STALE_AFTER_S:
        old = (
            screen.words["wall.no_data"]
            if age is None
            else _old(age, wall.held_by_partition, screen.words)
        )
        width = _width(old, 36) + 48
        yield (
            f'<rect x="{right - width:.0f}" y="{y + 14:.0f}" width="{width:.0f}" height="58" '
            'rx="10" class="w-stale-weak"/>'
        )
        yield _text(right - 20, y + 54, 32, "w-stale w-bold w-num w-end", old)
    else:
        yield _text(right, y + 52, 26, "w-ink3 w-num w-end", _old(age, None, screen.words))


def _old(age_s: float, partition: int | None, words: Mapping[str, str]) -> str:
    age = _span(age_s * 1000, words)
    if partition is None:
        return words["data_old"].format(age=age)
    return words["data_old.partition"].format(age=age, partition=partition)


def _span(ms: float, words: Mapping[str, str]) -> str:
    """A length of time in one unit, in the language of the words."""
    number, _, unit = duration(ms).partition(" ")
    return words[f"unit.{unit}"].format(n=number)


def _feed(feed: Feed, screen: Screen) -> tuple[str, str]:
    words = screen.words
    is_live = feed.state == "live" and feed.age_s < STALE_AFTER_S
    state = words.get(f"feed.{feed.state}", feed.state)
    rate = words["wall.rate"].format(rate=count(feed.posts_per_s, screen.units))
    name = cut(one_line(feed.feed), 20)
    return (f"{name} {rate}", "w-accent") if is_live else (f"{name} {state}", "w-stale")


def _newest_gap(gaps: Sequence[Gap], screen: Screen) -> str:
    if not gaps:
        return ""
    newest = max(gaps, key=lambda gap: gap.to_ms)
    since, until = (
        datetime.fromtimestamp(at_ms / 1000, screen.zone)
        for at_ms in (newest.from_ms, newest.to_ms)
    )
    return screen.words["wall.gap"].format(since=f"{since:%H:%M}", until=f"{until:%H:%M}")


def _width(text: str, size: float) -> float:
    return width_of(text) * size * _CELL


def _wrapped(text: str, cells: int, most: int) -> list[str]:
    """At most so many lines of so many cells; Latin words and short Han ones stay whole.

    >>> _wrapped("a phone of 小米手机 explodes", 9, 3)
    ['a phone', 'of', '小米手机…']
    """
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < most:
        if width_of(rest) <= cells:
            return [*lines, rest]
        if len(lines) == most - 1:
            return [*lines, cut(rest, cells)]
        fits = len(cut(rest, cells + 1)) - 1
        space = rest.rfind(" ", 0, fits + 1)
        is_near = space > 0 and (rest[fits - 1 : fits + 1].isascii() or fits - space <= _SHORT_WORD)
        at = space if is_near else max(fits, 1)
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return lines


def _text(x: float, y: float, size: int, classes: str, content: str) -> str:
    shown = escape(content)
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" class="{classes}">{shown}</text>'
