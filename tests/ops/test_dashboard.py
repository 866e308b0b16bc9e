"""The dashboard is what its program writes, and fits on the screen."""

import itertools
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def panels(dashboard: ModuleType) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard.dashboard()["panels"]
    return found


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    grid = panel["gridPos"]
    return set(
        itertools.product(
            range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        )
    )


def test_the_file_is_what_the_program_writes(dashboard: ModuleType) -> None:
    assert dashboard.main(["--check"]) == 0
    assert json.loads(dashboard.FILE.read_text(encoding="utf-8")) == dashboard.dashboard()


def test_a_file_that_was_edited_by_hand_is_found(
    dashboard: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dashboard, "FILE", tmp_path / "leimo.json")
    assert dashboard.main(["--check"]) == 1
    assert dashboard.main([]) == 0
    assert dashboard.main(["--check"]) == 0

    with dashboard.FILE.open("a", encoding="utf-8") as file:
        file.write(" ")

    assert dashboard.main(["--check"]) == 1
    assert "make dashboards" in capsys.readouterr().err


def test_an_unknown_argument_is_refused(dashboard: ModuleType) -> None:
    assert dashboard.main(["--chek"]) == 2


def test_panels_do_not_overlap_and_stay_within_the_grid(dashboard: ModuleType) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(dashboard):
        assert not taken & cells(panel), panel["title"]
        taken |= cells(panel)

    assert max(x for x, _ in taken) < dashboard.GRID_WIDTH


def test_every_panel_says_what_it_shows(dashboard: ModuleType) -> None:
    shown = [panel for panel in panels(dashboard) if panel["type"] != "row"]

    assert all(panel["description"] for panel in shown)
    assert len({panel["id"] for panel in panels(dashboard)}) == len(panels(dashboard))


def test_the_datasource_is_the_one_that_is_chosen(dashboard: ModuleType) -> None:
    board = dashboard.dashboard()
    [variable] = board["templating"]["list"]
    asked = {
        target["datasource"]["uid"]
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }

    assert variable["type"] == "datasource"
    assert asked == {f"${{{variable['name']}}}"}
