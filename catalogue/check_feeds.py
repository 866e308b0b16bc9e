"""What types cannot say about feeds: what each kind needs, names of secrets, addresses, shares."""

import re
from collections.abc import Iterator, Mapping, Sequence

from catalogue.findings import Findings, KeyPath
from catalogue.yaml_reader import Raw
from schemas.catalogue import FEED_SECRET_NAME, Feed, FeedKind

_SHARED = frozenset({"id", "kind", "enabled", "sample"})
_OF_KIND: Mapping[FeedKind, frozenset[str]] = {
    FeedKind.JETSTREAM: frozenset({"languages", "endpoints"}),
    FeedKind.MASTODON: frozenset({"languages", "server", "stream", "token"}),
    FeedKind.WEIBO: frozenset({"subscription", "comments"}),
    FeedKind.OWN: frozenset({"entry", "options"}),
}
_NEEDED: Mapping[FeedKind, tuple[str, str]] = {
    FeedKind.MASTODON: ("server", "the name of a server, such as mastodon.social"),
    FeedKind.WEIBO: ("subscription", "the id of a subscription, such as 10032"),
    FeedKind.OWN: ("entry", "the name that its package declares"),
}
_STREAMS = ("public", "public:local", "public:remote")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")
_ENDPOINT = re.compile(r"wss?://[^/?#@\s]+(/subscribe)?/?")
_SERVER = re.compile(r"(https?://)?[A-Za-z0-9.:\[\]-]+/?")
_OPTION = re.compile(r"[^=\s]+=.*")


def keys_of(kind: FeedKind) -> tuple[str, ...]:
    """The keys that a feed of a kind takes.

    >>> keys_of(FeedKind.WEIBO)
    ('id', 'kind', 'enabled', 'sample', 'subscription', 'comments')
    """
    return tuple(key for key in Feed.__struct_fields__ if key in _SHARED | _OF_KIND[kind])


def checked_feeds(feeds: Sequence[Raw], findings: Findings) -> Iterator[Feed]:
    """Find all that is wrong; yields those that have what they need."""
    for index, raw in enumerate(feeds):
        path: KeyPath = ("feeds", index)
        kind = raw.get("kind")
        if kind is not None:
            _check_keys(raw, kind, path, findings)
        _check_values(raw, path, findings)
        if raw.keys() >= {"id", "kind"}:
            yield Feed(**raw)


def _check_keys(raw: Raw, kind: FeedKind, path: KeyPath, findings: Findings) -> None:
    known = keys_of(kind)
    for key in raw:
        if key not in known:
            findings.error(
                (*path, key),
                f"a feed of kind {kind} does not use this; it takes {', '.join(known)}",
            )
    if kind in _NEEDED:
        key, what = _NEEDED[kind]
        if not raw.get(key) and not findings.knows((*path, key)):
            findings.error(path, f"a feed of kind {kind} needs {what}; add `{key}: …`")


def _check_values(raw: Raw, path: KeyPath, findings: Findings) -> None:
    for key, form, mend in (
        ("languages", _LANGUAGE, "is no language; write such as zh or en"),
        ("endpoints", _ENDPOINT, "is no instance of Jetstream; write wss://HOST"),
        ("options", _OPTION, "is no KEY=VALUE"),
    ):
        for at, given in enumerate(raw.get(key, ())):
            if not form.fullmatch(given):
                findings.error((*path, key, at), f"{given!r} {mend}")
    server = raw.get("server")
    if server is not None and not _SERVER.fullmatch(server):
        findings.error(
            (*path, "server"), f"{server!r} is no server; write its name, such as mastodon.social"
        )
    if raw.get("stream", "public") not in _STREAMS:
        findings.error(
            (*path, "stream"), f"{raw['stream']!r} is no stream; write {', '.join(_STREAMS)}"
        )
    token = raw.get("token")
    if token is not None and not FEED_SECRET_NAME.fullmatch(token):
        # What was written may be the token itself, so it is not shown.
        findings.error(
            (*path, "token"),
            "is no name of a file or variable; write such as FEED_MASTODON_TOKEN, and put the "
            "value there: what stands here can be read by all who read the topic",
        )
    if not 0 < raw.get("sample", 1.0) <= 1:
        findings.error(
            (*path, "sample"), f"{raw['sample']} is no share; write a number above 0, up to 1"
        )
    if raw.get("subscription", 1) <= 0:
        findings.error((*path, "subscription"), f"{raw['subscription']} is no id of a subscription")
