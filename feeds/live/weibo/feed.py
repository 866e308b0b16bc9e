"""`Weibo`: the statuses, or the comments, of one subscription of Weibo's commercial push.

Written from the public pages of the service (`commercial/push`) and from samples of its records. An
answer ends after five minutes, or after five seconds without a record: both are normal, and it is
asked again at once. What it has to be asked for is the number of the last record (`since_id`).
"""

import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from urllib.parse import urlencode, urlsplit

import aiohttp

from feeds.files import MAX_LINE_BYTES
from feeds.live.connections import Refused, Timing, new_session
from feeds.live.source import (
    Gap,
    Item,
    Opened,
    Passed,
    PassReason,
    Payload,
    Permanent,
    ReconnectReason,
    Resume,
    Retryable,
)
from feeds.live.weibo.records import Kind, Line, Lines, Record, Refusal, number_of, oldest_ms, read
from kafka_io.settings import is_loopback
from schemas.feed import GapReason
from schemas.post import Source

log = logging.getLogger(__name__)

ADDRESS = "https://c.api.weibo.com"
_PATH = "/commercial/push"
SILENCE_S = 15.0
"""The service ends an answer after five seconds without a record: three times that is an end that
did not come through."""
_STOOD_S = 2.0
"""An answer that ended sooner, and gave nothing, is no normal one."""
_REMEMBERED = 1_000
"""Numbers of records: the service gives its last 100 again where it does not know a number."""
_MOST_MALFORMED = 100
"""In a row; more, and the connection is of no use."""
_LATER = frozenset({10001, 10002, 10003, 10009, 10010, 10011})
_TOO_OFTEN = frozenset({10022, 10023, 10024})


class Weibo:
    """A `LiveFeed` of one subscription."""

    source = Source.WEIBO

    def __init__(
        self,
        subscription: int,
        *,
        with_comments: bool = False,
        address: str = ADDRESS,
        name: str = "",
        timing: Timing | None = None,
        stood_s: float = _STOOD_S,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`subscription`: its id (`subid`). `with_comments`: comments are sent on too.

        Raises:
            ValueError: the id or the address is none.
        """
        if subscription <= 0:
            raise ValueError(f"{subscription} is no subscription; Weibo names its id: `subid`")
        self.name = name or f"weibo/{subscription}"
        self._subscription = subscription
        self._address = address_of(address)
        self._with_comments = with_comments
        self._timing = timing or Timing(silence_s=SILENCE_S)
        self._stood_s = stood_s
        self._now_ms = now_ms
        self._recent: deque[int] = deque(maxlen=_REMEMBERED)
        self._known: set[int] = set()

    async def stream(self, resume: Resume | None) -> AsyncGenerator[Item, None]:
        """One answer after the other, until one ends other than it should."""
        since, newest_ms = 0, 0
        if resume is not None and resume.position:
            if not (resume.position.isascii() and resume.position.isdecimal()):
                raise Permanent(
                    f"{self.name}: its position in `feed-positions` is no number; `leimo feed "
                    f"forget {self.name}` removes it: the feed then begins with the last 100 posts"
                )
            since, newest_ms = int(resume.position), resume.event_time_ms
        async with new_session(self._timing) as session:
            while True:
                progress = _Progress(self, since, newest_ms)
                began_s = time.monotonic()
                async with aclosing(self._answer(session, progress)) as items:
                    async for item in items:
                        yield item
                has_stood = time.monotonic() - began_s >= self._stood_s
                if not (has_stood or progress.has_begun):
                    raise Retryable(ReconnectReason.CLOSED, "the answer ended at once")
                since, newest_ms = progress.since, progress.newest_ms

    async def _answer(
        self, session: aiohttp.ClientSession, progress: "_Progress"
    ) -> AsyncGenerator[Item, None]:
        """One answer, from its begin to its end."""
        lines = Lines(MAX_LINE_BYTES)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timing.connect_s, sock_read=self._timing.silence_s
        )
        try:
            async with session.get(
                self._url(progress.since), timeout=timeout, headers={"Accept-Encoding": "identity"}
            ) as response:
                yield Opened(f"{self._address} (subscription {self._subscription})")
                async for chunk in response.content.iter_any():
                    for line in lines.take(chunk):
                        for item in progress.take(line):
                            yield item
                rest = lines.rest()
                if rest.is_whole and read(rest.content) is not None:
                    for item in progress.take(rest):
                        yield item
        except Refused as refusal:
            raise self._refused(refusal.status, refusal) from None
        except aiohttp.SocketTimeoutError:
            raise Retryable(
                ReconnectReason.STALE,
                f"nothing came for {self._timing.silence_s:g} s, not even the end of the answer",
            ) from None

    def _url(self, since: int) -> str:
        asked = {"subid": self._subscription} | ({"since_id": since} if since else {})
        return f"{self._address}{_PATH}?{urlencode(asked)}"

    def _refused(self, status: int, refusal: Refused) -> Exception:
        said = read(refusal.body)
        if isinstance(said, Refusal):
            return self.answer_to(said, status)
        if status in (400, 401, 403, 404):
            return self._permanent(f"HTTP {status} {refusal.message}".strip())
        return refusal.as_retryable()

    def answer_to(self, refusal: Refusal, status: int = 200) -> Exception:
        """What follows from an error of the service."""
        said = f"{refusal.code} {' '.join(refusal.message.split())[:300]}"
        if refusal.code in _TOO_OFTEN or status == 429:
            return Retryable(ReconnectReason.RATE_LIMIT, said)
        if refusal.code in _LATER or status >= 500:
            return Retryable(ReconnectReason.REFUSED, said)
        return self._permanent(said)

    def _permanent(self, said: str) -> Permanent:
        return Permanent(
            f"{self.name}: Weibo refuses: {said}; the subscription has to be in force, and the "
            "address of this machine among those that its contract names"
        )

    def is_repeat(self, number: int) -> bool:
        """Whether a record came a moment ago; it is remembered from now on."""
        if number in self._known:
            return True
        if len(self._recent) == _REMEMBERED:
            self._known.discard(self._recent[0])
        self._recent.append(number)
        self._known.add(number)
        return False

    def is_wanted(self, record: Record) -> bool:
        """Whether a record holds what is sent on."""
        is_comment = record.kind == Kind.COMMENT and self._with_comments
        return record.kind == Kind.STATUS or is_comment

    def is_forgotten(self, newest_ms: int) -> bool:
        """Whether the service may no longer know a record of this time."""
        return newest_ms < oldest_ms(self._now_ms())


class _Progress:
    """One answer: lines in, items out."""

    def __init__(self, feed: Weibo, since: int, newest_ms: int) -> None:
        self._feed = feed
        self._asked = since
        self._before_ms = newest_ms
        self._malformed = 0
        self.since = since
        self.newest_ms = newest_ms
        self.has_begun = False

    def take(self, line: Line) -> list[Item]:
        """What a line gives; a record that cannot be read moves the position on too."""
        if not line.content.strip():
            return []
        record = read(line.content) if line.is_whole else None
        if isinstance(record, Refusal):
            raise self._feed.answer_to(record)
        if record is None:
            return self._not_readable(line)
        self._malformed = 0
        if record.number and self._feed.is_repeat(record.number):
            self.has_begun = True
            self._move(record.number, record.event_time_ms)
            return [Passed(PassReason.REPEAT, self._position(), record.event_time_ms)]
        gaps = self._begin(record)
        self._move(record.number, record.event_time_ms)
        if not self._feed.is_wanted(record):
            reason = PassReason.KIND if record.kind else PassReason.MALFORMED
            return [*gaps, Passed(reason, self._position(), record.event_time_ms)]
        return [
            *gaps,
            Payload(line.content, self._position(), record.event_time_ms, record.author),
        ]

    def _position(self) -> str:
        return str(self.since or "")

    def _move(self, number: int, at_ms: int) -> None:
        """The last record that came is the one to go on after, whatever its number."""
        self.since = number or self.since
        self.newest_ms = max(self.newest_ms, at_ms)

    def _not_readable(self, line: Line) -> list[Item]:
        number = number_of(line.content)
        reason = PassReason.MALFORMED if line.is_whole else PassReason.OVERSIZED
        if number:
            self.has_begun = True
            self._feed.is_repeat(number)
            self._move(number, 0)
            return [Passed(reason, self._position())]
        self._malformed += 1
        if self._malformed == 1:
            log.warning("%s: a record cannot be read", self._feed.name)
        if self._malformed > _MOST_MALFORMED:
            raise Retryable(ReconnectReason.PROTOCOL, "nothing that comes can be read")
        return [Passed(reason)]

    def _begin(self, record: Record) -> list[Item]:
        """What the first record tells: whether the service went on where it was asked to.

        It says nothing where it does not know a number: it gives its last 100 records. Those are
        all that is new where one of them is as old as the last one that came.
        """
        if self.has_begun:
            return []
        self.has_begun = True
        at_ms = record.event_time_ms
        if not self._asked or at_ms <= self._before_ms:
            return []
        is_forgotten = self._feed.is_forgotten(self._before_ms)
        if not is_forgotten and (not record.number or record.number > self._asked):
            return []
        detail = (
            "Weibo keeps three days, and gives its last 100 records in their place"
            if is_forgotten
            else f"Weibo does not know record {self._asked}, and gives its last 100"
        )
        return [Gap(self._before_ms, at_ms, GapReason.CURSOR_TOO_OLD, detail)]


def address_of(address: str) -> str:
    """The service: `https`, or `http` on this machine.

    Raises:
        ValueError: it is neither.

    >>> address_of("https://c.api.weibo.com/")
    'https://c.api.weibo.com'
    """
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not is_safe or not parts.netloc or parts.path.strip("/") or parts.username:
        raise ValueError(f"{address!r} is no address of the service; write such as {ADDRESS}")
    return f"{parts.scheme}://{parts.netloc}"
