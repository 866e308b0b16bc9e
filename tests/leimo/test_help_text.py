"""Help on a terminal of 80 columns: prose that fills its lines, examples that can be copied."""

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from leimo.cli import app
from leimo.help_text import reflowed

PANEL = "╭"


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each command by the words that name it, with its help."""
    yield path, str(getattr(group, "help", "") or "")
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


def shown(path: tuple[str, ...]) -> list[str]:
    """What stands above the panels."""
    done = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert done.exit_code == 0
    return [line.rstrip() for line in done.output.split(PANEL)[0].splitlines()]


def test_there_are_commands_with_examples() -> None:
    assert sum("leimo " in help_ for _, help_ in ALL) > 40


@pytest.mark.parametrize(("path", "help_"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_each_example_stands_on_a_line_of_its_own(path: tuple[str, ...], help_: str) -> None:
    examples = [line for line in help_.splitlines() if line.startswith("    ")]
    lines = shown(path)
    assert [f" {example}" for example in examples if f" {example}" not in lines] == []


@pytest.mark.parametrize("name", ["analyse", "audit", "center"])
def test_prose_fills_its_lines(name: str) -> None:
    lines = shown((name,))
    begin = next(at for at, line in enumerate(lines) if line.startswith(" Usage")) + 2
    for line, following in zip(lines[begin:], lines[begin + 1 :], strict=False):
        if line.strip() and following.strip() and not following.startswith("     "):
            assert len(f"{line} {following.split()[0]}") > 79, line


def test_a_docstring_of_one_line_stays_one() -> None:
    assert reflowed("Say it.") == "Say it."
    assert reflowed("") == ""
