"""Keys go where every Kafka client would send them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.partitions import partition_for


@given(st.binary(max_size=40), st.integers(1, 1024))
def test_it_agrees_with_the_default_partitioner_of_the_client(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))

    assert partition_for(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
@pytest.mark.parametrize("partitions", [1, 8, 1000])
def test_it_agrees_with_kafka_itself(key: bytes, murmur2: int, partitions: int) -> None:
    """The hashes stand in the tests of Kafka's Java client, `UtilsTest.testMurmur2`."""
    assert partition_for(key, partitions) == (murmur2 & 0x7FFFFFFF) % partitions
