"""A trial in small; the long form is a program: see `trial.py`."""

import pytest

from kafka_io.brokers import ApacheKafka
from tests.feeds.live.trial import Plan, run


@pytest.mark.kafka
@pytest.mark.slow
async def test_cuts_kills_and_losses_are_told_or_mended(kafka_broker: ApacheKafka) -> None:
    """Weibo's push has all kinds of ends; the others have tests of their own, and the long form."""
    outcome = await run("weibo", 1, Plan(cuts=4, kills=1, broker_kills=1, losses=1), kafka_broker)
    assert outcome.wrong == []
    assert outcome.gaps == 1
    assert 0 < outcome.missing <= 60
