"""A comparison that is cut into parts adds up, and never mixes commits or machines."""

from pathlib import Path

import pytest

from bench import kept
from bench.runs import Result
from bench.throughput import analysis_alone
from catalogue.file import SHIPPED
from tests.agents.fuzzing import status

RESULT = Result("leimo", "50,000 names", 800_000, 20_000.0, 50.5, 400.0, 370_000, 250_000, 30.0)


def measured_at(monkeypatch: pytest.MonkeyPatch, commit: str, machine: str = "a") -> None:
    monkeypatch.setattr(kept, "commit", lambda: commit)
    monkeypatch.setattr(kept, "machine", lambda: machine)


def test_what_was_measured_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "results"
    measured_at(monkeypatch, "abc")
    assert kept.read(path) == []

    kept.keep(path, RESULT)
    alone = analysis_alone([status("小米手机")], SHIPPED, "shipped")  # without a process to look at
    kept.keep(path, alone)

    assert kept.read(path) == [RESULT, alone]


@pytest.mark.parametrize(("commit", "machine"), [("abd", "a"), ("abc", "b")])
def test_results_of_another_commit_or_machine_stay_out(
    commit: str, machine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "results"
    measured_at(monkeypatch, "abc")
    kept.keep(path, RESULT)

    measured_at(monkeypatch, commit, machine)

    assert kept.read(path) == []


def test_a_tree_with_changes_is_measured_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "results"
    measured_at(monkeypatch, "abc with changes")
    kept.keep(path, RESULT)

    assert kept.read(path) == []
