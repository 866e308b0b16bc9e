"""The compose files agree with the program, as no Docker checks them here."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from kafka_io.settings import PREFIX, Settings
from leimo.cli import app
from schemas.topics import TOPICS

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text())
TOKEN = "a token of a test"


class Reset(str):
    """`!reset`: the override removes the value."""

    __slots__ = ()


class Override(list[str]):
    """`!override`: the override stands instead of the value."""

    __slots__ = ()


class ComposeLoader(yaml.SafeLoader):
    """YAML with Compose's own tags."""


ComposeLoader.add_constructor("!reset", lambda loader, node: Reset())
ComposeLoader.add_constructor(
    "!override",
    lambda loader, node: Override(loader.construct_sequence(cast(yaml.SequenceNode, node))),
)


def load(name: str) -> dict[str, Any]:
    loaded = yaml.load((ROOT / name).read_text(), ComposeLoader)
    assert isinstance(loaded, dict)
    return loaded


def merge(base: Any, override: Any) -> Any:
    """Compose's merge, as far as these files need it: mappings by key, volumes by target."""
    if isinstance(override, Reset):
        return []
    if isinstance(base, dict) and isinstance(override, dict):
        return base | {key: merge(base.get(key), value) for key, value in override.items()}
    return override


DEV = load("docker-compose.yml")
PRODUCTION = merge(DEV, load("docker-compose.production.yml"))
FILES = pytest.mark.parametrize("compose", [DEV, PRODUCTION], ids=["dev", "production"])


def own_services(compose: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Services that run our image."""
    for name, service in compose["services"].items():
        if service.get("image") == "leimo":
            yield name, service


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Its variables, with what a person sets filled in."""
    filled = {
        key: re.sub(r"\$\{LEIMO_METRICS_TOKEN[^}]*\}", TOKEN, str(value))
        for key, value in service["environment"].items()
    }
    mounted = {"/run/subscribers": str(ROOT), "/run/users/users.toml": str(ROOT / "Dockerfile")}
    return {
        key: mounted.get(value, re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value))
        for key, value in filled.items()
    }


def settings_of(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the program reads in the container."""
    for key, value in environment(service).items():
        monkeypatch.setenv(key, value)
    return Settings.load()


def parse(words: list[str]) -> None:
    """Read a command line as `leimo` would, without running it; raises on anything unknown."""
    command: Any = typer.main.get_command(app)
    words = list(words)
    while hasattr(command, "commands"):
        assert words, f"{command.name}: a command is missing"
        assert words[0] in command.commands, f"leimo has no command {words[0]}"
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_the_parser_of_this_test_refuses_what_leimo_refuses() -> None:
    parse(["topics", "apply", "--broker", "kafka:9092"])
    with pytest.raises(AssertionError, match="no command wrker"):
        parse(["wrker"])
    with pytest.raises(typer.TyperException, match="--brokr"):
        parse(["topics", "apply", "--brokr", "x"])


@FILES
def test_every_command_is_one_of_leimo(compose: dict[str, Any]) -> None:
    services = dict(own_services(compose))
    for service in services.values():
        parse(service["command"])

    assert {"topics", "catalogue", "feed", "feeds", "worker", "deliver", "center", "lag"} == set(
        services
    )


@FILES
def test_every_variable_is_a_setting_with_a_right_value(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _, service in own_services(compose):
        assert all(key.startswith(PREFIX) for key in service["environment"])
        settings_of(service, monkeypatch)


@FILES
def test_services_that_share_topics_agree_on_them(compose: dict[str, Any]) -> None:
    shared = {"LEIMO_BROKER", "LEIMO_PARTITIONS", "LEIMO_REPLICATION", "LEIMO_PROFILE"}
    seen = [
        {key: value for key, value in environment(service).items() if key in shared}
        for _, service in own_services(compose)
    ]

    assert all(one == seen[0] for one in seen)
    assert shared == set(seen[0])


@FILES
def test_the_broker_is_where_the_services_look_for_it(compose: dict[str, Any]) -> None:
    _, worker = next(own_services(compose))
    for address in worker["environment"]["LEIMO_BROKER"].split(","):
        host, _, port = address.partition(":")
        kafka = compose["services"][host]["environment"]
        assert f"INTERNAL://{address}" in kafka["KAFKA_ADVERTISED_LISTENERS"].split(",")
        assert f"INTERNAL://:{port}" in kafka["KAFKA_LISTENERS"].split(",")
        assert f"/{port}" in compose["services"][host]["healthcheck"]["test"][-1]


@FILES
def test_kafka_has_as_many_brokers_as_replicas(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    brokers = {
        name: service["environment"]
        for name, service in compose["services"].items()
        if service["image"].startswith("apache/kafka:")
    }
    worker = settings_of(compose["services"]["worker"], monkeypatch)
    voters = ",".join(f"{one['KAFKA_NODE_ID']}@{name}:9093" for name, one in brokers.items())

    assert worker.replication == len(brokers)
    assert set(worker.broker.split(",")) == {f"{name}:19092" for name in brokers}
    for kafka in brokers.values():
        assert voters == kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"]
        assert len(brokers) == kafka["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"]
        assert len(brokers) == kafka["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"]
        assert len(brokers) // 2 + 1 == kafka["KAFKA_MIN_INSYNC_REPLICAS"]
        assert len(brokers) // 2 + 1 == kafka["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"]
        assert kafka["KAFKA_MESSAGE_MAX_BYTES"] >= max(
            topic.max_message_bytes for topic in TOPICS.values()
        )


@FILES
def test_brokers_share_no_folder_and_every_volume_is_declared(compose: dict[str, Any]) -> None:
    named = [volume.split(":")[0] for volume in mounts(compose) if not volume.startswith("./")]

    assert len(named) == len(set(named))
    assert set(named) <= set(compose["volumes"])


@FILES
def test_every_file_that_is_mounted_exists(compose: dict[str, Any]) -> None:
    mounted = [volume.split(":")[0] for volume in mounts(compose) if volume.startswith("./")]

    assert len(mounted) == 6
    for path in mounted:
        assert (ROOT / path).exists(), path


def mounts(compose: dict[str, Any]) -> list[str]:
    """What is mounted where, with the shipped catalogue for a person's own."""
    return [
        re.sub(r"\$\{LEIMO_CATALOGUE[^}]*\}", "./catalogue/catalogue.yml", volume)
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("${LEIMO_SECRETS:-./", "${LEIMO_USERS:-./"))  # a person's own
    ]


@FILES
def test_a_start_adds_to_the_catalogue_of_the_file_and_changes_nothing(
    compose: dict[str, Any],
) -> None:
    service = compose["services"]["catalogue"]
    [volume] = service["volumes"]

    assert service["command"] == ["catalogue", "apply", "/catalogue.yml", "--only-absent"]
    assert re.fullmatch(r"\$\{LEIMO_CATALOGUE:[-?][^}]+\}:/catalogue\.yml:ro", volume)


def test_production_simulates_nothing_unless_asked_to() -> None:
    for service in PRODUCTION["services"].values():
        if "simulate" in service.get("command", []):
            assert service["profiles"] == ["simulation"]
    [volume] = PRODUCTION["services"]["catalogue"]["volumes"]
    assert ":?" in volume  # the shipped brands are nobody's own


@FILES
def test_every_service_that_is_waited_for_exists_and_can_become_healthy(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    for name, service in services.items():
        waits = service.get("depends_on", {})
        assert set(waits) <= set(services), name
        for other in waits if isinstance(waits, dict) else ():
            if waits[other]["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}"


@FILES
def test_ports_are_published_on_the_loopback_only(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


@FILES
def test_services_may_be_scaled(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]

    assert "container_name" not in worker
    assert "ports" not in worker
    assert "LEIMO_INSTANCE" not in worker["environment"]


@FILES
@pytest.mark.parametrize("which", [0, 1], ids=["workers", "deliver"])
def test_prometheus_finds_who_works_and_has_their_token(
    which: int, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = PROMETHEUS["scrape_configs"][which]
    [discovery] = job["dns_sd_configs"]
    [name] = discovery["names"]
    worker = settings_of(compose["services"][name], monkeypatch)
    secret = Path(job["authorization"]["credentials_file"])

    assert f"0.0.0.0:{discovery['port']}" == worker.metrics_address
    assert [str(discovery["port"])] == compose["services"][name]["expose"]
    assert f":{discovery['port']}/health" in compose["services"][name]["healthcheck"]["test"][-1]
    assert worker.metrics_token.get_secret_value() == TOKEN
    assert Path("/run/secrets") == secret.parent
    assert [secret.name] == compose["services"]["prometheus"]["secrets"]
    assert compose["secrets"][secret.name] == {"environment": "LEIMO_METRICS_TOKEN"}


@FILES
def test_prometheus_finds_the_lag_and_the_alertmanager(compose: dict[str, Any]) -> None:
    workers, _, _, job, _ = PROMETHEUS["scrape_configs"]
    [found] = job["static_configs"]
    [manager] = PROMETHEUS["alerting"]["alertmanagers"][0]["static_configs"]
    host, _, port = found["targets"][0].partition(":")
    lag = compose["services"][host]

    assert lag["command"] == ["lag", "--serve", f"0.0.0.0:{port}"]
    assert lag["expose"] == [port]
    assert job["authorization"] == workers["authorization"]
    assert environment(lag)["LEIMO_METRICS_TOKEN"] == TOKEN
    host, _, port = manager["targets"][0].partition(":")
    assert f"127.0.0.1:{port}:{port}" in compose["services"][host]["ports"]


@FILES
def test_the_center_can_be_reached_by_those_it_knows_and_keeps_what_it_has(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = compose["services"]["center"]
    center = settings_of(service, monkeypatch)
    targets = dict(
        reversed(volume.removesuffix(":ro").rsplit(":", 1)) for volume in service["volumes"]
    )
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert center.center_users_file is not None
    assert service["environment"]["LEIMO_CENTER_USERS_FILE"] == "/run/users/users.toml"
    assert targets["/run/users"] == "${LEIMO_USERS:-./users}"
    assert center.center_address.startswith("0.0.0.0:")
    port = center.center_address.partition(":")[2]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f":{port}/api/health" in service["healthcheck"]["test"][-1]
    # What is to be kept lies in the volume, which the image's user owns.
    assert re.search(r"install --directory --owner=leimo .* /var/lib/leimo$", dockerfile, re.M)
    assert targets["/var/lib/leimo"] in compose["volumes"]
    folder = Path("/var/lib/leimo")
    assert center.center_archive is not None
    assert center.center_archive.parent == folder
    assert center.center_store.get_secret_value() == f"sqlite:///{folder}/center.db"


@FILES
def test_prometheus_finds_the_center(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = [one for one in PROMETHEUS["scrape_configs"] if one["job_name"] == "leimo-center"]
    [discovery] = job["dns_sd_configs"]
    [name] = discovery["names"]
    center = settings_of(compose["services"][name], monkeypatch)

    assert center.center_address == f"0.0.0.0:{discovery['port']}"
    assert center.metrics_token.get_secret_value() == TOKEN
    assert job["authorization"] == PROMETHEUS["scrape_configs"][0]["authorization"]


@FILES
def test_prometheus_finds_the_feeds(compose: dict[str, Any]) -> None:
    *_, job = PROMETHEUS["scrape_configs"]
    [found] = job["static_configs"]
    name, _, port = found["targets"][0].partition(":")
    service = compose["services"][name]

    assert service["command"][:2] == ["feed", "run"]
    assert f"0.0.0.0:{port}" in service["command"]
    assert service["expose"] == [port]
    assert environment(service)["LEIMO_METRICS_TOKEN"] == TOKEN


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    provisioning = ROOT / "ops/grafana/provisioning"
    sources = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())
    dashboards = yaml.safe_load((provisioning / "dashboards/leimo.yml").read_text())
    [source] = sources["datasources"]
    [provider] = dashboards["providers"]
    grafana = DEV["services"]["grafana"]
    targets = dict(volume.split(":")[:2] for volume in grafana["volumes"])

    assert source["url"] == "http://prometheus:9090"
    assert "127.0.0.1:9090:9090" in DEV["services"]["prometheus"]["ports"]
    assert targets["./ops/grafana/provisioning"] == "/etc/grafana/provisioning"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == targets["./ops/grafana/leimo.json"]
    assert provider["options"]["path"] == str(Path(home).parent)


def test_the_image_gets_every_package_and_nothing_else() -> None:
    """`.dockerignore` lets through what pyproject.toml packs and what the Dockerfile names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    ignore = (ROOT / ".dockerignore").read_text().split("\n")
    let_through = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in shlex.split(line)[1:-1]
        if word != "."
    }

    assert "*" in ignore
    assert packages <= let_through
    assert copied <= let_through
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= let_through


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]

    assert "USER leimo" in last_stage
    assert 'ENTRYPOINT ["leimo"]' in last_stage
