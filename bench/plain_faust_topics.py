"""Topics that the plain Faust app needs besides leimo's."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kafka_io.settings import Settings


async def create(settings: Settings) -> None:
    """Make its changelogs: without them its tables stop with another number of partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(
                    f"{settings.group}-{table}-changelog",
                    settings.partitions,
                    1,
                    topic_configs={"cleanup.policy": "compact,delete"},
                )
                for table in ("volume", "mood")
            ]
            + [NewTopic(f"{settings.group}-__assignor-__leader", 1, 1)]
        )
    finally:
        await admin.close()
