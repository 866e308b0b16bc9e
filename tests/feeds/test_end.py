"""A feed that is asked to end, with a broker that does not answer."""

import asyncio
import signal
import subprocess

import pytest

from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from tests.leimo.started import started


@pytest.mark.embedded
@pytest.mark.parametrize("how", ["killed", "paused"])
def test_a_feed_whose_broker_is_gone_ends_and_says_what_is_missing(
    embedded_broker: EmbeddedBroker, how: str
) -> None:
    asyncio.run(_make_topics(embedded_broker.address))
    at = ("--broker", embedded_broker.address)
    with started("feed", "simulate", "--rate", "200", *at) as feed:
        _wait_for_progress(feed)
        if how == "killed":
            embedded_broker.kill()
        else:
            embedded_broker.pause()
        _wait_for_progress(feed)  # posts go on, and nobody takes them
        feed.send_signal(signal.SIGTERM)
        _, error = feed.communicate(timeout=20)
    assert feed.returncode == 128 + signal.SIGTERM
    assert b"did not answer within 3 s of the signal" in error
    assert b"posts may be missing" in error
    assert b"Traceback" not in error


def _wait_for_progress(feed: subprocess.Popen[bytes]) -> None:
    """Until it tells once more how far it is; other lines are those of the client."""
    assert feed.stderr is not None
    while b" newest " not in (line := feed.stderr.readline()):
        assert line, "the feed has ended"


async def _make_topics(address: str) -> None:
    await apply_topics(Settings.load(broker=address, partitions=2))
