"""Create the topics, and check the ones that exist."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from kafka_io.admin import configs_by_topic, shapes_by_topic
from kafka_io.clients import client_options
from kafka_io.settings import Profile, Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.counted import counted
from schemas.errors import OperatorError
from schemas.topics import TOPICS, Topic

_VISIBLE_S = 30
_LOOK_AGAIN_S = 0.05


class TopicError(OperatorError):
    """A topic is missing or has a wrong shape; the message names the command that mends it."""


class TopicState(NamedTuple):
    topic: Topic
    wanted: int
    """Partitions that the settings ask for."""
    found: int | None
    """Partitions that the broker has; None: no such topic."""
    replicas: int = 0
    """Of the partition that has the fewest."""
    config: Mapping[str, str] = MappingProxyType({})
    """Settings of the topic, where the broker tells them."""
    name: str = ""
    """What the broker calls it."""

    @property
    def is_right(self) -> bool:
        return self.found == self.wanted

    def faults(self, replication: int) -> list[str]:
        """What is wrong with a topic that exists, or not known to be right, besides its partitions;
        each with its mend.

        Longer retention and larger records than declared are the operator's choice.

        >>> from schemas.topics import POSTS_RAW
        >>> config = POSTS_RAW.config() | {"retention.ms": "1000"}
        >>> TopicState(POSTS_RAW, 8, 8, 1, config, "posts.raw").faults(replication=1)
        ['retention.ms is 1000, wanted 259200000; kafka-configs --alter ...=[259200000]']
        """
        if self.found is None:
            return []
        found = []
        if self.replicas < replication:
            found.append(
                f"it has {counted(self.replicas, 'replica')}, wanted {replication}; "
                "kafka-reassign-partitions gives it more"
            )
        checked = {
            key: wanted
            for key, wanted in _config(self.topic, replication).items()
            if key in _CHECKED
        }
        if untold := [key for key in checked if key not in self.config]:
            found.append(
                f"{', '.join(untold)}: not told by the broker, so nobody knows whether records "
                f"are kept; kafka-acls --add --operation DescribeConfigs --topic {self.name} "
                "--allow-principal User:... gives the user the right to see them"
            )
        for key, wanted in checked.items():
            given = self.config.get(key, wanted)
            if (key in _AT_LEAST and _is_less(given, wanted)) or (
                key == "cleanup.policy" and not _is_same(given, wanted)
            ):
                found.append(f"{key} is {given}, wanted {wanted}; {_alter(self.name, key, wanted)}")
        return found


_AT_LEAST = ("retention.ms", "max.message.bytes", "min.insync.replicas")
_CHECKED = ("cleanup.policy", *_AT_LEAST)


def _config(topic: Topic, replication: int) -> dict[str, str]:
    """With three replicas or more, two must have a write: else one broker could lose it."""
    return topic.config() | ({"min.insync.replicas": "2"} if replication >= 3 else {})


def _alter(name: str, key: str, value: str) -> str:
    """The command that mends a setting."""
    return (
        f"kafka-configs --alter --entity-type topics --entity-name {name} --add-config "
        f"{key}=[{value}]"
    )


def _is_same(value: str, other: str) -> bool:
    """Lists of Kafka have no order."""
    return set(value.split(",")) == set(other.split(","))


def _is_less(value: str, than: str) -> bool:
    """-1 is without end.

    >>> [_is_less("-1", "5"), _is_less("5", "-1"), _is_less("4", "5"), _is_less("5", "5")]
    [False, True, True, False]
    """
    if value == "-1":
        return False
    return than == "-1" or int(value) < int(than)


async def topic_states(settings: Settings) -> list[TopicState]:
    """What the broker has of each topic."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with telling(settings.broker):
        await admin.start()
        try:
            return await _states(admin, settings)
        finally:
            await admin.close()


async def apply_topics(settings: Settings) -> list[TopicState]:
    """Create what is missing; returns the states before. Safe to run again.

    Raises:
        TopicError: a topic has another number of partitions than the settings ask for.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    with telling(settings.broker):
        await admin.start()
    try:
        before = await _states(admin, settings)
        refuse_wrong_partitions(before)
        missing = [state for state in before if state.found is None]
        if missing:
            await _create(admin, settings, missing)
            await _wait_until_visible(admin, settings)
        return before
    finally:
        await admin.close()


def refuse_wrong_partitions(states: Iterable[TopicState]) -> None:
    """Raise `TopicError` where a topic exists with a wrong number of partitions.

    Keys would land in other partitions than before, and a brand's state would be torn apart.
    """
    wrong = [state for state in states if state.found is not None and not state.is_right]
    if wrong:
        lines = "\n".join(
            f"  {state.name}: {counted(state.found or 0, 'partition')}, "
            f"the settings say {state.wanted}"
            for state in wrong
        )
        raise TopicError(
            f"Topics have another number of partitions than the settings:\n{lines}\n"
            f"Set LEIMO_PARTITIONS={wrong[0].found} to use them as they are, or delete them and "
            "run `leimo topics apply` again. A topic that is in use cannot change its partitions "
            "without losing counts."
        )


def wanted_replicas(settings: Settings) -> int:
    """Of each topic: production does not trust one broker alone."""
    return max(2 if settings.profile is Profile.PRODUCTION else 1, settings.replication)


def faults_of(states: Iterable[TopicState], replication: int) -> list[str]:
    """A line for each topic that is not as declared in `schemas.topics`."""
    return [f"{state.name}: {fault}" for state in states for fault in state.faults(replication)]


def refuse_faults(states: Iterable[TopicState], replication: int) -> None:
    """Raise `TopicError` for topics that would lose what production must keep."""
    faults = faults_of(states, replication)
    if faults:
        raise TopicError(
            f"LEIMO_PROFILE=production refuses topics that may lose records: {'; '.join(faults)}. "
            "Mend them, or set LEIMO_PROFILE=dev."
        )


async def watch_topics(settings: Settings, interval_s: float) -> NoReturn:
    """Look at the topics again and again, until one is gone or has other partitions.

    Twice in a row, since a broker that has just come back may not know all of them yet.

    Raises:
        TopicError: what has happened; keys would go to other partitions than their state.
    """
    was_right = True
    while True:
        await asyncio.sleep(interval_s)
        try:
            states = await topic_states(settings)
        except KafkaError:
            continue  # a broker that is away is not a topic that is gone
        is_right = all(state.is_right for state in states)
        if not is_right and not was_right:
            refuse_missing(states)
            refuse_wrong_partitions(states)
        was_right = is_right


def refuse_missing(states: Iterable[TopicState]) -> None:
    """Raise `TopicError` where a topic is missing: leimo never creates one by accident."""
    missing = [state.name for state in states if state.found is None]
    if missing:
        raise TopicError(
            f"Topics are missing: {', '.join(missing)}. Create them with `leimo topics apply`."
        )


def _wanted(topic: Topic, settings: Settings) -> int:
    return settings.partitions if topic.scales else 1


async def _states(admin: AIOKafkaAdminClient, settings: Settings) -> list[TopicState]:
    shapes = await shapes_by_topic(admin)
    names = Names(settings)
    named = {names.on_broker(name): topic for name, topic in TOPICS.items()}
    configs = await configs_by_topic(admin, [name for name in named if name in shapes])
    return [
        TopicState(
            topic,
            _wanted(topic, settings),
            shape.partitions if shape else None,
            shape.replicas if shape else 0,
            configs.get(name, {}),
            name,
        )
        for name, topic in named.items()
        for shape in [shapes.get(name)]
    ]


async def _wait_until_visible(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """Kafka's controller answers before the brokers know of a topic."""
    try:
        async with asyncio.timeout(_VISIBLE_S):
            while any(state.found is None for state in await _states(admin, settings)):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        raise TopicError(
            f"The broker at {settings.broker} created the topics, but does not list them after "
            f"{_VISIBLE_S} s. Look at its log, then run `leimo topics apply` again."
        ) from None


async def _create(
    admin: AIOKafkaAdminClient, settings: Settings, missing: list[TopicState]
) -> None:
    response = await admin.create_topics(
        [
            NewTopic(
                name=state.name,
                num_partitions=state.wanted,
                replication_factor=settings.replication,
                topic_configs=_config(state.topic, settings.replication),
            )
            for state in missing
        ]
    )
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            detail = message[0] if message and message[0] else error.description
            raise TopicError(f"{name}: the broker refused to create it: {detail}")
