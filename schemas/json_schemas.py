"""JSON Schemas and the topic table, generated from the records: `python -m schemas.json_schemas`.

`--check` writes nothing and exits with 1 where a file has drifted.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from schemas.alert import Alert
from schemas.catalogue import Brand, Rule
from schemas.mention import Mention, Tick
from schemas.topics import DAY_MS, TOPICS, Topic
from schemas.window import Window

FOLDER = Path(__file__).parent / "json"
TOPICS_PAGE = Path(__file__).parents[1] / "docs" / "topics.md"
BEGIN, END = "<!-- generated: topics -->", "<!-- end of generated -->"
RECORDS: Mapping[str, type] = {
    "mention": Mention,
    "tick": Tick,
    "window": Window,
    "alert": Alert,
    "brand": Brand,
    "rule": Rule,
}


def schema_of(record: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of one record, with the records that it holds under `$defs`."""
    [reference], components = msgspec.json.schema_components([record])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **reference,
        "$defs": components,
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


def files() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    wanted = {
        FOLDER / f"{name}.schema.json": json.dumps(schema_of(record), indent=2, ensure_ascii=False)
        + "\n"
        for name, record in RECORDS.items()
    }
    page = TOPICS_PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted[TOPICS_PAGE] = f"{before}{BEGIN}\n{topic_table()}\n{END}{after}"
    return wanted


def main(arguments: list[str]) -> int:
    """Write the files, or check them."""
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
