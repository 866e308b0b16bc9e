"""What is written at commits stands for the state, wherever a crash cuts it off."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.board import Board
from measures.brand_state import BrandState
from measures.kept_state import FORMAT, LOOSE_MINUTES, Entry, KeptStateError, past_key
from schemas.mention import AnyMention, Tick
from tests.measures.stream import MINUTE, START, board, changelog, mention, run, tick, write

RETENTION_MIN = 30
OPTIONS: dict[str, Any] = {"grace_ms": 0, "retention_ms": RETENTION_MIN * MINUTE}
SMALL: dict[str, Any] = {"grace_ms": 0, "retention_ms": 600 * MINUTE}


def commit(subject: Board) -> list[Entry]:
    """The entries of a commit, as the stage makes them."""
    changed = sorted(subject.drain().changed)
    return [entry for brand in changed for entry in subject.entries(brand)]


def restored(held: dict[bytes, bytes], clock: bytes) -> Board:
    fresh = board(**OPTIONS)
    fresh.restore_partition_state(clock)
    fresh.restore(held.items())
    return fresh


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (
            b"xiaomi",
            msgspec.msgpack.encode(7),
            r"b'xiaomi' has the format b'\\x07', .* reads b'\\x02'",
        ),
        (b"xiaomi", b"", r"b'xiaomi' has the format b''"),
        (
            b"xiaomi",
            FORMAT + msgspec.msgpack.encode(7),
            r"b'xiaomi' is no state of a brand: Expect",
        ),
        (past_key(b"xiaomi", 3), FORMAT + b"\xc1", r"b'xiaomi\\x003' is no state"),
        (b"xiaomi\x00x", FORMAT, r"the key b'xiaomi\\x00x' ends with no number"),
        (b"\xff", FORMAT, r"the key b'\\xff' is no brand's"),
    ],
)
def test_an_entry_of_another_build_is_refused_by_name(key: bytes, value: bytes, told: str) -> None:
    with pytest.raises(KeptStateError, match=told):
        board(**OPTIONS).restore([(key, value)])


def test_a_partition_of_another_build_is_refused() -> None:
    with pytest.raises(KeptStateError, match="b'whole' has the format"):
        board(**OPTIONS).restore_partition_state(msgspec.msgpack.encode([1]))


def told(subject: Board) -> dict[str, tuple[object, ...]]:
    """All that a state is, but for minutes that are too old to change anything."""
    limit_ms = (subject.watermark_ms or 0) - RETENTION_MIN * MINUTE
    return {brand: _told(state, limit_ms) for brand, state in subject.states.items()}


def _told(state: BrandState, limit_ms: int) -> tuple[object, ...]:
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(state.buckets), type=dict)
    ring = {at: bucket for at, bucket in packed.items() if at + MINUTE > limit_ms}
    rest = msgspec.structs.replace(state, buckets={}, ring_posts=0, past_entries=0)
    return ring_of_sets(ring), msgspec.msgpack.decode(msgspec.msgpack.encode(rest))


def ring_of_sets(ring: dict[int, list[object]]) -> dict[int, list[object]]:
    """Hashes of a sketch have no order where it is still open."""
    return {
        at: [_flat(field) if isinstance(field, list) else field for field in bucket]
        for at, bucket in ring.items()
    }


def _flat(sketch: list[object]) -> list[str]:
    hashes, *rest = sketch
    return sorted(map(str, [*(hashes if isinstance(hashes, list) else [hashes]), *rest]))


# Minutes that go on, with posts that come late, also far behind; a commit after some of them.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),  # minutes on
        st.lists(st.integers(0, 40), max_size=3),  # how old the posts are, in minutes
        st.sampled_from("xy"),
        st.booleans(),  # commit
        st.floats(0, 1),  # the share of the commit that is durable before the crash
    ),
    min_size=1,
    max_size=80,
)


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_a_crash_anywhere_leaves_the_state_before_or_after_the_commit(
    steps: list[tuple[int, list[int], str, bool, float]],
) -> None:
    """The entries of one brand are in one order; a broker without transactions may cut them off."""
    subject = board(**OPTIONS)
    held: dict[bytes, bytes] = {}
    before = told(subject)
    now, offset = 0, 0
    for on, ages, brand, commits, share in steps:
        now += on
        items: list[AnyMention | Tick] = []
        for age in ages:
            offset += 1
            items.append(mention(max(0, now - age), offset, brand))
        for item in [*items, tick(now)]:
            subject.tick(item) if isinstance(item, Tick) else subject.apply(item)
        if not commits:
            continue
        entries = commit(subject)
        after = told(subject)
        for name in "xy":
            of_brand = [entry for entry in entries if entry[0].split(b"\0")[0] == name.encode()]
            torn = dict(held)
            write(torn, of_brand[: int(share * len(of_brand))])
            found = told(restored(torn, subject.partition_state_bytes())).get(name)
            assert found in (_at(before, name, subject), after.get(name))
        write(held, entries)
        assert told(restored(held, subject.partition_state_bytes())) == after
        before = after


def _at(
    before: dict[str, tuple[object, ...]], name: str, subject: Board
) -> tuple[object, ...] | None:
    """The state before, without the minutes that the clock has made too old since."""
    if name not in before:
        return None
    limit_ms = (subject.watermark_ms or 0) - RETENTION_MIN * MINUTE
    ring, rest = before[name]
    assert isinstance(ring, dict)
    return {at: bucket for at, bucket in ring.items() if at + MINUTE > limit_ms}, rest


def test_a_busy_brand_writes_little_at_each_commit() -> None:
    subject = board(**SMALL)
    sizes: list[int] = []
    held: dict[bytes, bytes] = {}
    for minute in range(300):
        posts = [mention(minute, 200 * minute + number) for number in range(150)]
        run_and_keep(subject, [*posts, tick(minute)])
        entries = commit(subject)
        write(held, entries)
        sizes.append(sum(len(value or b"") for _, value in entries))

    assert max(sizes[-60:]) < 2 * max(sizes[2 * LOOSE_MINUTES : 60]), "it does not grow"
    assert sum(map(len, held.values())) > 10 * sizes[-1], "the past is kept"
    assert len(restored_like(subject, held).states["x"].buckets) == 300


def test_a_quiet_brand_has_one_entry() -> None:
    subject = board(**SMALL)
    for minute in range(LOOSE_MINUTES):
        run_and_keep(subject, [mention(30 * minute, minute), tick(30 * minute)])
        assert [key for key, _ in commit(subject)] == [b"x"]


def test_entries_of_the_past_are_removed_with_their_last_minute() -> None:
    subject = board(**OPTIONS)
    held: dict[bytes, bytes] = {}
    for minute in range(40):
        run_and_keep(subject, [mention(minute, minute), tick(minute)])
        write(held, commit(subject))
    assert past_key(b"x", 2) in held
    run_and_keep(subject, [mention(200, 200), tick(200), mention(201, 201), tick(202)])
    write(held, commit(subject))

    assert list(held) == [b"x"]
    assert list(subject.states["x"].buckets) == [START + 200 * MINUTE, START + 201 * MINUTE]


def test_a_settled_minute_is_written_as_late_posts_leave_it() -> None:
    subject = board(**SMALL)
    held: dict[bytes, bytes] = {}
    for minute in range(20):
        run_and_keep(subject, [mention(minute, minute), tick(minute)])
        write(held, commit(subject))
    for late in (20, 21, 22):
        run_and_keep(subject, [mention(16, late), tick(20)])
        write(held, commit(subject))

        assert told(restored_like(subject, held)) == told(subject)


def test_a_board_that_wrote_nothing_yet_writes_everything() -> None:
    subject = board(**SMALL)
    run(subject, [mention(minute, minute) for minute in range(20)])

    assert dict(changelog(subject)).keys() == {b"x"}


def test_closed_minutes_rest_before_and_after_a_restart() -> None:
    subject = board(**SMALL)
    held: dict[bytes, bytes] = {}
    run(subject, [mention(minute, minute, reach=9) for minute in range(9)])
    run(subject, [tick(8)])
    write(held, subject.entries("x"))
    again = restored_like(subject, held)

    for state in (subject.states["x"], again.states["x"]):
        resting = [type(bucket.said) is msgspec.Raw for bucket in state.buckets.values()]
        assert resting == [True] * 8 + [False]
        assert resting == [type(bucket.loud) is msgspec.Raw for bucket in state.buckets.values()]
        assert resting == [type(bucket.sample) is msgspec.Raw for bucket in state.buckets.values()]


def run_and_keep(subject: Board, items: Iterable[AnyMention | Tick]) -> None:
    """As `run`, and what changed stays to be drained."""
    for item in items:
        subject.tick(item) if isinstance(item, Tick) else subject.apply(item)


def restored_like(subject: Board, held: dict[bytes, bytes]) -> Board:
    fresh = board(**SMALL)
    fresh.restore_partition_state(subject.partition_state_bytes())
    fresh.restore(held.items())
    return fresh
