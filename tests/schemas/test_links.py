"""Links are built from ids where the source gives none, and never from anything but ids."""

import pytest

from schemas.links import checked, link_to, weibo_word

AUTHOR = "1642088277"


@pytest.mark.parametrize(
    ("ids", "link"),
    [
        (("weibo", "3501756485200075", AUTHOR), "weibo.com/1642088277/z0JH2lOMb"),
        (("weibo", "z0JH2lOMb", AUTHOR), "weibo.com/1642088277/z0JH2lOMb"),
        (("weibo", "3501756485200075", ""), "m.weibo.cn/status/3501756485200075"),
        (("weibo", "3501756485200075", "a/b"), "m.weibo.cn/status/3501756485200075"),
        (
            ("jetstream", "at://did:plc:a/app.bsky.feed.post/3k", ""),
            "bsky.app/profile/did:plc:a/post/3k",
        ),
        (
            (
                "jetstream",
                "at://did:plc:b/app.bsky.feed.repost/9",
                "",
                "at://did:plc:a/app.bsky.feed.post/3k",
            ),
            "bsky.app/profile/did:plc:a/post/3k",
        ),
        (("mastodon", "https://a.org/users/z/statuses/1", ""), "a.org/users/z/statuses/1"),
        (
            (
                "mastodon",
                "https://b.org/users/y/statuses/2/activity",
                "",
                "https://a.org/users/z/statuses/1",
            ),
            "a.org/users/z/statuses/1",
        ),
    ],
)
def test_ids_give_a_link(ids: tuple[str, ...], link: str) -> None:
    assert link_to(*ids) == f"https://{link}"


@pytest.mark.parametrize(
    "ids",
    [
        ("leimo", "42", ""),
        ("weibo", "../../evil", AUTHOR),
        ("weibo", "１２３", AUTHOR),
        ("mastodon", "17", ""),
        ("jetstream", "at://did:plc:a/../evil", ""),
        ("jetstream", "at://did:plc:b/app.bsky.feed.repost/9", ""),
    ],
)
def test_ids_that_tell_no_link_give_none(ids: tuple[str, ...]) -> None:
    assert link_to(*ids) == ""


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://a.org/@z/1", "https://a.org/@z/1"),
        ("javascript:alert(1)", ""),
        ("https://a.org/\u202e", ""),
        ("https://a.org/x y", ""),
        ("https://a.org/" + "x" * 2000, ""),
    ],
)
def test_a_link_of_a_source_is_one_of_the_web(link: str, shown: str) -> None:
    assert checked(link) == shown


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
