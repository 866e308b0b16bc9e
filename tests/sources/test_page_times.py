from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import DropReason
from sources.page_times import BEIJING, ReceiptMissingError, page_ms
from sources.refusals import InvalidPost
from sources.times import created_ms


def at_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


RECEIVED_MS = at_ms("2024-01-15T09:30:05")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("刚刚", "2024-01-15T09:30:05"),
        ("剛剛", "2024-01-15T09:30:05"),
        ("30秒前", "2024-01-15T09:29:35"),
        ("14分钟前", "2024-01-15T09:16:05"),
        ("14 分鐘前", "2024-01-15T09:16:05"),
        ("3小时前", "2024-01-15T06:30:05"),
        ("2天前", "2024-01-13T09:30:05"),
        ("昨天 08:32", "2024-01-14T08:32"),
        ("昨天08:32", "2024-01-14T08:32"),
        ("今天06:09", "2024-01-15T06:09"),
        ("前天 06:09", "2024-01-13T06:09"),
        ("今天 06:09 来自 iPhone客户端", "2024-01-15T06:09"),
        ("今天 23:59", "2024-01-14T23:59"),  # a page that was kept over midnight
        ("01-15", "2024-01-15T00:00"),
        ("1月5日 10:30", "2024-01-05T10:30"),
        ("12-31 23:50", "2023-12-31T23:50"),  # kept over the new year
    ],
)
def test_what_is_relative_is_so_to_the_receipt(shown: str, expected: str) -> None:
    assert page_ms(shown, RECEIVED_MS) == at_ms(expected)
    with pytest.raises(ReceiptMissingError):
        page_ms(shown, 0)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("2019年02月04日 10:48", "2019-02-04T10:48"),
        ("2019年2月4日", "2019-02-04T00:00"),
        ("2019年02月04日 10:48:12", "2019-02-04T10:48:12"),
        ("2019-2-4 10:48", "2019-02-04T10:48"),
        ("2019/02/04 10:48", "2019-02-04T10:48"),
    ],
)
@pytest.mark.parametrize("received_at_ms", [RECEIVED_MS, 0, -1])
def test_what_is_absolute_needs_no_receipt(shown: str, expected: str, received_at_ms: int) -> None:
    assert page_ms(shown, received_at_ms) == at_ms(expected)


def test_the_new_year_begins_in_china() -> None:
    """16:00 UTC; a page of the minute before tells yesterday's date."""
    received_ms = at_ms("2024-01-01T00:00:30")
    assert page_ms("12-31 23:59", received_ms) == at_ms("2023-12-31T23:59")
    assert page_ms("今天 00:00", received_ms) == at_ms("2024-01-01T00:00")
    slow_clock_ms = at_ms("2023-12-31T23:59:50")
    assert page_ms("01-01 00:00", slow_clock_ms) == at_ms("2024-01-01T00:00")


@pytest.mark.parametrize(
    "shown",
    ["", "前", "soon", "分钟前", "昨天 25:00", "今天 06:61", "13-01", "02-30", "2019年02月30日",
     "0000年01月01日", "01-15 来自\0" + "x" * 200, "今天" * 30],
)  # fmt: skip
def test_what_is_no_time_of_a_page_is_refused_by_name(shown: str) -> None:
    with pytest.raises(InvalidPost) as refusal:
        created_ms(shown, BEIJING, RECEIVED_MS)
    assert refusal.value.reason is DropReason.BAD_TIME


@given(
    st.text(st.sampled_from("0123456789:-/年月日 今昨前天刚分钟小时秒来自"), max_size=20),
    st.integers(-1, 4_000_000_000_000),
)
def test_any_text_is_a_time_or_none(shown: str, received_at_ms: int) -> None:
    reason = DropReason.BAD_TIME
    try:
        created_ms(shown, BEIJING, received_at_ms)
    except InvalidPost as refusal:
        reason = refusal.reason
    assert reason is DropReason.BAD_TIME
