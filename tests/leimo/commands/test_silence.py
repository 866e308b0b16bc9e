"""`leimo silence`, against each of the brokers."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from typer.testing import CliRunner, Result

from catalogue.topic import Changes, held_definitions, publish, send
from kafka_io.brokers import Broker, EmbeddedBroker
from kafka_io.followers import CatalogueFollower
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from measures.board import Board, BoardSettings
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue, Definition, Silence
from schemas.rules import CrisisRule, SpikeRule
from tests.measures.stream import mention, tick

CATALOGUE = Catalogue(
    brands=(Brand(id="xiaomi", name="小米", aliases=("MIUI",)), Brand(id="huawei", name="华为")),
    rules=(
        SpikeRule(id="spike"),
        CrisisRule(id="fire", words=("起火",)),
    ),
)
PAST = Silence(id="past", reason="launch", until="2014-01-01T00:00Z")

Leimo = Callable[..., Result]


@pytest.fixture
def settings(broker: Broker) -> Settings:
    settings = Settings.load(broker=broker.address, partitions=2)
    asyncio.run(_fill(settings))
    return settings


@pytest.fixture
def leimo(settings: Settings) -> Leimo:
    def run(*arguments: str) -> Result:
        return _run(*arguments, "--broker", settings.broker)

    return run


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["silence", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


async def _fill(settings: Settings) -> None:
    await apply_topics(settings)
    await publish(settings, CATALOGUE)


def held(settings: Settings) -> dict[str, Definition]:
    found = asyncio.run(held_definitions(settings))
    return {
        key.decode(): msgspec.json.decode(value, type=Definition) for key, value in found.items()
    }


def put(settings: Settings, silence: Silence) -> None:
    key = f"silence:{silence.id}".encode()
    asyncio.run(send(settings, [(key, msgspec.json.encode(silence))]))


def ends_in(silence: dict[str, str]) -> timedelta:
    return datetime.fromisoformat(silence["until"]) - datetime.now(UTC)


def test_a_silence_is_added_listed_and_ended(leimo: Leimo, settings: Settings) -> None:
    assert leimo("list").stdout == "No alert is silenced.\n"
    assert leimo("list", "--json").stdout == ""

    given = ("--brand", "xiaomi", "--rule", "spike", "--for", "2h", "--reason", " launch ")
    told = leimo("add", *given, "--by", "Li").stdout.splitlines()
    match = re.fullmatch(
        r"(xiaomi-spike-\d{4}-\d{4}): alerts of spike for xiaomi are silenced until "
        r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC\.",
        told[0],
    )
    assert match, told
    silence = match[1]
    assert told[1] == f"To end it sooner: leimo silence end {silence}"

    (listed,) = [json.loads(line) for line in leimo("list", "--json").stdout.splitlines()]
    assert timedelta(minutes=118) < ends_in(listed) <= timedelta(hours=2)
    assert listed == {
        "id": silence,
        "reason": "launch",
        "until": listed["until"],
        "brands": ["xiaomi"],
        "rules": ["spike"],
        "by": "Li",
    }
    assert held(settings)[f"silence:{silence}"] == msgspec.convert(listed, Silence)
    shown = leimo("list").stdout
    assert shown.startswith(f"{silence}: alerts of spike for xiaomi are silenced until ")
    assert shown.endswith(" UTC: launch (Li)\n")

    ended = leimo("end", silence)
    assert ended.stdout == f"{silence}: ended. Alerts of spike for xiaomi are told again.\n"
    assert leimo("list").stdout == "No alert is silenced.\n"
    assert set(held(settings)) == {"brand:xiaomi", "brand:huawei", "rule:spike", "rule:fire"}


def test_a_worker_marks_what_it_covers(leimo: Leimo, settings: Settings) -> None:
    """The catalogue as a worker follows it, and the board that it runs."""
    given = ("--brand", "xiaomi", "--rule", "fire", "--for", "1d", "--reason", "drill", "--json")
    silence = json.loads(leimo("add", *given).stdout)["id"]
    catalogue = asyncio.run(_followed(settings))
    board = Board(BoardSettings(), catalogue)
    alerts: list[Alert] = []
    for minute in range(8):
        for at, brand in enumerate(("xiaomi", "huawei")):
            offset = 10 * minute + at
            board.apply(mention(minute, offset, brand, text="起火", author=f"a{offset}"))
        board.tick(tick(minute + 2))
        alerts += board.drain().alerts
    assert {(alert.brand, alert.silenced_by) for alert in alerts} == {
        ("xiaomi", silence),
        ("huawei", ""),
    }


async def _followed(settings: Settings) -> Catalogue:
    async def ignore(_: Catalogue) -> None:
        """It is read once."""

    follower = CatalogueFollower(settings, ignore)
    try:
        return await follower.load()
    finally:
        await follower.stop()


def test_applying_a_catalogue_keeps_silences_until_they_are_over(
    leimo: Leimo, settings: Settings
) -> None:
    leimo("add", "--all", "--for", "1h", "--reason", "move")
    (silence,) = [key for key in held(settings) if key.startswith("silence:")]
    put(settings, PAST)

    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    changes = asyncio.run(publish(settings, CATALOGUE, now_ms=now_ms))
    unchanged = ("brand:xiaomi", "brand:huawei", "rule:spike", "rule:fire")
    assert changes == Changes((), (), ("silence:past",), unchanged, (silence,))
    assert set(held(settings)) == {*unchanged, silence}
    later = asyncio.run(publish(settings, CATALOGUE, keep=True, now_ms=now_ms + 3_700_000))
    assert later.removed == (silence,)
    assert set(held(settings)) == set(unchanged)


def test_a_silence_of_a_file_that_is_over_is_not_put_into_force(settings: Settings) -> None:
    catalogue = msgspec.structs.replace(CATALOGUE, silences=(PAST,))
    changes = asyncio.run(publish(settings, catalogue))
    assert (changes.added, changes.removed) == ((), ())
    now_ms = 1_300_000_000_000
    assert asyncio.run(publish(settings, catalogue, now_ms=now_ms)).added == ("silence:past",)


@pytest.mark.parametrize("left", [b"\xff", b"{}", b'{"type":"silence","id":"past"}'])
def test_adding_one_removes_those_that_are_over_or_broken(
    left: bytes, leimo: Leimo, settings: Settings
) -> None:
    put(settings, PAST)
    asyncio.run(send(settings, [(b"silence:broken", left)]))
    assert leimo("list").stdout == "No alert is silenced.\n"
    assert leimo("add", "--rule", "fire", "--for", "1d", "--reason", "drill").exit_code == 0
    found = [key for key in held(settings) if key.startswith("silence:")]
    assert len(found) == 1
    assert found[0].startswith("silence:fire-")


def test_two_at_the_same_time_have_ids_of_their_own(leimo: Leimo) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M+00:00")
    for _ in range(3):
        leimo("add", "--brand", "xiaomi", "--until", until, "--reason", "launch")
    listed = [json.loads(line)["id"] for line in leimo("list", "--json").stdout.splitlines()]
    first = listed[0]
    assert listed == [first, f"{first}-2", f"{first}-3"]


def test_the_next_to_end_is_first_and_hostile_text_is_plain(
    leimo: Leimo, settings: Settings
) -> None:
    put(settings, Silence(id="b", reason="two\nlines \x1b[2J", until="2100-01-02T00:00:30+08:00"))
    put(
        settings, Silence(id="a", reason="[red]", until="2100-01-01T00:00Z", since="2099-01-01T00Z")
    )
    assert leimo("list").stdout.splitlines() == [
        (
            "a: all alerts for all brands are silenced from 2099-01-01T00Z "
            "until 2100-01-01 00:00 UTC: [red]"
        ),
        "b: all alerts for all brands are silenced until 2100-01-01 16:00:30 UTC: two lines",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["--brand", "xiami"],
            "--brand 'xiami' is the id of no brand in force; did you mean xiaomi",
        ),
        (
            ["--brand", "miui"],
            "--brand 'miui' is the id of no brand in force; did you mean xiaomi?",
        ),
        (
            ["--brand", "小米"],
            "--brand '小米' is the id of no brand in force; did you mean xiaomi?",
        ),
        (
            ["--rule", "spikes"],
            "--rule 'spikes' is the id of no rule in force; did you mean spike?",
        ),
        (["--rule", "nothing"], "of no rule in force; see `leimo catalogue show`"),
    ],
)
def test_what_is_not_in_force_is_refused_with_a_suggestion(
    given: list[str], message: str, leimo: Leimo, settings: Settings
) -> None:
    refused = leimo("add", *given, "--for", "2h", "--reason", "launch")
    assert refused.exit_code == 1
    assert message in refused.stderr
    assert not [key for key in held(settings) if key.startswith("silence:")]


def test_an_id_that_is_none_is_refused_with_a_suggestion(leimo: Leimo) -> None:
    found = leimo("add", "--brand", "xiaomi", "--for", "2h", "--reason", "x", "--json").stdout
    silence = json.loads(found)["id"]
    refused = leimo("end", silence[:-1])
    assert refused.exit_code == 1
    assert f"is the id of no silence in force; did you mean {silence}?" in refused.stderr
    assert len(leimo("list").stdout.splitlines()) == 1


REASON = ("--reason", "launch")
X = ("--brand", "xiaomi")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((*X, *REASON), "give either --for, such as 2h, or --until, such as"),
        ((*X, *REASON, "--for", "2h", "--until", "2100-01-01"), "give either --for"),
        ((*X, *REASON, "--for", "soon"), "'soon' is no span of time; write such as 90m, 2h or 3d"),
        ((*X, *REASON, "--for", "2 hours"), "'2 hours' is no span of time"),
        ((*X, *REASON, "--for", "0m"), "'0m' is no span of time"),
        ((*X, *REASON, "--for", "2y"), "'2y' is no span of time"),
        ((*X, *REASON, "--for", "400d"), "for more than a year; change the rule instead"),
        ((*X, *REASON, "--until", "2014-01-01"), "--until 2014-01-01 is over already"),
        ((*X, *REASON, "--until", "noon"), "--until 'noon' is no time; write such as"),
        ((*X, "--reason", " ", "--for", "2h"), "--reason is empty"),
        ((*REASON, "--for", "2h"), "name --brand or --rule, or --all for every alert there is"),
        ((*X, *REASON, "--for", "2h", "--all"), "name --brand or --rule, or --all"),
        ((*X, "--for", "2h"), "--reason"),
    ],
)
def test_mistakes_are_told_without_a_broker(given: tuple[str, ...], message: str) -> None:
    refused = _run("add", *given, "--broker", "localhost:1")
    assert refused.exit_code == 2
    assert message in re.sub(r"\x1b\[[0-9;]*m", "", refused.stderr)


@pytest.mark.embedded
def test_a_missing_topic_is_named(embedded_broker: EmbeddedBroker) -> None:
    for given in (["list"], ["end", "a"], ["add", *X, *REASON, "--for", "2h"]):
        refused = _run(*given, "--broker", embedded_broker.address)
        assert refused.exit_code == 1
        assert "missing: catalogue" in refused.stderr
