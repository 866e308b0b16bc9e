"""Notes of what was read give back exactly that, however they were cut."""

import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.batches import Row
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.topics import POSTS_SEEN
from streams.seen_posts import Note, SeenPosts, note_row, read_back
from tests.kafka_io.broker_log import append

END = 60
NOW_MS = int(time.time() * 1000)  # an older record would be gone by retention
CUTS = st.lists(st.integers(0, END), max_size=8).map(lambda cuts: sorted({0, *cuts, END}))


def notes_of(cuts: list[int], posts: dict[int, int]) -> list[Note]:
    """Notes of one owner that read everything, in steps that end at the cuts."""
    return [
        Note(
            start, end, [(offset, posts[offset]) for offset in range(start, end) if offset in posts]
        )
        for start, end in pairwise(cuts)
    ]


@given(
    st.dictionaries(st.integers(0, END - 1), st.integers(0, (1 << 64) - 1)),
    CUTS, CUTS, st.integers(0, END), st.integers(0, END), st.integers(1, 5), st.randoms(),
)  # fmt: skip
def test_notes_of_two_owners_in_any_mixture_tell_what_was_read(
    posts: dict[int, int],
    cuts: list[int],
    other_cuts: list[int],
    bound: int,
    other_bound: int,
    look: int,
    random: Random,
) -> None:
    """One of them was a stopped owner that woke up: its notes repeat what others hold."""
    first, start = sorted((bound, other_bound))
    log = notes_of(cuts, posts) + notes_of(other_cuts, posts)
    random.shuffle(log)
    seen = SeenPosts(first, start)
    while log and not seen.is_complete:
        seen.add_older(log[-look:])
        del log[-look:]

    assert seen.is_complete
    assert seen.posts() == [(at, posts[at]) for at in sorted(posts) if first <= at < start]


async def test_what_is_no_note_is_a_gap_and_told_with_its_place(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = Row(POSTS_SEEN.name, 1, None, b"\x07")
    newest = note_row(POSTS_SEEN.name, 1, Note(30, 40, [(33, 8)]), NOW_MS)
    await append(settings, note_row(POSTS_SEEN.name, 1, Note(0, 20, []), NOW_MS), foreign, newest)
    async with PartitionReader(settings) as reader:
        seen = await read_back(reader, POSTS_SEEN.name, {1: (10, 40)})

    assert (seen[1].lowest, seen[1].posts()) == (30, [(33, 8)])
    assert "posts-seen/1: the record at offset 1 is no note of this build" in caplog.text


@given(CUTS, st.integers(0, 9), st.integers(0, END))
def test_a_gap_ends_what_is_known(cuts: list[int], gone: int, start: int) -> None:
    notes = notes_of(cuts, {offset: offset for offset in range(END)})
    lost = notes.pop(gone % len(notes))
    seen = SeenPosts(0, start)
    seen.add_older(notes)

    assert seen.lowest == (min(start, lost.next_offset) if lost.start < start else 0)
    assert seen.posts() == [(at, at) for at in range(seen.lowest, start)]


def test_the_newest_note_is_the_true_one() -> None:
    """The topic outlived `posts.raw`, which was made anew: the same offsets, other posts."""
    seen = SeenPosts(0, 4)
    seen.add_older([Note(0, 9, [(at, 100 + at) for at in range(9)]), Note(0, 4, [(2, 7)])])

    assert (2, 7) in seen.posts()


async def test_notes_are_read_back_as_far_as_needed(settings: Settings) -> None:
    """Over several looks back, of several partitions at once."""
    rows = [
        note_row(POSTS_SEEN.name, partition, Note(at, at + 1, [(at, at * 10)]), NOW_MS)
        for at in range(200)
        for partition in (0, 1)
    ]
    await append(settings, *rows)

    async with PartitionReader(settings) as reader:
        seen = await read_back(reader, POSTS_SEEN.name, {0: (10, 150), 1: (190, 200), 2: (0, 5)})

    assert seen[0].posts() == [(at, at * 10) for at in range(10, 150)]
    assert seen[1].posts() == [(at, at * 10) for at in range(190, 200)]
    assert (seen[2].lowest, seen[2].posts()) == (5, [])
