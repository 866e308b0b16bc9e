"""Feeds of a catalogue file: read, checked with line and mend, published."""

import msgspec
import pytest

from catalogue.file import SHIPPED, dump_definitions, load, parse
from schemas.catalogue import Definition, Feed, FeedKind

HEAD = "brands:\n  - {id: mi, name: 小米}\nrules:\n  - {id: a, kind: spike}\nfeeds:\n"
FEEDS = """\
  - {id: bluesky, kind: jetstream, languages: [zh, ja], endpoints: ["wss://a.example"], sample: 0.5}
  - {id: fediverse, kind: mastodon, server: mastodon.social, token: FEED_MASTODON,
     stream: "public:local"}
  - {id: statuses, kind: weibo, subscription: 10032, comments: true, enabled: false}
  - {id: forum, kind: own, entry: forum, options: [board=phones]}
"""


def test_everything_that_can_be_said_is_read_and_published() -> None:
    examined = parse((HEAD + FEEDS).encode(), "my.yml")
    assert examined.errors == ()
    wanted = (
        Feed(
            "bluesky", FeedKind.JETSTREAM, languages=("zh", "ja"), endpoints=("wss://a.example",),
            sample=0.5,
        ),
        Feed(
            "fediverse", FeedKind.MASTODON, server="mastodon.social", token="FEED_MASTODON",
            stream="public:local",
        ),
        Feed("statuses", FeedKind.WEIBO, subscription=10_032, comments=True, enabled=False),
        Feed("forum", FeedKind.OWN, entry="forum", options=("board=phones",)),
    )  # fmt: skip
    assert examined.catalogue.feeds == wanted
    sent = dict(dump_definitions(examined.catalogue))
    assert msgspec.json.decode(sent[b"feed:forum"], type=Definition) == wanted[3]


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ("{id: x}", "feeds[0]", "kind of x is missing"),
        ("{id: X, kind: jetstream}", "feeds[0].id", "lower-case"),
        ("{id: x, kind: jetstraem}", "feeds[0].kind", "did you mean jetstream?"),
        ("{id: x, kind: mastodon}", "feeds[0]", "add `server: …`"),
        ("{id: x, kind: weibo}", "feeds[0]", "add `subscription: …`"),
        ("{id: x, kind: own}", "feeds[0]", "add `entry: …`"),
        ("{id: x, kind: weibo, subscription: 0}", "feeds[0].subscription", "is no id"),
        ("{id: x, kind: jetstream, server: a}", "feeds[0].server", "does not use this; it takes"),
        ("{id: x, kind: jetstream, endpoints: [a]}", "feeds[0].endpoints[0]", "wss://HOST"),
        ("{id: x, kind: jetstream, languages: [中文]}", "feeds[0].languages[0]", "such as zh"),
        ("{id: x, kind: jetstream, sample: 0}", "feeds[0].sample", "above 0, up to 1"),
        ("{id: x, kind: jetstream, sample: 1.5}", "feeds[0].sample", "above 0, up to 1"),
        ("{id: x, kind: mastodon, server: a/b}", "feeds[0].server", "is no server"),
        ("{id: x, kind: mastodon, server: a, stream: home}", "feeds[0].stream", "is no stream"),
        ("{id: x, kind: mastodon, server: a, token: LEIMO_PUSH_TOKEN}", "feeds[0].token", "FEED_"),
        ("{id: x, kind: own, entry: a, options: [b]}", "feeds[0].options[0]", "is no KEY=VALUE"),
        ("{id: x, kind: jetstream}\n  - {id: x, kind: own, entry: a}", "feeds[1].id", "x"),
    ],
)
def test_each_mistake_is_told_with_its_line_and_mend(given: str, key: str, message: str) -> None:
    errors = parse(f"{HEAD}  - {given}\n".encode(), "my.yml").errors
    found = [(error.line, error.key) for error in errors if message in error.message]
    assert found == [(7 if "feeds[1]" in key else 6, key)], errors


def test_a_token_that_stands_in_the_file_is_not_shown() -> None:
    text = HEAD + "  - {id: x, kind: mastodon, server: a, token: hidden}\n"
    [error] = parse(text.encode(), "my.yml").errors
    assert "hidden" not in str(error)


def test_the_shipped_feed_is_switched_off() -> None:
    assert [feed.enabled for feed in load(SHIPPED).feeds] == [False]
