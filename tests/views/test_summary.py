"""Without a screen: lines for people, JSON for programs."""

from datetime import UTC

import orjson

from schemas.alert import AlertState
from tests.views.records import MINUTE_MS, NOON_MS, alert, window
from views.scoreboard import Scoreboard
from views.status import Status
from views.summary import AlertLog, summary_json, summary_line

STATUS = Status("127.0.0.1:9092", NOON_MS, feed_per_s=1040.4, mentions_per_s=52.0)


def test_an_alert_is_told_once_when_it_fires_and_once_when_it_ends() -> None:
    board, log = Scoreboard({"xiaomi": "小米"}), AlertLog()
    told = []
    for record in (
        alert(),
        alert(revision=1),
        alert(revision=2, state=AlertState.RESOLVED, ended_after_ms=MINUTE_MS),
        alert(revision=2, state=AlertState.RESOLVED, ended_after_ms=MINUTE_MS),
    ):
        board.alert(record)
        told += [line.split()[0] for line in log.new_lines(board.view(), NOON_MS, UTC)]
    assert told == ["ALERT", "RESOLVED"]


def test_the_line_has_no_breaks_and_no_escapes_from_posts() -> None:
    board = Scoreboard({"xiaomi": "小\n米\x1b[31m"})
    board.window(window("xiaomi", 0, 5, negative=5))
    board.alert(alert(reason="a\nb\x1b[2J"))
    line = summary_line(board.view(), STATUS, UTC)
    assert line.endswith("1,040 posts/s  52 mentions/s  小 米 5 (-100) ▲5  1 alert")
    assert [told.split("spike: ")[1] for told in AlertLog().new_lines(board.view(), 0, UTC)] == [
        "a b"
    ]


def test_json_carries_figures_and_whole_alerts() -> None:
    board = Scoreboard({"xiaomi": "小米"})
    board.window(window("xiaomi", 0, 4, negative=1))
    board.alert(alert())
    found = orjson.loads(summary_json(board.view(), STATUS))
    assert found["posts_per_s"] == 1040.4
    (brand,) = found["brands"]
    assert brand.pop("posts_per_minute")[-2:] == [4, 0]
    assert brand == {
        "brand": "xiaomi",
        "name": "小米",
        "posts_5_min": 4,
        "positive": 0,
        "negative": 1,
        "net_sentiment": -100.0,
        "negative_share": 0.25,
        "severity": 5,
    }
    assert found["alerts"][0]["reason"] == "小米: 412 posts, 38 expected."
    assert found["alerts"][0]["name"] == "小米"
