"""Two deployments on one cluster, told apart by LEIMO_TOPIC_PREFIX alone."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from typer.testing import CliRunner

from kafka_io.brokers import ApacheKafka
from kafka_io.settings import Settings
from leimo.cli import app
from leimo.demo import refuse_used
from schemas.errors import OperatorError
from schemas.topics import POSTS_RAW, TOPICS
from tests.kafka_io.broker_log import committed
from tests.leimo import pipeline_run
from tests.leimo.test_broken_input import append, dead_letters, status

pytestmark = pytest.mark.kafka
ACME, OTHER = "acme.", "other-"
BRANDS = {ACME: ("huawei", "华为手机真好用"), OTHER: ("xiaomi", "小米手机真好用")}
BROKEN = {ACME: b"no post of acme", OTHER: b"no post of the other"}


def told(settings: Settings, *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(app, arguments, env=pipeline_run.environment(settings))
    assert result.exit_code == code, result.output
    return result.stdout


async def names_on(broker: str) -> tuple[set[str], set[str]]:
    """Topics and groups of the cluster, but for Kafka's own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        topics = {name for name in await admin.list_topics() if not name.startswith("__")}
        groups = {group[0] for group in await admin.list_consumer_groups()}
    finally:
        await admin.close()
    return topics, groups


async def counted(settings: Settings, prefix: str) -> None:
    """Wait until the deployment has counted its post and put its broken record aside."""

    async def is_done() -> bool:
        return bool(await pipeline_run.windows(settings) and await dead_letters(settings))

    await pipeline_run.until(is_done, lambda: f"{prefix}: nothing was counted")


async def test_two_deployments_on_one_cluster_never_touch_each_other(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    deployments = {
        prefix: await pipeline_run.prepared(kafka_broker.address, "leimo", topic_prefix=prefix)
        for prefix in BRANDS
    }
    acme, other = deployments[ACME], deployments[OTHER]
    with pipeline_run.leimo(acme, "worker"), pipeline_run.leimo(other, "worker"):
        for prefix, settings in deployments.items():
            posts = tmp_path / f"{prefix}ndjson"
            posts.write_bytes(status(text=BRANDS[prefix][1]) + b"\n")
            await asyncio.to_thread(pipeline_run.feed, settings, posts)
            await append(settings, [BROKEN[prefix]])
        for prefix, settings in deployments.items():
            await counted(settings, prefix)
        for prefix, settings in deployments.items():
            [window] = await pipeline_run.windows(settings)
            assert (window["brand"], window["posts"]) == (BRANDS[prefix][0], 1)
            assert [letter.value for letter in await dead_letters(settings)] == [BROKEN[prefix]]

        topics, groups = await names_on(kafka_broker.address)
        assert topics == {prefix + topic for prefix in BRANDS for topic in TOPICS}
        assert {"acme.leimo", "other-leimo"} <= groups
        assert "leimo" not in groups
        await asyncio.to_thread(commands_stay_within_their_deployment, acme, other)
    raw = [await committed(settings, POSTS_RAW.name) for settings in (acme, other)]
    assert [sum(map(len, found.values())) for found in raw] == [3, 2]  # acme's was put back
    await refuse_used(acme.model_copy(update={"topic_prefix": "unused."}))
    with pytest.raises(OperatorError, match="in use"):
        await refuse_used(acme)


def commands_stay_within_their_deployment(acme: Settings, other: Settings) -> None:
    shown = told(acme, "topics", "list")
    assert all(f"{ACME}{topic} " in shown for topic in TOPICS)
    assert "other-" not in shown
    listed = json.loads(told(acme, "topics", "list", "--json"))
    assert listed.keys() == TOPICS.keys()
    assert listed["mentions"]["name"] == "acme.mentions"

    assert all(line.startswith(ACME) for line in told(acme, "lag").splitlines())
    waiting = json.loads(told(acme, "lag", "--json"))
    assert sum(waiting[POSTS_RAW.name].values()) == 0

    told(acme, "silence", "add", "--brand", "huawei", "--for", "3h", "--reason", "launch")
    assert "huawei" in told(acme, "silence", "list")
    assert "huawei" not in told(other, "silence", "list")
    assert "acme" in told(acme, "dead", "show", "0", "--raw")
    assert "other" in told(other, "dead", "show", "0", "--raw")
    assert "put back into acme.posts.raw" in told(acme, "dead", "replay", "--all")
    told(acme, "trends")
    audit = json.loads(told(acme, "audit", "--json", "--quiet"))
    assert (audit["is_exact"], audit["posts"], audit["windows"]) == (True, 1, 1)
    screen = subprocess.run(
        [sys.executable, "-m", "leimo", "watch", "--once"],
        env=pipeline_run.environment(acme), capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    assert "华为" in screen
    assert "小米" not in screen
