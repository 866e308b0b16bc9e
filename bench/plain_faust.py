"""The same work the way Faust's tutorial does it: an event per post, `send`, windowed tables.

Uses the project's own analysis, so that only the streaming differs. It is neither exact nor
careful: no dead letters, no repeats, no watermarks, no alerts.

Run by `bench.throughput` as `python -m bench.plain_faust worker`, with BENCH_BROKER,
BENCH_GROUP, BENCH_CATALOGUE
and BENCH_PARTITIONS set.
"""

import logging
import os
from pathlib import Path
from typing import Any

import faust
import msgspec

from analysis.shipped import analyser_of
from catalogue.file import load
from schemas.mention import Mention
from schemas.topics import MENTIONS, POSTS_RAW
from sources.parsing import InvalidPost, parse

app = faust.App(
    os.environ["BENCH_GROUP"],
    broker=f"kafka://{os.environ['BENCH_BROKER']}",
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
    web_enabled=False,
    web_port=int(os.environ.get("BENCH_WEB_PORT", "6066")),
    datadir=os.environ.get("BENCH_FOLDER", "."),
)
posts = app.topic(POSTS_RAW.name, key_serializer="raw", value_serializer="raw")
mentions = app.topic(MENTIONS.name, key_serializer="raw", value_serializer="raw")
volume = app.Table("volume", default=int, partitions=int(os.environ["BENCH_PARTITIONS"])).tumbling(
    60.0, expires=7200.0
)
mood = app.Table("mood", default=int, partitions=int(os.environ["BENCH_PARTITIONS"])).tumbling(
    60.0, expires=7200.0
)
analyser = analyser_of(load(Path(os.environ["BENCH_CATALOGUE"])))
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Mention).decode


@app.agent(posts)  # type: ignore[untyped-decorator]
async def analyse(stream: Any) -> None:
    async for event in stream.events():
        message = event.message
        try:
            post = parse("weibo", event.value, int(message.timestamp * 1000))
        except InvalidPost:
            continue
        for mention in analyser.mentions(post, message.partition, message.offset):
            await mentions.send(key=mention.brand.encode(), value=encode(mention))


@app.agent(mentions)  # type: ignore[untyped-decorator]
async def measure(stream: Any) -> None:
    async for value in stream:
        mention = decode(value)
        volume[mention.brand] += 1
        mood[mention.brand] += mention.sentiment_milli


if __name__ == "__main__":
    logging.getLogger("faust").setLevel(logging.WARNING)
    app.main()
