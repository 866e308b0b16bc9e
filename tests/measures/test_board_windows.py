"""Windows: when they close, how they are revised, and that nothing else changes them."""

from hypothesis import given
from hypothesis import strategies as st

from measures.board import Board
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign, Tick
from tests.measures.stream import (
    MINUTE,
    START,
    all_idle,
    batch,
    board,
    changelog,
    latest,
    mention,
    run,
    tick,
)


def test_a_bucket_closes_when_the_watermark_has_passed_its_end_and_the_grace() -> None:
    """
    minute     0         1         2
    posts      a    b
    watermark                  ^1.49  stays open
    watermark                  ^1.5   closes: end 1.0 + grace 0.5
    """
    subject = board(grace_ms=30_000)
    assert run(subject, [mention(0, 1), mention(0.5, 2), tick(1.49)]).windows == []
    [window] = run(subject, [tick(1.5)]).windows
    assert (window.start_ms, window.posts, window.revision) == (START, 2, 0)


def test_nothing_closes_before_every_raw_partition_was_heard_of() -> None:
    subject = board()
    assert run(subject, [mention(0, 1), tick(99, partitions=2)]).windows == []
    second = Tick(sent_at_ms=0, partitions=2, watermarks={1: START + 98 * MINUTE})
    assert len(run(subject, [second]).windows) == 1


def test_the_slowest_raw_partition_that_is_not_idle_holds_windows_open() -> None:
    subject = board()
    slow = Tick(sent_at_ms=0, partitions=2, watermarks={0: START + 99 * MINUTE, 1: START})
    assert run(subject, [mention(0, 1), slow]).windows == []
    idle = Tick(sent_at_ms=0, partitions=2, watermarks={0: START + 99 * MINUTE}, idle=(1,))
    assert len(run(subject, [idle]).windows) == 1


def test_when_all_raw_partitions_are_idle_open_buckets_close_and_a_later_post_revises() -> None:
    subject = board()
    [closed] = run(subject, [mention(0, 1), tick(0), all_idle()]).windows
    assert closed.revision == 0
    [revised] = run(subject, [mention(0.2, 2), tick(0.1)]).windows
    assert (revised.revision, revised.posts) == (1, 2)


def test_several_late_posts_make_one_revision() -> None:
    subject = board()
    run(subject, [mention(0, 1), tick(10)])
    [revised] = run(subject, [mention(0.1, 2), mention(0.2, 3), tick(11)]).windows
    assert (revised.revision, revised.posts) == (1, 3)


def test_a_post_older_than_the_ring_is_counted_late_and_told_in_the_next_window() -> None:
    subject = board(retention_ms=600_000)
    output = run(subject, [tick(60), mention(0, 1), mention(60, 2), tick(70)])
    assert output.late == 1
    [window] = output.windows
    assert (window.posts, window.late) == (1, 1)


def test_a_live_feed_that_falls_silent_closes_by_the_clock() -> None:
    subject = board(allowance_ms=30_000)
    now_ms = START + 2 * MINUTE
    idle = Tick(sent_at_ms=now_ms, partitions=1, watermarks={0: START}, idle=(0,))
    run(subject, [mention(0, 1), idle])
    assert subject.watermark_ms == now_ms - 30_000


def test_the_watermark_never_goes_back() -> None:
    subject = board()
    run(subject, [tick(10), tick(5)])
    assert subject.watermark_ms == START + 10 * MINUTE


def test_a_redelivered_mention_is_skipped_and_counted() -> None:
    subject = board()
    output = run(subject, [mention(0, 1), mention(0, 2), mention(0, 1), mention(0, 2), tick(9)])
    assert output.duplicates == 2
    assert [window.posts for window in output.windows] == [2]


def test_buckets_far_ahead_of_the_watermark_are_kept() -> None:
    """One raw partition may run years ahead of another in a replay."""
    subject = board(retention_ms=600_000)
    year = 365 * 24 * 60
    run(subject, [mention(year, 1, partition=1), mention(0, 1), tick(5, partitions=1)])
    output = run(subject, [tick(year + 5)])
    assert [window.start_ms for window in output.windows] == [START + year * MINUTE]


MENTIONS = st.lists(
    st.builds(
        lambda minute, mood, channel, repost, reach, author, words, brand, signs: {
            "minute": minute,
            "polarity": mood if signs["place"] is Place.OWN else Polarity.NEUTRAL,
            "channel": channel,
            "is_repost": repost,
            "reach": reach,
            "author": author,
            "text_hash": words,
            "brand": brand,
            "sentiment_milli": {"positive": 700, "neutral": 0, "negative": -400}[mood],
            **signs,
        },
        st.floats(0, 9, allow_nan=False),
        st.sampled_from(Polarity),
        st.sampled_from(Channel),
        st.booleans(),
        st.integers(0, 10**9),
        st.sampled_from("abcdef"),
        st.integers(0, 5),
        st.sampled_from("xy"),
        st.fixed_dictionaries(
            {
                "place": st.sampled_from(Place),
                "is_address": st.booleans(),
                "is_edit": st.sampled_from([False, False, False, True]),
                "product": st.sampled_from(["", "z"]),
                "spam": st.sampled_from([(), (), (SpamSign.PITCH,)]),
                "intents": st.sampled_from([(), tuple(Objective)[:2]]),
            }
        ),
    ),
    max_size=60,
)


@given(MENTIONS, st.randoms(use_true_random=False), st.data())
def test_any_order_batching_redelivery_and_restart_give_the_windows_of_a_batch_computation(
    drawn: list[dict[str, object]], rnd: object, data: st.DataObject
) -> None:
    """Two raw partitions, each in its own order; prefixes are delivered again; the board is
    encoded and restored in the middle, as after a crash."""
    made = [
        mention(offset=number, partition=number % 2, **fields)  # type: ignore[arg-type]
        for number, fields in enumerate(drawn)
    ]
    lanes = [[item for item in made if item.partition == lane] for lane in (0, 1)]
    arriving = _interleaved(lanes, data)
    subject = board(grace_ms=0)
    windows = []
    for number, item in enumerate(arriving):
        windows += run(subject, [item]).windows
        step = data.draw(st.sampled_from(["go on", "tick", "again", "restart"]))
        if step == "tick":
            seen = max(one.event_time_ms for one in arriving[: number + 1])
            back = data.draw(st.integers(0, 9)) * MINUTE
            marks = {0: seen - back, 1: seen - back}
            windows += run(subject, [Tick(sent_at_ms=0, partitions=2, watermarks=marks)]).windows
        elif step == "again":
            windows += run(subject, arriving[: number + 1]).windows
        elif step == "restart":
            subject = restarted(subject)
    windows += run(subject, [all_idle(2)]).windows
    assert batch(made) == latest(windows)


def _interleaved(lanes: list[list[Mention]], data: st.DataObject) -> list[Mention]:
    """Both lanes, each in order, woven in any way."""
    first, second = (list(lane) for lane in lanes)
    woven = []
    while first or second:
        lane = first if first and (not second or data.draw(st.booleans())) else second
        woven.append(lane.pop(0))
    return woven


def restarted(subject: Board) -> Board:
    """The board that the next owner restores from the changelog."""
    fresh = board(grace_ms=0)
    fresh.restore_partition_state(subject.partition_state_bytes())
    fresh.restore(changelog(subject))
    return fresh


def test_a_late_post_to_a_minute_that_leaves_the_ring_at_the_next_tick_is_published() -> None:
    subject = board(grace_ms=0, retention_ms=10 * MINUTE)
    run(subject, [mention(0, 1), tick(5), mention(0, 2), mention(6, 3)])
    windows = run(subject, [tick(20)]).windows

    assert [(window.start_ms, window.posts, window.revision) for window in windows] == [
        (START + 6 * MINUTE, 1, 0),
        (START, 2, 1),
    ]
