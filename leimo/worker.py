"""One worker: both stages in one Faust app, the catalogue followed, the metrics served."""

import asyncio
import gc
import logging
import time
from collections.abc import Coroutine
from typing import Any

from aiohttp.web import AppRunner

from agents import analyse, measure
from agents.analyse import AnalyseStage
from agents.feed_states import FeedStateFollower
from agents.forgetting import Forgetting
from agents.measure import MeasureStage
from analysis.groups import Groups
from analysis.pipeline import Analyser
from analysis.shipped import analyser_of
from kafka_io.followers import CatalogueFollower, wait_for_catalogue
from kafka_io.settings import Profile, Settings
from kafka_io.stop_signals import stop_on_signals
from kafka_io.topic_admin import (
    TopicError,
    TopicState,
    faults_of,
    refuse_faults,
    refuse_missing,
    refuse_wrong_partitions,
    topic_states,
    wanted_replicas,
    watch_topics,
)
from kafka_io.writers import Checkpoint, has_transactions
from schemas.catalogue import Catalogue
from schemas.errors import OperatorError
from schemas.topics import BRANDS_CHANGELOG, POSTS_RAW
from streams.app import StreamApp, add_stages, declare_changelog, new_app
from streams.metrics import Metrics
from streams.monitoring import serve_monitoring
from streams.stall_watch import watch_for_stalls
from streams.stop import die, unless_stopped
from streams.version import VERSION
from streams.worker import run_app

log = logging.getLogger(__name__)

_LOOK_AT_TOPICS_S = 30


class WorkerError(OperatorError):
    """The worker cannot start; the message names the mend."""


class Worker:
    """Builds the parts of a worker, and runs them together."""

    def __init__(self, settings: Settings, *, checkpoint: Checkpoint = lambda point: None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self._checkpoint = checkpoint
        self._app: StreamApp | None = None
        self._analyse: AnalyseStage | None = None
        self._measure: MeasureStage | None = None
        self._follower = CatalogueFollower(settings, self._redefine)
        self._forgetting = Forgetting(settings)
        self._feeds = FeedStateFollower(settings, _now_ms)

    async def run(self) -> None:
        """Work until SIGINT, SIGTERM or SIGHUP.

        Raises:
            TopicError, WorkerError, MonitoringError: it cannot start.
        """
        log.info("leimo %s begins", VERSION)
        monitoring: AppRunner | None = None
        tasks: list[asyncio.Task[None]] = []
        stop = stop_on_signals()
        try:
            transactional = await unless_stopped(self._check_broker(), stop)
            if transactional is None:
                return
            monitoring = await serve_monitoring(
                self.settings, self.metrics.registry, self._is_ready
            )
            catalogue = await unless_stopped(wait_for_catalogue(self._follower), stop)
            if catalogue is None:
                return
            await self._forgetting.load()
            app, measure = await self._build(catalogue, transactional=transactional)
            tasks += [
                _watched(self._forgetting.follow(measure), "the follower of deletions"),
                _watched(self._follower.follow(), "the follower of the catalogue"),
                _watched(self._feeds.follow(measure), "the follower of feeds"),
                _watched(self._tick(), "the ticker"),
                _watched(self._gauge(), "the gauges"),
                _watched(watch_for_stalls(self.settings, app.ownership), "the watchdog"),
                _watched(watch_topics(self.settings, _LOOK_AT_TOPICS_S), "the watch of the topics"),
            ]
            _calm_the_collector()
            await run_app(app, stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._follower.stop()
            await self._forgetting.stop()
            await self._feeds.stop()
            if monitoring is not None:
                await monitoring.cleanup()

    async def _check_broker(self) -> bool:
        states = await topic_states(self.settings)
        refuse_missing(states)
        refuse_wrong_partitions(states)
        transactional = await has_transactions(self.settings)
        if transactional:
            log.info("exactly once: the broker has transactions")
        elif self.settings.profile is Profile.PRODUCTION:
            raise WorkerError(
                f"broker={self.settings.broker}: it has no transactions, and LEIMO_PROFILE="
                "production needs them. Use Apache Kafka, or LEIMO_PROFILE=dev."
            )
        else:
            log.warning(
                "the broker has no transactions: exact in all but a worker that was "
                "stopped for longer than its session and wakes up again"
            )
        self._look_at_faults(states)
        return transactional

    def _look_at_faults(self, states: list[TopicState]) -> None:
        if self.settings.profile is Profile.PRODUCTION:
            refuse_faults(states, wanted_replicas(self.settings))
        for fault in faults_of(states, wanted_replicas(self.settings)):
            log.warning("topic %s", fault)

    async def _build(
        self, catalogue: Catalogue, *, transactional: bool
    ) -> tuple[StreamApp, MeasureStage]:
        analyser = await asyncio.to_thread(self._analyser, catalogue)
        app = new_app(self.settings)
        declare_changelog(app, BRANDS_CHANGELOG, self.settings.partitions)
        self._analyse = AnalyseStage(
            self.settings, self.metrics, analyser, Groups(catalogue), _now_ms
        )
        self._measure = MeasureStage(self.settings, self.metrics, catalogue)
        self._analyse.forgotten = self._measure.forgotten = self._forgetting.forgotten
        add_stages(
            app,
            self.settings,
            self.metrics,
            [self._analyse, self._measure],
            transactional=transactional,
            checkpoint=self._checkpoint,
        )
        analyse.declare(app)
        measure.declare(app)
        self._app = app
        self.metrics.show_catalogue(catalogue)
        return app, self._measure

    def _analyser(self, catalogue: Catalogue) -> Analyser:
        return analyser_of(catalogue, self.settings.tokenizer.value)

    async def _redefine(self, catalogue: Catalogue) -> None:
        """The catalogue changed: build aside, then swap between two batches."""
        analyser = await asyncio.to_thread(self._analyser, catalogue)
        if self._analyse is not None and self._measure is not None:
            self._analyse.analyser, self._analyse.groups = analyser, Groups(catalogue)
            self._measure.redefine(catalogue)
        self.metrics.show_catalogue(catalogue)
        self.metrics.catalogue_changes.inc()

    def _is_ready(self) -> bool:
        return self._app is not None and self._app.ownership.is_open

    async def _tick(self) -> None:
        """Send event time into every partition of `mentions`, in band."""
        while True:
            await asyncio.sleep(self.settings.tick_s)
            if self._app is None or self._analyse is None or not self._is_ready():
                continue
            ownership = self._app.ownership
            rows = self._analyse.ticks(self._is_read_to_end, _now_ms())
            for outbox in ownership.outboxes(POSTS_RAW.name):
                outbox.add(rows)

    def _is_read_to_end(self, partition: int) -> bool:
        return self._app is not None and self._app.lag((POSTS_RAW.name, partition)) == 0

    async def _gauge(self) -> None:
        """Set the gauges that nothing else sets in passing."""
        while True:
            await asyncio.sleep(1)
            if self._app is None or self._measure is None:
                continue
            # Also between two assignments: what was lost has another owner, who tells of it.
            lags = {source: self._app.lag(source) for source in self._app.ledger.positions}
            self.metrics.show_lag({at: lag for at, lag in lags.items() if lag is not None})
            self._app.ownership.gauge()
            if self._is_ready():
                self._measure.gauge(time.time())


def _calm_the_collector() -> None:
    """Look for cycles less often: records hold none, and the catalogue lives to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _watched(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """A task whose failure ends the process: a worker without it would look alive."""

    async def guarded() -> None:
        try:
            await work
        except TopicError as error:
            die(str(error))
        except Exception as error:
            die(f"{name} failed: {error}", error)

    return asyncio.create_task(guarded(), name=name)


def _now_ms() -> int:
    return int(time.time() * 1000)
