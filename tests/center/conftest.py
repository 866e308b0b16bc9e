"""Stores of all kinds, empty."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from center.store.opening import SqlStore, open_store
from kafka_io.brokers import free_port

_BIN = Path("/usr/lib/postgresql")


def _programs() -> Path | None:
    found = sorted(_BIN.glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Postgres:
    """A cluster of its own, on the loopback; PostgreSQL refuses to run as root."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        self.port = free_port()
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    @property
    def url(self) -> str:
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", self._user, "--", *command]
        subprocess.run(
            command,
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            timeout=120,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        options += " -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "-w", "start")

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", how, "-w", "stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; skips where Debian's is not installed, unless REQUIRE_POSTGRES=1."""
    programs = _programs()
    if programs is None:
        if os.environ.get("REQUIRE_POSTGRES"):
            raise FileNotFoundError(f"{_BIN}: no PostgreSQL (Debian: apt-get install postgresql)")
        pytest.skip("needs PostgreSQL (Debian: apt-get install postgresql)")
    # Not in pytest's own folder, which nobody but its user may enter.
    folder = Path(tempfile.mkdtemp(prefix="leimo-postgres-"))
    found = Postgres(folder, programs)
    if os.getuid() == 0:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    found.run(
        "initdb",
        "-D",
        str(folder / "data"),
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale",
        "C",
        "--no-sync",
    )
    found.start()
    yield found
    found.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """ClickHouse's engine within this process, which takes one folder for good; skips where chdb
    is not installed, unless REQUIRE_CLICKHOUSE=1."""
    if importlib.util.find_spec("chdb") is None:
        if os.environ.get("REQUIRE_CLICKHOUSE"):
            raise ModuleNotFoundError("no chdb (pip install leimo[dev])")
        pytest.skip("needs chdb (pip install leimo[dev])")
    return f"chdb://{tmp_path_factory.mktemp('clickhouse')}"


def _emptied(url: str) -> str:
    found = open_store(url)
    found.empty()
    found.close()
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of an empty store in a file."""
    return f"sqlite:///{tmp_path / 'center.db'}"


def _empty_store(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "postgres":
        found = request.getfixturevalue("postgres")
        assert isinstance(found, Postgres)
        return _emptied(found.url)
    url: str = request.getfixturevalue(f"{kind}_url")
    return _emptied(url)


@pytest.fixture(params=["sqlite", "postgres", "clickhouse"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Address of an empty store of each kind."""
    return _empty_store(request.param, request)


@pytest.fixture(params=["sqlite", "postgres"])
def transactional_url(request: pytest.FixtureRequest) -> str:
    """Address of an empty store of each kind that has transactions."""
    return _empty_store(request.param, request)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store in a file: for what does not depend on the kind."""
    found = open_store(f"sqlite:///{tmp_path / 'center.db'}")
    yield found
    found.close()


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """An empty store of each kind."""
    found = open_store(store_url)
    yield found
    found.close()
