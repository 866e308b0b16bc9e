"""Topics for the peers: those of leimo, made for records that carry the posts' own times."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kafka_io.settings import Settings
from schemas.topics import MENTIONS, POSTS_RAW, WINDOWS

COMMIT_INTERVAL_S = 1
"""Of every peer, also between two of Flink's checkpoints. Of leimo it is 0.2 s."""

CONFIG = {"retention.ms": "-1", "segment.ms": str(10 * 365 * 86_400_000)}
"""Old event times: without this the broker would roll a segment for each week of posts."""


async def create(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(topic.name, settings.partitions, 1, topic_configs=CONFIG)
                for topic in (POSTS_RAW, MENTIONS, WINDOWS)
            ]
        )
    finally:
        await admin.close()
