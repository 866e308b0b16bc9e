"""Brands, rules and the rest of the catalogue: see, check, try on the past, put into force."""

import asyncio
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path

from catalogue.file import Examined, parse
from center.api import answers, forms
from center.api.asking import Admin, Asker, TaggedRoute, TheCenter
from center.api.preview import fired
from center.api.problems import ApiProblem
from center.api.waiting import until_held
from center.context import Center
from center.principal import Principal
from center.store.protocol import DAY_MS, Definition, Scope
from schemas.action import Action, ActionKind, ActionSubject
from schemas.catalogue import DEFINITION_KINDS, Brand, Silence, Subscriber
from schemas.catalogue import Definition as AnyDefinition
from schemas.rules import Rule
from schemas.topics import CATALOGUE

router = APIRouter(prefix="/api/definitions", route_class=TaggedRoute, tags=["definitions"])

_LONGEST_BEFORE = 200_000
"""Longer definitions are not kept with what changes them."""
_PLURALS = {kind: f"{kind}s" for kind in DEFINITION_KINDS}
Kind = Annotated[str, Path(max_length=20)]
Id = Annotated[str, Path(max_length=100)]


def decoded(one: Definition) -> AnyDefinition | None:
    """The definition that a record holds; None where it cannot be read."""
    try:
        found: AnyDefinition = msgspec.json.decode(one.value, type=AnyDefinition)
    except msgspec.DecodeError:
        return None
    return found


def _may_see(scope: Scope, one: AnyDefinition) -> bool:
    """Whoever sees some brands alone sees what names no others."""
    if scope.brands is None:
        return True
    match one:
        case Brand(id=brand):
            return scope.allows(brand)
        case Subscriber():
            return False
        case Silence(brands=brands):
            return all(map(scope.allows, brands))
    return not isinstance(one, Rule) or all(map(scope.allows, one.brands))


def _known_kind(kind: str) -> str:
    if kind not in DEFINITION_KINDS:
        raise ApiProblem(
            HTTPStatus.NOT_FOUND, f"{kind!r} is none of {', '.join(DEFINITION_KINDS)}", "kind"
        )
    return kind


@router.get("/{kind}")
def definitions(center: TheCenter, asker: Asker, kind: Kind) -> answers.Definitions:
    """Definitions in force, by id."""
    found = [(one, decoded(one)) for one in center.store.definitions(_known_kind(kind))]
    return answers.Definitions(
        items=[
            forms.definition(one, record)
            for one, record in found
            if record is not None and _may_see(asker.scope, record)
        ]
    )


@router.get("/{kind}/{name}")
def definition(center: TheCenter, asker: Asker, kind: Kind, name: Id) -> answers.DefinitionAnswer:
    """One definition in force."""
    for one in center.store.definitions(_known_kind(kind)):
        record = decoded(one)
        if one.key == f"{kind}:{name}" and record is not None and _may_see(asker.scope, record):
            return forms.definition(one, record)
    raise ApiProblem(HTTPStatus.NOT_FOUND, f"no {kind} {name!r} is in force", "name")


def _examined(
    center: Center, kind: str, name: str, value: Mapping[str, object]
) -> tuple[Examined, str]:
    """The whole catalogue with one definition changed, and the key of that one in it."""
    catalogue: dict[str, list[object]] = {plural: [] for plural in _PLURALS.values()}
    for one in center.store.definitions():
        record = decoded(one)
        if record is not None and one.key != f"{kind}:{name}":
            catalogue[_PLURALS[one.key.partition(":")[0]]].append(forms.definition_value(record))
    listed = catalogue[_PLURALS[kind]]
    listed.append(dict(value))
    content = msgspec.json.encode({key: some for key, some in catalogue.items() if some})
    return parse(content, "catalogue"), f"{_PLURALS[kind]}[{len(listed) - 1}]"


def _check(center: Center, wanted: answers.CheckWanted) -> tuple[answers.Check, Examined]:
    kind = _known_kind(wanted.kind)
    if wanted.value.get("id") != wanted.id:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, f"value.id has to be {wanted.id!r} as well", "value.id"
        )
    examined, key = _examined(center, kind, wanted.id, wanted.value)
    findings = [
        answers.FindingAnswer(
            level=one.level.value,
            line=0,
            column=0,
            key=one.key.removeprefix(key).removeprefix("."),
            message=one.message,
        )
        for one in (*examined.errors, *examined.warnings, *examined.notes)
        if one.key == key or one.key.startswith(f"{key}.")
    ]
    is_valid = all(one.level != "error" for one in findings)
    return answers.Check(is_valid=is_valid, findings=findings), examined


@router.post("/check")
def check(center: TheCenter, asker: Admin, wanted: answers.CheckWanted) -> answers.Check:
    """What is wrong with a definition, among those in force. Nothing is changed."""
    return _check(center, wanted)[0]


@router.post("/preview")
def preview(center: TheCenter, asker: Admin, wanted: answers.PreviewWanted) -> answers.Preview:
    """What a rule would have raised on the mentions of a brand that are held."""
    name = wanted.rule.get("id")
    if not isinstance(name, str):
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "rule.id is missing; name the rule", "rule.id")
    asked = answers.CheckWanted(kind="rule", id=name, value=wanted.rule)
    found, examined = _check(center, asked)
    if not found.is_valid:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, found.findings[0].message, "rule")
    rules = [rule for rule in examined.catalogue.rules if rule.id == name]
    brands = [brand for brand in examined.catalogue.brands if brand.id == wanted.brand]
    if not rules or not brands or not asker.scope.allows(wanted.brand):
        raise ApiProblem(HTTPStatus.NOT_FOUND, f"no brand {wanted.brand!r} is in force", "brand")
    days = min(max(wanted.days, 1), 30)
    to_ms = center.clock_ms()
    return fired(center.store, asker.scope, rules[0], brands[0], to_ms - days * DAY_MS, to_ms)


def _needs_all_brands(asker: Principal) -> None:
    if asker.scope.brands is not None:
        raise ApiProblem(
            HTTPStatus.FORBIDDEN, "definitions hold for all; ask an admin who sees all brands"
        )


@router.put("/{kind}/{name}")
async def put(
    center: TheCenter, asker: Admin, kind: Kind, name: Id, value: dict[str, object]
) -> answers.DefinitionAnswer:
    """Put a definition into force, in place of one of this id. Workers take it over at once."""
    _needs_all_brands(asker)
    wanted = answers.CheckWanted(kind=kind, id=name, value=value)
    found, examined = await asyncio.to_thread(_check, center, wanted)
    if not found.is_valid:
        first = next(one for one in found.findings if one.level == "error")
        detail = f"{first.key}: {first.message}" if first.key else first.message
        raise ApiProblem(HTTPStatus.BAD_REQUEST, detail, first.key)
    record = next(one for one in getattr(examined.catalogue, _PLURALS[kind]) if one.id == name)
    before = await asyncio.to_thread(_before, center, f"{kind}:{name}")
    await _define(center, asker, f"{kind}:{name}", msgspec.json.encode(record), before)
    return answers.DefinitionAnswer(kind=kind, id=name, value=forms.definition_value(record))


@router.delete("/{kind}/{name}", status_code=HTTPStatus.NO_CONTENT)
async def remove(center: TheCenter, asker: Admin, kind: Kind, name: Id) -> None:
    """Remove a definition."""
    _needs_all_brands(asker)
    key = f"{_known_kind(kind)}:{name}"
    before = await asyncio.to_thread(_before, center, key)
    if before is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, f"no {kind} {name!r} is in force", "name")
    await _define(center, asker, key, None, before)


def _before(center: Center, key: str) -> str | None:
    """A definition as `PUT` takes it, to be kept with what changes it; None: there is none."""
    for one in center.store.definitions(key.partition(":")[0]):
        if one.key == key:
            record = decoded(one)
            if record is None:
                return ""
            value = msgspec.json.encode(forms.definition_value(record)).decode()
            return value if len(value) <= _LONGEST_BEFORE else ""
    return None


async def _define(
    center: Center, asker: Principal, key: str, value: bytes | None, before: str | None
) -> None:
    offset = await center.topics.define(key, value)
    action = Action(
        id=uuid.uuid4().hex,
        at_ms=center.clock_ms(),
        who=asker.name,
        kind=ActionKind.REMOVED if value is None else ActionKind.DEFINED,
        on=ActionSubject.DEFINITION,
        subject=key,
        via="center",
        before="null" if before is None else before,
    )
    await center.topics.act(action)
    await until_held(center, CATALOGUE.name, offset)
