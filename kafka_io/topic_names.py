"""Names on the broker: the one place where LEIMO_TOPIC_PREFIX comes before a topic's name.

All other code speaks of topics by their names in `schemas.topics`. Kafka's clients take and give
the names on the broker; so do messages to an operator, who has to find the topic there.
"""

from aiokafka import TopicPartition

from kafka_io.settings import Settings


class Names:
    """Names of one deployment's topics.

    >>> names = Names(Settings(topic_prefix="acme."))
    >>> names.on_broker("posts.raw")
    'acme.posts.raw'
    >>> names.source(names.partition(("posts.raw", 3)))
    ('posts.raw', 3)
    """

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix

    def on_broker(self, topic: str) -> str:
        """What the broker calls a topic of `schemas.topics`."""
        return self._prefix + topic

    def partition(self, source: tuple[str, int]) -> TopicPartition:
        """A partition, as Kafka's clients take it."""
        return TopicPartition(self._prefix + source[0], source[1])

    def source(self, partition: tuple[str, int]) -> tuple[str, int]:
        """A partition that a client tells of; `ValueError` where it belongs to somebody else."""
        topic, at = partition
        if not topic.startswith(self._prefix):
            raise ValueError(f"{topic}/{at}: its name does not begin with {self._prefix!r}")
        return topic[len(self._prefix) :], at
