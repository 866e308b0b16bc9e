"""What the answers of most HTTP receivers mean. Pure; channels add what is their own."""

from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from delivery.outcomes import Answer
from schemas.delivery import Reason
from views.plain_text import one_line

_THROTTLES = frozenset({429, 503})
_SHOWN = 160


def by_status(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """2xx is success, 410 the end, 429 too quick; what may pass is tried again.

    400, 413 and 422 refuse this message. 401, 403, 404 and redirects are faults of the address,
    which a person may mend: they are tried again for as long as others.
    """
    detail = shown(body)
    retry_after_s = retry_after(headers)
    if 200 <= status < 300:
        return Answer(Reason.SENT, status)
    if status == 429 or (status in _THROTTLES and retry_after_s is not None):
        return Answer(Reason.THROTTLED, status, detail, retry_after_s)
    if status == 410:
        return Answer(Reason.GONE, status, detail)
    if status in (400, 413, 415, 422):
        return Answer(Reason.REFUSED, status, detail)
    if 300 <= status < 500 and status not in (408, 409, 423, 425):
        return Answer(Reason.MISCONFIGURED, status, detail)
    return Answer(Reason.FAILED, status, detail, retry_after_s)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`; a date counts from the answer's own `Date`.

    >>> retry_after({"retry-after": "0.5"}), retry_after({"retry-after": "soon"})
    (0.5, None)
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT",
    ...     "date": "Thu, 01 Jan 1970 00:01:00 GMT"})
    60.0
    """
    given = headers.get("retry-after", "").strip()
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        try:
            at = parsedate_to_datetime(given)
            now = parsedate_to_datetime(headers.get("date", ""))
            seconds = (at - now).total_seconds()
        except (TypeError, ValueError):
            return None
    return seconds if 0 < seconds < float("inf") else None


def by_code(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: tuple[str, ...],
    throttled: Iterable[int],
    refused: Iterable[int],
    passing: Iterable[int] = (),
) -> Answer:
    """Of vendors that answer 200 with a code in JSON: anything but a code of 0 is a failure.

    `keys`: where the code may stand. `passing`: codes of faults of theirs. What is not known is
    taken for a fault of the address or of its settings.
    """
    if not 200 <= status < 300:
        return by_status(status, headers, body)
    fields = fields_of(body)
    code = next((fields[key] for key in keys if key in fields), None)
    if code == 0 and not isinstance(code, bool):
        return Answer(Reason.SENT, status)
    detail = shown(body)
    if code is None:  # 200 of something that is not the vendor: a proxy, a login page
        return Answer(Reason.MISCONFIGURED, status, detail or "no code in the answer")
    if code in throttled:
        return Answer(Reason.THROTTLED, status, detail, retry_after(headers))
    if code in refused:
        return Answer(Reason.REFUSED, status, detail)
    return Answer(Reason.FAILED if code in passing else Reason.MISCONFIGURED, status, detail)


def fields_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty where there is none.

    >>> fields_of(b'{"a": 1}'), fields_of(b"[]"), fields_of(b"<html>")
    ({'a': 1}, {}, {})
    """
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def shown(body: bytes) -> str:
    """The beginning of an answer, on one line, to be kept and shown."""
    return one_line(body[: 4 * _SHOWN].decode("utf-8", "replace"))[:_SHOWN]
