"""What is hurt: a Kafka cluster, a feed that starts again, and workers under a supervisor."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from catalogue.file import SHIPPED, load
from catalogue.topic import publish
from kafka_io.brokers import ApacheKafka
from kafka_io.child_process import ChildProcess
from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.catalogue import Catalogue
from schemas.topics import BRANDS_CHANGELOG, MENTIONS, POSTS_RAW

ROOT = Path(__file__).resolve().parents[2]
GROUP = "chaos"
SESSION_S = 6
_LOOK_AGAIN_S = 0.2
_ANSWER_S = 20
_ENDS = {"LEIMO_DISORDER_S": "5", "LEIMO_GRACE_S": "10", "LEIMO_IDLE_S": "2"}
"""So that the last windows close soon after the feed has ended."""


@dataclass
class Process:
    """A process that is started again whenever it ends, until it is retired."""

    command: list[str]
    log: Path
    environment: dict[str, str]
    child: ChildProcess
    exits: Counter[int] = field(default_factory=Counter)
    starts: int = 1
    is_retired: bool = False

    def catches(self, number: signal.Signals) -> bool:
        """Whether it has a handler for the signal: before that it would simply die of it."""
        try:
            status = Path(f"/proc/{self.child.pid}/status").read_text()
        except OSError:
            return False
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


class Deployment:
    """Cluster, workers and feed; see `deployed`."""

    def __init__(
        self, cluster: ApacheKafka, settings: Settings, catalogue: Catalogue, rate: float
    ) -> None:
        self.cluster = cluster
        self.settings = settings
        self.catalogue = catalogue
        self.random = random.Random(7)
        self.workers: dict[str, Process] = {}
        self.struck = asyncio.Event()
        """Set by a fault at the moment when it strikes."""
        self._rate = rate
        self.journal = cluster.folder / "journal"
        self._feed: Process | None = None

    @property
    def feed(self) -> Process:
        assert self._feed is not None
        return self._feed

    def any_worker(self) -> Process:
        """One of those that are meant to run."""
        return self.random.choice([one for one in self.workers.values() if not one.is_retired])

    def hire(self, name: str) -> Process:
        """Start a worker, which is kept running."""
        command = [sys.executable, "-m", "tests.chaos.worker"]
        environment = self._environment() | {"LEIMO_INSTANCE": name} | _ENDS
        self.workers[name] = self._start(name, command, environment)
        return self.workers[name]

    async def retire(self, process: Process) -> None:
        """Ask a process to end, for good."""
        process.is_retired = True
        await asyncio.to_thread(process.child.stop, 60)
        self._note_exit(process)

    async def retire_feed(self) -> None:
        """Let the feed send all that it has written down, and end."""
        async with asyncio.timeout(_ANSWER_S):
            while not self.feed.catches(signal.SIGTERM):
                await asyncio.sleep(_LOOK_AGAIN_S)
        await self.retire(self.feed)
        assert self.feed.child.exit_code == 0, self.feed.child.last_lines(20)

    def start_feed(self) -> None:
        command = [sys.executable, "-m", "tests.chaos.feeder", str(self.journal), str(self._rate)]
        self._feed = self._start("feed", [*command, "0"], self._environment())

    async def supervise(self) -> None:
        """Start again what ends, until cancelled."""
        while True:
            for process in [*self.workers.values(), self.feed]:
                if not process.is_retired and not process.child.is_running:
                    self._note_exit(process)
                    self._start_again(process)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def ends(self, topic: str) -> dict[TopicPartition, int]:
        """Where the partitions of a topic end now; waits for a broker that is away."""
        partitions = [(topic, partition) for partition in range(self.settings.partitions)]
        while True:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(_ANSWER_S), PartitionReader(self.settings) as reader:
                    bounds = await reader.bounds(partitions)
                    return {source: end for source, (_, end) in bounds.items()}
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def counted(self, deadline_s: float = 120) -> None:
        """Wait until all that stands in `posts.raw` now is analysed, and its mentions counted."""
        async with asyncio.timeout(deadline_s):
            await self._committed(await self.ends(POSTS_RAW.name))
            await self._committed(await self.ends(MENTIONS.name))

    async def flows(self) -> None:
        """Wait until posts come, and are counted."""
        while not all((await self.ends(POSTS_RAW.name)).values()):
            await asyncio.sleep(_LOOK_AGAIN_S)
        await self.counted()

    async def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition: its index in the cluster."""
        async with self.admin() as admin:
            described = await admin.describe_topics([topic])
        leaders = {part["partition"]: part["leader"] for part in described[0]["partitions"]}
        return int(leaders[partition]) - 1

    async def configure(self, topic: str, **options: str) -> None:
        """Set options of a topic, dots written as underscores."""
        changed = {key.replace("_", "."): value for key, value in options.items()}
        async with self.admin() as admin:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changed)])

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.cluster.address)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def _committed(self, wanted: dict[TopicPartition, int]) -> None:
        while True:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(_ANSWER_S), self.admin() as admin:
                    found = await admin.list_consumer_group_offsets(GROUP)
                    offsets = {(tp.topic, tp.partition): at.offset for tp, at in found.items()}
                    if all(offsets.get(source, 0) >= end for source, end in wanted.items()):
                        return
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEIMO_")}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "LEIMO_BROKER": self.cluster.address,
            "LEIMO_GROUP": GROUP,
            "LEIMO_PARTITIONS": str(self.settings.partitions),
            "LEIMO_SESSION_TIMEOUT_S": str(SESSION_S),
            "LEIMO_METRICS_ADDRESS": "",
        }

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        log = self.cluster.folder / f"{name}.log"
        child = ChildProcess(command, ROOT, log, environment)
        return Process(command, log, environment, child)

    def _start_again(self, process: Process) -> None:
        if process is self._feed:  # another generation: other posts
            process.command[-1] = str(process.starts)
        process.starts += 1
        process.child = ChildProcess(process.command, ROOT, process.log, process.environment)

    def _note_exit(self, process: Process) -> None:
        code = process.child.exit_code
        if code is not None:
            process.exits[code] += 1


@asynccontextmanager
async def deployed(
    *, brokers: int, workers: int, partitions: int, rate: float, quick: bool
) -> AsyncIterator[Deployment]:
    """A running deployment under supervision; gone at the end."""
    async with AsyncExitStack() as stack:
        cluster = ApacheKafka.start(brokers=brokers, quick=quick)
        await stack.enter_async_context(cluster)
        settings = Settings(
            broker=cluster.address, group=GROUP, partitions=partitions,
            replication=brokers, metrics_address="",
        )  # fmt: skip
        await apply_topics(settings)
        catalogue = load(SHIPPED)
        await publish(settings, catalogue)
        deployment = Deployment(cluster, settings, catalogue, rate)
        # The changelog is compacted all the time while it is written and read.
        await deployment.configure(
            BRANDS_CHANGELOG.name, cleanup_policy="compact", segment_bytes="1048576",
            min_cleanable_dirty_ratio="0.01", max_compaction_lag_ms="5000",
        )  # fmt: skip
        for number in range(workers):
            deployment.hire(f"worker-{number}")
        deployment.start_feed()
        supervising = asyncio.create_task(deployment.supervise())
        try:
            yield deployment
        finally:
            supervising.cancel()
            for process in [*deployment.workers.values(), deployment.feed]:
                process.child.resume()
                process.child.kill()
