"""Reading the topics into the store: what stays where it cannot begin."""

import gc
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from center.ingest.reading import Ingest
from center.store.opening import open_store
from kafka_io.brokers import HOST, free_port
from kafka_io.settings import Settings


async def test_without_a_broker_nothing_stays_open(tmp_path: Path) -> None:
    """What is left open tells of itself after the error, which is to be the last line."""
    settings = Settings(broker=f"{HOST}:{free_port()}")
    with closing(open_store(f"sqlite:///{tmp_path / 'center.db'}")) as store:
        ingest = Ingest(settings, store, lambda *_: None)
        with pytest.raises(KafkaConnectionError):
            await ingest.__aenter__()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            del ingest
            gc.collect()

    assert [one for one in told if "AIOKafkaConsumer" in str(one.message)] == []
