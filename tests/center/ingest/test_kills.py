"""The center and the broker are killed under load: the store equals the topics all the same.

The long form (20 kills, 5 of the broker) is `python -m tests.center.ingest.kills`.
"""

from pathlib import Path

import pytest

from kafka_io.brokers import ApacheKafka
from tests.center.ingest.kills import kill_under_load


@pytest.mark.slow
async def test_the_store_equals_the_topics(
    kafka_topics: str, kafka_broker: ApacheKafka, transactional_url: str, tmp_path: Path
) -> None:
    is_sqlite = transactional_url.startswith("sqlite")
    kills, broker_kills = (2, 1) if is_sqlite else (1, 0)

    lines, wanted = await kill_under_load(
        kafka_broker,
        transactional_url,
        tmp_path,
        kills=kills,
        broker_kills=broker_kills,
        is_rebuilt=is_sqlite,
    )

    assert lines == []
    assert len(wanted.mentions) > 500
    assert wanted.actions
    assert wanted.gone
