from math import inf
from pathlib import Path

from kafka_io.dead_letter_replay import Reasons
from leimo.demo_refusals import MAX_DETAIL, report
from schemas.dead_letter import DropReason
from schemas.post import Source

FILES = (Path("posts of mine.ndjson"),)


def nine() -> Reasons:
    reasons = Reasons()
    for number in range(9):
        if number < 6:
            reasons.add(DropReason.BAD_TIME, f"created_at: 'soon {number}' is no time")
        else:
            reasons.add(DropReason.MISSING_FIELD, "id: missing; " + "x" * 500)
    return reasons


def test_it_says_how_many_why_and_where_to_look() -> None:
    lines = report(nine(), 20, FILES, Source.WEIBO, None)
    assert lines == [
        "9 of 20 records were refused, as no posts:",
        "  6 bad_time, such as: created_at: 'soon 0' is no time",
        f"  3 missing_field, such as: {('id: missing; ' + 'x' * 500)[:MAX_DETAIL]}…",
        "each line with what is wrong with it: leimo analyse --source weibo 'posts of mine.ndjson'",
    ]


def test_a_broker_that_stays_has_them() -> None:
    lines = report(nine(), inf, (), Source.WEIBO, "127.0.0.1:9092")
    assert lines[0] == "9 records were refused, as no posts:"
    assert lines[-1].endswith("leimo dead list --broker 127.0.0.1:9092")


def test_nothing_is_said_of_nothing() -> None:
    assert report(Reasons(), 20, FILES, Source.WEIBO, None) == []
