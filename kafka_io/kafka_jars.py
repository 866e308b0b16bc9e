"""Apache Kafka's jars and the Java that runs them, for tests and the demo.

`python -m kafka_io.kafka_jars` fetches the jars when they are absent.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

JAVA_AT_LEAST = 17
FOLDER = Path(__file__).resolve().parents[1] / "ops" / "kafka"
MEND_JAVA = "install Java 17 (Debian: apt-get install openjdk-17-jre-headless)"
MEND_MAVEN = "install Maven (Debian: apt-get install maven)"


class BrokerUnavailable(RuntimeError):  # noqa: N818 - a state of the world, not a bug
    """No broker; the message names why, and the mend."""


class BrokerMissing(BrokerUnavailable):
    """Software that the broker needs is not installed."""


@cache
def java() -> str:
    """Path of a Java that is new enough: from `JAVA_HOME`, or else from `PATH`.

    Raises:
        BrokerMissing: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if path is None or not os.access(path, os.X_OK):
        where = f"in JAVA_HOME={home}" if home else "on PATH"
        raise BrokerMissing(
            f"Apache Kafka needs Java {JAVA_AT_LEAST}, none is {where}: {MEND_JAVA}"
        )
    shown = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    version = java_version(shown.stderr)
    if version < JAVA_AT_LEAST:
        raise BrokerMissing(
            f"Apache Kafka needs Java {JAVA_AT_LEAST}, {path} is {version}: {MEND_JAVA}"
        )
    return path


def java_version(told: str) -> int:
    """Major version in what `java -version` prints; 0 when there is none.

    >>> java_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> java_version('java version "1.8.0_402"')
    8
    """
    match = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(match[1]) if match else 0


def jars(folder: Path = FOLDER) -> Path:
    """Folder with the jars; fetched with Maven into `folder`/libs when absent (124 MB, once).

    Raises:
        BrokerMissing: no checkout, no Maven, or Maven could not fetch them.
    """
    libs = folder / "libs"
    if libs.is_dir():
        return libs
    if not (folder / "pom.xml").is_file():
        raise BrokerMissing(
            "Apache Kafka can be started from a checkout of leimo only (ops/kafka/pom.xml is not "
            "installed): use the embedded broker, or a broker that runs elsewhere (LEIMO_BROKER)"
        )
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerMissing(f"Apache Kafka's jars are absent and so is Maven: {MEND_MAVEN}")
    # Into a folder aside first: an interrupted download leaves no half-filled libs.
    with tempfile.TemporaryDirectory(dir=folder, prefix="libs.") as aside:
        fetched = subprocess.run(
            [
                *(maven, "-q", "-B", "-f", str(folder / "pom.xml")),
                *("dependency:copy-dependencies", f"-DoutputDirectory={aside}/libs"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if fetched.returncode:
            last = "\n".join(fetched.stdout.splitlines()[-10:])
            raise BrokerMissing(
                "Maven could not fetch Apache Kafka's jars; is the network there? Try again with "
                f"`make kafka`. Maven's last lines:\n{last}"
            )
        Path(aside, "libs").rename(libs)
    return libs


def main() -> int:
    """Fetch the jars; what is missing is an error only where `REQUIRE_KAFKA` is set."""
    try:
        java()
        if not (FOLDER / "libs").is_dir():
            sys.stdout.write("Fetching Apache Kafka with Maven (124 MB, once) ...\n")
            sys.stdout.flush()
        jars(FOLDER)
    except BrokerMissing as missing:
        sys.stdout.write(f"{missing}\nTests on Apache Kafka are skipped.\n")
        return 1 if os.environ.get("REQUIRE_KAFKA") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
