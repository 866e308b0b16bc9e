"""One `Settings`, read once, from `LEIMO_*` variables and a TOML file.

The environment wins over the file. Keys that do not exist are refused, with the nearest one
that does.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.errors import OperatorError
from schemas.post import Source

PREFIX = "LEIMO_"
_SERVICE_HOST = "_SERVICE_HOST"
_SERVICE_LINK = re.compile(
    r"SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?"
)
"""What Kubernetes sets for a Service ("service links"), after the Service's name and `_`."""
_TOPIC_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[._-]")
"""Kafka's characters. The mark at its end keeps `acme` out of the names of `acme2`; and whoever
gives rights by prefix gives those of one deployment."""
FILE_VARIABLE = "LEIMO_CONFIG"
DEFAULT_FILE = Path("leimo.toml")


MOST_BRANDS_SHOWN = 1000
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~/\-]*)?")
_SHORTEST_KEY = 32
_COUNT = re.compile(r"-?[0-9]{1,9}")


class SettingsError(OperatorError, ValueError):
    """A setting is unknown or wrong; the message names the key, the value and the mend."""


class Profile(StrEnum):
    DEV = "dev"
    PRODUCTION = "production"
    """Refuses a broker without transactions, and topics that are not replicated."""


class Tokenizer(StrEnum):
    RJIEBA = "rjieba"
    JIEBA = "jieba"


class SecurityProtocol(StrEnum):
    """As Kafka's clients call it."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_tls(self) -> bool:
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)

    @property
    def has_sasl(self) -> bool:
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


class SaslMechanism(StrEnum):
    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Settings(BaseSettings):
    """Everything a leimo process can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    broker: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port, comma-separated")
    security_protocol: SecurityProtocol = Field(
        SecurityProtocol.PLAINTEXT, description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: SaslMechanism = Field(
        SaslMechanism.SCRAM_SHA_512, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str = Field("", description="user of the broker")
    sasl_password: SecretStr = Field(SecretStr(""), description="password of the user")
    ssl_ca_file: FilePath | None = Field(
        None, description="PEM of who signed the broker's certificate; else whom the system trusts"
    )
    ssl_check_hostname: bool = Field(
        True, description="the broker's certificate has to name its host"
    )
    ssl_cert_file: FilePath | None = Field(
        None, description="PEM of our certificate, where the broker asks for one"
    )
    ssl_key_file: FilePath | None = Field(
        None, description="PEM of its key, where it is not in the same file"
    )
    ssl_key_password: SecretStr = Field(SecretStr(""), description="password of the key")
    topic_prefix: str = Field(
        "", description="comes before the name of every topic, the group and transactional ids"
    )
    group: str = Field("leimo", min_length=1, description="consumer group of the workers")
    instance: str = Field(
        "", description="name of this worker, stable over restarts: quicker restarts"
    )
    profile: Profile = Field(Profile.DEV, description="dev or production")
    partitions: int = Field(8, ge=1, le=1024, description="partitions of the topics that scale")
    replication: int = Field(1, ge=1, le=7, description="replicas of each topic")

    source: Source = Field(
        Source.WEIBO, description="source of raw records without the header `source`"
    )
    tokenizer: Tokenizer = Field(Tokenizer.RJIEBA, description="rjieba (fast) or jieba (reference)")
    max_post_bytes: int = Field(1 << 20, ge=1024, description="larger raw records are dead letters")
    max_text_chars: int = Field(20_000, ge=140, description="longer texts are dead letters")
    max_record_cpu_s: float = Field(
        5, gt=0, le=60, description="raw records that take more CPU time are dead letters"
    )
    repeat_distance: int = Field(
        100_000, ge=0, description="a post repeated within so many records is counted once"
    )
    dead_share_limit: float = Field(
        1.0,
        gt=0,
        le=1,
        description="stop when more than this share of the last 10,000 posts were dead letters",
    )

    skew_s: float = Field(60, ge=0, description="how far a post's time may be ahead of its receipt")
    disorder_s: float = Field(
        30, ge=0, description="how much older than the newest post a post may be, usually"
    )
    idle_s: float = Field(5, gt=0, description="a silent raw partition is idle after this long")
    tick_s: float = Field(
        0.25, gt=0, description="time between two ticks; a second where nothing is read"
    )
    grace_s: float = Field(30, ge=0, description="a window stays open this long after its end")
    retention_s: float = Field(
        7200, ge=600, description="late posts still change windows up to this age"
    )

    commit_interval_s: float = Field(0.2, ge=0.005, le=10, description="time between two commits")
    commit_timeout_s: float = Field(
        60, gt=0, description="a commit that takes longer ends the worker"
    )
    stall_s: float = Field(
        120, ge=6, description="a worker that has work and has not moved for so long ends itself"
    )
    session_timeout_s: float = Field(
        10, ge=1, description="a worker that is silent for so long loses its partitions"
    )
    metrics_address: str = Field(
        "127.0.0.1:9464", description="where /metrics and /health listen; empty: nowhere"
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="bearer token of /metrics; required off the loopback"
    )
    metrics_brands: Annotated[int | tuple[str, ...], NoDecode] = Field(
        20,
        description="brands with series of their own in /metrics: how many of the top, or which",
    )
    push_address: str = Field(
        "127.0.0.1:9480", description="where `leimo feed push` listens for posts"
    )
    push_token: SecretStr = Field(
        SecretStr(""), description="bearer token of `leimo feed push`; required off the loopback"
    )
    secrets_folder: DirectoryPath | None = Field(
        None, description="files called SUBSCRIBER_... and FEED_...: addresses, keys and tokens"
    )
    deliver_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="private networks that receivers of alerts may be in, comma-separated"
    )
    smtp_url: SecretStr = Field(
        SecretStr(""), description="mail server: smtps://user:password@host:465, smtp+starttls://…"
    )
    mail_from: str = Field("", description="sender of mails")
    center_address: str = Field(
        "127.0.0.1:9470", description="where `leimo center` listens for browsers and programs"
    )
    center_store: SecretStr = Field(
        SecretStr("sqlite:///leimo-center.db"),
        description="read model of the center: sqlite:///FILE, postgresql://USER@HOST/DATABASE or "
        "clickhouse://USER@HOST/DATABASE",
    )
    center_users_file: FilePath | None = Field(
        None, description="users and tokens of the center (TOML); required off the loopback"
    )
    center_session_key: SecretStr = Field(
        SecretStr(""), description="signs sessions; without it, a restart of the center ends them"
    )
    center_proxy_header: str = Field(
        "", description="header in which a proxy names the center's user, such as X-Remote-User"
    )
    center_proxy_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="where that proxy is, comma-separated networks"
    )
    center_oidc_issuer: str = Field(
        "", description="OIDC provider that the center logs people in with, as it names itself"
    )
    center_oidc_client_id: str = Field("", description="name of the center at that provider")
    center_oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="its password there; empty: a public client"
    )
    center_oidc_claim: str = Field(
        "email", min_length=1, description="claim that names the user as the users file does"
    )
    query_token: SecretStr = Field(
        SecretStr(""), description="bearer token that `leimo query --url` sends"
    )
    center_mentions_days: int = Field(
        30, ge=1, le=3660, description="days for which the center keeps posts"
    )
    center_minutes_days: int = Field(
        90, ge=8, le=3660, description="days for which it keeps minutes; hours and days stay longer"
    )
    center_archive: Path | None = Field(
        None, description="folder for an hourly Parquet archive of the center; empty: none is kept"
    )
    center_archive_days: int = Field(
        400, ge=1, le=3660, description="days for which the archive keeps its files"
    )
    center_url: str = Field(
        "", description="where people find the command center, such as https://leimo.example"
    )
    links_address: str = Field(
        "127.0.0.1:9482", description="where `leimo deliver` serves the page behind signed links"
    )
    links_url: str = Field(
        "", description="how people reach that page, such as https://leimo.example; empty: no links"
    )
    links_secret: SecretStr = Field(
        SecretStr(""), description="key that signs the links in messages, 32 characters or more"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("broker")
    @classmethod
    def _broker_has_ports(cls, value: str) -> str:
        for address in value.split(","):
            host, _, port = address.strip().rpartition(":")
            if not host or not is_port(port, lowest=1):
                raise ValueError(f"{address.strip()!r} is no host:port, such as 127.0.0.1:9092")
        return ",".join(address.strip() for address in value.split(","))

    @field_validator("center_address")
    @classmethod
    def _center_address_has_a_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not is_port(port, lowest=0):
            raise ValueError(f"{value!r} is no host:port, such as 127.0.0.1:9470")
        return value

    @field_validator("topic_prefix")
    @classmethod
    def _prefix_makes_topic_names(cls, value: str) -> str:
        if value and not _TOPIC_PREFIX.fullmatch(value):
            raise ValueError(
                "a prefix is up to 64 of the characters A-Z a-z 0-9 . _ -, begins with a letter or "
                "digit and ends with . _ or -, such as acme."
            )
        return value

    @field_validator("log_level")
    @classmethod
    def _log_level_exists(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError(f"{value!r} is none of DEBUG, INFO, WARNING, ERROR")
        return level

    @field_validator("center_url", "links_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and not _WEB_ADDRESS.fullmatch(value):
            raise ValueError(f"{value!r} is no address of a site, such as https://leimo.example")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _links_are_signed(self) -> Self:
        length = len(self.links_secret.get_secret_value())
        if self.links_url and length < _SHORTEST_KEY:
            raise ValueError(
                f"links_secret: links need a key of {_SHORTEST_KEY} characters or more; set "
                "LEIMO_LINKS_SECRET, such as to the output of `openssl rand -hex 32`"
            )
        return self

    @field_validator("deliver_networks", "center_proxy_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            return value
        return [_network(part) for part in parts if not isinstance(part, str) or part.strip()]

    @field_validator("metrics_brands", mode="before")
    @classmethod
    def _number_or_ids(cls, value: object) -> int | tuple[str, ...]:
        return brands_shown(value)

    @field_validator("security_protocol", "sasl_mechanism", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _sasl_needs_a_user(self) -> Self:
        password = self.sasl_password.get_secret_value()
        if self.security_protocol.has_sasl and not (self.sasl_username and password):
            raise ValueError(
                f"security_protocol={self.security_protocol}: it needs a user and a password; set "
                "LEIMO_SASL_USERNAME and LEIMO_SASL_PASSWORD"
            )
        return self

    @model_validator(mode="after")
    def _public_addresses_need_a_token(self) -> Self:
        if self.metrics_address:
            _refuse_open_address("metrics", self.metrics_address, self.metrics_token, 9464)
        _refuse_open_address("push", self.push_address, self.push_token, 9480)
        _refuse_open_address("links", self.links_address, self.links_secret, 9482, key="SECRET")
        return self

    @property
    def group_id(self) -> str:
        """Name of the consumer group on the broker; transactional ids begin with it too."""
        return self.topic_prefix + self.group

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file; no `.env`, no secrets folder."""
        file = _file()
        if os.environ.get(FILE_VARIABLE) and not file.is_file():
            raise SettingsError(f"{FILE_VARIABLE}={file}: no such file; write it or unset it")
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file))

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings; `overrides` (from the command line) win, None means not given.

        Raises:
            SettingsError: an unknown or wrong key, named with its mend.
        """
        refuse_unknown(os.environ, cls.model_fields)
        given = {key: value for key, value in overrides.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            told = [_explain(item, _origin(item, given)) for item in error.errors()]
            raise SettingsError("\n".join(told)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{_file()}: no TOML: {error}; mend or remove it") from None


def _refuse_open_address(
    what: str, address: str, token: SecretStr, usual_port: int, *, key: str = "TOKEN"
) -> None:
    host, _, port = address.rpartition(":")
    if not host or not is_port(port, lowest=0):
        raise ValueError(
            f"{what}_address: {address!r} is no host:port, such as 127.0.0.1:{usual_port}"
        )
    if not is_loopback(host) and not token.get_secret_value():
        raise ValueError(
            f"{what}_address: {address!r} can be reached from outside; set "
            f"LEIMO_{what.upper()}_{key}, or listen on 127.0.0.1"
        )


def refuse_unknown(environment: Mapping[str, str], fields: Mapping[str, object]) -> None:
    """Raise `SettingsError` for a `LEIMO_*` variable that is no setting.

    Those that Kubernetes adds to every container for a Service called `leimo` or `leimo-...` are no
    settings, and nobody's mistake.

    >>> refuse_unknown({"LEIMO_SERVICE_HOST": "10.0.0.1", "LEIMO_PORT": "tcp://10.0.0.1:1"}, {})
    >>> refuse_unknown({"LEIMO_BROKR": "x"}, {"broker": 0})
    Traceback (most recent call last):
    kafka_io.settings.SettingsError: LEIMO_BROKR: unknown variable; did you mean LEIMO_BROKER?
    """
    known = {PREFIX + name.upper() for name in fields} | {FILE_VARIABLE}
    for variable in sorted(environment):
        if _is_service_link(variable, environment):
            continue
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            near = difflib.get_close_matches(variable.upper(), known, n=1)
            mend = f"did you mean {near[0]}?" if near else "unset it"
            raise SettingsError(f"{variable}: unknown variable; {mend}")


def _is_service_link(variable: str, environment: Mapping[str, str]) -> bool:
    """Whether Kubernetes set it: there is a Service of that name then, which has a host."""
    parts = variable.split("_")
    names = ("_".join(parts[:count]) for count in range(1, len(parts)))
    return any(
        name + _SERVICE_HOST in environment
        and _SERVICE_LINK.fullmatch(variable.removeprefix(name + "_"))
        for name in names
    )


def brands_shown(value: object) -> int | tuple[str, ...]:
    """How many brands have series of their own, or the ids of those that have.

    A brand whose id is a number is told from a number of brands by a comma.

    >>> brands_shown("20"), brands_shown("xiaomi, 361"), brands_shown("361,")
    (20, ('xiaomi', '361'), ('361',))
    """
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if _COUNT.fullmatch(text) else text.split(",")
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= MOST_BRANDS_SHOWN:
            raise ValueError(f"it is not between 0 and {MOST_BRANDS_SHOWN}")
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        ids = tuple(dict.fromkeys(item.strip() for item in value if item.strip()))
        if ids and len(ids) <= MOST_BRANDS_SHOWN:
            return ids
    raise ValueError(
        f"it is neither a number nor a list of 1 to {MOST_BRANDS_SHOWN} ids of brands, such as 20 "
        "or xiaomi,huawei"
    )


def _network(given: object) -> IPv4Network | IPv6Network:
    if isinstance(given, IPv4Network | IPv6Network):
        return given
    text = str(given).strip()
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network, such as 10.1.0.0/16") from None


def is_port(text: str, lowest: int) -> bool:
    """Whether `text` is a port number; 0, where it is allowed, stands for any free one.

    >>> [is_port(text, lowest=1) for text in ("9092", "0", "65536", "²", "")]
    [True, False, False, False, False]
    """
    return text.isascii() and text.isdigit() and len(text) <= 5 and lowest <= int(text) < 1 << 16


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "example")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _file() -> Path:
    return Path(os.environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def _origin(item: Any, given: Mapping[str, object]) -> str:
    """Where somebody wrote the setting that is wrong, as far as it is one setting."""
    key = str(item["loc"][0]) if item["loc"] else ""
    if key in given:
        return "on the command line"
    variable = PREFIX + key.upper()
    return f"in {variable}" if variable in os.environ else f"in {_file()}"


def _explain(item: Any, origin: str) -> str:
    key = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    if not key:
        return message
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        return f"{key}: unknown setting; " + (f"did you mean {near[0]}?" if near else "remove it")
    secrets = ("token", "password", "smtp_url", "store", "session", "_secret")
    is_secret = any(word in key for word in secrets)
    shown = "***" if is_secret else repr(item.get("input"))
    return f"{key}={shown}: {message} ({origin})"
