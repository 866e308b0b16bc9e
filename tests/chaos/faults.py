"""The ways in which a deployment is hurt. Each returns when the hurting is over."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka.errors import KafkaError

from catalogue.topic import publish
from schemas.catalogue import Brand
from schemas.topics import BRANDS_CHANGELOG, MENTIONS
from tests.chaos.deployment import SESSION_S, Deployment, Process

_STOPPED_S = SESSION_S + 3
_BROKER_AWAY_S = 2
_SHORT_S = 5
_WITHIN_S = 60


async def kill(deployment: Deployment) -> None:
    """SIGKILL at a moment of no choice."""
    process = deployment.any_worker()
    deployment.struck.set()
    await asyncio.to_thread(process.child.kill)


async def kill_in_commit(deployment: Deployment) -> None:
    """SIGKILL by its own hand, at a point of a commit."""
    process = deployment.any_worker()
    before = process.exits.total()
    await _armed(process, signal.SIGUSR1)
    await _until(lambda: process.exits.total() > before)
    deployment.struck.set()


async def stop_in_commit(deployment: Deployment) -> None:
    """SIGSTOP by its own hand at a point of a commit, for longer than its session."""
    process = deployment.any_worker()
    child = process.child
    await _armed(process, signal.SIGUSR2)
    await _until(lambda: _is_stopped(process) or process.child is not child)
    deployment.struck.set()
    await asyncio.sleep(_STOPPED_S)
    child.resume()


async def stop(deployment: Deployment) -> None:
    """SIGSTOP at a moment of no choice, for longer than its session; then it comes back."""
    child = deployment.any_worker().child
    child.pause()
    deployment.struck.set()
    await asyncio.sleep(_STOPPED_S)
    child.resume()


async def kill_leader(deployment: Deployment) -> None:
    """SIGKILL to the broker that leads a partition, and its restart."""
    partition = deployment.random.randrange(deployment.settings.partitions)
    node = await deployment.leader(MENTIONS.name, partition)
    deployment.struck.set()
    await asyncio.to_thread(deployment.cluster.nodes[node].kill)
    await asyncio.sleep(_BROKER_AWAY_S)
    await asyncio.to_thread(deployment.cluster.restart_node, node)
    await _all_in_sync(deployment)


async def pause_brokers(deployment: Deployment) -> None:
    """No broker answers for five seconds, with all connections open."""
    deployment.struck.set()
    deployment.cluster.pause()
    await asyncio.sleep(_SHORT_S)
    deployment.cluster.resume()


async def remove_worker(deployment: Deployment) -> None:
    """SIGTERM, and another one in its place some seconds later: two rebalances."""
    process = deployment.any_worker()
    name = process.environment["LEIMO_INSTANCE"]
    deployment.struck.set()
    await deployment.retire(process)
    await deployment.counted()
    deployment.hire(name).exits.update(process.exits)


async def add_worker(deployment: Deployment) -> None:
    """One more for a while: two rebalances."""
    deployment.struck.set()
    process = deployment.hire("worker-more")
    await deployment.counted()
    await asyncio.sleep(_SHORT_S)
    await deployment.counted()
    await deployment.retire(process)


async def refuse_writes(deployment: Deployment) -> None:
    """The broker refuses what is written to the changelog, as on a full disk.

    All but the markers of transactions, 78 bytes each: Kafka's coordinator does not survive that.
    """
    deployment.struck.set()
    await deployment.configure(BRANDS_CHANGELOG.name, max_message_bytes="100")
    await asyncio.sleep(_SHORT_S)
    await deployment.configure(BRANDS_CHANGELOG.name, max_message_bytes=str(1 << 20))


async def change_catalogue(deployment: Deployment) -> None:
    """A brand more that nobody writes about, and away with it: both worked in while posts come."""
    deployment.struck.set()
    brand = Brand(id="chaos", name="Nobody's", aliases=("zzqxnobodysbrand",))
    held = deployment.catalogue
    changed = msgspec.structs.replace(held, brands=(*held.brands, brand))
    await publish(deployment.settings, changed)
    await deployment.counted()
    await publish(deployment.settings, held)


async def kill_feed(deployment: Deployment) -> None:
    """SIGKILL to the feed, which starts again and repeats what it sent last."""
    deployment.struck.set()
    await asyncio.to_thread(deployment.feed.child.kill)


class Kind(NamedTuple):
    """A fault and how often it comes."""

    fault: Callable[[Deployment], Awaitable[None]]
    times: int
    times_short: int

    @property
    def words(self) -> str:
        return (self.fault.__doc__ or "").strip().splitlines()[0]


KINDS = (
    Kind(kill, 50, 2),
    Kind(kill_in_commit, 50, 3),
    Kind(stop_in_commit, 20, 2),
    Kind(stop, 5, 1),
    Kind(kill_leader, 20, 1),
    Kind(pause_brokers, 5, 1),
    Kind(remove_worker, 5, 1),
    Kind(add_worker, 5, 1),
    Kind(refuse_writes, 3, 1),
    Kind(change_catalogue, 3, 1),
    Kind(kill_feed, 10, 2),
)


async def _armed(process: Process, number: signal.Signals) -> None:
    """Tell a worker to hurt itself; waits until it is one that listens."""
    await _until(lambda: process.catches(number))
    os.kill(process.child.pid, number)


def _is_stopped(process: Process) -> bool:
    try:
        state = Path(f"/proc/{process.child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state == "T"


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not reached():
            await asyncio.sleep(0.05)


async def _all_in_sync(deployment: Deployment) -> None:
    """With two of three brokers behind, writes would stop: the next may fall only after this."""
    brokers = len(deployment.cluster.nodes)
    async with asyncio.timeout(_WITHIN_S):
        while not await _is_in_sync(deployment, brokers):
            await asyncio.sleep(0.2)


async def _is_in_sync(deployment: Deployment, brokers: int) -> bool:
    try:
        async with asyncio.timeout(10), deployment.admin() as admin:
            described = await admin.describe_topics()
    except (KafkaError, TimeoutError):
        return False
    return all(
        len(partition["isr"]) == len(partition["replicas"]) <= brokers
        for topic in described
        for partition in topic["partitions"]
    )
