"""What is to be run, with which posts, and the table of it."""

import pytest

from bench.live import Template, templates
from bench.report import markdown, medians
from bench.runs import Result
from bench.throughput import NAMES, USUAL, Entry, entries

RESULT = Result(
    "leimo, 2 workers", "50,000 names", 800_000, 20_000.0, 50.5, 400.0, 9, 9, 30.0, "all of it"
)


def test_systems_are_named_with_their_workers() -> None:
    assert entries("quix, leimo:2") == [Entry("quix"), Entry("leimo", 2)]
    assert entries("leimo:2")[0].name == "leimo, 2 workers"
    assert {entry.system for entry in entries(USUAL)} < NAMES.keys()


@pytest.mark.parametrize("words", ["spark", "leimo:two", "leimo,", ""])
def test_an_unknown_system_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        entries(words)


def test_the_table_tells_how_long_was_measured_and_what_a_system_does() -> None:
    other = RESULT._replace(name="Flink", dictionary="9 names", peak_mib=0.0, does="less")

    rows = markdown([RESULT, other]).splitlines()

    assert rows[2] == (
        "| **leimo, 2 workers** | 20,000 (30 s) | 50.5 | 400 |  |  |  | 800,000 | all of it |"
    )
    assert rows[3] == "| Flink |  |  |  | 20,000 (30 s) | 50.5 |  | 800,000 | less |"


def test_of_several_runs_the_table_has_the_median() -> None:
    speeds = (10.0, 40.0, 20.0)

    (one,) = medians([RESULT._replace(posts_per_s=speed) for speed in speeds])

    assert one.posts_per_s == 20.0


def test_posts_are_cut_where_their_id_and_time_stand() -> None:
    posts = [
        b'{"created_at":"Sun","idstr":"7","retweeted_status":{"created_at":"Sat","idstr":"6"}}',
        b'{"idstr":"7","created_at":"Sun"}',
        b'{"idstr":"7"}',
    ]

    assert templates(posts) == [
        Template(
            (
                b'{"created_at":"',
                b'","idstr":"',
                b'","retweeted_status":{"created_at":"Sat","idstr":"6"}}',
            ),
            False,
        ),
        Template((b'{"idstr":"', b'","created_at":"', b'"}'), True),
    ]
