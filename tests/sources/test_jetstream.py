import json
from pathlib import Path
from typing import Any

import pytest

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Quoted, Skipped
from sources.parsing import InvalidPost, NoPost, parse

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
        ({"did": DID, "kind": "rumour"}, DropReason.WRONG_TYPE),  # an unknown kind
        (event(collection=""), DropReason.MISSING_FIELD),  # no collection
        (event(record={"text": 5}), DropReason.WRONG_TYPE),  # no text but a number
        (event(record={"text": "\ud800"}), DropReason.BAD_TEXT),  # half a surrogate pair
        ({"$type": "message", "payload": {"$type": "a#rumour"}}, DropReason.WRONG_TYPE),
        ({"$type": "message"}, DropReason.EMPTY),  # a frame without anything in it
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


def frame(kind: str = "commit", **fields: Any) -> dict[str, Any]:
    """Of the second version."""
    payload = {
        "$type": f"network.bsky.jetstream.subscribeEvents#{kind}",
        "seq": 25_174_868_752,
        "did": DID,
        "time": "2026-05-25T14:23:29.157119Z",
    }
    return {"$type": "message", "payload": payload | fields}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"operation": "update"},
        {"operation": "delete", "record": None},
        {
            "collection": "app.bsky.feed.repost",
            "record": {
                "createdAt": "2026-05-25T14:23:28Z",
                "subject": {"uri": "at://did:plc:a/y/z", "cid": "b"},
            },
        },
    ],
)
def test_both_versions_give_the_same_post(changes: dict[str, Any]) -> None:
    """So that a post that came by one is a repeat when it comes by the other."""
    framed = frame(rev="3m", cid="b", **(COMMIT | changes))
    assert read(framed) == read(event(**changes))
    assert read(framed["payload"]) == read(event(**changes))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (event(collection="app.bsky.feed.like"), Skipped.COLLECTION),
        (event(collection="app.bsky.graph.follow", operation="delete"), Skipped.COLLECTION),
        # Other collections have fields of the same names and other types.
        (event(collection="xyz.a", record={"text": {}, "createdAt": 5}), Skipped.COLLECTION),
        (event(collection="xyz.a", record=[1]), Skipped.COLLECTION),
        ({"did": DID, "kind": "identity", "identity": {"handle": "a.b"}}, Skipped.IDENTITY),
        ({"did": DID, "kind": "account", "account": {"active": False}}, Skipped.ACCOUNT),
        (frame(operation="create", collection="app.bsky.feed.like", rkey="3"), Skipped.COLLECTION),
        (frame("identity", identity={"did": DID}), Skipped.IDENTITY),
        (frame("account", account={"active": True}), Skipped.ACCOUNT),
        (frame("sync", sync={"rev": "3"}), Skipped.SYNC),
        (
            {"$type": "message", "payload": {"$type": "a#info", "name": "OutdatedCursor"}},
            Skipped.NOTICE,
        ),
        ({"$type": "error", "error": "ConsumerTooSlow", "message": "…"}, Skipped.NOTICE),
    ],
)
def test_known_events_without_a_post_are_no_faults(value: Any, kind: Skipped) -> None:
    with pytest.raises(NoPost) as refusal:
        read(value)
    assert (refusal.value.event, refusal.value.reason) == (kind, DropReason.NO_POST)


EXTERNAL = {
    "$type": "app.bsky.embed.external",
    "external": {"uri": "https://a.b", "title": "华为发布会", "description": "小米"},
}
IMAGES = {
    "$type": "app.bsky.embed.images",
    "images": [{"alt": "a photo of a Huawei phone", "image": {}}, {"alt": "", "image": {}}],
}


@pytest.mark.parametrize(
    ("embed", "expected"),
    [
        (EXTERNAL, "华为发布会"),
        (IMAGES, "a photo of a Huawei phone"),
        ({"$type": "app.bsky.embed.video", "alt": "华为", "video": {}}, "华为"),
        (
            {"$type": "app.bsky.embed.recordWithMedia", "record": {}, "media": EXTERNAL},
            "华为发布会",
        ),
        ({"$type": "app.bsky.embed.record", "record": {"uri": "at://a"}}, ""),
        ({"images": "none"}, ""),  # an odd embed costs what it shows
        (None, ""),
        ([], ""),
    ],
)
def test_titles_of_links_and_texts_of_images_are_the_card(embed: Any, expected: str) -> None:
    post = read(event(record=COMMIT["record"] | {"embed": embed}))
    assert (post.text, post.card) == ("小米 ok", expected)


def test_real_events_are_posts_or_of_another_kind(shared_data: Path) -> None:
    ids, others = [], 0
    for line in (shared_data / "formats" / "jetstream_v1.jsonl").read_bytes().splitlines():
        collection = json.loads(line).get("commit", {}).get("collection")
        if collection in ("app.bsky.feed.post", "app.bsky.feed.repost"):
            ids.append(parse("jetstream", line, NOW_MS).id)
        else:
            others += 1
            with pytest.raises(NoPost, match=r"(holds|carries) no post"):
                parse("jetstream", line, NOW_MS)
    assert len(set(ids)) == len(ids)
    assert (len(ids) > 0, len(ids) + others) == (True, 10)


@pytest.mark.parametrize(
    ("account", "author"),
    [
        ({"active": False, "status": "deleted"}, DID),
        ({"active": False, "status": "takendown"}, DID),
        ({"active": False, "status": "deactivated"}, ""),  # it may come back
        ({"active": True}, ""),
        ("gone", ""),
        (None, ""),
    ],
)
@pytest.mark.parametrize("is_frame", [False, True])
def test_an_account_that_is_gone_for_good_is_named(
    account: object, author: str, is_frame: bool
) -> None:
    told = {"did": DID, "account": account}
    value = frame("account", **told) if is_frame else {"kind": "account", **told}
    with pytest.raises(NoPost) as passed:
        read(value)
    assert passed.value.removed_author == author
