"""The board shows the same whatever order and however often its records come."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alert import Alert, AlertState
from schemas.mention import Polarity
from schemas.window import Window
from tests.views.records import MINUTE_MS, NOON_MS, alert, mention, tick, window
from views.scoreboard import Scoreboard
from views.view import BrandRow, Order, View

BRANDS = ("xiaomi", "huawei", "apple")
NAMES = {"xiaomi": "小米", "huawei": "华为", "apple": "苹果"}


def board_of(records: Sequence[Window | Alert], *, max_alerts: int = 500) -> Scoreboard:
    board = Scoreboard(NAMES, max_alerts=max_alerts)
    for record in records:
        if isinstance(record, Window):
            board.window(record)
        else:
            board.alert(record)
    return board


def row(view: View, brand: str) -> BrandRow:
    return next(row for row in view.brands if row.brand == brand)


# One count for each (brand, minute, revision): a window that is sent twice is the same window.
windows = st.builds(
    lambda brand, minute, revision: window(
        brand, minute, 1 + hash((BRANDS.index(brand), minute, revision)) % 50, revision=revision
    ),
    st.sampled_from(BRANDS),
    st.integers(0, 70),
    st.integers(0, 3),
)
alerts = st.builds(
    lambda number, revision, resolved: alert(
        number,
        brand=BRANDS[number % 3],
        revision=10 if resolved else revision,
        severity=1 if resolved else 1 + revision,
        state=AlertState.RESOLVED if resolved else AlertState.FIRING,
        after_ms=number * MINUTE_MS,
        ended_after_ms=30 * MINUTE_MS if resolved else None,
    ),
    st.integers(0, 6),
    st.integers(0, 3),
    st.booleans(),
)


@given(st.data())
def test_any_order_and_redelivery_of_windows_and_alerts_give_one_view(data: st.DataObject) -> None:
    records = data.draw(st.lists(st.one_of(windows, alerts), min_size=1, max_size=80))
    again = data.draw(st.lists(st.sampled_from(records), max_size=40))
    shuffled = data.draw(st.permutations(records + again))
    looked_at_between = board_of(shuffled[: len(shuffled) // 2])
    looked_at_between.view()
    for record in shuffled[len(shuffled) // 2 :]:
        if isinstance(record, Window):
            looked_at_between.window(record)
        else:
            looked_at_between.alert(record)
    assert board_of(records).view() == board_of(shuffled).view() == looked_at_between.view()


@given(st.lists(windows, min_size=1, max_size=100))
def test_the_trend_is_the_highest_revision_of_each_of_the_last_thirty_minutes(
    records: list[Window],
) -> None:
    truth: dict[tuple[str, int], Window] = {}
    for record in records:
        known = truth.get((record.brand, record.start_ms))
        if known is None or record.revision >= known.revision:
            truth[record.brand, record.start_ms] = record
    # The board's time is the end of the newest window: its open minute is the one after.
    open_ms = max(record.start_ms for record in records) + MINUTE_MS
    began_ms = min(record.start_ms for record in records)
    view = board_of(records).view()
    for brand in BRANDS:
        expected: list[int | None] = []
        for start_ms in range(open_ms - 29 * MINUTE_MS, open_ms + 1, MINUTE_MS):
            found = truth.get((brand, start_ms))
            expected.append(found.posts if found else None if start_ms < began_ms else 0)
        shown = [list(row.trend) for row in view.brands if row.brand == brand]
        assert shown == ([expected] if any(expected) else [])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=60))
def test_mentions_that_are_delivered_again_count_once(redelivered: list[tuple[int, int]]) -> None:
    """A worker that died starts again some records before: offsets go back, then on."""
    board = Scoreboard({})
    positions = [0, 0, 0]
    for partition, back in [*redelivered, (0, 0), (1, 0), (2, 0)]:
        start = max(0, positions[partition] - back)
        positions[partition] = max(positions[partition], start + 10)
        for offset in range(start, positions[partition]):
            board.mention(mention("xiaomi", offset, partition=partition))
    assert row(board.view(), "xiaomi").posts == sum(positions)


def test_a_post_is_seen_at_once_and_its_window_takes_over() -> None:
    board = Scoreboard(NAMES)
    board.mention(mention("xiaomi", 1, polarity=Polarity.NEGATIVE))
    board.mention(mention("xiaomi", 2, polarity=Polarity.POSITIVE))
    live = row(board.view(), "xiaomi")
    assert (live.posts, live.positive, live.negative, live.trend[-1]) == (2, 1, 1, 2)
    board.window(window("xiaomi", 0, 7, negative=3))
    closed = row(board.view(), "xiaomi")
    assert (closed.posts, closed.negative, closed.trend[-2:]) == (7, 3, (7, 0))


def test_five_minutes_slide_through_the_oldest_minute() -> None:
    board = board_of([window("xiaomi", minute, 60) for minute in range(6)])
    board.tick(tick(6 * MINUTE_MS + 15_000))
    # 6:15 looks back to 1:15: three quarters of minute 1, and minutes 2 to 5; minute 6 is empty.
    assert row(board.view(), "xiaomi").posts == 45 + 4 * 60


def test_minutes_before_the_board_began_are_unknown_and_not_zero() -> None:
    board = board_of([window("xiaomi", 0, 5), window("huawei", 2, 5)])
    assert row(board.view(), "huawei").trend[-5:] == (None, 0, 0, 5, 0)


def test_a_brand_without_posts_for_thirty_minutes_leaves_the_board() -> None:
    board = board_of([window("xiaomi", 0, 5)])
    board.tick(tick(30 * MINUTE_MS))
    assert board.view().brands_total == 0
    board.window(window("xiaomi", 0, 6, revision=1))
    assert board.view().brands_total == 0


def test_buckets_of_other_sizes_are_not_minutes() -> None:
    board = Scoreboard({})
    board.window(msgspec.structs.replace(window("xiaomi", 0, 500), size_ms=60 * MINUTE_MS))
    assert board.view().brands_total == 0


def test_only_the_brands_asked_for_are_kept() -> None:
    board = Scoreboard({}, only=frozenset({"huawei"}))
    for brand in BRANDS:
        board.window(window(brand, 0, 5))
        board.mention(mention(brand, 0))
        board.alert(alert(BRANDS.index(brand), brand=brand))
    view = board.view()
    assert [row.brand for row in view.brands] == ["huawei"]
    assert [row.alert.brand for row in view.alerts] == ["huawei"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.VOLUME, ["apple", "huawei", "xiaomi"]),
        (Order.NEGATIVE, ["xiaomi", "apple", "huawei"]),
        (Order.NAME, ["huawei", "xiaomi", "apple"]),  # 华 U+534E, 小 U+5C0F, 苹 U+82F9
    ],
)
def test_brands_are_sorted_by_what_was_asked_for(order: Order, expected: list[str]) -> None:
    board = board_of(
        [
            window("xiaomi", 0, 10, negative=9),
            window("huawei", 0, 20, negative=1),
            window("apple", 0, 30, negative=2),
        ]
    )
    assert [row.brand for row in board.view(order=order).brands] == expected
    shown = board.view(order=order, first=1, limit=1)
    assert [row.brand for row in shown.brands] == expected[1:2]
    assert (shown.brands_total, shown.posts) == (3, 60)


def test_net_sentiment_and_share_are_those_of_the_posts_that_take_sides() -> None:
    shown = BrandRow("x", "x", posts=10, positive=1, negative=3, trend=(), severity=0)
    assert (shown.net_sentiment, shown.negative_share) == (-50.0, 0.3)
    silent = BrandRow("x", "x", posts=0, positive=0, negative=0, trend=(), severity=0)
    assert (silent.net_sentiment, silent.negative_share) == (None, None)


def test_firing_alerts_stand_first_the_newest_on_top_and_mark_their_brand() -> None:
    board = board_of(
        [
            window("xiaomi", 9, 5),
            alert(1, after_ms=1000, severity=3),
            alert(2, after_ms=2000, severity=8),
            alert(3, after_ms=3000, state=AlertState.RESOLVED, ended_after_ms=9 * MINUTE_MS),
        ]
    )
    view = board.view()
    assert [row.alert.id for row in view.alerts] == ["alert-2", "alert-1", "alert-3"]
    assert row(view, "xiaomi").severity == 8


def test_a_resolved_alert_leaves_the_board_after_half_an_hour() -> None:
    board = board_of([alert(state=AlertState.RESOLVED, ended_after_ms=0)])
    board.tick(tick(30 * MINUTE_MS - 1))
    assert len(board.view().alerts) == 1
    board.tick(tick(30 * MINUTE_MS))
    assert board.view().alerts == ()


def test_the_state_stays_bounded() -> None:
    board = Scoreboard({}, max_brands=10, max_alerts=10)
    for number in range(500):
        board.window(window(f"brand-{number}", number % 5, 1 + number))
        board.alert(alert(number, brand="xiaomi", after_ms=number))
    view = board.view(limit=1000)
    assert view.brands_total <= 20
    assert view.brands[0].brand == "brand-499"
    assert len(view.alerts) <= 20
    assert view.alerts[0].alert.id == "alert-499"


def test_a_name_from_the_catalogue_wins_and_is_made_safe() -> None:
    board = board_of([window("xiaomi", 0, 1)])
    board.name("xiaomi", "小米\x1b[2J集团\u202e")
    assert board.view().brands[0].name == "小米集团"


def test_an_empty_board_has_no_time() -> None:
    view = Scoreboard({}).view()
    assert (view.event_time_ms, view.tick_sent_at_ms, view.brands) == (None, None, ())


def test_ticks_alone_move_event_time() -> None:
    board = Scoreboard({})
    board.tick(tick(0))
    assert board.view().event_time_ms == NOON_MS
