"""What is wrong with records of any kind: ids, references, what stands twice, queries."""

import re
from collections.abc import Sequence

from analysis import queries
from catalogue.findings import Findings, KeyPath, did_you_mean
from catalogue.yaml_reader import Raw
from sources.words import fold

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def identify(key: str, records: Sequence[Raw], needed: tuple[str, ...], findings: Findings) -> None:
    """Each record has what it needs, and an id of its own that is fit for keys."""
    first: dict[str, KeyPath] = {}
    for index, raw in enumerate(records):
        path: KeyPath = (key, index)
        for name in needed:
            if name not in raw and not findings.knows((*path, name)):
                whose = f" of {raw['id']}" if "id" in raw else ""
                findings.error(path, f"{name}{whose} is missing; add `{name}: …`")
        if "id" not in raw:
            continue
        given = str(raw["id"])
        if not _ID.fullmatch(given):
            findings.error(
                (*path, "id"),
                f"{given!r} is no id; use lower-case letters, digits and hyphens, such as "
                f"{_as_id(given)!r}",
            )
        elif given in first:
            findings.error(
                (*path, "id"),
                f"{given!r} is the id of {key}[{first[given][1]}] too (line "
                f"{findings.line_of(first[given])}); give each its own",
            )
        first.setdefault(given, path)


def _as_id(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "my-brand"


def refuse_repeated(items: Sequence[tuple[KeyPath, str]], findings: Findings) -> None:
    first: dict[str, KeyPath] = {}
    for path, text in items:
        before = first.setdefault(fold(text), path)
        if before != path:
            findings.error(
                path, f"{text!r} stands twice, first in line {findings.line_of(before)}; remove it"
            )


def refuse_unknown_brand(
    brand: str, at: KeyPath, brand_ids: Sequence[str], findings: Findings
) -> None:
    if brand not in brand_ids:
        mend = did_you_mean(brand, brand_ids, "write an id that stands under `brands:`")
        findings.error(at, f"{brand!r} is the id of no brand here; {mend}")


def refuse_unknown_trades(
    raw: Raw, path: KeyPath, trades: Sequence[str], findings: Findings
) -> None:
    for at, trade in enumerate(raw.get("trades", ())):
        if trade not in trades:
            mend = did_you_mean(trade, trades, "write one that stands under `trade:` of a brand")
            findings.error(
                (*path, "trades", at), f"{trade!r} is the trade of no brand here; {mend}"
            )


def check_query(query: str, path: KeyPath, findings: Findings) -> None:
    try:
        read = queries.parse(query)
    except queries.QueryError as error:
        findings.error_within(path, error.column, f"{error.message} (character {error.column})")
        return
    if queries.can_hold_empty(read):
        findings.error(path, "holds of nearly every text; ask for a word as well as NOT")
