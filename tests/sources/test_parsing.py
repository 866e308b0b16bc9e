import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import DropReason
from schemas.post import Post, PostEvent, Source
from sources.parsing import ADAPTERS, InvalidPost, parse, post_identity

NOW_MS = 1_700_000_000_000

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = (
    "id idstr mid text text_raw created_at user retweeted_status deleted source edit_count "
    "edit_config author event status type screen_name followers_count verified did kind commit "
    "record payload content account uri retweet user_id data mblog weibo statuses embed "
    "spoiler_text card media_attachments $type time operation collection rkey"
)
FIELDS = st.sampled_from(NAMES.split())
NEARLY_POSTS = st.dictionaries(
    FIELDS,
    JSON
    | st.dictionaries(FIELDS, JSON, max_size=5)
    | st.sampled_from(
        ["Tue May 31 17:46:55 +0800 2011", "2011-05-31T09:46:55Z", 1_306_835_215, "昨天 08:32"]
    ),
    max_size=8,
)


def parsed_or_refused(source: str, value: bytes | None) -> Post | DropReason:
    try:
        return parse(source, value, NOW_MS)
    except InvalidPost as invalid:
        refused = invalid
    assert len(refused.detail) <= 200
    refused.detail.encode()
    return refused.reason


def check(source: str, value: bytes | None) -> None:
    """Any bytes are a post or refused."""
    outcome = parsed_or_refused(source, value)
    if isinstance(outcome, Post):
        outcome.text.encode()
        assert outcome.id
        assert 0 <= post_identity(outcome) < 1 << 64


@given(st.sampled_from([source.value for source in Source]), st.binary() | st.none())
def test_any_bytes_are_a_post_or_refused(source: str, value: bytes | None) -> None:
    check(source, value)


@given(st.sampled_from([source.value for source in Source]), JSON | NEARLY_POSTS)
def test_any_json_is_a_post_or_refused(source: str, value: Any) -> None:
    check(source, json.dumps(value).encode())


@given(st.sampled_from(sorted(ADAPTERS)), NEARLY_POSTS, st.integers(0, 400))
def test_any_cut_off_json_is_a_post_or_refused(source: str, value: Any, length: int) -> None:
    check(source, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")[:length])


def test_an_unknown_source_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InvalidPost, match="use one of weibo") as refusal:
        parse("myspace", b"{}", NOW_MS)
    assert refusal.value.reason is DropReason.UNKNOWN_SOURCE


def test_every_real_status_is_a_post(shared_data: Path) -> None:
    """Every 5th of 257,411; the identities of all differ as their ids do."""
    ids, identities, reposts = set(), set(), 0
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as lines:
        for index, line in enumerate(lines):
            if index % 5 == 0:
                post = parse(Source.WEIBO, line, NOW_MS)
                assert post.event is PostEvent.ADD
                assert post.author.id
                ids.add(post.id)
                identities.add(post_identity(post))
                reposts += post.is_repost
    assert len(ids) == len(identities) > 40_000
    assert reposts > 40_000


def identity_of(status: dict[str, Any]) -> int:
    return post_identity(parse(Source.WEIBO, json.dumps(status).encode(), NOW_MS))


def test_identity_tells_events_and_edits_apart() -> None:
    status = {"id": 1, "text": "a", "created_at": "2011-05-31T09:46:55Z"}
    values = [
        status,
        status | {"id": 2},
        status | {"deleted": "1"},
        status | {"edit_count": 1},
        status | {"edit_count": 2},
    ]
    identities = {identity_of(value) for value in values}
    assert len(identities) == len(values)
    again = status | {"text": "b", "user": {"id": 1}}
    assert identity_of(again) in identities


PLAIN = {"id": "1", "text": "小米真好", "created_at": "2011-05-31T09:46:55Z"}


def test_the_plain_shape_is_read() -> None:
    author = {"id": 7, "name": "zaku", "followers": 1204}
    post = parse("leimo", json.dumps(PLAIN | {"author": author}).encode(), NOW_MS)
    assert (post.id, post.text, post.event_time_ms) == ("1", "小米真好", 1_306_835_215_000)
    assert (post.author.id, post.author.name, post.author.followers) == ("7", "zaku", 1204)


@pytest.mark.parametrize(
    ("followers", "expected"),
    [("1204.5万", 12_045_000), ("many", 0), (None, 0), (-5, 0), (1e30, 10**10)],
)
def test_followers_of_the_plain_shape_may_be_as_pages_show_them(
    followers: Any, expected: int
) -> None:
    value = PLAIN | {"author": {"id": 7, "followers": followers}}
    assert parse("leimo", json.dumps(value).encode(), NOW_MS).author.followers == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, DropReason.EMPTY),  # nothing
        (PLAIN | {"id": None}, DropReason.MISSING_FIELD),  # no id
        (PLAIN | {"text": None}, DropReason.MISSING_FIELD),  # no text
        (PLAIN | {"created_at": None}, DropReason.MISSING_FIELD),  # no time
        (PLAIN | {"text": 5}, DropReason.WRONG_TYPE),  # no text but a number
        (PLAIN | {"text": "\ud800"}, DropReason.BAD_TEXT),  # half a surrogate pair
        (PLAIN | {"created_at": "soon"}, DropReason.BAD_TIME),  # no time but words
    ],
)
def test_the_plain_shape_is_checked(value: Any, reason: DropReason) -> None:
    assert parsed_or_refused("leimo", json.dumps(value).encode()) is reason


@pytest.mark.parametrize("source", ["leimo", "jetstream", "mastodon", "weibo"])
@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_have_are_no_json(source: str, number: bytes) -> None:
    """Python's own reader takes them."""
    with pytest.raises(InvalidPost, match="JSON") as caught:
        parse(source, b'{"id": "1", "text": "a", "reach": ' + number + b"}", 0)
    assert caught.value.reason is DropReason.NOT_JSON
    assert "Unicode" not in caught.value.detail
