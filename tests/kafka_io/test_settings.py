"""Settings: where they come from, and what is said of wrong ones."""

import os
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kafka_io.settings import Settings, SettingsError, is_loopback, is_port

TOKEN = "s3cret-t0ken"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working folder, and no variable of ours."""
    for name in os.environ:
        if name.upper().startswith("LEIMO_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_are_a_worker_on_this_machine() -> None:
    settings = Settings.load()

    assert (settings.broker, settings.partitions) == ("127.0.0.1:9092", 8)
    assert settings.metrics_address.startswith("127.0.0.1:")


def test_arguments_win_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "leimo.toml").write_text('group = "file"\npartitions = 3\ngrace_s = 7\n')
    monkeypatch.setenv("LEIMO_GROUP", "environment")
    monkeypatch.setenv("LEIMO_PARTITIONS", "5")

    settings = Settings.load(group="argument", partitions=None)

    assert (settings.group, settings.partitions, settings.grace_s) == ("argument", 5, 7)


def test_the_file_may_be_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "leimo.toml").write_text('group = "other"\n')
    (folder / "mine.toml").write_text('group = "mine"\n')
    monkeypatch.setenv("LEIMO_CONFIG", "mine.toml")

    assert Settings.load().group == "mine"


@pytest.mark.parametrize("name", ["leimo.toml", "mine.toml"])
def test_a_named_file_that_is_missing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LEIMO_CONFIG", name)

    with pytest.raises(SettingsError, match=f"LEIMO_CONFIG={name}: no such file"):
        Settings.load()


@pytest.mark.parametrize("content", [b"group = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(folder: Path, content: bytes) -> None:
    (folder / "leimo.toml").write_bytes(content)

    with pytest.raises(SettingsError, match=r"^leimo\.toml: no TOML"):
        Settings.load()


@pytest.mark.parametrize(
    ("variable", "mend"),
    [
        ("LEIMO_BROKR", "did you mean LEIMO_BROKER?"),
        ("leimo_partition", "did you mean LEIMO_PARTITIONS?"),
        ("LEIMO_QQQQQQQQ", "unset it"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, variable: str, mend: str
) -> None:
    monkeypatch.setenv(variable, "x")

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    assert str(caught.value) == f"{variable}: unknown variable; {mend}"


SERVICE_LINKS = {
    "LEIMO_SERVICE_HOST": "10.0.0.1",
    "LEIMO_SERVICE_PORT": "9464",
    "LEIMO_SERVICE_PORT_METRICS": "9464",
    "LEIMO_PORT": "tcp://10.0.0.1:9464",
    "LEIMO_PORT_9464_TCP": "tcp://10.0.0.1:9464",
    "LEIMO_PORT_9464_TCP_PROTO": "tcp",
    "LEIMO_PORT_9464_TCP_PORT": "9464",
    "LEIMO_PORT_9464_TCP_ADDR": "10.0.0.1",
}


@pytest.mark.parametrize("service", ["LEIMO", "LEIMO_METRICS"])
def test_what_kubernetes_sets_for_a_service_is_no_setting_and_no_error(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for variable, value in SERVICE_LINKS.items():
        monkeypatch.setenv(service + variable.removeprefix("LEIMO"), value)

    assert Settings.load() == Settings()


@pytest.mark.parametrize("variable", ["LEIMO_PORT", "LEIMO_METRICS_PORT"])
def test_what_looks_like_it_without_a_service_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "9464")

    with pytest.raises(SettingsError, match=f"{variable}: unknown variable"):
        Settings.load()


def test_it_is_said_where_a_wrong_value_was_written(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "leimo.toml").write_text("replication = 0\n")
    monkeypatch.setenv("LEIMO_PARTITIONS", "0")
    with pytest.raises(SettingsError) as caught:
        Settings.load(broker="kafka")
    told = {line.split("=")[0]: line for line in str(caught.value).splitlines()}
    assert told["partitions"].endswith("(in LEIMO_PARTITIONS)")
    assert told["replication"].endswith("(in leimo.toml)")
    assert told["broker"].endswith("(on the command line)")


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_one(folder: Path) -> None:
    (folder / "leimo.toml").write_text('brokers = "127.0.0.1:9092"\n')

    with pytest.raises(SettingsError, match=r"^brokers: unknown setting; did you mean broker\?$"):
        Settings.load()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("LEIMO_PARTITIONS", "0", "partitions='0': .*greater than or equal to 1"),
        ("LEIMO_PARTITIONS", "many", "partitions='many': .*integer"),
        ("LEIMO_PROFILE", "prod", "profile='prod': .*'dev' or 'production'"),
        ("LEIMO_SOURCE", "twitter", "source='twitter': .*'weibo'"),
        ("LEIMO_LOG_LEVEL", "LOUD", "log_level='LOUD': .*DEBUG, INFO, WARNING, ERROR"),
        (
            "LEIMO_TOPIC_PREFIX",
            "acme",
            r"topic_prefix='acme': .* or -, such as acme\.",
        ),
        ("LEIMO_TOPIC_PREFIX", "豆.", r"topic_prefix='豆\.': .*A-Z a-z 0-9 \. _ -"),
        ("LEIMO_TOPIC_PREFIX", "a b.", r"topic_prefix='a b\.': "),
        ("LEIMO_TOPIC_PREFIX", "a.\n", r"topic_prefix='a\.\\n': "),
        ("LEIMO_TOPIC_PREFIX", ".", r"topic_prefix='\.': .*begins with a letter"),
        ("LEIMO_TOPIC_PREFIX", "a" * 64 + ".", "topic_prefix='a*.': .*up to 64"),
        ("LEIMO_BROKER", "kafka", "'kafka' is no host:port"),
        ("LEIMO_BROKER", "a:9092,b:0", "'b:0' is no host:port"),
        ("LEIMO_BROKER", "a:99999", "'a:99999' is no host:port"),
        ("LEIMO_METRICS_ADDRESS", "9464", "metrics_address: '9464' is no host:port"),
        ("LEIMO_METRICS_ADDRESS", "127.0.0.1:65536", "metrics_address: .*65536' is no host:port"),
        ("LEIMO_GROUP", "", "group='': .*at least 1 character"),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=message):
        Settings.load()


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEIMO_PARTITIONS", "0")
    monkeypatch.setenv("LEIMO_GRACE_S", "-1")

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    assert [line.split("=")[0] for line in str(caught.value).splitlines()] == [
        "partitions",
        "grace_s",
    ]


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:0", "example:9464"])
def test_metrics_that_others_can_reach_need_a_token(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("LEIMO_METRICS_ADDRESS", address)

    with pytest.raises(SettingsError, match="LEIMO_METRICS_TOKEN"):
        Settings.load()

    monkeypatch.setenv("LEIMO_METRICS_TOKEN", TOKEN)
    assert Settings.load().metrics_token.get_secret_value() == TOKEN


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:9464", "[::1]:9464", ""])
def test_metrics_on_this_machine_need_none(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("LEIMO_METRICS_ADDRESS", address)

    assert Settings.load().metrics_address == address


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("LEIMO_METRICS_TOKEN", TOKEN)
    settings = Settings.load()

    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert TOKEN not in shown


@pytest.mark.parametrize(
    "content",
    [
        f'metrics_token = ["{TOKEN}"]\n',
        f'metrics_token = "{TOKEN}"\npartitions = 0\n',
        f'metrics_token = "{TOKEN}"\nmetrics_address = "nowhere"\n',
    ],
)
def test_the_token_is_not_shown_in_errors(folder: Path, content: str) -> None:
    (folder / "leimo.toml").write_text(content)

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    assert TOKEN not in str(caught.value)
    assert caught.value.__suppress_context__


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().group = "other"  # type: ignore[misc]


def test_several_brokers_are_a_list_without_spaces() -> None:
    assert Settings.load(broker="a:1, b:2 ,[::1]:3").broker == "a:1,b:2,[::1]:3"


@given(st.text(max_size=8))
def test_what_passes_for_a_port_is_one(text: str) -> None:
    if is_port(text, lowest=0):
        assert 0 <= int(text) <= 65535


@given(st.integers(1, 65535))
def test_every_port_passes(port: int) -> None:
    assert is_port(str(port), lowest=1)


@given(st.ip_addresses(v=4))
def test_loopback_addresses_are_told_by_their_range(address: IPv4Address) -> None:
    assert is_loopback(str(address)) == str(address).startswith("127.")


@pytest.mark.parametrize(("host", "expected"), [("[::1]", True), ("[::]", False), ("", False)])
def test_loopback_of_other_hosts(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("given", "brands"),
    [
        ("0", 0),
        (" 20 ", 20),
        ("xiaomi", ("xiaomi",)),
        ("xiaomi, huawei,xiaomi,", ("xiaomi", "huawei")),
        ("361,", ("361",)),
    ],
)
def test_brands_in_the_metrics_are_a_number_or_chosen(
    monkeypatch: pytest.MonkeyPatch, given: str, brands: int | tuple[str, ...]
) -> None:
    monkeypatch.setenv("LEIMO_METRICS_BRANDS", given)

    assert Settings.load().metrics_brands == brands


@pytest.mark.parametrize(
    ("line", "brands"),
    [("20", 20), ('"20"', 20), ('["xiaomi", "361"]', ("xiaomi", "361")), ('"a,b"', ("a", "b"))],
)
def test_a_file_lists_brands_as_it_lists_things(
    folder: Path, line: str, brands: int | tuple[str, ...]
) -> None:
    (folder / "leimo.toml").write_text(f"metrics_brands = {line}\n")

    assert Settings.load().metrics_brands == brands


@pytest.mark.parametrize("line", ["-1", "1001", "true", "1.5", '""', '","', "[]", "[1, 2]"])
def test_what_is_neither_a_number_nor_a_list_of_brands_is_refused(folder: Path, line: str) -> None:
    (folder / "leimo.toml").write_text(f"metrics_brands = {line}\n")

    with pytest.raises(SettingsError, match=r"^metrics_brands=.*: it is n"):
        Settings.load()


def test_networks_of_receivers_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEIMO_DELIVER_NETWORKS", "10.1.0.0/16, ::1/128,")
    assert [str(one) for one in Settings.load().deliver_networks] == ["10.1.0.0/16", "::1/128"]
    for wrong in ("localhost", "10.0.0.1/8"):
        monkeypatch.setenv("LEIMO_DELIVER_NETWORKS", wrong)
        with pytest.raises(SettingsError, match="is no network, such as"):
            Settings.load()
