"""A change that readers would stumble over needs another version."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.measure import cloud_event_headers
from schemas import json_schemas, versions
from tests.schemas.test_json_schemas import SAMPLES

Schema = dict[str, Any]
Change = Callable[[Schema], object]
WINDOW, BRAND = ("$defs", "Window"), ("$defs", "Brand")


def at(schema: Schema, *path: str) -> Any:
    found: Any = schema
    for key in path:
        found = found[key]
    return found


def put(*path: str, to: object) -> Change:
    """Set what stands at a path of the schema."""
    return lambda schema: at(schema, *path[:-1]).update({path[-1]: to})


def drop(*path: str) -> Change:
    return lambda schema: at(schema, *path[:-1]).pop(path[-1])


ALLOWED: list[tuple[str, Change]] = [
    ("window", put(*WINDOW, "properties", "likes", to={"type": "integer", "default": 0})),
    ("window", put(*WINDOW, "properties", "posts", "description", to="said in other words")),
    ("window", put("$defs", "Likes", to={"enum": ["thumb"]})),
    ("window", lambda schema: at(schema, *WINDOW, "required").reverse()),
    ("alert", lambda schema: at(schema, "$defs", "AlertState", "enum").reverse()),
]
REFUSED: list[tuple[str, Change, str]] = [
    ("window", drop(*WINDOW, "properties", "posts"), "properties/posts is gone"),
    ("window", put(*WINDOW, "properties", "posts", "type", to="string"), "'integer'"),
    ("window", put(*WINDOW, "properties", "revision", "default", to=1), "was 0 and is 1"),
    ("window", lambda schema: at(schema, *WINDOW, "required").remove("posts"), "required"),
    ("window", lambda schema: at(schema, *WINDOW, "required").append("likes"), "required"),
    ("window", drop("$defs", "Objective"), "$defs/Objective is gone"),
    ("alert", lambda schema: at(schema, "$defs", "AlertState", "enum").append("odd"), "enum"),
    ("mention", put("$ref", to="#/$defs/Span"), "$ref was '#/$defs/Mention'"),
    ("brand", put(*BRAND, "properties", "likes", to={"default": 0}), "likes is new, and readers"),
    ("brand", drop(*BRAND, "additionalProperties"), "additionalProperties is gone"),
]


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of schemas as they were; `schemas/json` is left alone."""
    for file in json_schemas.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(json_schemas, "FOLDER", tmp_path)
    monkeypatch.setattr(json_schemas, "TOPICS_PAGE", tmp_path / "topics.md")
    (tmp_path / "topics.md").write_text(f"{json_schemas.BEGIN}{json_schemas.END}")
    return tmp_path


def changed_to(monkeypatch: pytest.MonkeyPatch, kind: str, change: Change) -> None:
    """The records say something else from now on."""
    made = {name: json_schemas.schema_of(name, record) for name, record in RECORDS.items()}
    change(made[kind])
    monkeypatch.setattr(
        json_schemas,
        "schema_of",
        lambda name, _: copy.deepcopy(made[name]) | {"$id": versions.schema_id(name)},
    )


RECORDS = json_schemas.RECORDS


@pytest.mark.parametrize(("kind", "change"), ALLOWED)
def test_what_no_reader_minds_may_be_written(
    held: Path, monkeypatch: pytest.MonkeyPatch, kind: str, change: Change
) -> None:
    before = (held / f"{kind}.schema.json").read_text("utf-8")
    changed_to(monkeypatch, kind, change)

    assert json_schemas.main([]) == 0
    assert (held / f"{kind}.schema.json").read_text("utf-8") != before


@pytest.mark.parametrize(("kind", "change", "told"), REFUSED)
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_what_readers_stumble_over_is_refused_by_name(
    held: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    change: Change,
    told: str,
    arguments: list[str],
) -> None:
    before = (held / f"{kind}.schema.json").read_text("utf-8")
    changed_to(monkeypatch, kind, change)

    assert json_schemas.main(arguments) == 1

    shown = capsys.readouterr().err
    assert shown.startswith(f"{kind}: ")
    assert told in shown
    assert "raise its number in schemas/versions.py" in shown
    assert (held / f"{kind}.schema.json").read_text("utf-8") == before


def test_with_another_number_it_is_written(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "VERSIONS", {**versions.VERSIONS, "window": 2})
    changed_to(monkeypatch, "window", drop(*WINDOW, "properties", "posts"))

    assert json_schemas.main([]) == 0

    written = json.loads((held / "window.schema.json").read_text("utf-8"))
    assert written["$id"] == "urn:leimo:window:2"


def test_every_kind_of_record_has_a_version() -> None:
    assert versions.VERSIONS.keys() == RECORDS.keys()


def test_an_alert_names_its_schema() -> None:
    headers = dict(cloud_event_headers(SAMPLES["alert"]))  # type: ignore[arg-type]

    schema = json.loads((json_schemas.FOLDER / "alert.schema.json").read_text("utf-8"))
    assert headers["ce_dataschema"].decode() == schema["$id"]
