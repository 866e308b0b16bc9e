"""`leimo catalogue`: what a person and a program see."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.commands.catalogue import app

MINE = """
brands:
  - {id: xiaomi, name: 小米, aliases: [MIUI], trade: phones, as_written: true}
  - {id: huawei, name: 华为, parent: xiaomi, as_written: true}
rules:
  - {id: burst, kind: spike}
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "my.yml"
    file.write_text(MINE, encoding="utf-8")
    return file


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> str:
    """Address of a broker that has the topics."""
    settings = Settings.load(broker=embedded_broker.address, partitions=2)
    asyncio.run(_make_topics(settings))
    return embedded_broker.address


async def _make_topics(settings: Settings) -> None:
    await apply_topics(settings)


def _run(*arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_check_sums_up_a_file_in_order(mine: Path) -> None:
    assert _run("check", str(mine)) == (0, ["2 brands, 3 names, 1 rule: no errors"], "")


def test_check_without_a_file_checks_the_shipped_one() -> None:
    code, lines, _ = _run("check")
    holidays, summary = lines
    assert code == 0
    assert "its holidays are known up to" in holidays
    assert holidays.endswith("(note)")
    assert summary.endswith("10 intents: no errors")


def test_check_tells_each_error_with_its_place_and_fails(mine: Path) -> None:
    mine.write_text(MINE.replace("MIUI", "米").replace("parent: x", "parent: X"), encoding="utf-8")
    assert _run("check", str(mine)) == (
        1,
        [
            (
                f"{mine}:3: brands[0].aliases[0]: '米' has one character and would be found "
                "everywhere; remove it"
            ),
            (
                f"{mine}:4: brands[1].parent: 'Xiaomi' is the id of no brand here; did you mean "
                "xiaomi?"
            ),
            "2 brands, 3 names, 1 rule: 2 errors",
        ],
        "",
    )


def test_check_tells_warnings_and_does_not_fail(mine: Path) -> None:
    mine.write_text(MINE.replace("MIUI", "MI"), encoding="utf-8")
    code, lines, _ = _run("check", str(mine))
    assert code == 0
    assert lines[0].startswith(f"{mine}:3: brands[0].aliases[0]: 'MI' is so short")
    assert lines[0].endswith("(warning)")
    assert lines[1:] == ["2 brands, 3 names, 1 rule: no errors, 1 warning"]


def test_check_speaks_json(mine: Path) -> None:
    mine.write_text(MINE.replace("kind: spike", "kind: crisis"), encoding="utf-8")
    code, lines, _ = _run("check", "--json", str(mine))
    assert code == 1
    assert json.loads(lines[0]) == {
        "file": str(mine),
        "brands": 2,
        "names": 3,
        "rules": 1,
        "intents": 0,
        "errors": [
            {
                "line": 6,
                "key": "rules[0]",
                "message": "a rule of kind crisis needs words; add `words: [召回, …]`",
            }
        ],
        "warnings": [],
        "notes": [],
    }


def test_check_tells_what_is_known_of_names_that_are_words_too(mine: Path) -> None:
    mine.write_text(MINE.replace(", as_written: true", ""), encoding="utf-8")
    code, lines, _ = _run("check", str(mine))
    assert code == 0
    assert re.fullmatch(r"2 brands, \d\d names, 1 rule: no errors", lines[-1])
    assert any(
        line.startswith(f"{mine}:3: brands[0]: 小米: aliases and ambiguous and context completed")
        and line.endswith("(note)")
        for line in lines
    ), lines


@pytest.mark.embedded
def test_apply_says_what_it_did_and_show_what_is_in_force(mine: Path, broker: str) -> None:
    at = ("--broker", broker)
    assert _run("apply", str(mine), "--dry-run", *at)[1][-1] == (
        "would be added 3, changed 0, removed 0, unchanged 0"
    )
    assert _run("show", "--json", *at)[:2] == (0, [])
    assert _run("apply", str(mine), *at)[:2] == (
        0,
        [
            "+ brand:xiaomi",
            "+ brand:huawei",
            "+ rule:burst",
            "added 3, changed 0, removed 0, unchanged 0",
        ],
    )
    mine.write_text(MINE.replace("MIUI", "红米").replace("burst", "peak"), encoding="utf-8")
    code, _, error = _run("apply", str(mine), *at)
    assert code == 1
    assert "- rule:burst" in error
    assert "1 definition in force would be removed; nothing was changed: add --remove" in error
    assert '"burst"' in "".join(_run("show", "--json", *at)[1])
    assert _run("apply", str(mine), "--only-absent", *at)[1] == [
        "+ rule:peak",
        "added 1, changed 0, removed 0, unchanged 1, 2 kept",
    ]
    assert "红米" not in "".join(_run("show", "--json", *at)[1])
    assert _run("apply", str(mine), "--keep", "--remove", *at)[0] == 2
    assert _run("apply", str(mine), "--remove", *at)[1] == [
        "~ brand:xiaomi",
        "- rule:burst",
        "added 0, changed 1, removed 1, unchanged 2",
    ]
    shown = [json.loads(line) for line in _run("show", "--json", *at)[1]]
    assert [(item["type"], item["id"]) for item in shown] == [
        ("brand", "huawei"),
        ("brand", "xiaomi"),
        ("rule/spike", "peak"),
    ]
    assert "aliases:\n  - 红米" in "\n".join(_run("show", "xiaomi", *at)[1])
    table = "\n".join(_run("show", *at)[1])
    assert "小米" in table
    assert "peak" in table
    code, _, error = _run("show", "nobody", *at)
    assert (code, "nobody: not in force" in error) == (1, True)


@pytest.mark.embedded
def test_apply_refuses_a_file_with_an_error_as_a_whole(mine: Path, broker: str) -> None:
    mine.write_text(MINE.replace("MIUI", "米"), encoding="utf-8")
    code, _, error = _run("apply", str(mine), "--broker", broker)
    assert code == 1
    assert "has one character" in error
    assert "nothing was changed" in error
    assert _run("show", "--json", "--broker", broker)[:2] == (0, [])


@pytest.mark.embedded
def test_a_topic_that_is_missing_is_a_message(mine: Path, embedded_broker: EmbeddedBroker) -> None:
    code, _, error = _run("apply", str(mine), "--broker", embedded_broker.address)
    assert (code, "`leimo topics apply`" in error) == (1, True)


@pytest.mark.embedded
@pytest.mark.parametrize(("typed", "code"), [(b"yes\n", 0), (b"y\n", 1)])
def test_a_person_is_asked_before_anything_is_removed(
    mine: Path, broker: str, typed: bytes, code: int
) -> None:
    assert _run("apply", str(mine), "--broker", broker)[0] == 0
    mine.write_text(MINE.replace("burst", "peak"), encoding="utf-8")
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    done = subprocess.run(
        [sys.executable, "-m", "leimo", "catalogue", "apply", str(mine), "--broker", broker],
        stdin=theirs, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    assert b"- rule:burst" in done.stderr
    assert b"Remove 1 definition in force that the file lacks? Type yes:" in done.stderr
    held = "".join(_run("show", "--json", "--broker", broker)[1])
    assert ('"burst"' in held, '"peak"' in held) == (code == 1, code == 0)


@pytest.mark.embedded
def test_show_says_where_nothing_is_in_force(broker: str) -> None:
    code, shown, said = _run("show", "--broker", broker)
    assert (code, shown) == (0, [])
    assert "leimo catalogue apply" in said
    assert _run("show", "--json", "--broker", broker) == (0, [], "")


@pytest.mark.embedded
def test_show_cuts_nothing_in_a_pipe(mine: Path, broker: str) -> None:
    name = "-".join(["long"] * 60)
    mine.write_text(f"brands: [{{id: {name}, name: {name}, trade: {name}}}]", encoding="utf-8")
    assert _run("apply", str(mine), "--broker", broker)[0] == 0
    table = _run("show", "--broker", broker)[1]
    assert any(line.split() == [name, name, name, "1", "0"] for line in table)


@pytest.mark.embedded
def test_show_tells_of_silences_and_holidays(mine: Path, broker: str) -> None:
    at = ("--broker", broker)
    mine.write_text(
        MINE
        + "silences:\n"
        + '  - {id: launch, reason: "\\e[2Jlaunch", until: "2100-01-01T00:00Z", rules: [burst]}\n'
        + 'holidays:\n  - {id: new-year, first: "2027-01-01"}\n',
        encoding="utf-8",
    )
    code, lines, _ = _run("apply", str(mine), *at)
    assert (code, lines[-1]) == (0, "added 5, changed 0, removed 0, unchanged 0")
    table = "\n".join(_run("show", *at)[1])
    assert "launch   all     burst  2100-01-01T00:00Z  launch" in table
    assert "\x1b" not in table
    assert "new-year  2027-01-01  2027-01-01" in table

    mine.write_text(MINE, encoding="utf-8")
    assert _run("apply", str(mine), "--remove", *at)[1] == [
        "- holiday:new-year",
        "added 0, changed 0, removed 1, unchanged 3, 1 kept",
    ]
