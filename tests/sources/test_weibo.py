import json
from typing import Any

import pytest

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Quoted
from sources.parsing import InvalidPost, parse

AT_MS = 1_306_835_215_000
"""Tue May 31 17:46:55 +0800 2011"""

STATUS: dict[str, Any] = {
    "created_at": "Tue May 31 17:46:55 +0800 2011",
    "id": 11488058246,
    "mid": "5612814510546515491",
    "text": "求关注。",
    "source": '<a href="http://weibo.com" rel="nofollow">新浪微博</a>',
    "truncated": False,
    "geo": None,
    "user": {
        "id": 1404376560,
        "screen_name": "zaku",
        "followers_count": 1204,
        "verified": False,
        "verified_type": -1,
    },
}


def read(status: Any, received_at_ms: int = AT_MS, **limits: int) -> Post:
    return parse("weibo", json.dumps(status).encode(), received_at_ms, **limits)


def refusal(value: bytes, received_at_ms: int = AT_MS, **limits: int) -> InvalidPost:
    with pytest.raises(InvalidPost) as caught:
        parse("weibo", value, received_at_ms, **limits)
    return caught.value


def test_a_status_of_the_open_api_becomes_a_post() -> None:
    post = read(STATUS)
    assert (post.id, post.text, post.event_time_ms) == ("11488058246", "求关注。", AT_MS)
    assert post.author == Author("1404376560", "zaku", 1204)
    assert post.app == "新浪微博"
    assert (post.event, post.edit) == (PostEvent.ADD, 0)
    assert (post.is_repost, post.quoted, post.is_time_clamped) == (False, None, False)


def test_a_repost_carries_its_original() -> None:
    original = {"id": 7, "text": "原文", "user": {"id": 9, "screen_name": "甲", "verified": True}}
    post = read(STATUS | {"text": "转发微博", "retweeted_status": original})
    assert post.is_repost
    assert post.quoted == Quoted("7", "原文", Author("9", "甲", verified=True))


def test_a_deleted_original_keeps_its_id_and_loses_its_text() -> None:
    original = {"id": 7, "text": "抱歉，此微博已被作者删除。查看帮助", "deleted": "1"}
    assert read(STATUS | {"retweeted_status": original}).quoted == Quoted("7")


@pytest.mark.parametrize("text", ["转发微博", "好//@甲:看"])
def test_a_repost_is_known_by_its_text_where_the_original_is_absent(text: str) -> None:
    assert read(STATUS | {"text": text}).is_repost


@pytest.mark.parametrize(
    "status",
    [
        {"id": 1, "text": "抱歉，此微博已被作者删除。查看帮助：http://t.cn/x", "deleted": "1"},
        {"id": 1, "text": "抱歉，此微博已被作者删除。"},  # by its text alone
        {"id": 1, "deleted": 1},  # without a text
        {"id": 1, "deleted": True, "text": "x", "user": None},  # without a user
        {"text": {"type": "status", "event": "delete", "status": {"id": 1}}},  # pushed
    ],
)
def test_deletions_need_an_id_alone(status: Any) -> None:
    post = read(status)
    assert (post.id, post.event, post.text) == ("1", PostEvent.DELETE, "")
    assert post.event_time_ms == AT_MS


def test_a_deletion_without_an_id_is_refused() -> None:
    assert refusal(b'{"deleted":"1"}').reason is DropReason.MISSING_FIELD


def test_a_push_envelope_is_opened() -> None:
    envelope = {"id": 5, "text": {"type": "status", "event": "add", "status": STATUS}}
    assert read(envelope) == read(STATUS)


def test_a_pushed_comment_is_a_post_of_its_own() -> None:
    """Also where its status names a brand, and where a field of it is of an odd type."""
    users: tuple[Any, ...] = ({"id": 7}, [])
    for user in users:
        comment = {**COMMENT, "user": user, "status": STATUS}
        post = read({"id": 5, "text": {"type": "comment", "event": "add", "comment": comment}})
        assert (post.id, post.text, post.event) == ("comment:11", "给力", PostEvent.ADD)
        assert (post.is_repost, post.quoted) == (False, None)
    gone = read({"id": 6, "text": {"type": "comment", "event": "delete", "comment": {"id": 11}}})
    assert (gone.id, gone.event) == ("comment:11", PostEvent.DELETE)


COMMENT = {
    "id": 11, "mid": "21212112243860601", "text": "给力", "source": "微博", "user": {"id": 7},
    "created_at": STATUS["created_at"],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["comment", "like"])
def test_a_push_of_another_kind_is_refused(kind: str) -> None:
    pushed = json.dumps({"id": 5, "text": {"type": kind, "event": "add"}}).encode()
    assert refusal(pushed).reason is DropReason.WRONG_TYPE


def test_an_edit_has_its_number() -> None:
    post = read(STATUS | {"edit_config": {"edited": True}, "edit_count": 3})
    assert (post.event, post.edit) == (PostEvent.EDIT, 3)
    assert read(STATUS | {"edit_config": {"edited": True}}).edit == 1
    assert read(STATUS | {"edit_config": {"edited": False}}).event is PostEvent.ADD


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"user": None}, "author", Author()),  # no user
        ({"user": ""}, "author", Author()),  # as some clients write it
        ({"user": []}, "author", Author()),  # PHP's empty object
        ({"idstr": "12"}, "id", "12"),  # idstr before id
        ({"id": "12"}, "id", "12"),  # an id as a text
        ({"id": None}, "id", "5612814510546515491"),  # mid where there is no other
        ({"text_raw": "原样", "text": "<a>原样</a>"}, "text", "原样"),  # the web variant
        ({"source": "分享按钮"}, "app", "分享按钮"),  # no markup
        ({"retweeted_status": None}, "is_repost", False),  # no original
        ({"retweeted_status": ""}, "quoted", None),  # nor here
        ({"text": "a\u0000b"}, "text", "a\u0000b"),  # NUL is a character
        ({"text": ""}, "text", ""),  # an empty text is a text
    ],
)
def test_variants_are_read(changes: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(read(STATUS | changes), field) == expected


@pytest.mark.parametrize(
    ("followers", "expected"),
    [
        (10**30, 10_000_000_000),  # more than there are people
        (-5, 0),  # less than nothing
        ("1204", 1204),  # a number as a text
        (None, 0),  # none
        (12.0, 12),  # a fraction
        ("1204.5万", 12_045_000),  # as pages show it
        ("1.2w", 12_000),
        ("3.5亿", 350_000_000),
        ("12,045,000", 12_045_000),
        ("10万+", 100_000),
        ("many", 0),  # words cost the number, not the post
        ([], 0),
    ],
)
def test_followers_fit_63_bits(followers: Any, expected: int) -> None:
    assert (
        read(STATUS | {"user": {"id": 1, "followers_count": followers}}).author.followers
        == expected
    )


@pytest.mark.parametrize(
    "field", ["reposts_count", "comments_count", "attitudes_count", "edit_count"]
)
def test_a_count_that_cannot_be_read_costs_no_post(field: str) -> None:
    assert read(STATUS | {field: "赞"}) == read(STATUS)


def test_a_crawlers_flat_status_has_its_author_and_its_original() -> None:
    flat = {
        "id": "4467107636950632",
        "bid": "IlBA1kOWk",
        "user_id": 1669879400,
        "screen_name": "迪丽热巴",
        "text": "转发微博",
        "created_at": "2011-05-31 17:46",
        "attitudes_count": "1204.5万",
        "retweet": {"id": 7, "user_id": "9", "screen_name": "甲", "text": "小米真好"},
    }
    post = read(flat)
    assert post.author == Author("1669879400", "迪丽热巴")
    assert (post.is_repost, post.event_time_ms) == (True, AT_MS - 55_000)
    assert post.quoted == Quoted("7", "小米真好", Author("9", "甲"))


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_a_crawlers_retweet_of_nothing_is_none(nothing: Any) -> None:
    assert read(STATUS | {"retweet": nothing}) == read(STATUS)


def test_a_crawlers_retweet_is_read_where_other_fields_have_odd_types() -> None:
    odd = {"retweet": {"id": 7, "text": "小米"}, "user": {"id": 1, "followers_count": "1.2万"}}
    post = read(STATUS | odd)
    assert post.quoted == Quoted("7", "小米")
    assert post.author.followers == 12_000


RECEIVED_MS = AT_MS + 5 * 3_600_000
"""22:46:55 in China."""


@pytest.mark.parametrize(
    ("shown", "minutes_before_receipt"),
    [
        ("刚刚", 0),
        ("14分钟前", 14),
        ("今天 22:06 来自 iPhone客户端", 40 + 55 / 60),
        ("05-31 21:46", 60 + 55 / 60),
    ],
)
def test_a_relative_time_is_one_before_the_receipt(
    shown: str, minutes_before_receipt: float
) -> None:
    post = read(STATUS | {"created_at": shown}, received_at_ms=RECEIVED_MS)
    assert RECEIVED_MS - post.event_time_ms == round(minutes_before_receipt * 60_000)


def test_a_relative_time_without_a_receipt_is_refused_and_says_what_to_send() -> None:
    value = json.dumps(STATUS | {"created_at": "昨天 08:32"}).encode()
    error = refusal(value, received_at_ms=-1)
    assert error.reason is DropReason.BAD_TIME
    assert "received_at" in error.detail


def without(field: str) -> bytes:
    return json.dumps({key: value for key, value in STATUS.items() if key != field}).encode()


def with_value(**changes: Any) -> bytes:
    return json.dumps(STATUS | changes).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", DropReason.EMPTY),  # no bytes
        (b"{}", DropReason.EMPTY),  # nothing in it
        (b"null", DropReason.EMPTY),  # nor here
        (b"no", DropReason.NOT_JSON),  # words
        (b'{"id":1', DropReason.NOT_JSON),  # cut off
        (b'{"text":"\xff","id":1}', DropReason.NOT_JSON),  # no UTF-8
        (b"[" * 100_000, DropReason.NOT_JSON),  # nested without end
        (b"[1]", DropReason.WRONG_TYPE),  # a list
        (b'"text"', DropReason.WRONG_TYPE),  # a text
        (with_value(text=5), DropReason.WRONG_TYPE),  # a number for a text
        (with_value(id=[1]), DropReason.WRONG_TYPE),  # a list for an id
        (with_value(id=10**30), DropReason.WRONG_TYPE),  # an id that no source gives
        (with_value(user=7), DropReason.WRONG_TYPE),  # a number for a user
        (with_value(retweeted_status=7), DropReason.WRONG_TYPE),  # a number for an original
        (with_value(created_at={}), DropReason.WRONG_TYPE),  # an object for a time
        (without("text"), DropReason.MISSING_FIELD),
        (without("created_at"), DropReason.MISSING_FIELD),
        (b'{"a":1}', DropReason.MISSING_FIELD),  # nothing that counts
        (with_value(text="\ud800"), DropReason.BAD_TEXT),  # half a surrogate pair
        (with_value(created_at="soon"), DropReason.BAD_TIME),
        (with_value(created_at="Tue May 31 17:46:55 +0800 2099"), DropReason.FUTURE_TIME),
        (with_value(text="好" * 20_001), DropReason.TOO_LARGE),  # a text that is too long
    ],
)
def test_what_is_no_post_is_refused_by_name(value: bytes, reason: DropReason) -> None:
    error = refusal(value)
    assert error.reason is reason
    assert 0 < len(error.detail) <= 200
    error.detail.encode()


@pytest.mark.parametrize(
    ("wrapper", "place"),
    [
        ({"ok": 1, "data": STATUS}, "data"),
        ({"mblog": STATUS}, "mblog"),
        ({"user": {"id": 1}, "weibo": [STATUS]}, "weibo"),
        ({"statuses": [STATUS]}, "statuses"),
        ({"ok": 1, "data": {"cards": [{"mblog": STATUS}]}}, "data.cards.mblog"),
        ([STATUS], "[]"),
    ],
)
def test_the_refusal_of_a_wrapper_names_it_and_what_mends_it(wrapper: Any, place: str) -> None:
    detail = refusal(json.dumps(wrapper).encode()).detail
    assert f"posts stand in {place}:" in detail
    assert "leimo feed replay" in detail


def test_limits_are_those_given() -> None:
    assert refusal(with_value(), max_text=3).reason is DropReason.TOO_LARGE
    assert refusal(with_value(), max_bytes=20).reason is DropReason.TOO_LARGE


def test_a_time_ahead_of_the_receipt_is_clamped() -> None:
    post = read(STATUS, received_at_ms=AT_MS - 60_001)
    assert (post.event_time_ms, post.is_time_clamped) == (AT_MS - 60_001, True)
    within = read(STATUS, received_at_ms=AT_MS - 60_000)
    assert (within.event_time_ms, within.is_time_clamped) == (AT_MS, False)


def test_half_pairs_outside_of_the_text_do_no_harm() -> None:
    post = read(STATUS | {"user": {"id": 1, "screen_name": "a\ud800"}})
    assert post.author.name == "a?"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse("weibo", b"\xef\xbb\xbf" + with_value(), AT_MS) == read(STATUS)
