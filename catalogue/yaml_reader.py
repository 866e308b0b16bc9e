"""From the text of a catalogue file to values of the right types, each with its line.

YAML is composed into nodes and no further: nodes know their lines, and how a plain scalar such
as `no`, `360` or `2011-07-11` was understood. Each node is then read as what the record asks
for (`schemas.catalogue`), so nothing is constructed that no field names, an anchor costs no
memory, and every error is found, not the first alone.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
import yaml

from catalogue.findings import Findings, KeyPath, did_you_mean
from schemas.catalogue import Brand, Context, Feed, Holiday, Intent, Silence, Subscriber
from schemas.rules import RULE_OF_KIND, Condition, RuleKind

MAX_BYTES = 16 << 20
MAX_DEPTH = 32
MAX_EXPANDED = 200_000
"""So many values more than are written may come from anchors; more are anchors that multiply."""

Raw = Mapping[str, Any]
"""Fields of a record that were given and are right."""
AS_WRITTEN = "as_written"
FILE_ONLY: Mapping[str, type] = {AS_WRITTEN: bool}
"""Keys that tell how to read a brand, and are no part of it."""

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_READ_AS = {
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
    "value": "a special sign",
    "merge": "a special sign",
}


def _fields_of(record: type[msgspec.Struct]) -> dict[str, Any]:
    """Name -> type."""
    return {field.name: field.type for field in msgspec.structs.fields(record)}


_RULE_FIELDS: Mapping[str, Any] = {
    "id": str,
    "kind": RuleKind,
    **{name: wanted for rule in RULE_OF_KIND.values() for name, wanted in _fields_of(rule).items()},
}
"""Of all kinds: which of them a kind takes is checked when all of the rule is known."""


class _TooMuch(Exception):  # noqa: N818 - ends the walk, is no error of its own
    """A limit is reached."""


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Composes to a limited depth: the C loader recurses, and would end the process."""

    depth = 0
    nodes = 0

    def descend_resolver(self, node: Any, index: Any) -> None:
        """Called before each node."""
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_DEPTH:
            raise _TooMuch

    def ascend_resolver(self) -> None:
        """Called after each node."""
        self.depth -= 1


def read_text(content: bytes, findings: Findings) -> str | None:
    """The content as text, or None with the error found."""
    if len(content) > MAX_BYTES:
        findings.error((), f"is too large; a catalogue has at most {MAX_BYTES} bytes", line=0)
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        findings.error(
            (), f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8", line
        )
        return None


class Records(NamedTuple):
    """What stands under the keys of a catalogue."""

    brands: Sequence[Raw] = ()
    rules: Sequence[Raw] = ()
    intents: Sequence[Raw] = ()
    silences: Sequence[Raw] = ()
    holidays: Sequence[Raw] = ()
    subscribers: Sequence[Raw] = ()
    feeds: Sequence[Raw] = ()


def read_records(text: str, findings: Findings) -> Records:
    """The records of each kind, as far as they can be read; the rest is in the findings.

    A record that is no mapping stays in its place as an empty one, so that indexes hold.
    """
    try:
        root, written = _composed(text)
    except yaml.MarkedYAMLError as error:
        line = _line_of_error(error)
        findings.error((), _syntax(error, text.split("\n")[line - 1 : line]), line)
        return Records()
    except yaml.reader.ReaderError as error:
        line, shown = _bad_character(text, error)
        findings.error((), f"character {shown} is not allowed; remove it", line)
        return Records()
    except _TooMuch:
        findings.error((), "is nested too deeply; a catalogue has four levels", line=0)
        return Records()
    if root is None:
        findings.error((), "is empty; a catalogue begins with `brands:`", line=0)
        return Records()
    reader = _Reader(findings, written + MAX_EXPANDED)
    try:
        fields = reader.mapping(root, (), Records._fields)
        return Records(
            reader.records(fields.get("brands"), "brands", {**_fields_of(Brand), **FILE_ONLY}),
            reader.records(fields.get("rules"), "rules", _RULE_FIELDS),
            reader.records(fields.get("intents"), "intents", _fields_of(Intent)),
            reader.records(fields.get("silences"), "silences", _fields_of(Silence)),
            reader.records(fields.get("holidays"), "holidays", _fields_of(Holiday)),
            reader.records(fields.get("subscribers"), "subscribers", _fields_of(Subscriber)),
            reader.records(fields.get("feeds"), "feeds", _fields_of(Feed)),
        )
    except _TooMuch:
        findings.error((), f"anchors add more than {MAX_EXPANDED} values; do without them", line=0)
        return Records()


def _composed(text: str) -> tuple[Any, int]:
    """The root, and how many nodes are written."""
    loader = _Loader(text)
    try:
        return loader.get_single_node(), loader.nodes
    finally:
        loader.dispose()


def _syntax(error: yaml.MarkedYAMLError, line: Sequence[str]) -> str:
    problem = " ".join(part for part in (error.context, error.problem) if part)
    has_tab = any("\t" in text[: len(text) - len(text.lstrip())] for text in line)
    hint = "; indent with spaces, not with tabs" if has_tab else ""
    return f"is no YAML: {problem}{hint}"


def _bad_character(text: str, error: yaml.reader.ReaderError) -> tuple[int, str]:
    """Its line, and how to name it. The error's own position is in bytes with one loader."""
    code = error.character if isinstance(error.character, int) else ord(error.character)
    place = text.find(chr(code)) if 0 <= code < 0x110000 else -1
    return text.count("\n", 0, max(place, 0)) + 1, f"U+{code:04X}"


def _line_of_error(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark is not None else 1


class _Reader:
    """Reads nodes as what is wanted; what does not fit is a finding and is left out."""

    def __init__(self, findings: Findings, most: int) -> None:
        self._findings = findings
        self._most = most
        self._values = 0

    def mapping(self, node: yaml.Node, path: KeyPath, known: Sequence[str]) -> dict[str, yaml.Node]:
        """The nodes of a mapping by key; unknown and repeated keys are left out."""
        self._count()
        if not isinstance(node, yaml.MappingNode):
            self._findings.error(
                path, f"{_shown(node)} is no mapping; write keys: {', '.join(known)}", _line(node)
            )
            return {}
        fields: dict[str, yaml.Node] = {}
        lines: dict[str, int] = {}
        for key_node, value in node.value:
            self._count()
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else _shown(key_node)
            line = _line(key_node)
            if key not in known:
                # YAML 1.1 reads `on` and `no` as booleans, as keys too; the text is what counts.
                mend = did_you_mean(key, known, f"the keys here are {', '.join(known)}")
                self._findings.error((*path, key), f"unknown key; {mend}", line)
            elif key in fields:
                self._findings.error(
                    (*path, key),
                    f"stands twice, first in line {lines[key]}; join the two",
                    line,
                )
            else:
                fields[key], lines[key] = value, line
                self._findings.stands_at((*path, key), line)
        return fields

    def records(self, node: yaml.Node | None, key: str, wanted: Mapping[str, Any]) -> list[Raw]:
        """The fields of each record of a list; a missing list is empty."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._findings.error(
                (key,), f"{_shown(node)} is no list; begin each of the {key} with `- id:`"
            )
            return []
        return [
            self.record(item, (key, index), wanted, stands_at=True)
            for index, item in enumerate(node.value)
        ]

    def record(
        self,
        node: yaml.Node,
        path: KeyPath,
        wanted: Mapping[str, Any],
        *,
        stands_at: bool = False,
    ) -> Raw:
        """The fields of one record that are right, of the wanted ones, which have a type each."""
        if stands_at:
            self._findings.stands_at(path, _line(node))
        found = self.mapping(node, path, list(wanted))
        read = {name: self.value(item, (*path, name), wanted[name]) for name, item in found.items()}
        return {name: value for name, value in read.items() if value is not None}

    def value(self, node: yaml.Node, path: KeyPath, wanted: Any) -> Any:
        """The node as the wanted type; None where it does not fit."""
        if get_origin(wanted) is tuple:
            kind = get_args(wanted)[0]
            is_text = kind is str
            return self._texts(node, path) if is_text else self._values_of(node, path, kind)
        if get_origin(wanted) is UnionType:
            wanted = next(kind for kind in get_args(wanted) if kind is not NoneType)
        if wanted in (Context, Condition):
            return self._part(node, path, wanted)
        if isinstance(wanted, type) and issubclass(wanted, StrEnum):
            return self._choice(node, path, wanted)
        if wanted is bool:
            return self._flag(node, path)
        if wanted in (int, float):
            return self._number(node, path, wanted)
        return self._text(node, path)

    def _part(
        self, node: yaml.Node, path: KeyPath, wanted: type[msgspec.Struct]
    ) -> msgspec.Struct | None:
        """A record within a record."""
        fields = self.record(node, path, _fields_of(wanted))
        for field in msgspec.structs.fields(wanted):
            if field.required and field.name not in fields:
                self._findings.error(path, f"{field.name} is missing; add `{field.name}: …`")
                return None
        return msgspec.convert(fields, wanted)

    def _values_of(self, node: yaml.Node, path: KeyPath, kind: Any) -> tuple[Any, ...] | None:
        if not isinstance(node, yaml.SequenceNode):
            self._findings.error(path, f"{_shown(node) or 'nothing'} is no list; write [...]")
            return None
        values = []
        for index, item in enumerate(node.value):
            self._findings.stands_at((*path, index), _line(item))
            values.append(self.value(item, (*path, index), kind))
        return tuple(value for value in values if value is not None)

    def _texts(self, node: yaml.Node, path: KeyPath) -> tuple[str, ...] | None:
        if not isinstance(node, yaml.SequenceNode):
            shown = _shown(node)
            mend = f"write [{shown}]" if isinstance(node, yaml.ScalarNode) and shown else "write []"
            self._findings.error(path, f"{shown or 'nothing'} is no list; {mend}")
            return None
        texts = []
        for index, item in enumerate(node.value):
            self._findings.stands_at((*path, index), _line(item))
            text = self._text(item, (*path, index))
            if text is not None:
                texts.append(text)
        return tuple(texts)

    def _text(self, node: yaml.Node, path: KeyPath) -> str | None:
        self._count()
        if not isinstance(node, yaml.ScalarNode):
            self._findings.error(path, f"{_shown(node)} is no text; write one name")
            return None
        kind = node.tag.removeprefix(_TAG)
        if kind != "str":
            self._findings.error(path, _no_text(node, kind))
            return None
        text = str(node.value)
        self._findings.begins_at(path, _line(node), _column(node))
        if not text.strip():
            self._findings.error(path, "is empty; write a value or remove it")
            return None
        if text != text.strip() or "\n" in text:
            self._findings.error(
                path, f"{text!r} begins or ends with space, or has two lines; write {_clean(text)}"
            )
            return None
        return text

    def _number(self, node: yaml.Node, path: KeyPath, wanted: Any) -> int | float | None:
        self._count()
        number: int | float | None = None
        if isinstance(node, yaml.ScalarNode) and node.tag in (f"{_TAG}int", f"{_TAG}float"):
            # YAML 1.1 has octal and base-60 numbers; only decimal ones are meant here.
            with suppress(ValueError):
                number = wanted(node.value)
        if number is None or not math.isfinite(number):
            kind = "whole number, such as 30" if wanted is int else "number, such as 1.5"
            self._findings.error(path, f"{_shown(node) or 'nothing'} is no {kind}")
            return None
        return number

    def _flag(self, node: yaml.Node, path: KeyPath) -> bool | None:
        self._count()
        if not isinstance(node, yaml.ScalarNode) or node.tag != f"{_TAG}bool":
            shown = _shown(node) or "nothing"
            self._findings.error(path, f"{shown} is neither true nor false; write one of them")
            return None
        return str(node.value).lower() in ("true", "yes", "on")

    def _choice(self, node: yaml.Node, path: KeyPath, wanted: type[StrEnum]) -> StrEnum | None:
        text = self._text(node, path)
        if text is None:
            return None
        known = [member.value for member in wanted]
        if text not in known:
            mend = did_you_mean(text, known, f"use {', '.join(known)}")
            self._findings.error(path, f"{text!r} is none of {', '.join(known)}; {mend}")
            return None
        return wanted(text)

    def _count(self) -> None:
        self._values += 1
        if self._values > self._most:
            raise _TooMuch


def _no_text(node: yaml.ScalarNode, kind: str) -> str:
    if kind == "null":
        return "is empty; write a value or remove it" if not node.value else _quote(node, "nothing")
    if kind in _READ_AS:
        return _quote(node, _READ_AS[kind])
    return f"the tag {node.tag} is not allowed; remove it"


def _quote(node: yaml.ScalarNode, read_as: str) -> str:
    return f'{node.value} is read as {read_as}; put it in quotes: "{node.value}"'


def _clean(text: str) -> str:
    return repr(" ".join(text.split()))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _column(node: yaml.ScalarNode) -> int:
    """Column, from 1, of the first character of a text; 0 where it cannot be counted on.

    Behind a `|` or `>`, over several lines, and with escapes, columns of text and file differ.
    """
    start, end = node.start_mark, node.end_mark
    quotes = 2 if node.style in ("'", '"') else 0
    if start.line != end.line or end.column - start.column != len(node.value) + quotes:
        return 0
    return int(start.column) + 1 + quotes // 2


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
