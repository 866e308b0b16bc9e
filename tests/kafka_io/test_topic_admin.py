"""Topics are created once, as declared, and never by accident."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from kafka_io.brokers import ApacheKafka, Broker
from kafka_io.settings import Settings
from kafka_io.topic_admin import (
    TopicError,
    TopicState,
    apply_topics,
    faults_of,
    refuse_faults,
    refuse_missing,
    refuse_wrong_partitions,
    topic_states,
    watch_topics,
)
from schemas.topics import BRANDS_CHANGELOG, CATALOGUE, MENTIONS, POSTS_RAW, TOPICS
from tests.kafka_io import words


def settings_of(broker: Broker, **changes: object) -> Settings:
    return words.settings(broker.address, "unused").model_copy(update=changes)


async def test_applying_creates_what_is_missing_and_may_be_repeated(broker: Broker) -> None:
    settings = settings_of(broker)

    first = await apply_topics(settings)
    second = await apply_topics(settings)

    assert {state.topic.name: state.found for state in first} == dict.fromkeys(TOPICS)
    assert {state.topic.name: state.found for state in second} == {
        name: 4 if topic.scales else 1 for name, topic in TOPICS.items()
    }
    assert all(state.is_right for state in second)


async def set_config(broker: Broker, topic: str, **config: str) -> None:
    named = {key.replace("_", "."): value for key, value in config.items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_topics_that_may_lose_records_are_refused_in_production() -> None:
    async with ApacheKafka.start() as broker:
        settings = settings_of(broker)
        await apply_topics(settings)
        assert faults_of(await topic_states(settings), 1) == []

        await set_config(broker, POSTS_RAW.name, retention_ms="60000", cleanup_policy="delete")
        await set_config(broker, BRANDS_CHANGELOG.name, cleanup_policy="delete")
        states = await topic_states(settings)
        async with asyncio.timeout(20):
            while len(faults_of(states, 1)) < 3:
                await asyncio.sleep(0.05)
                states = await topic_states(settings)

    assert [fault.partition(";")[0] for fault in faults_of(states, 1)] == [
        "posts.raw: retention.ms is 60000, wanted 259200000",
        "brands-changelog: cleanup.policy is delete, wanted compact",
        "brands-changelog: retention.ms is 604800000, wanted -1",
    ]
    with pytest.raises(
        TopicError, match=r"production refuses .*mentions: it has 1 replica, wanted 2"
    ):
        refuse_faults(states, 2)


@pytest.mark.parametrize("replication", [1, 3])
def test_what_the_broker_does_not_tell_does_not_count_as_right(replication: int) -> None:
    told = {"cleanup.policy": "delete", "max.message.bytes": "9999999"}
    state = TopicState(POSTS_RAW, 4, 4, 3, told, "acme.posts.raw")

    [fault] = state.faults(replication)

    assert fault.startswith("retention.ms" + (", min.insync.replicas" * (replication == 3)) + ": ")
    assert "not told by the broker" in fault
    assert "--operation DescribeConfigs --topic acme.posts.raw" in fault
    with pytest.raises(TopicError, match=r"production refuses .*not told by the broker"):
        refuse_faults([state], replication)


async def test_missing_topics_are_named_with_the_command_that_creates_them(broker: Broker) -> None:
    states = await topic_states(settings_of(broker))

    assert [(state.found, state.is_right) for state in states] == [(None, False)] * len(TOPICS)
    with pytest.raises(TopicError, match=r"posts\.raw, .*brands-changelog.*`leimo topics apply`"):
        refuse_missing(states)


async def test_another_number_of_partitions_is_refused_with_the_number_to_set(
    broker: Broker,
) -> None:
    await apply_topics(settings_of(broker))
    states = await topic_states(settings_of(broker, partitions=6))

    with pytest.raises(TopicError) as caught:
        await apply_topics(settings_of(broker, partitions=6))

    message = str(caught.value)
    assert f"{MENTIONS.name}: 4 partitions, the settings say 6" in message
    assert "LEIMO_PARTITIONS=4" in message
    assert CATALOGUE.name not in message.split("LEIMO_PARTITIONS", maxsplit=1)[0]
    with pytest.raises(TopicError):
        refuse_wrong_partitions(states)
    refuse_missing(states)


async def test_nothing_is_created_where_something_is_wrong(broker: Broker) -> None:
    await apply_topics(settings_of(broker))
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        await admin.delete_topics([CATALOGUE.name])
        async with asyncio.timeout(20):
            while CATALOGUE.name in await admin.list_topics():
                await asyncio.sleep(0.02)

        with pytest.raises(TopicError):
            await apply_topics(settings_of(broker, partitions=6))

        assert CATALOGUE.name not in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_more_partitions_under_a_running_worker_are_noticed(
    kafka_broker: ApacheKafka,
) -> None:
    settings = settings_of(kafka_broker)
    await apply_topics(settings)
    watching = asyncio.create_task(watch_topics(settings, interval_s=0.01))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.address)
    await admin.start()
    try:
        await admin.create_partitions({MENTIONS.name: NewPartitions(5)})
    finally:
        await admin.close()

    with pytest.raises(TopicError, match=r"mentions: 5 partitions, the settings say 4"):
        await asyncio.wait_for(watching, 30)


async def test_topics_have_the_declared_settings_on_the_broker(kafka_broker: ApacheKafka) -> None:
    await apply_topics(settings_of(kafka_broker))
    topics = (POSTS_RAW, BRANDS_CHANGELOG)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.address)
    await admin.start()
    try:
        answers = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
        )
    finally:
        await admin.close()

    found = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    for topic in topics:
        assert topic.config().items() <= found[topic.name].items()


@pytest.mark.kafka
async def test_prefixes_that_kafka_takes_for_one_are_refused(kafka_broker: ApacheKafka) -> None:
    await apply_topics(settings_of(kafka_broker, topic_prefix="acme."))

    with pytest.raises(TopicError, match=r"acme_posts\.raw: the broker refused .*acme\.posts\.raw"):
        await apply_topics(settings_of(kafka_broker, topic_prefix="acme_"))


@pytest.mark.kafka
async def test_more_replicas_than_brokers_are_refused_in_the_words_of_the_broker(
    kafka_broker: ApacheKafka,
) -> None:
    with pytest.raises(TopicError, match=r"posts\.raw: the broker refused .*[Rr]eplication"):
        await apply_topics(settings_of(kafka_broker, replication=3))
