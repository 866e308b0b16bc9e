"""Events of the streaming API -> items; where a stream stands. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from feeds.files import MAX_LINE_BYTES
from feeds.live.source import Item, Passed, PassReason, Payload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_BITS = 16
"""Ids of Mastodon are milliseconds since 1970, and so many bits that tell equal ones apart."""
_UPDATE, _EDIT, _DELETE = "update", "status.update", "delete"


class Place(msgspec.Struct, frozen=True, gc=False):
    """How far a stream is; `str()` of it is kept as the feed's position."""

    id: str
    """The newest status; empty: none yet."""
    time_ms: int

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    def id_before(self, overlap_s: float) -> str:
        """An id some seconds before: posts of other servers come late, under ids of their time.

        >>> Place("7340032000", 112_000).id_before(2), Place("01ABC", 5).id_before(2)
        ('7208960000', '01ABC')
        """
        if self.id and not self.id.isdecimal():
            return self.id  # of another kind of server, in which no time can be read
        at_ms = time_of(self.id) or self.time_ms
        return str(max(0, at_ms - round(overlap_s * 1_000)) << _TIME_BITS)

    def moved_to(self, time_ms: int) -> "Place":
        """The same kind of place at a later time: what lies between is not asked for again."""
        is_known = not self.id or self.id.isdecimal()
        return Place(str(time_ms << _TIME_BITS) if is_known else self.id, time_ms)


def place_of(position: str) -> Place:
    """The place that a position holds; `ValueError` where it holds none."""
    try:
        return msgspec.json.decode(position, type=Place)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def time_of(status_id: str) -> int:
    """When an id was given, in ms; 0 where it does not say.

    >>> time_of("108914327388663283"), time_of("01ABC")
    (1661900747507, 0)
    """
    if not (status_id.isascii() and status_id.isdecimal() and len(status_id) < 20):
        return 0
    return int(status_id) >> _TIME_BITS


class _Account(msgspec.Struct, gc=False):
    acct: str = ""


class _Status(msgspec.Struct, gc=False):
    id: str | int = ""
    uri: str | None = None
    created_at: datetime | None = None
    language: str | None = None
    account: _Account | None = None


class _Envelope(msgspec.Struct, gc=False):
    event: str = ""
    payload: str | int = ""
    error: str = ""


_status = msgspec.json.Decoder(_Status).decode
_envelope = msgspec.json.Decoder(_Envelope).decode


class Sent:
    """Of the statuses sent on lately: what is the same on all servers, since a deletion names a
    server's own id alone."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._kept: dict[str, tuple[str, bytes]] = {}

    def note(self, status_id: str, uri: str, key: bytes) -> None:
        """Keep the newest."""
        self._kept[status_id] = uri, key
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def of(self, status_id: str) -> tuple[str, bytes] | None:
        """Identity and key of a status; None: it was not sent on, or long ago."""
        return self._kept.get(status_id)


class Converter:
    """Turns what comes into items, and keeps the place."""

    def __init__(
        self,
        domain: str,
        place: Place,
        is_wanted: Callable[[tuple[str, ...]], bool],
        sent: Sent | None = None,
    ) -> None:
        """`domain` completes the names of the server's own accounts: `acct` has none."""
        self._domain = domain
        self._is_wanted = is_wanted
        self._sent = sent or Sent()
        self.place = place

    def message(self, frame: bytes) -> Item:
        """The item of a message of the WebSocket, which is sent on as it is.

        Raises:
            ValueError: the server says that it refuses, or cannot go on.
        """
        try:
            envelope = _envelope(frame)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Passed(PassReason.MALFORMED)
        if envelope.error:
            raise ValueError(envelope.error)
        return self._item(envelope.event, str(envelope.payload).encode(errors="replace"), frame)

    def event(self, name: str, content: bytes) -> Item:
        """The item of a server-sent event: the status itself; of a deletion, with its name."""
        if name == _DELETE:
            deleted = {"event": _DELETE, "payload": content.decode(errors="replace")}
            return self._item(name, content, msgspec.json.encode(deleted))
        return self._item(name, content, content)

    def status(self, content: bytes) -> Item:
        """The item of a status that was asked for."""
        return self._item(_UPDATE, content, content)

    def _item(self, event: str, content: bytes, value: bytes) -> Item:
        if event == _DELETE:
            return self._deletion(content[:100], value)
        if event not in (_UPDATE, _EDIT):
            return Passed(PassReason.KIND)
        try:
            status = _status(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Passed(PassReason.MALFORMED)
        at_ms = 0
        if status.created_at is not None and status.created_at.tzinfo is not None:
            at_ms = int((status.created_at - _EPOCH).total_seconds() * 1_000)
        if event == _UPDATE:
            self._move(str(status.id), at_ms)
        if not self._is_wanted((status.language,) if status.language else ()):
            return Passed(PassReason.LANGUAGE, self.place, at_ms)
        if len(value) > MAX_LINE_BYTES:
            return Passed(PassReason.OVERSIZED, self.place, at_ms)
        key = self._author(status.account)
        if status.uri:
            self._sent.note(str(status.id), status.uri, key)
        return Payload(value, self.place, at_ms, key)

    def _deletion(self, content: bytes, value: bytes) -> Payload:
        """With what the post is known by everywhere, in its partition, as far as it was sent on."""
        known = self._sent.of(content.decode(errors="replace"))
        if known is None:
            return Payload(value, self.place, self.place.time_ms, content)
        uri, key = known
        named = msgspec.json.encode({"event": _DELETE, "payload": uri})
        return Payload(named, self.place, self.place.time_ms, key)

    def _move(self, status_id: str, at_ms: int) -> None:
        """On to the newest; ids may come out of order."""
        time_ms, held = time_of(status_id), self.place
        if not status_id or (held.id and len(status_id) == len(held.id) and status_id < held.id):
            return
        if time_ms and held.id and time_ms < time_of(held.id):
            return
        self.place = Place(status_id, time_ms or at_ms)

    def _author(self, account: _Account | None) -> bytes:
        """The same for all servers that carry the post: they meet in one partition."""
        acct = account.acct if account is not None else ""
        if not acct:
            return b""
        return (acct if "@" in acct else f"{acct}@{self._domain}").lower().encode(errors="replace")
