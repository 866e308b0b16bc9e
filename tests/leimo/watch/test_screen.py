"""The screen fits the terminal, whatever stands in the posts."""

import io
from datetime import UTC
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from leimo.watch.picture import svg
from leimo.watch.screen import Screen
from schemas.alert import AlertState
from tests.views.records import MINUTE_MS, NOON_MS, alert, tick, window
from views.scoreboard import Scoreboard
from views.status import Status
from views.view import Order

SIZES = [(80, 24), (120, 40), (160, 50), (200, 24), (60, 16), (40, 10), (20, 5), (7, 3), (1, 1)]
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07[bold red]\u202e小米手机\r\n\u2028"
    + "👨‍👩‍👧‍👦👍🏽" * 30
    + "e"
    + "\u0301" * 40
)


def screen_of(text: str, *, brands: int = 40, alerts: int = 12) -> Screen:
    board = Scoreboard({f"brand-{number}": f"{text}{number}" for number in range(brands)})
    for number in range(brands):
        for minute in range(0, 30, 1 + number % 3):
            posts = 1 + number * minute
            board.window(window(f"brand-{number}", minute, posts, negative=posts // 2))
    for number in range(alerts):
        resolved = number % 4 == 3
        board.alert(
            alert(
                number,
                brand=f"brand-{number}",
                severity=10,
                state=AlertState.RESOLVED if resolved else AlertState.FIRING,
                ended_after_ms=29 * MINUTE_MS if resolved else None,
                after_ms=number * MINUTE_MS,
                reason=text,
                text=text,
                term=text,
            )
        )
    board.tick(tick(30 * MINUTE_MS))
    status = Status(
        broker="kafka-1.example:9092",
        now_ms=NOON_MS + 30 * MINUTE_MS + 900,
        feed_per_s=123456.7,
        feed_course=tuple(float(number) for number in range(60)),
        mentions_per_s=31.5,
        problems=(text,),
        extra=("Press q to end the demo.", text),
        has_keys=True,
    )
    return Screen(board.view(), status, zone=UTC)


def written(screen: Screen, width: int, height: int, *, no_color: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        width=width,
        height=height,
        file=file,
        force_terminal=True,
        no_color=no_color,
        color_system="truecolor",
    )
    console.print(screen._replace(height=height), end="")
    return file.getvalue()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("text", ["小米手机", HOSTILE, "x" * 500, ""])
def test_every_line_fits_and_the_height_is_the_terminals(
    width: int, height: int, text: str
) -> None:
    lines = screen_of(text).lines(width, height)
    assert len(lines) == height
    assert all("\n" not in line.plain and cell_len(line.plain) <= width for line in lines)
    assert len(written(screen_of(text), width, height).rstrip("\n").split("\n")) == height


@given(st.text(max_size=200), st.integers(1, 180), st.integers(1, 60))
def test_no_text_and_no_size_breaks_the_frame(text: str, width: int, height: int) -> None:
    lines = screen_of(text, brands=3, alerts=3).lines(width, height)
    assert len(lines) == height
    assert all(cell_len(line.plain) <= width for line in lines)


def test_hostile_text_sends_nothing_but_colours() -> None:
    shown = written(screen_of(HOSTILE), 120, 40)
    # What remains after rich's own colour sequences is without any control character.
    for sequence in shown.split("\x1b")[1:]:
        assert sequence.startswith("[")
        assert sequence[1:].split("m")[0].replace(";", "").isdigit()
    assert "\u202e" not in shown
    assert "owned" not in shown
    assert "[bold red]小米手机" in shown


def test_without_colour_the_signs_still_tell() -> None:
    shown = written(screen_of("小米"), 120, 40, no_color=True)
    colours = [part.split("m")[0] for part in shown.split("\x1b[")[1:]]
    assert set(colours) <= {"0", "1", "2", "3", "1;2", "1;3", "2;3"}
    assert "▲10" in shown
    assert "-100" in shown


def test_the_head_names_rates_time_and_problems() -> None:
    head = "\n".join(line.plain for line in screen_of("No worker has ticked").lines(120, 40)[:4])
    for figure in ("123 k posts/s", "32 mentions/s", "1 s behind", "No worker has ticked"):
        assert figure in head
    assert "Press q to end the demo." in head


def test_a_replay_is_not_late() -> None:
    board = Scoreboard({})
    board.tick(tick(0))
    for after_ms, is_told in ((60 * MINUTE_MS, True), (48 * 60 * MINUTE_MS, False)):
        screen = Screen(board.view(), Status("b:1", NOON_MS + after_ms), zone=UTC)
        assert ("behind" in screen.lines(120, 40)[0].plain) is is_told


def test_an_alert_says_since_when_why_and_what_people_write() -> None:
    board = Scoreboard({"xiaomi": "小米"})
    board.alert(alert(severity=8))
    board.tick(tick(MINUTE_MS))
    screen = Screen(board.view(), Status("b:1", NOON_MS + MINUTE_MS), zone=UTC)
    shown = "\n".join(line.plain for line in screen.lines(80, 24))
    since = f"since {(NOON_MS // 3_600_000) % 24:02}:{(NOON_MS // MINUTE_MS) % 60:02}"
    for part in ("▲8", "小米", "spike", since, "412 posts, expected 38"):
        assert part in shown
    assert "小米: 412 posts, 38 expected." in shown
    assert "电池 41" in shown
    assert "“小米手机电池鼓包了”" in shown


def test_the_newest_alerts_get_the_room_and_the_rest_is_counted() -> None:
    shown = [line.plain for line in screen_of("原因", alerts=40).lines(80, 24)]
    assert sum("since" in line or "resolved" in line for line in shown) == 6
    assert any("34 more" in line for line in shown)


def test_an_empty_board_says_what_it_waits_for() -> None:
    screen = Screen(Scoreboard({}).view(), Status("127.0.0.1:9092", NOON_MS), Order.NAME)
    shown = "\n".join(line.plain for line in screen.lines(80, 24))
    assert "Waiting for the first post." in shown
    assert "None firing." in shown
    assert "Ctrl-C quits" in shown


@pytest.mark.parametrize("text", ["小米 & <b>", HOSTILE])
def test_the_picture_is_well_formed_and_loads_nothing(text: str) -> None:
    picture = svg(screen_of(text)._replace(height=40), 120, 40)
    tree = ET.fromstring(picture)
    words = [element.text or "" for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "leimo" in words
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
