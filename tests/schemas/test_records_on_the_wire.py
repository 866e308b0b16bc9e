"""Whatever the records hold: their JSON is valid by the published schemas, and comes back."""

import json
import types
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import json_schemas
from schemas.versions import VERSIONS

WHOLE = st.integers(-(2**63), 2**63 - 1)  # what msgspec decodes, and more than any reader needs

PLAIN: dict[type, st.SearchStrategy[Any]] = {
    int: WHOLE,
    str: st.text(max_size=5),
    bool: st.booleans(),
    bytes: st.binary(max_size=5),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def values(wanted: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    arguments = get_args(wanted)
    if get_origin(wanted) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if get_origin(wanted) is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if isinstance(wanted, types.UnionType):
        return st.one_of(*(values(argument) for argument in arguments))
    if issubclass(wanted, Enum):
        return st.sampled_from(list(wanted))
    if issubclass(wanted, msgspec.Struct):
        return records(wanted)
    return PLAIN[wanted]


@cache
def records(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    fields = {field.name: values(field.type) for field in msgspec.structs.fields(kind)}
    return st.fixed_dictionaries(fields).map(lambda given: kind(**given))


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    text = (json_schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", json_schemas.RECORDS)
@given(st.data())
def test_any_record_is_valid_and_survives(name: str, data: st.DataObject) -> None:
    kind = json_schemas.RECORDS[name]
    record = data.draw(values(kind))

    sent = msgspec.json.encode(record)

    validator(name).validate(json.loads(sent))
    assert msgspec.json.decode(sent, type=kind) == record


@pytest.mark.parametrize("name", json_schemas.RECORDS)
def test_a_schema_stands_by_itself(name: str) -> None:
    """Its `$id` is no address, and no reference leads out of it: it can be copied anywhere."""
    text = (json_schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")

    assert json.loads(text)["$id"] == f"urn:leimo:{name}:{VERSIONS[name]}"
    assert text.count('"$ref"') == text.count('"$ref": "#/$defs/')


def test_fields_say_what_they_are() -> None:
    alert = json.loads((json_schemas.FOLDER / "alert.schema.json").read_text(encoding="utf-8"))

    properties = alert["$defs"]["Alert"]["properties"]

    assert properties["severity"]["description"] == "1 (worth a look) to 10 (all hands)."
    assert "id" in properties
    assert "description" not in properties["id"]


@pytest.mark.parametrize("path", [path.name for path in json_schemas.files()])
def test_drift_is_named(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {
        file: text + " " if file.name == path else text
        for file, text in json_schemas.files().items()
    }
    monkeypatch.setattr(json_schemas, "files", lambda: wanted)

    assert json_schemas.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith(f"{path} has drifted: run")


def test_writing_mends_drift(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    page = tmp_path / "topics.md"
    page.write_text(f"before\n{json_schemas.BEGIN}\nold\n{json_schemas.END}\nafter\n", "utf-8")
    monkeypatch.setattr(json_schemas, "FOLDER", tmp_path / "json")
    monkeypatch.setattr(json_schemas, "TOPICS_PAGE", page)
    assert json_schemas.main(["--check"]) == 1

    assert json_schemas.main([]) == 0

    assert json_schemas.main(["--check"]) == 0
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| `posts.raw` | author id |" in text
