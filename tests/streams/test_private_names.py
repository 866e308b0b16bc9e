"""The private names of Faust and aiokafka that `streams` leans on are still what they were.

An upgrade that moves one of them fails here, loudly, and not in a commit at night. Each row: where
it stands, and the parameters that our override takes or our call gives.
"""

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import ConsumerMessage
from mode.services import ServiceTask

from streams.app import StreamApp
from streams.tables import Restoration, TakeOverTables
from streams.transport import BatchConsumer, BatchConsumerThread, BatchTransport

ROOT = Path(__file__).resolve().parents[2]

OVERRIDDEN = [
    (AIOKafkaConsumerThread, BatchConsumerThread, "_create_worker_consumer", "transport"),
    (
        AIOKafkaConsumerThread,
        BatchConsumerThread,
        "_fetch_records",
        "consumer active_partitions timeout max_records",
    ),
    (Consumer, BatchConsumer, "_new_consumer_thread", ""),
    (Consumer, BatchConsumer, "_to_message", "tp record"),
    (Consumer, BatchConsumer, "_wait_next_records", "timeout"),
    (Consumer, BatchConsumer, "perform_seek", ""),
    (Consumer, BatchConsumer, "commit", "topics start_new_transaction"),
    (Consumer, BatchConsumer, "verify_event_path", "now tp"),
    (faust.App, StreamApp, "_new_transport", ""),
    (faust.App, StreamApp, "_new_producer_transport", ""),
    (faust.App, StreamApp, "_create_directories", ""),
    (faust.App, StreamApp, "_on_partitions_revoked", "revoked"),
    (faust.App, StreamApp, "_stop_consumer", ""),
    (Recovery, Restoration, "flush_buffers", ""),
]
CALLED = [
    (AIOKafkaConsumerThread, "_ensure_consumer", ""),
    (AIOKafkaConsumerThread, "call_thread", "fun args kwargs"),
    (Consumer, "_getmany", "active_partitions timeout"),
    (Consumer, "_get_active_partitions", ""),
    (Consumer, "seek_wait", "partitions"),
    (Consumer, "wait", "coros timeout"),
    (Consumer, "highwater", "tp"),
    (Consumer, "assignment", ""),
    (Recovery, "_set_recovery_started", ""),
    (Recovery, "_wait", "coro timeout"),
    (Recovery, "on_recovery_completed", "generation_id"),
    (Fetcher, "fetched_records", "partitions timeout max_records"),
    (Fetcher, "_create_fetch_waiter", ""),
    (SubscriptionState, "fetch_context", ""),
    (Assignment, "state_value", "tp"),
    (GroupCoordinator, "fetch_committed_offsets", "partitions"),
    (AIOKafkaProducer, "create_batch", ""),
    (AIOKafkaProducer, "send_batch", "batch topic partition"),
    (AIOKafkaProducer, "send_offsets_to_transaction", "offsets group_id"),
    (BatchBuilder, "append", "timestamp key value headers"),
    (BatchBuilder, "close", ""),
]
PROPERTIES = [
    (SubscriptionState, "reassignment_in_progress"),
    (SubscriptionState, "subscription"),
    (Assignment, "tps"),
    (TopicPartitionState, "position"),
    (TopicPartitionState, "has_valid_position"),
    (TableManager, "recovery"),
    (Recovery, "signal_recovery_start"),
]
TASKS = ["_restart_recovery", "_slurp_changelogs", "_publish_stats"]


def parameters(owner: type, name: str) -> list[str]:
    return list(inspect.signature(getattr(owner, name)).parameters)[1:]


def is_awaited(owner: type, name: str) -> bool:
    return inspect.iscoroutinefunction(getattr(owner, name))


@pytest.mark.parametrize("package", ["faust-streaming", "aiokafka", "mode-streaming"])
def test_the_versions_are_the_pinned_ones(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert f"{package}=={version(package)}" in project["dependencies"]


@pytest.mark.parametrize(("theirs", "ours", "name", "wanted"), OVERRIDDEN)
def test_what_is_overridden_exists_with_the_same_parameters(
    theirs: type, ours: type, name: str, wanted: str
) -> None:
    assert name in vars(ours), "not overridden any more: take the row out"
    assert parameters(theirs, name) == wanted.split()
    assert parameters(ours, name) == wanted.split()
    assert is_awaited(theirs, name) == is_awaited(ours, name)


@pytest.mark.parametrize(("owner", "name", "wanted"), CALLED)
def test_what_is_called_takes_what_it_is_given(owner: type, name: str, wanted: str) -> None:
    assert parameters(owner, name) == wanted.split()


@pytest.mark.parametrize(("owner", "name"), PROPERTIES)
def test_what_is_read_is_a_property(owner: type, name: str) -> None:
    assert isinstance(inspect.getattr_static(owner, name), property)


@pytest.mark.parametrize("name", TASKS)
def test_the_tasks_of_the_recovery_are_replaced(name: str) -> None:
    """A task under a new name would run beside ours."""
    assert isinstance(inspect.getattr_static(Recovery, name), ServiceTask)
    assert isinstance(vars(Restoration)[name], ServiceTask)


def test_the_recovery_has_no_tasks_besides_the_replaced_ones() -> None:
    tasks = {name for name, value in vars(Recovery).items() if isinstance(value, ServiceTask)}

    assert tasks == set(TASKS)


@pytest.mark.parametrize(
    ("theirs", "ours", "name"),
    [(Transport, BatchTransport, "Consumer"), (TableManager, TakeOverTables, "recovery")],
)
def test_parts_are_plugged_in_by_attributes(theirs: type, ours: type, name: str) -> None:
    assert hasattr(theirs, name)
    assert name in vars(ours)


def test_a_message_has_the_fields_that_a_batch_fills() -> None:
    assert list(inspect.signature(ConsumerMessage).parameters) == [
        *("topic", "partition", "offset", "timestamp", "timestamp_type", "headers"),
        *("key", "value", "checksum", "serialized_key_size", "serialized_value_size"),
        *("tp", "time_in", "time_out", "time_total", "generation_id"),
    ]


@pytest.mark.parametrize(
    ("owner", "function", "text"),
    [
        # What BatchConsumerThread sets after the consumer was made.
        (AIOKafkaConsumer, "start", "isolation_level=self._isolation_level"),
        # What `_take` leans on: nothing gives way to the loop where the timeout is 0.
        (Fetcher, "fetched_records", "if drained or not timeout:"),
        # Faust's recovery waits for these two to begin.
        (Recovery, "on_rebalance", "self.signal_recovery_start.set()"),
        (Recovery, "on_rebalance", "self._generation_id ="),
        # Faust stops the flow and clears the queues before Ownership.release.
        (faust.App, "_on_partitions_revoked", "self.flow_control.suspend"),
        # Why the writers await the futures themselves (trap 1).
        (MessageAccumulator, "flush_for_commit", "waiters"),
    ],
)
def test_the_lines_that_we_rely_on_are_still_there(owner: Any, function: str, text: str) -> None:
    assert text in inspect.getsource(getattr(owner, function))


def test_the_attributes_that_we_reach_for_are_set_by_the_constructor() -> None:
    source = inspect.getsource(AIOKafkaConsumer.__init__)

    for name in ("_isolation_level", "_fetcher", "_coordinator", "_closed"):
        assert f"self.{name} =" in source
    for owner, name in (
        (Fetcher, "_closed"),
        (Fetcher, "_subscriptions"),
        (Fetcher, "_records"),
        (FetchResult, "_partition_records"),
        (FaustConsumer, "_read_offset"),
    ):
        assert f"self.{name} =" in inspect.getsource(owner.__init__), name


def test_records_go_through_the_function_that_is_replaced() -> None:
    """Under another name each would be made a `ConsumerRecord`, and cost five times as much."""
    assert parameters(PartitionRecords, "_consumer_record") == ["tp", "record"]
    assert "self._consumer_record(" in inspect.getsource(PartitionRecords)
