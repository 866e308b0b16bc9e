"""`leimo deliver`: the process. Its consumer group shares the partitions of `deliveries` out."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener

from delivery.clock import Clock
from delivery.figures import Figures
from delivery.link_server import LinkServer
from delivery.outbound import Outbound
from delivery.owner import PartitionOwner
from delivery.sender import Sender
from kafka_io.clients import client_options, stop_consumer
from kafka_io.followers import CatalogueFollower
from kafka_io.settings import Profile, Settings
from kafka_io.stop_signals import stop_on_signals
from kafka_io.topic_admin import refuse_missing, refuse_wrong_partitions, topic_states
from kafka_io.topic_names import Names
from kafka_io.writers import Checkpoint, has_transactions
from schemas.catalogue import Catalogue
from schemas.errors import OperatorError
from schemas.topics import DELIVERIES
from streams.metrics import DeliveryMetrics
from streams.monitoring import serve_monitoring
from streams.stop import die, unless_stopped
from streams.version import VERSION

log = logging.getLogger(__name__)

_POLL_MS = 500
_REBALANCE_MS = 60_000
_PATIENCE = 0.4
"""Of the session: for so long sends that are under way are waited for when partitions move on."""
_BROKER_ANSWERS_S = 4
"""For so long the broker is waited for at the end; a container's usual grace is ten seconds."""


class DeliverError(OperatorError):
    """It cannot start; the message names the mend."""


class Deliverer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Owns the partitions that the group gives it, and delivers to their subscribers."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        checkpoint: Checkpoint = lambda point: None,
        outbound: Outbound | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = DeliveryMetrics()
        self.owners: dict[int, PartitionOwner] = {}
        self._taking: dict[int, asyncio.Task[None]] = {}
        self._clock = clock
        self._checkpoint = checkpoint
        self._outbound = outbound or Outbound(settings.deliver_networks)
        self._sender = Sender(settings, self._outbound, figures=Figures(settings))
        self._names = Names(settings)
        self._follower = CatalogueFollower(settings, self._redefine)
        self._catalogue = Catalogue()
        self._transactional = False
        self._changing = asyncio.Lock()

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Deliver until `stop`; without one, until SIGINT or SIGTERM.

        Raises:
            TopicError, DeliverError, MonitoringError: it cannot start.
        """
        log.info("leimo %s delivers", VERSION)
        stop = stop or stop_on_signals()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._follower.stop)
            await unless_stopped(self._check_broker(), stop)
            if stop.is_set():
                return
            await self._serve(stack)
            catalogue = await unless_stopped(self._follower.load(), stop)
            if catalogue is None:
                return
            self._catalogue = catalogue
            if not catalogue.subscribers:
                log.warning(
                    "the catalogue has no subscribers yet; add some under `subscribers:` and run "
                    "`leimo catalogue apply`"
                )
            await stack.enter_async_context(self._outbound)
            await self._work(stop)

    async def _serve(self, stack: AsyncExitStack) -> None:
        monitoring = await serve_monitoring(
            self.settings, self.metrics.registry, lambda: bool(self.owners)
        )
        if monitoring is not None:
            stack.push_async_callback(monitoring.cleanup)
        if self.settings.links_url:
            links = await LinkServer(self.settings).start()
            stack.push_async_callback(links.cleanup)

    async def _check_broker(self) -> None:
        states = await topic_states(self.settings)
        refuse_missing(states)
        refuse_wrong_partitions(states)
        self._transactional = await has_transactions(self.settings)
        if self._transactional:
            return
        if self.settings.profile is Profile.PRODUCTION:
            raise DeliverError(
                f"broker={self.settings.broker}: it has no transactions, and LEIMO_PROFILE="
                "production needs them. Use Apache Kafka, or LEIMO_PROFILE=dev."
            )
        log.warning(
            "the broker has no transactions: a process that was stopped for longer than its "
            "session and wakes up again may send what another has sent"
        )

    async def _work(self, stop: asyncio.Event) -> None:
        consumer = AIOKafkaConsumer(
            **client_options(self.settings),
            group_id=f"{self.settings.group_id}-deliver",
            group_instance_id=self.settings.instance or None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=round(self.settings.session_timeout_s * 1000),
            heartbeat_interval_ms=round(self.settings.session_timeout_s * 1000 / 5),
            rebalance_timeout_ms=_REBALANCE_MS,
        )
        self._consumer = consumer
        consumer.subscribe([self._names.on_broker(DELIVERIES.name)], listener=self)
        await unless_stopped(consumer.start(), stop)
        following = asyncio.create_task(self._follow())
        try:
            while not stop.is_set():
                # It reads nothing: polls keep the membership of the group alive.
                consumer.pause(*consumer.assignment())
                await consumer.getmany(timeout_ms=_POLL_MS)
                self._gauge()
        finally:
            following.cancel()
            await self._end(consumer, following)

    async def _end(self, consumer: AIOKafkaConsumer, following: asyncio.Task[None]) -> None:
        """Finish what is under way and leave the group; without a broker, it is not waited for."""

        async def in_order() -> None:
            await asyncio.gather(following, return_exceptions=True)
            await self._give_up([*self.owners, *self._taking])
            await stop_consumer(consumer)

        ending = asyncio.create_task(in_order())
        limit_s = self.settings.session_timeout_s * _PATIENCE + _BROKER_ANSWERS_S
        if not (await asyncio.wait({ending}, timeout=limit_s))[0]:
            die(
                f"broker={self.settings.broker}: it did not take the last records within "
                f"{limit_s:.0f} s; what was sent meanwhile may be told again"
            )
        ending.result()

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Called by the consumer before others get the partitions."""
        await self._give_up([partition.partition for partition in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Called by the consumer when partitions are ours.

        They are taken over behind its back: no sign of life goes to the group before this returns.
        """
        partitions = sorted(partition.partition for partition in assigned)
        if partitions:
            self._consumer.pause(*assigned)
        for one in partitions:
            self._taking[one] = asyncio.create_task(self._take_over(one))
        log.info("takes over the subscribers of partitions %s", partitions or "none")

    async def _take_over(self, partition: int) -> None:
        owner = PartitionOwner(
            self.settings,
            partition,
            self._sender,
            self.metrics,
            transactional=self._transactional,
            clock=self._clock,
            checkpoint=self._checkpoint,
        )
        try:
            catalogue = self._catalogue
            await owner.start(catalogue)
            while catalogue is not self._catalogue:  # it changed meanwhile
                catalogue = self._catalogue
                await owner.redefine(catalogue)
        except asyncio.CancelledError:  # others have the partition
            await owner.stop(0)
            raise
        except Exception as error:
            die(f"partition {partition} could not be taken over", error)
        self.owners[partition] = owner
        del self._taking[partition]

    async def _give_up(self, partitions: Iterable[int]) -> None:
        partitions = list(partitions)
        taking = [self._taking.pop(one) for one in partitions if one in self._taking]
        for task in taking:
            task.cancel()
        await asyncio.gather(*taking, return_exceptions=True)
        async with self._changing:
            owners = [self.owners.pop(one) for one in partitions if one in self.owners]
            patience_s = self.settings.session_timeout_s * _PATIENCE
            await asyncio.gather(*(owner.stop(patience_s) for owner in owners))

    async def _follow(self) -> None:
        try:
            await self._follower.follow()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            die("the follower of the catalogue failed", error)

    async def _redefine(self, catalogue: Catalogue) -> None:
        async with self._changing:
            self._catalogue = catalogue
            for owner in self.owners.values():
                await owner.redefine(catalogue)

    def _gauge(self) -> None:
        self.metrics.waiting.set(sum(owner.waiting for owner in self.owners.values()))
        self.metrics.receivers_down.set(sum(owner.down for owner in self.owners.values()))
