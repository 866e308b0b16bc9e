"""The same work on Quix Streams: a function per post, a topic by brand, its tumbling windows.

Uses the project's own analysis, so that only the streaming differs. Windows are sent on every
change and never closed, so that no mention is late. At least once;
no dead letters, repeats, watermarks, alerts.

Run by `bench.throughput` as `python -m bench.peers.quix_worker`, with BENCH_BROKER, BENCH_GROUP,
BENCH_CATALOGUE, BENCH_COMMIT_INTERVAL_S and BENCH_FOLDER set.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from quixstreams import Application, message_context
from quixstreams.dataframe.windows import Count, Sum
from quixstreams.models import Serializer

from analysis.shipped import analyser_of
from catalogue.file import load
from schemas.mention import Mention
from schemas.topics import MENTIONS, POSTS_RAW, WINDOWS
from sources.parsing import InvalidPost, parse

MINUTE = timedelta(minutes=1)
GRACE = timedelta(days=3650)

analyser = analyser_of(load(Path(os.environ["BENCH_CATALOGUE"])))
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Mention).decode


class MentionJson(Serializer):  # type: ignore[misc]
    """A mention as leimo writes it."""

    def __call__(self, value: Mention, *_args: Any, **_kwargs: Any) -> bytes:
        return encode(value)


def analyse(value: bytes, _key: Any, timestamp_ms: int, _headers: Any) -> list[Mention]:
    context = message_context()
    try:
        post = parse("weibo", value, timestamp_ms)
    except InvalidPost:
        return []
    return analyser.mentions(post, context.partition, context.offset)


def application() -> Application:
    app = Application(
        broker_address=os.environ["BENCH_BROKER"],
        consumer_group=os.environ["BENCH_GROUP"],
        auto_offset_reset="earliest",
        commit_interval=float(os.environ["BENCH_COMMIT_INTERVAL_S"]),
        state_dir=os.environ["BENCH_FOLDER"],
        loglevel="WARNING",
    )
    posts = app.topic(POSTS_RAW.name, value_deserializer="bytes")
    mentions = app.topic(MENTIONS.name, value_serializer=MentionJson(), value_deserializer="bytes")
    windows = app.topic(WINDOWS.name)

    found = app.dataframe(posts).apply(analyse, expand=True, metadata=True)
    found = found.set_timestamp(lambda mention, *_: mention.event_time_ms)
    found.to_topic(mentions, key=lambda mention: mention.brand)

    moods = app.dataframe(mentions).apply(lambda value: decode(value).sentiment_milli)
    buckets = moods.tumbling_window(MINUTE, grace_ms=GRACE).agg(count=Count(), score=Sum())
    buckets.current().to_topic(windows)
    return app


if __name__ == "__main__":
    application().run()
