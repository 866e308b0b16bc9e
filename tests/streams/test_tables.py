"""The table remembers what changed, by partition, once for each commit."""

from collections.abc import AsyncIterator

import pytest

from kafka_io.settings import Settings
from schemas.topics import BRANDS_CHANGELOG, MENTIONS
from streams.app import batch_topic, new_app, state_table
from streams.tables import StateTable, StateTableManager
from tests.streams.agent_step import within


@pytest.fixture
def settings() -> Settings:
    """No broker is asked for anything here."""
    return Settings(broker="127.0.0.1:1,127.0.0.1:2", group="tables", instance="w", partitions=4)


async def test_the_app_is_wired_with_our_parts(settings: Settings) -> None:
    app = new_app(settings)

    assert isinstance(app.tables, StateTableManager)
    assert [str(url) for url in app.conf.broker] == ["kafka://127.0.0.1:1", "kafka://127.0.0.1:2"]
    assert app.conf.consumer_group_instance_id == "w"
    # Each of these, as Faust has it by default, would cost counts or open a port.
    assert not app.conf.web_enabled
    assert not app.conf.topic_allow_declare
    assert not app.conf.stream_wait_empty
    assert app.conf.consumer_auto_offset_reset == "earliest"
    assert app.conf.table_standby_replicas == 0
    assert app.conf.processing_guarantee.value == "at_least_once"
    assert app.conf.broker_request_timeout > app.conf.broker_session_timeout


async def test_faust_acknowledges_nothing_of_our_topics(settings: Settings) -> None:
    """It could commit ahead of the work."""
    topic = batch_topic(new_app(settings), MENTIONS)

    assert (topic.acks, topic.internal) == (False, True)
    assert (topic.key_type, topic.value_type) == (bytes, bytes)


@pytest.fixture
async def table(settings: Settings) -> AsyncIterator[StateTable]:
    app = new_app(settings)
    yield state_table(app, "brands", BRANDS_CHANGELOG, settings.partitions)
    app.consumer._thread.thread_loop.close()  # made at once, for a thread that is not started


async def test_changed_keys_are_told_once_and_by_partition(table: StateTable) -> None:
    with within(table, 2):
        table[b"xiaomi"] = 1
        table[b"huawei"] = 2
        table[b"xiaomi"] = 3
    with within(table, 3):
        table[b"oppo"] = 4

    assert table.changed_keys(2) == {b"xiaomi", b"huawei"}
    assert table.changed_keys(2) == set()
    assert table.changed_keys(3) == {b"oppo"}
    assert dict(table.data) == {b"xiaomi": 3, b"huawei": 2, b"oppo": 4}


async def test_a_removed_key_has_changed(table: StateTable) -> None:
    with within(table, 2):
        table[b"xiaomi"] = 1
        table.changed_keys(2)
        del table[b"xiaomi"]

    assert table.changed_keys(2) == {b"xiaomi"}
    assert b"xiaomi" not in table


async def test_restored_values_have_not_changed(table: StateTable) -> None:
    """Nothing would be written back that was just read."""
    table.data[b"xiaomi"] = 1

    assert table[b"xiaomi"] == 1
    assert [table.changed_keys(partition) for partition in range(4)] == [set()] * 4


async def test_forgetting_drops_values_and_changes(table: StateTable) -> None:
    with within(table, 2):
        table[b"xiaomi"] = 1

    table.forget()

    assert dict(table.data) == {}
    assert table.changed_keys(2) == set()


async def test_a_write_outside_of_an_agent_is_refused(table: StateTable) -> None:
    """It would belong to no partition, and no commit would hold it."""
    with pytest.raises(TypeError, match="outside of stream iteration"):
        table[b"xiaomi"] = 1
