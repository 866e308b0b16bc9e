"""The app is made of our parts, and Faust keeps nothing of its own."""

import pytest

from kafka_io.settings import Settings
from schemas.topics import BRANDS_CHANGELOG, MENTIONS
from streams.app import batch_topic, declare_changelog, new_app
from streams.tables import TakeOverTables


@pytest.fixture
def settings() -> Settings:
    """No broker is asked for anything here."""
    return Settings(broker="127.0.0.1:1,127.0.0.1:2", group="tables", instance="w", partitions=4)


async def test_the_app_is_wired_with_our_parts(settings: Settings) -> None:
    app = new_app(settings)

    assert isinstance(app.tables, TakeOverTables)
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


async def test_the_changelog_is_handed_out_with_the_topics_and_nothing_is_held(
    settings: Settings,
) -> None:
    app = new_app(settings)

    declare_changelog(app, BRANDS_CHANGELOG, settings.partitions)

    [table] = app.tables.values()
    assert app.tables.changelog_topics == {app.names.on_broker(BRANDS_CHANGELOG.name)}
    assert (table.partitions, dict(table.data)) == (settings.partitions, {})
    app.consumer._thread.thread_loop.close()  # made at once, for a thread that is not started
