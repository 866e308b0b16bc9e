"""What comes of a batch of raw records, and that looking at it changes nothing."""

from typing import Any

import msgspec
import pytest

from analysis.groups import Groups
from analysis.intake import take_in
from analysis.shipped import analyser_of
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue
from schemas.mention import AnyMention, GroupMention, Mention
from schemas.post import Skipped
from schemas.rules import ShareRule
from sources.raw_posts import RawPosts
from sources.repeats import Draft, Repeats
from tests.kafka_io.records import record

AT_MS = 1_700_000_000_000
CATALOGUE = Catalogue(
    (Brand(id="oppo", name="OPPO"), Brand(id="vivo", name="vivo")),
    (ShareRule(id="rivals", brands=("oppo", "vivo")),),
)
ANALYSER = analyser_of(CATALOGUE)
RAW_POSTS = RawPosts(Settings(broker="127.0.0.1:1"))


def raw(value: bytes, offset: int, source: bytes = b"leimo") -> Any:
    headers = (("source", source), ("received_at", b"%d" % AT_MS))
    return record(value, offset=offset, headers=headers)


def post(number: int, text: str, *, offset: int, seconds_ago: int = 0) -> Any:
    at_ms = AT_MS - seconds_ago * 1000
    value = {"id": str(number), "text": text, "created_at": at_ms}
    return raw(msgspec.json.encode(value), offset)


def brand_of(mention: AnyMention) -> str:
    assert isinstance(mention, Mention)
    return mention.brand


def test_each_record_comes_to_one_end() -> None:
    repeats = Repeats(100)
    records = [
        post(1, "OPPO很好", offset=0, seconds_ago=9),
        raw(b"{", 1),
        post(1, "OPPO很好", offset=2, seconds_ago=9),
        raw(b'{"kind":"identity","did":"did:plc:a","time_us":1,"identity":{}}', 3, b"jetstream"),
        post(2, "天气不错", offset=4),
    ]

    found = take_in(records, 0, repeats, RAW_POSTS, ANALYSER)

    assert [refused.offset for refused, _ in found.refused] == [1]
    assert found.skipped == [Skipped.IDENTITY]
    assert found.repeats == 1
    assert [kept.offset for kept in found.records] == [0, 4]
    assert found.times_ms == [AT_MS - 9000, AT_MS - 9000, AT_MS]
    assert [[*map(brand_of, some)] for some in found.mentions] == [["oppo"], []]
    assert [(m.partition, m.offset) for some in found.mentions for m in some] == [(0, 0)]


def test_groups_come_after_the_brands_of_their_post() -> None:
    records = [post(1, "OPPO不如vivo", offset=0)]

    found = take_in(records, 0, Repeats(9), RAW_POSTS, ANALYSER, Groups(CATALOGUE))

    *brands, group = found.mentions[0]
    assert [*map(brand_of, brands)] == ["oppo", "vivo"]
    assert isinstance(group, GroupMention)
    assert (group.group, group.brands) == ("rivals", ("oppo", "vivo"))


def test_with_a_draft_nothing_counts_before_it_is_kept() -> None:
    repeats = Repeats(100)
    records = [post(1, "OPPO很好", offset=0)]

    given_up = take_in(records, 0, Draft(repeats), RAW_POSTS, ANALYSER)
    draft = Draft(repeats)
    again = take_in(records, 0, draft, RAW_POSTS, ANALYSER)
    draft.keep()

    assert given_up.mentions == again.mentions
    assert again.repeats == 0
    assert take_in([post(1, "OPPO很好", offset=1)], 0, repeats, RAW_POSTS, ANALYSER).repeats == 1


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batches_of_any_size_give_the_same(size: int) -> None:
    records = [post(n % 4, f"vivo好用{n % 4}", offset=n) for n in range(10)]
    repeats = Repeats(100)

    pieces = [
        take_in(records[first : first + size], 0, repeats, RAW_POSTS, ANALYSER).mentions
        for first in range(0, len(records), size)
    ]

    whole = take_in(records, 0, Repeats(100), RAW_POSTS, ANALYSER).mentions
    assert [mentions for piece in pieces for mentions in piece] == whole


def test_what_was_taken_back_is_told_of() -> None:
    gone = {"id": "1", "created_at": AT_MS, "event": "delete"}
    removed = {
        "kind": "account", "did": "did:plc:a", "time_us": 1,
        "account": {"active": False, "status": "deleted"},
    }  # fmt: skip
    records = [
        post(1, "OPPO很好", offset=0),
        raw(msgspec.json.encode(gone), 1),
        raw(msgspec.json.encode(removed), 2, b"jetstream"),
    ]

    found = take_in(records, 0, Repeats(100), RAW_POSTS, ANALYSER)

    told = [(one.scope.value, one.source, one.subject, one.at_ms) for one in found.deletions]
    stamps = [entry.timestamp for entry in records[1:]]
    assert told == [
        ("post", "leimo", "1", stamps[0]),
        ("author", "jetstream", "did:plc:a", stamps[1]),
    ]
    assert found.skipped == [Skipped.ACCOUNT]
    assert [len(mentions) for mentions in found.mentions] == [1, 0]
