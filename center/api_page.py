"""Writes docs/api.md from what OpenAPI says of the API: `python -m center.api_page [--check]`."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from center.app import create_app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
_HEAD = """# API of the center

Generated from OpenAPI by `python -m center.api_page`; the whole description, with the shapes of
all answers, is at
`/api/openapi.json` of a running center. What a figure means, and who may ask:
[center](center.md).

- Times are integers: milliseconds since 1970 UTC. Ranges are half-open: `from` is in them, `to`
  is not.
- Parameters that take many values are given again: `brand=xiaomi&brand=oppo`.
- `next` of an answer is the `cursor` of the next page; `null`: there is none.
- Errors are `application/problem+json` (RFC 9457); `detail` says what is wrong with which value,
  and the mend.
- Answers carry an `ETag`: with `If-None-Match`, what has not changed is a 304 without a body.
- A change (`POST`, `PUT`, `DELETE`) made with a cookie needs the header `X-CSRF-Token`, which
  `/api/me` tells.
"""


def page() -> str:
    """The text of the page."""
    paths: Mapping[str, Mapping[str, Any]] = create_app(None).openapi()["paths"]
    parts = [_HEAD]
    tag = ""
    for path, operations in paths.items():
        for method, operation in operations.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                parts.append(f"\n## {tag.capitalize()}\n")
            parts += _operation(method, path, operation)
    return "".join(parts)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### {method.upper()} {path}\n"
    yield f"{operation['description'].strip()}\n"
    listed = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    if listed:
        yield f"\nParameters: {', '.join(map(_parameter, listed))}.\n"
    answer = _shape(operation["responses"], "application/json")
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _name(asked.get("schema", {}))
    lines = [f"Body: `{body}`." if body else "", f"Answer: `{answer}`." if answer else ""]
    if any(lines):
        yield "\n" + " ".join(line for line in lines if line) + "\n"


def _parameter(one: Mapping[str, Any]) -> str:
    about = f" ({one['description']})" if "description" in one else ""
    return f"`{one['name']}`{' (needed)' if one.get('required') else ''}{about}"


def _shape(responses: Mapping[str, Any], kind: str) -> str:
    for code in ("200", "201"):
        schema = responses.get(code, {}).get("content", {}).get(kind, {}).get("schema", {})
        if name := _name(schema):
            return name
    return ""


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def main() -> None:
    """Write the page, or see whether it is as it would be written."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE}: is not up to date; run `python -m center.api_page`")


if __name__ == "__main__":
    main()
