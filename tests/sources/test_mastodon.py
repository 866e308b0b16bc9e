import json
from typing import Any

import pytest

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Skipped
from sources.mastodon import plain_text
from sources.parsing import InvalidPost, NoPost, parse, post_identity

NOW_MS = 1_662_000_000_000
STATUS: dict[str, Any] = {
    "id": "1089",
    "created_at": "2022-08-30T23:05:46.839Z",
    "content": "<p>小米 &amp; <a href='x'>#华为</a></p>",
    "edited_at": None,
    "reblog": None,
    "account": {"id": "5", "acct": "zaku@example.org", "followers_count": 12, "bot": False},
}


def read(value: Any) -> Post:
    return parse("mastodon", json.dumps(value).encode(), NOW_MS)


def test_a_status_becomes_a_post_without_markup() -> None:
    post = read(STATUS)
    assert (post.id, post.text, post.event_time_ms) == ("1089", "小米 & #华为", 1_661_900_746_839)
    assert post.author == Author("zaku@example.org", "zaku@example.org", 12)


def test_a_post_is_the_same_on_each_server_that_shows_it() -> None:
    uri = "https://Home.example/users/zaku/statuses/1089"
    at_home = read(STATUS | {"uri": uri, "account": STATUS["account"] | {"acct": "zaku"}})
    account = {"id": "77", "acct": "zaku@home.example"}
    elsewhere = read(STATUS | {"id": "4", "uri": uri, "account": account})

    assert post_identity(at_home) == post_identity(elsewhere)
    assert at_home.author.id == elsewhere.author.id == "zaku@home.example"


def test_without_a_name_the_id_of_the_server_serves() -> None:
    post = read(STATUS | {"account": {"id": "5", "acct": "zaku"}})
    assert (post.id, post.author.id) == ("1089", "5")


def test_the_envelope_of_the_websocket_is_opened() -> None:
    assert read({"stream": ["public"], "event": "update", "payload": json.dumps(STATUS)}) == read(
        STATUS
    )


def test_a_deletion_is_a_bare_id() -> None:
    post = read({"event": "delete", "payload": "1089"})
    assert (post.id, post.event, post.event_time_ms) == ("1089", PostEvent.DELETE, NOW_MS)


def test_an_edit_is_numbered_by_its_time() -> None:
    post = read(STATUS | {"edited_at": "2022-08-31T00:00:00Z"})
    assert (post.event, post.edit) == (PostEvent.EDIT, 1_661_904_000)


def test_a_boost_quotes_its_original() -> None:
    post = read(STATUS | {"content": "<p>小米</p>", "reblog": STATUS | {"id": "7"}})
    assert (post.is_repost, post.text) == (True, "")
    assert post.quoted is not None
    assert (post.quoted.id, post.quoted.text) == ("7", "小米 & #华为")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"spoiler_text": "华为"}, "华为"),
        ({"card": {"url": "https://a.b", "title": "华为发布会"}}, "华为发布会"),
        ({"media_attachments": [{"description": "华为手机"}, {"description": None}]}, "华为手机"),
        ({"spoiler_text": "a", "card": {"title": "b"}}, "a\nb"),
        ({"spoiler_text": "", "card": None, "media_attachments": []}, ""),
        ({"spoiler_text": 5, "card": [], "media_attachments": {}}, ""),  # odd ones cost themselves
    ],
)
def test_what_stands_beside_the_text_is_the_card(beside: Any, expected: str) -> None:
    post = read(STATUS | beside)
    assert (post.text, post.card) == ("小米 & #华为", expected)


@pytest.mark.parametrize("event", ["notification", "filters_changed", "announcement.delete"])
@pytest.mark.parametrize("payload", [{}, {"payload": "{}"}])
def test_known_events_without_a_status_are_no_faults(event: str, payload: Any) -> None:
    with pytest.raises(NoPost) as refusal:
        read({"event": event} | payload)
    assert refusal.value.event is Skipped.NOTICE


@pytest.mark.parametrize("html", ["<" * 500_000, "<p" * 250_000, "</p>" + " " * 500_000])
def test_broken_markup_costs_no_more_than_its_length(html: str) -> None:
    """Scanning to the end again for each `<` would take minutes here."""
    assert plain_text(html).count("p") <= 250_000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, DropReason.EMPTY),
        (STATUS | {"id": None}, DropReason.MISSING_FIELD),
        (STATUS | {"content": None}, DropReason.MISSING_FIELD),
        (STATUS | {"content": 5}, DropReason.WRONG_TYPE),
        (STATUS | {"created_at": "soon"}, DropReason.BAD_TIME),
        ({"event": "rumour", "payload": "{}"}, DropReason.WRONG_TYPE),
        ({"event": "update", "payload": "{"}, DropReason.NOT_JSON),
    ],
)
def test_what_is_no_post_is_refused_by_name(value: Any, reason: DropReason) -> None:
    with pytest.raises(InvalidPost) as refusal:
        read(value)
    assert refusal.value.reason is reason
