"""The Faust app: our transport and tables in it, and the settings that keep it exact."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import faust
from aiokafka.errors import CommitFailedError, IllegalStateError
from faust.types import TP
from faust.types.auth import CredentialsT

from kafka_io.ledger import Ledger, TopicPartition, Verdict
from kafka_io.security import tls_context
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.writers import Checkpoint, Offsets
from schemas.topics import Topic
from streams.metrics import Metrics
from streams.ownership import Ownership
from streams.stages import Stage
from streams.stop import die
from streams.tables import TakeOverTables
from streams.transport import BatchTransport

log = logging.getLogger(__name__)


class StreamApp(faust.App):  # type: ignore[misc]
    """A Faust app whose agents get record batches and whose commits are the outbox's."""

    ownership: Ownership
    names: Names

    @property
    def ledger(self) -> Ledger:
        return self.ownership.ledger

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_producer, self)

    def _create_directories(self) -> None:
        """None: state lives in memory and in the changelog."""

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        # Faust first: it stops the flow and empties the agents' queues.
        await super()._on_partitions_revoked(revoked)
        await self.ownership.release()

    async def _stop_consumer(self) -> None:
        await super()._stop_consumer()
        await self.ownership.release()

    async def run_stage(self, batches: Any) -> None:
        """Body of every agent: give each batch to its stage. An error ends the process."""
        async for batch in batches:
            try:
                source = self.names.source(batch.source)
                verdict = await self.ownership.step(batch._replace(topic=source[0]))
                if verdict is Verdict.GAP:
                    await self._seek_back(source)
                # Heartbeats, commits and the other agent get their turn.
                await self.sleep(0)
            except Exception as error:  # Faust would acknowledge and go on
                die(
                    f"stage of {batch.topic} failed at {batch.partition}/{batch.start}: {error}",
                    error,
                )

    async def _seek_back(self, source: TopicPartition) -> None:
        position = self.ledger.positions.get(source)
        if position is not None:
            partition = self._partition(source)
            log.warning("%s/%d: fetched past %d, seeking back", *partition, position)
            await self.consumer.seek_wait({partition: position})

    def _partition(self, source: TopicPartition) -> TP:
        """As Faust takes it."""
        return TP(*self.names.partition(source))

    async def take_over(self, assigned: Iterable[TP]) -> None:
        """Own what Faust was assigned; see `streams.ownership`."""
        await self.ownership.take_over(map(self.names.source, assigned))

    def lag(self, source: TopicPartition) -> int | None:
        """Records behind the end of the partition; None while the end is not known."""
        position = self.ledger.positions.get(source)
        end = self.consumer.highwater(self._partition(source))
        return None if position is None or end is None else max(0, end - position)

    async def committed_offsets(self, sources: Iterable[TopicPartition]) -> Offsets:
        """Read positions that the group has committed."""
        found = await self.consumer.committed_offsets(map(self._partition, sources))
        return {self.names.source(tp): offset for tp, offset in found.items()}

    async def commit_offsets(self, offsets: Offsets) -> None:
        """Commit read positions; where the group has moved on, they are simply read again."""
        try:
            await self.consumer.commit_offsets(
                {self._partition(source): offset for source, offset in offsets.items()}
            )
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("offsets not committed, the next owner repeats them: %s", error)

    async def read_notes(self, sources: Iterable[TopicPartition]) -> Mapping[TopicPartition, str]:
        """See `streams.attempts`."""
        notes = await self.consumer.committed_notes(map(self._partition, sources))
        return {self.names.source(tp): note for tp, note in notes.items()}

    async def write_note(self, source: TopicPartition, offset: int, note: str) -> None:
        """See `streams.attempts`; where the group has moved on, it is the next owner's turn."""
        try:
            await self.consumer.commit_note(self._partition(source), offset, note)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning(
                "%s/%d: no note beside its offset: %s", *self.names.partition(source), error
            )


def new_app(settings: Settings) -> StreamApp:
    """An app without agents; see `add_stages`."""
    app = StreamApp(
        settings.group_id,
        broker=";".join(f"kafka://{address}" for address in settings.broker.split(",")),
        TableManager=TakeOverTables,
        broker_credentials=_credentials(settings),
        key_serializer="raw",
        value_serializer="raw",
        autodiscover=False,
        web_enabled=False,
        canonical_url=f"http://{settings.instance or 'leimo'}:1",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        topic_partitions=settings.partitions,
        stream_wait_empty=False,
        stream_recovery_delay=0,
        stream_buffer_maxsize=8,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 << 20,
        consumer_metadata_max_age_ms=15_000,
        consumer_group_instance_id=settings.instance or None,
        broker_max_poll_records=4000,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 4,
        broker_rebalance_timeout=max(settings.session_timeout_s, 6),
        broker_request_timeout=max(30, settings.session_timeout_s * 2),
        broker_max_poll_interval=300,
        producer_acks=-1,
    )
    app.names = Names(settings)
    return app


def _credentials(settings: Settings) -> CredentialsT | None:
    """What Faust's consumer proves itself by; None: nothing. See `kafka_io.security`."""
    protocol = settings.security_protocol
    context = tls_context(settings) if protocol.has_tls else None
    if protocol.has_sasl:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.sasl_mechanism.value,
        )
    return None if context is None else faust.SSLCredentials(context)


def add_stages(
    app: StreamApp,
    settings: Settings,
    metrics: Metrics,
    stages: Sequence[Stage],
    *,
    transactional: bool,
    checkpoint: Checkpoint = lambda point: None,
) -> None:
    """Give the app its stages; their agents and tables are declared with the functions below."""
    app.ownership = Ownership(
        settings,
        metrics,
        stages,
        transactional=transactional,
        committed_offsets=app.committed_offsets,
        commit_offsets=app.commit_offsets,
        lag=app.lag,
        checkpoint=checkpoint,
        notes=app,
    )


def declare_changelog(app: StreamApp, changelog: Topic, partitions: int) -> None:
    """Have the partitions of a changelog handed out with those of the topics of the stages.

    Faust does that for tables, with the assignor that it uses where there is one. This one stays
    empty: `streams.ownership` reads the changelog, the stage holds what it says, and the outbox
    writes it. Faust's own would send a message for each write, and could commit past them.
    """
    app.Table(
        changelog.name.removesuffix("-changelog"),
        key_type=bytes,
        value_type=bytes,
        partitions=partitions,
        changelog_topic=batch_topic(app, changelog),
    )


def batch_topic(app: StreamApp, topic: Topic) -> Any:
    """A Faust topic of record batches: raw, and outside of Faust's acknowledgements."""
    name = app.names.on_broker(topic.name)
    return app.topic(name, key_type=bytes, value_type=bytes, acks=False, internal=True)
