"""Links are built from ids where the source gives none, and never from anything but ids."""

import msgspec
import pytest

from schemas.post import Author, Post, Quoted, Source
from sources.links import depth_of, url_of, weibo_word

AUTHOR = Author("1642088277")


def post(source: Source, post_id: str, **fields: object) -> Post:
    return msgspec.structs.replace(Post(source, post_id, "", 0), **fields)


@pytest.mark.parametrize(
    ("found", "link"),
    [
        (post(Source.WEIBO, "3501756485200075", author=AUTHOR), "weibo.com/1642088277/z0JH2lOMb"),
        (post(Source.WEIBO, "z0JH2lOMb", author=AUTHOR), "weibo.com/1642088277/z0JH2lOMb"),
        (post(Source.WEIBO, "3501756485200075"), "m.weibo.cn/status/3501756485200075"),
        (
            post(Source.JETSTREAM, "at://did:plc:a/app.bsky.feed.post/3k"),
            "bsky.app/profile/did:plc:a/post/3k",
        ),
        (
            post(
                Source.JETSTREAM,
                "at://did:plc:b/app.bsky.feed.repost/9",
                quoted=Quoted("at://did:plc:a/app.bsky.feed.post/3k"),
            ),
            "bsky.app/profile/did:plc:a/post/3k",
        ),
        (post(Source.MASTODON, "https://a.org/users/z/statuses/1"), "a.org/users/z/statuses/1"),
        (
            post(
                Source.MASTODON,
                "https://b.org/users/y/statuses/2/activity",
                quoted=Quoted("https://a.org/users/z/statuses/1"),
            ),
            "a.org/users/z/statuses/1",
        ),
        (post(Source.MASTODON, "https://a.org/1", url="https://a.org/@z/1"), "a.org/@z/1"),
        (post(Source.LEIMO, "1", url="https://b.org/1"), "b.org/1"),
    ],
)
def test_a_post_has_a_link(found: Post, link: str) -> None:
    assert url_of(found) == f"https://{link}"


@pytest.mark.parametrize(
    "found",
    [
        post(Source.LEIMO, "42"),
        post(Source.LEIMO, "42", url="javascript:alert(1)"),
        post(Source.LEIMO, "42", url="https://a.org/\u202e"),
        post(Source.LEIMO, "42", url="https://a.org/x y"),
        post(Source.LEIMO, "42", url="https://a.org/" + "x" * 2000),
        post(Source.WEIBO, "../../evil", author=AUTHOR),
        post(Source.WEIBO, "１２３", author=AUTHOR),
        post(Source.MASTODON, "17"),
        post(Source.JETSTREAM, "at://did:plc:a/../evil"),
        post(Source.JETSTREAM, "at://did:plc:b/app.bsky.feed.repost/9"),
    ],
)
def test_what_is_no_link_is_none(found: Post) -> None:
    assert url_of(found) == ""


def test_an_author_that_is_no_number_gives_the_link_without_one() -> None:
    odd = post(Source.WEIBO, "3501756485200075", author=Author("a/b"))
    assert url_of(odd) == "https://m.weibo.cn/status/3501756485200075"


@pytest.mark.parametrize("number", [0, 7, 9_999_999, 10_000_000, 4_999_999_999_999_999, 10**18])
def test_words_stand_for_their_numbers(number: int) -> None:
    assert _number(weibo_word(number)) == number


def _number(word: str) -> int:
    """The other way round, by the definition."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    groups = [word[max(end - 4, 0) : end] for end in range(len(word), 0, -4)][::-1]
    found = 0
    for group in groups:
        value = 0
        for sign in group:
            value = value * 62 + alphabet.index(sign)
        found = found * 10_000_000 + value
    return found


def test_depth_is_the_levels_of_the_chain() -> None:
    assert [depth_of(text) for text in ("好", "好//@a:转", "//@a:好//@b：//@c:x", "a//b")] == [
        0, 1, 3, 0,
    ]  # fmt: skip
