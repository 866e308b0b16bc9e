"""A definition of the catalogue -> the feed that it defines."""

from pathlib import Path

from feeds.live.found import feed_of
from feeds.live.jetstream.endpoints import PUBLIC
from feeds.live.jetstream.feed import Jetstream
from feeds.live.mastodon.feed import Mastodon
from feeds.live.source import LiveFeed
from feeds.live.weibo.feed import Weibo
from feeds.source import FeedError
from kafka_io.named_secrets import SecretError, secret_of
from schemas.catalogue import FEED_SECRET_NAME, Feed, FeedKind
from streams.metrics import FeedMetrics


def defined_feed(definition: Feed, secrets: Path | None, metrics: FeedMetrics) -> LiveFeed:
    """The feed, under the name of its definition. `secrets`: the folder with tokens.

    Raises:
        FeedError: it cannot be made; the message says what of the definition is wrong.
    """
    try:
        return _made(definition, secrets, metrics)
    except (ValueError, SecretError) as error:
        raise FeedError(f"{definition.id}: {error}") from None


def _made(definition: Feed, secrets: Path | None, metrics: FeedMetrics) -> LiveFeed:
    name = definition.id
    if definition.kind is FeedKind.JETSTREAM:
        endpoints = definition.endpoints or PUBLIC
        return Jetstream(endpoints, languages=definition.languages, name=name, metrics=metrics)
    if definition.kind is FeedKind.MASTODON:
        return Mastodon(
            definition.server,
            _token(definition, secrets),
            stream=definition.stream or "public",
            languages=definition.languages,
            name=name,
            metrics=metrics,
        )
    if definition.kind is FeedKind.WEIBO:
        return Weibo(definition.subscription, with_comments=definition.comments, name=name)
    pairs = (option.partition("=") for option in definition.options)
    return _Named(feed_of(definition.entry, {key: value for key, _, value in pairs}), name)


def _token(definition: Feed, secrets: Path | None) -> str:
    name = definition.token
    if not name:
        return ""
    if not FEED_SECRET_NAME.fullmatch(name):  # written to the topic by other means than `apply`
        raise ValueError("the name of its token does not begin with FEED_")
    return secret_of(name, secrets)


class _Named:
    """A feed of somebody's own under the name of its definition: several may share a package."""

    def __init__(self, feed: LiveFeed, name: str) -> None:
        self.name = name
        self.source = feed.source
        self.stream = feed.stream
