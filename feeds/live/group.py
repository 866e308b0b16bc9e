"""The live feeds of a process: those of a command, or those that the catalogue defines."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from aiokafka.errors import KafkaError

from feeds.live.defined import defined_feed
from feeds.live.kept import tell_failed
from feeds.live.runner import TOPICS, LiveRun
from feeds.live.source import LiveFeed, Permanent
from feeds.publish import Tally
from feeds.sinks import BrokerAway
from feeds.source import FeedError
from kafka_io.followers import CatalogueFollower
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.catalogue import Catalogue, Feed
from schemas.topics import CATALOGUE, POSTS_RAW
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

_AGAIN_S = 5.0
"""Until a broker that went away is asked for the catalogue again."""


class Group(Protocol):
    """Feeds that run together."""

    @property
    def is_healthy(self) -> bool:
        """Whether all are connected."""

    def tallies(self) -> Sequence[Tally]:
        """What was sent, in parts."""

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until `stop` is set."""


class GivenFeeds:
    """The feeds of a command. One that cannot go on ends all."""

    def __init__(
        self,
        feeds: Sequence[LiveFeed],
        settings: Settings,
        metrics: FeedMetrics,
        *,
        sample: float = 1.0,
    ) -> None:
        """Raises `FeedError` where two have one name: they would share a position."""
        names = [feed.name for feed in feeds]
        if len(set(names)) < len(names):
            twice = max(names, key=names.count)
            raise FeedError(f"two feeds have the name {twice!r}; name each once")
        self._settings = settings
        self._runs = [LiveRun(feed, settings, metrics, sample=sample) for feed in feeds]

    @property
    def is_healthy(self) -> bool:
        """Whether all are connected."""
        return all(run.is_live for run in self._runs)

    def tallies(self) -> Sequence[Tally]:
        """One of each feed."""
        return [run.tally for run in self._runs]

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until `stop` is set, or one fails; `feed list` shows which."""
        async with asyncio.TaskGroup() as group:
            for run in self._runs:
                group.create_task(self._run_one(run, stop))

    async def _run_one(self, run: LiveRun, stop: asyncio.Event) -> None:
        try:
            await run.run(stop)
        except Permanent as failure:
            await tell_failed(self._settings, run.feed.name, str(failure))
            raise


class DefinedFeeds:
    """The feeds that the catalogue defines, as they are defined now. None stops the others."""

    def __init__(
        self, settings: Settings, metrics: FeedMetrics, *, longest_pause_s: float = 60.0
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._longest_pause_s = longest_pause_s
        self._running: dict[str, _Defined] = {}
        self._before = Tally()
        """Of feeds that do not run any more."""

    @property
    def is_healthy(self) -> bool:
        """Whether all that are defined, and not switched off, are connected."""
        return all(each.is_live for each in self._running.values())

    def tallies(self) -> Sequence[Tally]:
        """One of each feed, and one of those that ended."""
        return [self._before, *(each.tally for each in self._running.values())]

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the catalogue, and feed, until `stop` is set.

        Raises:
            FeedError: a topic is missing, or no broker answers at the begin.
        """
        wanted = (CATALOGUE, POSTS_RAW, *TOPICS)
        try:
            states = await topic_states(self._settings)
        except KafkaError as error:
            raise BrokerAway(f"broker {self._settings.broker}: {error}") from error
        refuse_missing(state for state in states if state.topic in wanted)
        following = asyncio.create_task(self._follow())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            following.cancel()
            stopping.cancel()
            await asyncio.gather(following, stopping, return_exceptions=True)
            await self._end(list(self._running))

    async def _follow(self) -> None:
        """Take over definitions for good; a broker that goes away is asked again."""
        while True:
            follower = CatalogueFollower(self._settings, self._take)
            try:
                await self._take(await follower.load())
                await follower.follow()
            except KafkaError as error:
                reason = str(error) or type(error).__name__
                log.error("the catalogue cannot be read: %s; again in %g s", reason, _AGAIN_S)
            finally:
                with suppress(KafkaError):
                    await follower.stop()
            await asyncio.sleep(_AGAIN_S)

    async def _take(self, catalogue: Catalogue) -> None:
        """Run what is defined now; what did not change goes on undisturbed."""
        wanted = {feed.id: feed for feed in catalogue.feeds if feed.enabled}
        others = [name for name, one in self._running.items() if wanted.get(name) != one.definition]
        await self._end(others)
        for name, definition in wanted.items():
            if name not in self._running:
                log.info("%s: a feed of kind %s is defined; it begins", name, definition.kind)
                started = _Defined(definition, self._settings, self._metrics, self._longest_pause_s)
                self._running[name] = started
        if not self._running:
            log.info("the catalogue defines no feed that is switched on; this waits for one")

    async def _end(self, names: Sequence[str]) -> None:
        ended = [self._running[name] for name in names]
        for each in ended:
            each.stop.set()
        await asyncio.gather(*(each.task for each in ended))
        for name, each in zip(names, ended, strict=True):
            self._before.posts += each.tally.posts
            self._before.bytes += each.tally.bytes
            self._before.newest_ms = max(self._before.newest_ms, each.tally.newest_ms)
            del self._running[name]


class _Defined:
    """One defined feed and its task, which does not raise."""

    def __init__(
        self,
        definition: Feed,
        settings: Settings,
        metrics: FeedMetrics,
        longest_pause_s: float,
    ) -> None:
        self.definition = definition
        self.stop = asyncio.Event()
        self.tally = Tally()
        self._settings = settings
        self._metrics = metrics
        self._longest_pause_s = longest_pause_s
        self._run: LiveRun | None = None
        self.task = asyncio.create_task(self._feed())

    @property
    def is_live(self) -> bool:
        """Whether it is connected; one that failed is not."""
        return self._run is not None and not self.task.done() and self._run.is_live

    async def _feed(self) -> None:
        name = self.definition.id
        try:
            feed = defined_feed(self.definition, self._settings.secrets_folder, self._metrics)
            self._run = run = LiveRun(
                feed, self._settings, self._metrics,
                sample=self.definition.sample, longest_pause_s=self._longest_pause_s,
                tally=self.tally,
            )  # fmt: skip
            while not self.stop.is_set():
                try:
                    await run.run(self.stop)
                except (KafkaError, BrokerAway) as error:
                    if self.stop.is_set():
                        return
                    log.error("%s: %s; again in %g s", name, error, _AGAIN_S)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_AGAIN_S):
                            await self.stop.wait()
        except FeedError as failure:
            log.error("%s: %s; it does not run until its definition changes", name, failure)
            await tell_failed(self._settings, name, str(failure))
        except Exception as error:
            # A bug of one feed, perhaps of somebody else's package, must not end the others.
            log.exception("%s: a bug ended it; it does not run until its definition changes", name)
            await tell_failed(self._settings, name, f"a bug: {type(error).__name__}: {error}")
