import json
from pathlib import Path
from typing import Any

import pytest

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Quoted
from sources.parsing import InvalidPost, parse

NOW_MS = 1_779_719_010_000
DID = "did:plc:aaa"
COMMIT: dict[str, Any] = {
    "operation": "create",
    "collection": "app.bsky.feed.post",
    "rkey": "3m",
    "record": {"text": "小米 ok", "createdAt": "2026-05-25T14:23:28.757Z", "langs": ["zh"]},
}


def event(**commit: Any) -> dict[str, Any]:
    return {
        "did": DID,
        "time_us": 1_779_719_009_157_119,
        "kind": "commit",
        "commit": COMMIT | commit,
    }


def read(value: Any) -> Post:
    return parse("jetstream", json.dumps(value).encode(), NOW_MS)


def test_a_created_post_is_added() -> None:
    post = read(event())
    assert (post.id, post.text) == (f"at://{DID}/app.bsky.feed.post/3m", "小米 ok")
    assert (post.event_time_ms, post.event, post.author.id) == (
        1_779_719_008_757,
        PostEvent.ADD,
        DID,
    )


def test_a_deletion_has_the_time_of_the_server() -> None:
    post = read(event(operation="delete", record=None))
    assert (post.event, post.event_time_ms) == (PostEvent.DELETE, 1_779_719_009_157)


def test_an_update_is_an_edit() -> None:
    post = read(event(operation="update"))
    assert (post.event, post.edit) == (PostEvent.EDIT, 1_779_719_009_157_119)


def test_a_repost_names_its_original() -> None:
    record = {
        "createdAt": "2026-05-25T14:23:28Z",
        "subject": {"uri": "at://did:plc:a/y/z", "cid": "b"},
    }
    post = read(event(collection="app.bsky.feed.repost", record=record))
    quoted = Quoted("at://did:plc:a/y/z", author=Author(id="did:plc:a"))
    assert (post.text, post.is_repost, post.quoted) == ("", True, quoted)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (event(collection="app.bsky.feed.like"), DropReason.WRONG_TYPE),  # a like
        ({"did": DID, "kind": "account", "account": {}}, DropReason.WRONG_TYPE),  # an account
        (event(operation="merge"), DropReason.WRONG_TYPE),  # an unknown operation
        (event(record={"createdAt": "2026-05-25T14:23:28Z"}), DropReason.MISSING_FIELD),  # no text
        (event(record={"text": "a"}), DropReason.MISSING_FIELD),  # no time
        (event(rkey=""), DropReason.MISSING_FIELD),  # no id
        (event(record={"text": "a", "createdAt": "x"}), DropReason.BAD_TIME),
        ({}, DropReason.EMPTY),
    ],
)
def test_what_is_no_post_is_refused_by_name(value: Any, reason: DropReason) -> None:
    with pytest.raises(InvalidPost) as refusal:
        read(value)
    assert refusal.value.reason is reason


def test_real_events_are_posts_or_of_another_kind(shared_data: Path) -> None:
    ids, others = [], 0
    for line in (shared_data / "formats" / "jetstream_v1.jsonl").read_bytes().splitlines():
        collection = json.loads(line).get("commit", {}).get("collection")
        if collection in ("app.bsky.feed.post", "app.bsky.feed.repost"):
            ids.append(parse("jetstream", line, NOW_MS).id)
        else:
            others += 1
            with pytest.raises(InvalidPost, match=r"(holds|carries) no post"):
                parse("jetstream", line, NOW_MS)
    assert len(set(ids)) == len(ids)
    assert (len(ids) > 0, len(ids) + others) == (True, 10)
