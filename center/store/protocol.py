"""What every store can be asked: named queries, and one way to write.

Times are milliseconds since 1970 UTC, ranges are half-open. Each query takes a `Scope`: the one
place where the brands that somebody may see are held back.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from schemas.action import Action, ActionSubject
from schemas.alert import Alert, AlertState
from schemas.delivery import Delivery
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition
from schemas.mention import Channel, Mention, Objective, Polarity
from schemas.trend import Trend


class Scope(NamedTuple):
    """The brands that somebody may see."""

    brands: frozenset[str] | None = None
    """Ids; None: all, and what is about no single brand."""

    def allows(self, brand: str) -> bool:
        """Whether what is about this brand may be seen.

        >>> Scope(frozenset({"xiaomi"})).allows("oppo"), Scope().allows("oppo")
        (False, True)
        """
        return self.brands is None or brand in self.brands


EVERYTHING = Scope()

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

INTENTS = tuple(Objective)
COUNT_NAMES = (
    *("posts", "originals", "reposts", "exposures", "addresses", "products"),
    *("positive", "neutral", "negative", "sentiment_milli", "reach", "authors", "texts"),
    *("owned", "paid", "earned", "spam", "bursts", "edits", "late"),
    *(f"intent_{objective.replace('-', '_')}" for objective in INTENTS),
)
"""Columns of windows that are added up. `authors` and `texts` are distinct within a minute: their
sums are upper bounds."""


class Span(NamedTuple):
    """`[from_ms, to_ms)`."""

    from_ms: int
    to_ms: int


class Size(StrEnum):
    """Sizes in which windows are kept."""

    MINUTE = "1m"
    HOUR = "1h"
    DAY = "1d"


SIZE_MS: Mapping[Size, int] = {Size.MINUTE: MINUTE_MS, Size.HOUR: HOUR_MS, Size.DAY: DAY_MS}


class CountRow(NamedTuple):
    """What windows say of a brand from `start_ms` on."""

    brand: str
    start_ms: int
    counts: tuple[int, ...]
    """In the order of `COUNT_NAMES`."""


class MentionSort(StrEnum):
    TIME = "time"
    REACH = "reach"
    MOOD = "mood"
    """The most negative first."""


class MentionFilter(NamedTuple):
    """Which mentions; empty: all. Later versions of posts are left out unless asked for."""

    brands: tuple[str, ...] = ()
    span: Span = Span(0, 1 << 60)
    words: str = ""
    """Words that the own text has to hold, all of them; in quotes: one after the other."""
    polarity: Polarity | None = None
    """As windows count it: of posts whose own words name the brand."""
    channel: Channel | None = None
    intent: Objective | None = None
    language: str = ""
    source: str = ""
    region: str = ""
    author: str = ""
    term: str = ""
    post: str = ""
    """Id of the post."""
    original: str = ""
    """Reposts of what this account wrote."""
    is_repost: bool | None = None
    is_spam: bool | None = None
    is_exposure: bool | None = None
    """Whether the brand is named in a chain, card or quoted original alone."""
    is_address: bool | None = None
    with_edits: bool = False
    asks_for_answer: bool = False
    """Own words without spam that address the brand, complain, ask, or want to buy."""


class MentionRow(NamedTuple):
    """One mention, with its place in an order."""

    mention: Mention
    is_deleted: bool
    """Its author took it back: it counts, and has no text, terms or author any more."""
    cursor: tuple[int, int]
    """Of the sort, and the store's own number: where the next page goes on."""


class Heard(NamedTuple):
    """An account that wrote of a brand."""

    author: str
    source: str
    posts: int
    reach: int
    reposts_caused: int
    negative: int


class RegionRow(NamedTuple):
    region: str
    posts: int
    positive: int
    negative: int


class WordRow(NamedTuple):
    term: str
    posts: int
    negative: int


class AlertFilter(NamedTuple):
    """Which alerts; empty: all."""

    brands: tuple[str, ...] = ()
    state: AlertState | None = None
    kind: str = ""
    least_severity: int = 1
    span: Span = Span(0, 1 << 60)
    """Alerts that were under way within it."""
    incident: str = ""
    department: str = ""


class Definition(NamedTuple):
    """One record of `catalogue`, as it stands there."""

    key: str
    value: bytes


class Brand(NamedTuple):
    """What lists of brands need of a definition."""

    id: str
    name: str
    aliases: tuple[str, ...]
    trade: str
    parent: str
    department: str
    competitors: tuple[str, ...]


class Freshness(NamedTuple):
    """How far the store has come."""

    closed_until_ms: int
    """Event time: minutes that end until then are closed; later posts give revisions."""
    newest_post_ms: int
    """Event time of the newest mention."""
    minutes_from_ms: int
    """Minutes before it were dropped: hours and days are left of them."""
    mentions_from_ms: int
    """Mentions before it were dropped."""
    waiting_from_ms: Mapping[int, int] = {}
    """Partition of `mentions` -> begin of its oldest minute with posts that is not closed."""
    filling_percent: int | None = None
    """How much of a simulated past is filled in; None: none is being filled in."""


class Deliveries(NamedTuple):
    """Which deliveries; empty: all."""

    alert: str = ""
    subscriber: str = ""
    outcome: str = ""


Offsets = Mapping[tuple[str, int], int]
"""(topic, partition) -> next offset to be read."""


class Record(NamedTuple):
    """A record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: object
    """Of the kind that the topic holds; None: the key was removed."""


class Store(Protocol):
    """A read model. Reads may come from several threads at once, writes from one at a time."""

    # writing

    def apply(self, records: Sequence[Record], positions: Offsets) -> int:
        """Take records in, and how far that is, in one transaction; returns how many were new.

        Records below the offsets held are skipped, so a record counts once whoever brings it.
        """
        ...

    def offsets(self) -> dict[tuple[str, int], int]: ...

    def note_filling(self, percent: int, until_ms: int) -> None:
        """A simulated past that ends at `until_ms` is filled in so far; 100: it is whole."""
        ...

    def restart(self, topic: str, partition: int) -> None:
        """Forget how far a partition was read: its topic was made anew, or lost records."""
        ...

    def prune(self, now_ms: int) -> None:
        """Drop what is older than it is to be kept."""
        ...

    def close(self) -> None: ...

    # reading

    def freshness(self) -> Freshness: ...

    def definitions(self, kind: str = "") -> list[Definition]: ...

    def brands(self, scope: Scope) -> Mapping[str, Brand]:
        """Id -> brand, of those in force, in the order of their ids. Not to be changed: it is the
        same for all who ask, until the catalogue changes."""
        ...

    def is_counted(self, brand: str) -> bool:
        """Whether a window of the brand is held: it may not be in force any more."""
        ...

    def counts(
        self, scope: Scope, brands: Sequence[str] | None, span: Span, size: Size
    ) -> list[CountRow]:
        """Windows of a size within the span, in order of brand and start."""
        ...

    def totals(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> dict[str, tuple[int, ...]]:
        """Sums of windows of each brand with posts; None: of all brands.

        Exact to the minute where minutes are kept, and to the hour before.
        """
        ...

    def expectations(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> list[Expectation]: ...

    def mentions(
        self,
        scope: Scope,
        wanted: MentionFilter,
        sort: MentionSort,
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[MentionRow]: ...

    def count_mentions(self, scope: Scope, wanted: MentionFilter, at_most: int) -> int: ...

    def all_mentions(self, scope: Scope, wanted: MentionFilter) -> Iterator[MentionRow]:
        """All of them in order of time, without holding them."""
        ...

    def words(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[WordRow]:
        """The words of the newest mentions, the most frequent first."""
        ...

    def heard(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[Heard]: ...

    def regions(self, scope: Scope, wanted: MentionFilter) -> list[RegionRow]: ...

    def trend(self, scope: Scope, brand: str) -> Trend | None: ...

    def alerts(
        self, scope: Scope, wanted: AlertFilter, after: tuple[int, str] | None, limit: int
    ) -> list[Alert]:
        """The latest began first; `after`: begin and id of the last one of the page before."""
        ...

    def alert(self, scope: Scope, alert: str) -> Alert | None: ...

    def actions(
        self, scope: Scope, on: ActionSubject | None, subjects: Sequence[str] | None, limit: int
    ) -> list[Action]:
        """In the order of the topic; of no subjects in particular: the newest `limit`."""
        ...

    def deliveries(self, scope: Scope, wanted: Deliveries, limit: int) -> list[Delivery]: ...

    def gaps(self, span: Span) -> list[FeedGap]: ...

    def feeds(self) -> list[FeedPosition]: ...
