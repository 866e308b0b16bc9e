"""Where a post can be read: the source's own link, or one that is built from ids.

Rows carry the first alone; who shows a post builds the other.

What stands in an id was written by others: nothing but a link of the web is ever returned, without
spaces and control characters.
"""

import re
from string import ascii_lowercase, ascii_uppercase, digits

from schemas.post import Source

_DIGITS = digits + ascii_lowercase + ascii_uppercase
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
"""Two digits of base 62 at once."""
_GROUP = 10_000_000
"""Weibo writes each seven decimal digits of an id as four of base 62, from the right."""
_WORD = re.compile(r"[A-Za-z0-9]{1,32}")
_LINK = re.compile(r"https?://[!-~]{3,990}")
_AT_URI = re.compile(
    r"at://(did:[a-z0-9:.%_-]{3,200})/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]{1,100})"
)
_ACTIVITY = "/activity"
"""Ends the address of a boost, which is no page."""


def link_to(source: str, post: str, author: str, original: str = "") -> str:
    """Link to a post, by ids; of a repost that has no page of its own, to its original; empty: none
    known.

    >>> link_to("weibo", "3501756485200075", "1642088277")
    'https://weibo.com/1642088277/z0JH2lOMb'
    >>> link_to("jetstream", "at://did:plc:q/app.bsky.feed.post/3k", "did:plc:q")
    'https://bsky.app/profile/did:plc:q/post/3k'
    """
    if source == Source.WEIBO:
        return _weibo(post, author)
    if source == Source.JETSTREAM:
        return _bluesky(post) or _bluesky(original)
    if source == Source.MASTODON:
        return checked(original if post.endswith(_ACTIVITY) else post)
    return ""


def weibo_word(post_id: int) -> str:
    """A status's id as it stands in links.

    >>> weibo_word(3501756485200075)
    'z0JH2lOMb'
    """
    word = ""
    while post_id >= _GROUP:
        post_id, group = divmod(post_id, _GROUP)
        high, low = divmod(group, 3844)
        word = _PAIRS[high] + _PAIRS[low] + word
    high, low = divmod(post_id, 3844)
    return (_PAIRS[high] + _PAIRS[low]).lstrip("0") + word


def _weibo(post_id: str, author: str) -> str:
    is_known = author.isdigit() and author.isascii()
    if is_known and len(post_id) < 20 and post_id.isdigit() and post_id.isascii():
        return f"https://weibo.com/{author}/{weibo_word(int(post_id))}"
    if not post_id.isascii() or _WORD.fullmatch(post_id) is None:
        return ""
    return (
        f"https://weibo.com/{author}/{post_id}"
        if is_known
        else f"https://m.weibo.cn/status/{post_id}"
    )


def _bluesky(uri: str) -> str:
    found = _AT_URI.fullmatch(uri)
    return f"https://bsky.app/profile/{found[1]}/post/{found[2]}" if found else ""


def checked(link: str) -> str:
    """The link that a source gives; empty where it is none of the web.

    >>> checked("https://a.org/1"), checked("javascript:alert(1)")
    ('https://a.org/1', '')
    """
    return link if _LINK.fullmatch(link) else ""
