import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.wrappers import MAX_ADDED_BYTES, MAX_DEPTH, wrapped

POST = {"id": 1, "text": "小米"}


def found(wrapper: Any) -> list[tuple[str, Any]]:
    return [(post.path, json.loads(post.value)) for post in wrapped(json.dumps(wrapper).encode())]


@pytest.mark.parametrize(
    ("wrapper", "path"),
    [
        ({"ok": 1, "data": POST}, "data"),
        ({"mblog": POST}, "mblog"),
        ({"weibo": [POST]}, "weibo"),
        ({"statuses": [POST]}, "statuses"),
        ({"data": {"list": [POST]}}, "data.list"),
        ({"data": {"cards": [{"card_group": [{"mblog": POST}]}]}}, "data.cards.card_group.mblog"),
        ([POST], "[]"),
        ([{"mblog": POST}], "[].mblog"),
    ],
)
def test_the_place_of_a_post_is_told(wrapper: Any, path: str) -> None:
    assert found(wrapper) == [(path, POST)]


@pytest.mark.parametrize(
    "value",
    [
        POST,
        {"id": 5, "text": {"type": "status", "event": "add", "status": POST}},  # a push envelope
        {"idstr": "1", "data": POST},  # a post with a field that happens to have such a name
        {"ok": 0, "data": {"url": "https://login"}},
        {"data": None, "statuses": "none", "mblog": 5},
        {},
        [],
        7,
        None,
    ],
)
def test_what_is_no_wrapper_holds_none(value: Any) -> None:
    assert found(value) == []


def test_the_bytes_of_a_post_stay_as_they_are() -> None:
    post = '{ "id":1 ,"text":"\\u5c0f米",  "n": 1.50 }'.encode()
    assert [each.value for each in wrapped(b'{"data": [ %b , %b ] }' % (post, post))] == [post] * 2


def test_the_user_beside_a_list_goes_into_posts_without_one() -> None:
    other = POST | {"user": {"id": 2}}
    wrapper = {"weibo": [POST, other], "user": {"id": 9}}
    assert [post for _, post in found(wrapper)] == [{"user": {"id": 9}} | POST, other]


def test_a_user_that_would_swell_the_posts_stays_out() -> None:
    user = {"id": 9, "description": "好" * MAX_ADDED_BYTES}
    assert found({"user": user, "weibo": [POST]}) == [("weibo", POST)]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [(b'{"data":', b"}"), (b"[", b"]")])
def test_nesting_without_end_is_given_up(depth: int, begin: bytes, end: bytes) -> None:
    values = [post.value for post in wrapped(begin * depth + b'{"id":1}' + end * depth)]
    assert b'{"id":1}' not in values
    assert len(values) <= 1


NAMES = "id idstr mid user data mblog weibo statuses list cards card_group"
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_of_any_bytes_the_posts_are_json_or_there_are_none(value: bytes) -> None:
    for post in wrapped(value):
        json.loads(post.value)
        assert post.path
