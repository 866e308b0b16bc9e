"""JSON Schemas and the topic table, generated from the records: `python -m schemas.json_schemas`.

`--check` writes nothing and exits with 1 where a file has drifted. Neither is anything written
where a record changed in a way that its version does not allow.
"""

import ast
import inspect
import json
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import msgspec

from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import Alert, AlertState, Evidence, Sample, Term
from schemas.catalogue import (
    Brand,
    Context,
    DigestSpan,
    Feed,
    FeedKind,
    Gather,
    Holiday,
    Intent,
    ReceivingChannel,
    Silence,
    Subscriber,
    Weekday,
    Wording,
)
from schemas.dead_letter import DeadLetter, DropReason
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Attempt, Delivery, Digest, Notice, Outcome, Progress, Reason, Receiver
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.mention import (
    Channel,
    GroupMention,
    Mention,
    Objective,
    Place,
    Polarity,
    SpamSign,
    Span,
    Tick,
)
from schemas.rules import Condition, Measure, Rule, RuleKind
from schemas.signal import Signal
from schemas.topics import DAY_MS, TOPICS, Topic
from schemas.trend import Influencer, Trend, TrendTerm
from schemas.versions import breaks, schema_id
from schemas.window import Window

FOLDER = Path(__file__).parent / "json"
TOPICS_PAGE = Path(__file__).parents[1] / "docs" / "topics.md"
BEGIN, END = "<!-- generated: topics -->", "<!-- end of generated -->"
RECORDS: Mapping[str, type | UnionType] = {
    "mention": Mention,
    "group_mention": GroupMention,
    "tick": Tick,
    "signal": Signal,
    "window": Window,
    "alert": Alert,
    "trend": Trend,
    "dead_letter": DeadLetter,
    "brand": Brand,
    "rule": Rule,
    "intent": Intent,
    "silence": Silence,
    "holiday": Holiday,
    "feed_position": FeedPosition,
    "feed_gap": FeedGap,
    "subscriber": Subscriber,
    "feed": Feed,
    "delivery": Delivery,
    "receiver": Receiver,
    "progress": Progress,
    "action": Action,
    "deletion": Deletion,
    "expectation": Expectation,
}

_DECLARED: Mapping[str, type] = {
    declared.__name__: declared
    for declared in (
        *(each for record in RECORDS.values() for each in get_args(record) or (record,)),
        *(
            ActionKind,
            ActionSubject,
            AlertState,
            Channel,
            Context,
            DeletionScope,
            DropReason,
            FeedKind,
            Objective,
            Place,
            Polarity,
            RuleKind,
            Sample,
            Span,
        ),
        *(Condition, Evidence, Influencer, Measure, SpamSign, Term, TrendTerm),
        *(FeedState, GapReason),
        *(Alert, Attempt, Outcome, Reason, ReceivingChannel, Weekday, Wording),
        *(Digest, DigestSpan, Gather, Notice),
    )
}


def schema_of(kind: str, record: type | UnionType) -> dict[str, Any]:
    """JSON Schema (2020-12) of a kind of record, with the records that it holds under `$defs`."""
    [reference], components = msgspec.json.schema_components([record])
    for name, definition in components.items():
        _describe(definition, _DECLARED[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id(kind),
        **reference,
        "$defs": components,
    }


def _describe(definition: dict[str, Any], declared: type) -> None:
    """Say of each field what the string below it says: msgspec takes the class's own alone."""
    if "description" in definition:  # without the indentation, which Python 3.13 strips by itself
        definition["description"] = inspect.cleandoc(definition["description"])
    about = field_descriptions(declared)
    for name, field in definition.get("properties", {}).items():
        if name in about:
            field["description"] = about[name]


def field_descriptions(declared: type) -> dict[str, str]:
    """The string below each annotated field of a class and its bases, on one line.

    >>> field_descriptions(Alert)["severity"]
    '1 (worth a look) to 10 (all hands).'
    """
    about: dict[str, str] = {}
    for base in reversed(declared.__mro__):
        if base.__module__ == declared.__module__:
            about |= _own_descriptions(base)
    return about


def _own_descriptions(declared: type) -> dict[str, str]:
    module = ast.parse(inspect.getsource(declared))
    statements = [
        statement
        for node in module.body
        if isinstance(node, ast.ClassDef)
        for statement in node.body
    ]
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def topic_table() -> str:
    """The topics as a Markdown table."""
    rows = ["| Topic | Key | Value | Kept | What |", "|---|---|---|---|---|"]
    rows += [
        f"| `{topic.name}` | {_cell(topic.key)} | {topic.value} | {_kept(topic)} | {topic.about} |"
        for topic in TOPICS.values()
    ]
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _kept(topic: Topic) -> str:
    days = "" if topic.retention_ms < 0 else f", {topic.retention_ms // DAY_MS} days"
    return topic.cleanup.value.replace(",", " + ") + days


def _path(name: str) -> Path:
    return FOLDER / f"{name}.schema.json"


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def unallowed_changes() -> list[str]:
    """A line for each change since the files were written that needs another version."""
    return [
        f"{name}: {change}: raise its number in schemas/versions.py, or keep what was"
        for name, record in RECORDS.items()
        if _path(name).is_file()
        for held in [json.loads(_path(name).read_text(encoding="utf-8"))]
        if held.get("$id") == schema_id(name)
        for change in breaks(held, json.loads(_text(schema_of(name, record))))
    ]


def files() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    wanted = {_path(name): _text(schema_of(name, record)) for name, record in RECORDS.items()}
    page = TOPICS_PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted[TOPICS_PAGE] = f"{before}{BEGIN}\n{topic_table()}\n{END}{after}"
    return wanted


def main(arguments: list[str]) -> int:
    """Write the files, or check them."""
    if unallowed := unallowed_changes():
        sys.stderr.write("".join(f"{line}\n" for line in unallowed))
        return 1
    drifted = [
        path
        for path, text in files().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in drifted:
            sys.stderr.write(f"{path.name} has drifted: run `python -m schemas.json_schemas`\n")
        return int(bool(drifted))
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
