"""Bodies: unpacked within their bound, taken apart, each post looked at."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feeds.push.bodies import MAX_TOLD, BodyTooLarge, BrokenBody, PostReader, Taken, unpacked
from schemas.post import Source

NOW_MS = 1_800_000_000_000
POST = {"id": "1", "text": "小米", "created_at": "2026-05-25T14:23:28Z", "author": {"id": "u"}}
LINE = json.dumps(POST).encode()
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}


def taken(body: bytes, *, source: Source = Source.LEIMO, is_ndjson: bool = True) -> Taken:
    reader = PostReader(source, NOW_MS, max_post_bytes=1 << 20, max_text=20_000, max_skew_ms=60_000)
    for _ in reader.read(body, is_ndjson, at_a_time=2):
        pass
    return reader.taken


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_comes_back_and_members_may_follow_each_other(encoding: str) -> None:
    pack = PACKERS[encoding]
    assert unpacked(pack(LINE) + pack(b"more"), encoding, 1000) == LINE + b"more"
    assert unpacked(pack(b"x" * 1000), encoding, 1000) == b"x" * 1000


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_stopped_at_the_bound(encoding: str) -> None:
    bomb = PACKERS[encoding](bytes(64 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(BodyTooLarge):
        unpacked(bomb, encoding, 1 << 20)


def test_a_frame_that_wants_much_memory_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = packer.compress(LINE) + packer.flush()
    with pytest.raises(BrokenBody, match="Zstandard"):
        unpacked(frame, "zstd", 1 << 20)


@pytest.mark.parametrize("encoding", PACKERS)
def test_what_is_cut_off_is_broken_and_not_short(encoding: str) -> None:
    packed = PACKERS[encoding](LINE * 100)
    for cut in range(len(packed)):
        with pytest.raises(BrokenBody):
            unpacked(packed[:cut], encoding, 1 << 20)


@given(st.binary(max_size=200), st.sampled_from(sorted(PACKERS)))
def test_any_bytes_are_a_body_or_broken(body: bytes, encoding: str) -> None:
    try:
        unpacked(body, encoding, 1000)
    except (BrokenBody, BodyTooLarge):
        return
    assert body


def test_what_is_readable_goes_through_and_the_rest_is_named() -> None:
    found = taken(b"\n".join([LINE, b"{no", b"", b'{"id":"2","text":"x"}', LINE]))
    assert [post.value for post in found.posts] == [LINE, LINE]
    assert [post.key for post in found.posts] == [b"u", b"u"]
    assert [(told.post, told.reason) for told in found.refusals] == [
        (2, "not_json"),
        (3, "missing_field"),
    ]
    assert found.reasons == {"not_json": 1, "missing_field": 1}


def test_an_answer_names_a_bounded_number_of_refusals() -> None:
    found = taken(b"{}\n" * 1000)
    assert (found.refused, len(found.refusals)) == (1000, MAX_TOLD)


@pytest.mark.parametrize("is_ndjson", [True, False])
def test_an_array_is_its_posts(is_ndjson: bool) -> None:
    body = json.dumps([POST, POST | {"id": "2"}]).encode()
    assert len(taken(body, is_ndjson=is_ndjson).posts) == 2


def test_json_over_many_lines_is_one_post_and_lines_without_the_type_are_many() -> None:
    assert len(taken(json.dumps(POST, indent=2).encode(), is_ndjson=False).posts) == 1
    assert len(taken(LINE + b"\n" + LINE, is_ndjson=False).posts) == 2


def test_wrapped_statuses_are_posts_of_their_own() -> None:
    status = {"id": 5, "text": "小米", "created_at": "刚刚", "user": {"id": 3}}
    body = json.dumps({"ok": 1, "data": {"statuses": [status, status | {"id": 6}]}}).encode()
    found = taken(body, source=Source.WEIBO)
    assert [json.loads(post.value)["id"] for post in found.posts] == [5, 6]
    assert {post.key for post in found.posts} == {b"3"}


def test_events_without_a_post_are_skipped() -> None:
    like = {"did": "did:plc:x", "time_us": NOW_MS * 1000, "kind": "commit",
            "commit": {"operation": "create", "collection": "app.bsky.feed.like", "rkey": "a",
                       "record": {}}}  # fmt: skip
    found = taken(json.dumps(like).encode(), source=Source.JETSTREAM)
    assert (found.posts, found.skipped, found.refused) == ([], 1, 0)


@given(st.binary(max_size=300))
def test_any_body_is_posts_or_refusals(body: bytes) -> None:
    for source in Source:
        for is_ndjson in (True, False):
            found = taken(body, source=source, is_ndjson=is_ndjson)
            assert found.refused == sum(found.reasons.values())


def test_zlib_data_without_the_header_of_gzip_is_broken() -> None:
    with pytest.raises(BrokenBody):
        unpacked(zlib.compress(LINE), "gzip", 1000)
