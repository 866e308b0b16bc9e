"""Names on the broker: deployments with different prefixes share none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from schemas.topics import TOPICS

LONGEST_TOPIC = 249
"""Characters that Kafka allows in a name."""

prefixes = st.one_of(
    st.just(""), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[._-]", fullmatch=True)
)


def on_broker(prefix: str) -> set[str]:
    names = Names(Settings(topic_prefix=prefix))
    return {names.on_broker(topic) for topic in TOPICS}


@given(prefixes, prefixes)
def test_two_prefixes_share_no_topic_and_no_group(one: str, other: str) -> None:
    if one != other:
        assert not on_broker(one) & on_broker(other)
        assert (
            Settings(topic_prefix=one, group="g").group_id
            != Settings(topic_prefix=other, group="g").group_id
        )


@given(prefixes)
def test_every_prefix_makes_names_that_kafka_takes_and_that_lead_back(prefix: str) -> None:
    names = Names(Settings(topic_prefix=prefix))

    for topic in TOPICS:
        assert len(names.on_broker(topic)) <= LONGEST_TOPIC
        assert names.source(names.partition((topic, 7))) == (topic, 7)


def test_a_partition_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"b\.mentions/3: .* begin with 'a\.'"):
        Names(Settings(topic_prefix="a.")).source(("b.mentions", 3))
