"""A worker forgets what was taken back: on real topics, with what was told before it began."""

import asyncio
import time
from typing import Any

import msgspec

from catalogue.topic import publish
from kafka_io.batches import Row
from kafka_io.compacted import read_compacted
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue
from schemas.deletion import Deletion
from schemas.mention import Mention
from schemas.rules import CrisisRule
from schemas.topics import ALERTS, DELETIONS, MENTIONS, POSTS_RAW, TRENDS
from schemas.trend import Trend
from tests.kafka_io.broker_log import append
from tests.leimo.pipeline_run import leimo, until

FIRE = CrisisRule(id="fire", words=("起火",), min_posts=3, min_authors=3)

PLACES = "零京沪广深杭苏宁蓉渝武西郑青大厦福济合昌"
"""Copies of a text are shown once."""


def raw(number: int, **fields: Any) -> Row:
    """A post of its own author; the author is the key."""
    now_ms = int(time.time() * 1000)
    post = {
        "id": f"p{number}", "created_at": now_ms,
        "text": f"小米手机又起火了，{PLACES[number]}人都看到",
        "author": {"id": f"a{number}", "name": "某人", "followers": 10 * number},
    }  # fmt: skip
    value = msgspec.json.encode(post | fields)
    headers = [("source", b"leimo"), ("received_at", b"%d" % now_ms)]
    return Row(POSTS_RAW.name, 0, f"a{number}".encode(), value, headers)


async def alerts(settings: Settings) -> list[Alert]:
    held = await read_compacted(settings, ALERTS.name, settings.partitions)
    return [msgspec.json.decode(value, type=Alert) for value in held.values()]


async def samples(settings: Settings) -> set[str]:
    return {sample.post for alert in await alerts(settings) for sample in alert.samples}


async def heard(settings: Settings) -> set[str]:
    held = await read_compacted(settings, TRENDS.name, settings.partitions)
    told = [msgspec.json.decode(value, type=Trend) for value in held.values()]
    return {one.author for trend in told for one in trend.influencers}


async def texts(settings: Settings, post: str) -> list[str]:
    """What `mentions` says of a post, in order."""
    found = []
    decode = msgspec.json.Decoder(Mention).decode
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds((MENTIONS.name, p) for p in range(settings.partitions))
        async for _, records in reader.read(bounds):
            for record in records:
                if record.key is not None:
                    mention = decode(record.value)
                    if mention.post == post:
                        found.append(mention.text)
    return found


async def test_deletions_reach_what_was_told(kafka_settings: Settings) -> None:
    settings = kafka_settings
    brands = (Brand(id="xiaomi", name="小米"),)
    await publish(settings, Catalogue(brands, (FIRE,)))

    with leimo(settings, "worker"):
        await append(settings, *[raw(number) for number in range(1, 20)])

        async def fired() -> bool:
            return "p19" in await samples(settings)

        await until(fired, lambda: "no alert shows the post of the largest account", 60)

        # The source says that its author took it back.
        await append(settings, raw(19, event="delete", text=""))

        async def is_gone() -> bool:
            shown = await samples(settings)
            return bool(shown) and "p19" not in shown

        await until(is_gone, lambda: "the post is still shown", 60)
        (deletion,) = [
            msgspec.json.decode(value, type=Deletion)
            for value in (await read_compacted(settings, DELETIONS.name)).values()
        ]
        assert (deletion.source, deletion.subject, deletion.asked_by) == ("leimo", "p19", "source")

    # A worker that begins later knows of it, and somebody asks for another's.
    with leimo(settings, "forget", "author", "a18", "--source", "leimo") as command:
        assert await asyncio.to_thread(command.wait, 60) == 0
    with leimo(settings, "worker"):

        async def author_is_gone() -> bool:
            shown = await samples(settings)
            return bool(shown) and not shown & {"p18", "p19"}

        await until(author_is_gone, lambda: "the author's post is still shown", 60)
        assert "a18" not in await heard(settings)

        # The feed gives the post once more, as after a replay.
        await append(settings, raw(19, edit=1, event="edit"))

        async def is_read_again() -> bool:
            return len(await texts(settings, "p19")) == 2

        await until(is_read_again, lambda: "the post was not read again", 60)
        assert (await texts(settings, "p19"))[1] == ""
    assert all(alert.evidence.posts >= 19 for alert in await alerts(settings))
