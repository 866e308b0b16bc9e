"""Builds and starts the Java peers: Kafka Streams and Flink, with the same analysis."""

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.peers import exports
from bench.peers.topics import COMMIT_INTERVAL_S
from bench.runs import System
from kafka_io import kafka_jars
from kafka_io.settings import Settings

FOLDER = Path(__file__).resolve().parent
# What Flink's serializers reach into on Java 17.
OPENED = ("java.util", "java.lang", "java.time", "java.util.concurrent")
DOES = (
    "names with their bounds, mood by older rules; no context, queries, intents, spam, repeats, "
    "dead letters, rules"
)


@cache
def missing() -> str | None:
    """Build the peers (once); what is missing for it, None where nothing is."""
    try:
        kafka_jars.java()
    except kafka_jars.BrokerMissing as error:
        return f"left out: {error}"
    maven = shutil.which("mvn")
    if maven is None:
        return f"left out, Maven is absent: {kafka_jars.MEND_MAVEN}"
    built = subprocess.run(
        [maven, "-q", "-B", "-f", str(FOLDER / "pom.xml"), "package"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        last = "\n".join(built.stdout.splitlines()[-10:])
        return f"left out, Maven could not build them; is the network there? It said:\n{last}"
    return None


def kafka_streams(guarantee: str) -> Callable[[Settings, Path, int], System]:
    """With `at_least_once` or `exactly_once_v2`."""

    def start(settings: Settings, catalogue: Path, workers: int) -> System:
        guaranteed = {"BENCH_GUARANTEE": guarantee}
        return _system("kafka_streams", settings, catalogue, workers, guaranteed)

    return start


def flink(guarantee: str, state: str = "heap") -> Callable[[Settings, Path, int], System]:
    """With `at_least_once` or `exactly_once` in its sinks; its threads are its parallelism.

    Its state is on the `heap`, or in `rocksdb` with checkpoints of what changed.
    """

    def start(settings: Settings, catalogue: Path, workers: int) -> System:
        chosen = {"BENCH_GUARANTEE": guarantee, "BENCH_STATE": state}
        system = _system("flink", settings, catalogue, workers, chosen)
        return system._replace(reads_mentions=False)

    return start


def _system(
    module: str,
    settings: Settings,
    catalogue: Path,
    threads: int,
    environment: dict[str, str],
) -> System:
    exported = catalogue.parent / f"{catalogue.stem}-exports"
    if not exported.is_dir():
        exported.mkdir()
        exports.write(exported, catalogue)
    target = FOLDER / module / "target"
    main = "".join(part.title() for part in module.split("_")) + "Worker"
    return System(
        module,
        [
            *(kafka_jars.java(), "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED),
            *("-cp", f"{target}/*:{target}/libs/*", f"leimo.peers.{main}"),
        ],
        {
            "BENCH_BROKER": settings.broker,
            "BENCH_GROUP": settings.group,
            "BENCH_EXPORTS": str(exported),
            "BENCH_COMMIT_INTERVAL_MS": str(int(COMMIT_INTERVAL_S * 1000)),
            "BENCH_THREADS": str(threads),
            **environment,
        },
        f"{DOES}; {environment['BENCH_GUARANTEE'].replace('_', ' ').removesuffix(' v2')}",
    )
