"""The same figures and posts as the pages show, as files, streamed."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from center.api import answers, forms, windows
from center.api.alerts import Wanted as WantedAlerts
from center.api.asking import Asker, Brands, From, TheCenter, To, span_of
from center.api.mentions import Wanted as WantedMentions
from center.api.problems import ApiProblem
from center.context import Center
from center.principal import Principal
from center.steps import By, Step, usual_step
from center.store.protocol import AlertFilter
from views.doings import NOTHING_DONE

router = APIRouter(prefix="/api/export", tags=["export"])

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM = "\ufeff"
_BATCH = 2_000
_PAGE = 500
_MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
Rows = Iterable[Mapping[str, Any]]


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that looks like one begins with `'`.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(-5), safe_cell("小米")
    ("'=HYPERLINK(1)", -5, '小米')
    """
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" \u3000").startswith(_FORMULA) else value
    if isinstance(value, list):
        return safe_cell(" ".join(map(str, value)))
    return "" if value is None else value


def csv_lines(columns: list[str], rows: Rows) -> Iterator[bytes]:
    """CSV with a byte order mark, so that spreadsheets read Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_BOM)
    writer.writerow(columns)
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        writer.writerows([safe_cell(row[name]) for name in columns] for row in batch)
        yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    found = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return found


def ndjson_lines(rows: Rows) -> Iterator[bytes]:
    """One JSON object a line."""
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield b"".join(msgspec.json.encode(row) + b"\n" for row in batch)


class _Sink(io.RawIOBase):
    """What was written and not yet sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_parts(rows: Rows, first: Mapping[str, Any]) -> Iterator[bytes]:
    """Row groups of two thousand; `first` tells the types."""
    pa, pq = _pyarrow()
    schema = pa.schema([(name, _type(pa, value)) for name, value in first.items()])
    sink = _Sink()
    rest = iter(rows)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        while batch := [dict(row) for row in islice(rest, _BATCH)]:
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            yield sink.take()
    yield sink.take()


def formats() -> list[str]:
    """Suffixes of files that can be had here: Parquet needs an extra."""
    return [one.value for one in Format if one is not Format.PARQUET or find_spec("pyarrow")]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise ApiProblem(
            HTTPStatus.NOT_IMPLEMENTED, "Parquet needs pyarrow; install leimo[parquet], or take csv"
        ) from None
    return pa, pq


def _type(pa: Any, value: object) -> Any:
    match value:
        case bool():
            return pa.bool_()
        case int():
            return pa.int64()
        case float():
            return pa.float64()
        case list():
            return pa.list_(pa.string())
    return pa.string()


def _sent(name: str, suffix: Format, columns: Mapping[str, Any], rows: Rows) -> StreamingResponse:
    """`columns`: name -> a value of its type."""
    match suffix:
        case Format.CSV:
            parts = csv_lines(list(columns), rows)
        case Format.NDJSON:
            parts = ndjson_lines(rows)
        case Format.PARQUET:
            _pyarrow()
            parts = parquet_parts(rows, columns)
    # What goes wrong at the first rows is an error, and no file that is cut off.
    begun = chain([next(parts, b"")], parts)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{suffix.value}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(begun, media_type=_MEDIA[suffix.value], headers=headers)


@router.get("/windows.{suffix}", response_class=StreamingResponse)
def export_windows(
    center: TheCenter,
    asker: Asker,
    suffix: Format,
    brand: Brands = None,
    from_ms: From = None,
    to: To = None,
    step: Step | None = None,
    by: By = By.NONE,
    tz: windows.Zone = "UTC",
) -> StreamingResponse:
    """The points of `/api/windows`, one row each."""
    span = span_of(center, from_ms, to)
    chosen = step or usual_step(span)
    if not brand:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "brand is missing; name at least one", "brand")
    found = windows.series(center, asker, brand, span, chosen, by, tz)
    columns: dict[str, Any] = {"brand": "", "key": "", "start_ms": 0}
    columns |= dict.fromkeys(found.series[0].columns, 0) if by is By.NONE and found.series else {}
    columns |= {} if by is By.NONE else {"posts": 0}
    return _sent("windows", suffix, columns, _window_rows(found, list(columns)[3:]))


def _window_rows(found: answers.Windows, names: list[str]) -> Iterator[dict[str, Any]]:
    for series in found.series:
        for start_ms, *values in series.points:
            place = {"brand": series.brand, "key": series.key, "start_ms": start_ms}
            yield place | dict(zip(names, values, strict=True))


_EXAMPLES: dict[str, Any] = {str(int): 0, str(bool): False}
"""Of the types that are no text."""
_LISTS = frozenset({"terms", "intents", "spam"})


@router.get("/mentions.{suffix}", response_class=StreamingResponse)
def export_mentions(
    center: TheCenter, asker: Asker, suffix: Format, wanted: WantedMentions
) -> StreamingResponse:
    """The posts of `/api/mentions`, the oldest first."""
    columns = {
        name: [] if name in _LISTS else _EXAMPLES.get(str(field.annotation), "")
        for name, field in answers.MentionAnswer.model_fields.items()
    }
    return _sent("mentions", suffix, columns, _mention_rows(center, asker, wanted))


def _mention_rows(
    center: Center, asker: Principal, wanted: WantedMentions
) -> Iterator[dict[str, Any]]:
    for row in center.store.all_mentions(asker.scope, wanted):
        yield forms.mention(row).model_dump(mode="json")


@router.get("/alerts.{suffix}", response_class=StreamingResponse)
def export_alerts(
    center: TheCenter, asker: Asker, suffix: Format, wanted: WantedAlerts
) -> StreamingResponse:
    """The alerts of `/api/alerts`, the latest first, without evidence and samples."""
    return _sent("alerts", suffix, _ALERT_COLUMNS, _alert_rows(center, asker, wanted))


_ALERT_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "incident", "rule", "kind", "brand", "brand_name", "state"), ""),
    **dict.fromkeys(("revision", "severity", "started_at_ms", "updated_at_ms", "ended_at_ms"), 0),
    **dict.fromkeys(("seen", "expected"), 0.0),
    **dict.fromkeys(("unit", "reason", "department", "parent", "silenced_by"), ""),
}


def _alert_rows(center: Center, asker: Principal, wanted: AlertFilter) -> Iterator[dict[str, Any]]:
    brands = center.store.brands(asker.scope)
    after = None
    while found := center.store.alerts(asker.scope, wanted, after, _PAGE):
        for one in found:
            fields = forms.alert_fields(one, brands, NOTHING_DONE)
            yield {name: fields[name] for name in _ALERT_COLUMNS}
        after = (found[-1].started_at_ms, found[-1].id)
