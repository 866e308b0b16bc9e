"""Feeds that other packages bring: found by the entry point group `leimo.feeds`."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from feeds.live.source import LiveFeed
from feeds.source import FeedError

GROUP = "leimo.feeds"

Factory = Callable[[Mapping[str, str]], LiveFeed]
"""Makes a feed of options as they were given on the command line; `ValueError`: one is wrong."""


def feed_of(name: str, options: Mapping[str, str]) -> LiveFeed:
    """The feed that a package has declared under `name`.

    Raises:
        FeedError: there is none, it cannot be imported, or it refuses an option.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    entry = found.get(name)
    if entry is None:
        known = ", ".join(sorted(found)) or "none is installed"
        raise FeedError(f"{name!r} is no feed of the entry points {GROUP!r}: {known}")
    try:
        factory: Factory = entry.load()
    except (ImportError, AttributeError) as error:
        raise FeedError(f"feed {name!r}: {entry.value} cannot be imported: {error}") from error
    try:
        return factory(options)
    except ValueError as error:
        raise FeedError(f"feed {name!r}: {error}") from error
