"""The named queries, in SQL that both databases take."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from center.store.database import NOTHING, Database, Row
from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    AlertFilter,
    Brand,
    CountRow,
    Definition,
    Deliveries,
    Freshness,
    Heard,
    MentionFilter,
    MentionRow,
    MentionSort,
    RegionRow,
    Scope,
    Size,
    Span,
    WordRow,
)
from center.store.tables import MENTION_COLUMNS, WINDOW_TABLES
from center.store.words import brand_word, wanted_words
from center.store.writing import FILLING_PERCENT, FILLING_UNTIL, clean, standings
from schemas.action import Action, ActionSubject
from schemas.alert import Alert
from schemas.catalogue import Brand as BrandDefinition
from schemas.catalogue import Definition as AnyDefinition
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Delivery
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition
from schemas.forgotten import Forgotten
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign
from schemas.trend import Trend

_M_COLUMNS = ", ".join(f"m.{name}" for name in MENTION_COLUMNS)
_SUMS = ", ".join(f"SUM({name})" for name in COUNT_NAMES)
_COLUMNS = ", ".join(COUNT_NAMES)
_ORDERS = {
    MentionSort.TIME: ("m.event_time_ms", "DESC"),
    MentionSort.REACH: ("m.reach", "DESC"),
    MentionSort.MOOD: ("m.sentiment_milli", "ASC"),
}
_ASKS = f"""m.is_repost = 0 AND m.spam = '' AND m.place = 'own' AND m.channel <> 'owned'
    AND m.is_deleted = 0 AND (m.is_address = 1
    OR m.intents LIKE '% {Objective.CLIENT_MANAGEMENT} %'
    OR m.intents LIKE '% {Objective.SOCIAL_SALES} %')"""
_WORDS_OF = 10_000
"""So many of the newest mentions give the words of a span."""
_SHORT_MS = 3 * DAY_MS
"""For longer spans, where the words of a brand's posts begin and end is not worth looking up."""
_LIKE = re.compile(r"([\\%_])")
_ROW = {name: at for at, name in enumerate(MENTION_COLUMNS)}


class _Where(NamedTuple):
    sql: str
    parameters: dict[str, Any]


class Reads:
    """The reading half of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._brands: tuple[Row | None, list[Brand]] = (None, [])
        """Of which state of the catalogue, and the brands: thousands take a while to read."""

    # of the store as a whole

    def freshness(self) -> Freshness:
        """How far the store has come."""
        newest = self._database.rows("SELECT MAX(start_ms) FROM windows_1m")[0][0]
        rows = self._database.rows("SELECT name, value FROM meta")
        meta: dict[str, int] = dict(rows)
        closed_until_ms = 0 if newest is None else newest + MINUTE_MS
        percent = meta.get(FILLING_PERCENT, 100)
        if percent < 100:  # what is filled in so far is not what is shown as now
            closed_until_ms = max(closed_until_ms, meta[FILLING_UNTIL])
        return Freshness(
            closed_until_ms=closed_until_ms,
            newest_post_ms=meta.get("newest_post_ms", 0),
            minutes_from_ms=meta.get("minutes_from_ms", 0),
            mentions_from_ms=meta.get("mentions_from_ms", 0),
            waiting_from_ms={
                partition: one.waiting_from_ms
                for partition, one in standings(meta).items()
                if one.waiting_from_ms
            },
            filling_percent=percent if percent < 100 else None,
        )

    def definitions(self, kind: str = "") -> list[Definition]:
        """Records of the catalogue, by key; of one kind, or of all."""
        rows = self._database.rows(
            """SELECT record_key, record FROM definitions
            WHERE kind = :kind OR :kind = '' ORDER BY record_key""",
            {"kind": clean(kind)},
        )
        return [Definition(key, record.encode()) for key, record in rows]

    def brands(self, scope: Scope) -> list[Brand]:
        """The brands in force, by id."""
        version = self._database.rows(
            """SELECT COUNT(*), (SELECT MAX(next) FROM offsets WHERE topic = 'catalogue')
            FROM definitions WHERE kind = 'brand'"""
        )[0]
        held, known = self._brands
        if held != version:
            known = list(self._read_brands())
            self._brands = version, known
        return [one for one in known if scope.allows(one.id)]

    def is_counted(self, brand: str) -> bool:
        """Whether a window of the brand is held: it may not be in force any more."""
        sql = "SELECT 1 FROM windows_1d WHERE brand = :brand LIMIT 1"
        return bool(self._database.rows(sql, {"brand": clean(brand)}))

    def _read_brands(self) -> Iterator[Brand]:
        for record in self.definitions("brand"):
            one = _definition(record.value)
            if isinstance(one, BrandDefinition):
                plain = (one.id, one.name, one.aliases, one.trade, one.parent, one.department)
                yield Brand(*plain, one.competitors)

    # windows

    def counts(
        self, scope: Scope, brands: Sequence[str] | None, span: Span, size: Size
    ) -> list[CountRow]:
        """Windows of a size that begin within the span."""
        where = self._of_brands(scope, brands)
        rows = self._database.rows(
            f"""SELECT brand, start_ms, {_COLUMNS} FROM {WINDOW_TABLES[size]}
            WHERE {where.sql} AND start_ms >= :from_ms AND start_ms < :to_ms
            ORDER BY brand, start_ms""",
            where.parameters | span._asdict(),
        )
        return [CountRow(row[0], row[1], row[2:]) for row in rows]

    def totals(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> dict[str, tuple[int, ...]]:
        """Sums by brand, of days within the span, hours and minutes at its edges."""
        where = self._of_brands(scope, brands)
        found: dict[str, tuple[int, ...]] = {}
        for size, part in pieces(span, self.freshness().minutes_from_ms):
            rows = self._database.rows(
                f"""SELECT brand, {_SUMS} FROM {WINDOW_TABLES[size]} WHERE {where.sql}
                AND start_ms >= :from_ms AND start_ms < :to_ms GROUP BY brand""",
                where.parameters | part._asdict(),
            )
            for brand, *sums in rows:
                held = found.get(brand)
                added = map(int, sums)
                found[brand] = (
                    tuple(added)
                    if held is None
                    else tuple(old + new for old, new in zip(held, added, strict=True))
                )
        return found

    def expectations(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> list[Expectation]:
        """Those of the hours that begin within the span, in order of brand and hour."""
        where = self._of_brands(scope, brands)
        rows = self._database.rows(
            f"""SELECT record FROM expectations WHERE {where.sql}
            AND start_ms >= :from_ms AND start_ms < :to_ms ORDER BY brand, start_ms""",
            where.parameters | span._asdict(),
        )
        return [msgspec.json.decode(record, type=Expectation) for (record,) in rows]

    # mentions

    def mentions(
        self,
        scope: Scope,
        wanted: MentionFilter,
        sort: MentionSort,
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[MentionRow]:
        """One page."""
        where = self._of_mentions(scope, wanted)
        column, direction = _ORDERS[sort]
        sql, parameters = where.sql, where.parameters
        if after is not None:
            sign = "<" if direction == "DESC" else ">"
            sql += f" AND ({column}, m.id) {sign} (:after_value, :after_id)"
            parameters = parameters | {"after_value": after[0], "after_id": after[1]}
        rows = self._database.rows(
            f"""SELECT {_M_COLUMNS} FROM mentions m WHERE {sql}
            ORDER BY {column} {direction}, m.id {direction} LIMIT :most""",
            parameters | {"most": limit},
        )
        return [_mention_row(row, column.removeprefix("m.")) for row in rows]

    def count_mentions(self, scope: Scope, wanted: MentionFilter, at_most: int) -> int:
        """How many there are, counted up to `at_most`."""
        where = self._of_mentions(scope, wanted)
        rows = self._database.rows(
            f"""SELECT COUNT(*) FROM
            (SELECT 1 FROM mentions m WHERE {where.sql} LIMIT :most) AS found""",
            where.parameters | {"most": at_most},
        )
        return int(rows[0][0])

    def all_mentions(self, scope: Scope, wanted: MentionFilter) -> Iterator[MentionRow]:
        """All of them, the oldest first."""
        where = self._of_mentions(scope, wanted)
        rows = self._database.stream(
            f"""SELECT {_M_COLUMNS} FROM mentions m WHERE {where.sql}
            ORDER BY m.event_time_ms, m.id""",
            where.parameters,
        )
        return (_mention_row(row, "event_time_ms") for row in rows)

    def words(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[WordRow]:
        """The words of the newest mentions, the most frequent first."""
        where = self._of_mentions(scope, wanted)
        rows = self._database.rows(
            f"""SELECT m.terms, m.polarity FROM mentions m WHERE {where.sql}
            ORDER BY m.event_time_ms DESC, m.id DESC LIMIT :most""",
            where.parameters | {"most": _WORDS_OF},
        )
        posts: Counter[str] = Counter()
        negative: Counter[str] = Counter()
        for terms, polarity in rows:
            words = _split(terms, "\n")
            posts.update(words)
            if polarity == Polarity.NEGATIVE:
                negative.update(words)
        ordered = sorted(posts.items(), key=lambda item: (-item[1], item[0]))
        return [WordRow(term, count, negative[term]) for term, count in ordered[:limit]]

    def heard(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[Heard]:
        """Accounts by the reposts that they caused, then by reach."""
        where = self._of_mentions(scope, wanted)
        wrote = self._database.rows(
            f"""SELECT m.author, m.source, COUNT(*), MAX(m.reach),
            SUM(CASE WHEN m.polarity = 'negative' THEN 1 ELSE 0 END) FROM mentions m
            WHERE {where.sql} AND m.author <> '' GROUP BY m.author, m.source
            ORDER BY 4 DESC, 3 DESC, 1 LIMIT :most""",
            where.parameters | {"most": 10 * limit},
        )
        caused = self._database.rows(
            f"""SELECT m.original_author, m.source, COUNT(*) FROM mentions m
            WHERE {where.sql} AND m.original_author <> '' GROUP BY m.original_author, m.source
            ORDER BY 3 DESC, 1 LIMIT :most""",
            where.parameters | {"most": 10 * limit},
        )
        found = {
            (author, source): Heard(author, source, posts, reach, 0, int(negative))
            for author, source, posts, reach, negative in wrote
        }
        for author, source, reposts in caused:
            held = found.get((author, source), Heard(author, source, 0, 0, 0, 0))
            found[author, source] = held._replace(reposts_caused=reposts)
        ordered = sorted(
            found.values(), key=lambda one: (-one.reposts_caused, -one.reach, one.author)
        )
        return ordered[:limit]

    def regions(self, scope: Scope, wanted: MentionFilter) -> list[RegionRow]:
        """Provinces, those with the most posts first."""
        where = self._of_mentions(scope, wanted)
        rows = self._database.rows(
            f"""SELECT m.region, COUNT(*),
            SUM(CASE WHEN m.polarity = 'positive' THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.polarity = 'negative' THEN 1 ELSE 0 END) FROM mentions m
            WHERE {where.sql} GROUP BY m.region ORDER BY 2 DESC, 1 LIMIT 500""",
            where.parameters,
        )
        return [RegionRow(region, posts, int(up), int(down)) for region, posts, up, down in rows]

    def trend(self, scope: Scope, brand: str) -> Trend | None:
        """The newest state of a brand's talk, without accounts that were taken back."""
        if not scope.allows(brand):
            return None
        rows = self._database.rows(
            "SELECT record FROM trends WHERE brand = :brand", {"brand": clean(brand)}
        )
        if not rows:
            return None
        found = msgspec.json.decode(rows[0][0], type=Trend)
        gone = self._forgotten("author", (one.author for one in found.influencers))
        kept = tuple(one for one in found.influencers if not gone.names(one.author))
        return replace(found, influencers=kept)

    # alerts and what was done

    def alerts(
        self, scope: Scope, wanted: AlertFilter, after: tuple[int, str] | None, limit: int
    ) -> list[Alert]:
        """The latest began first."""
        where = self._of_brands(scope, wanted.brands or None)
        sql = [
            where.sql,
            "started_at_ms < :to_ms",
            "(ended_at_ms IS NULL OR ended_at_ms >= :from_ms)",
        ]
        sql.append("severity >= :severity")
        parameters = where.parameters | wanted.span._asdict() | {"severity": wanted.least_severity}
        chosen = {
            "state": wanted.state.value if wanted.state else "",
            "kind": wanted.kind,
            "incident": wanted.incident,
            "department": wanted.department,
        }
        for column, value in chosen.items():
            if value:
                sql.append(f"{column} = :{column}")
                parameters[column] = clean(value)
        if after is not None:
            sql.append("(started_at_ms, id) < (:after_ms, :after_id)")
            parameters |= {"after_ms": after[0], "after_id": clean(after[1])}
        rows = self._database.rows(
            f"""SELECT record FROM alerts WHERE {" AND ".join(sql)}
            ORDER BY started_at_ms DESC, id DESC LIMIT :most""",
            parameters | {"most": limit},
        )
        return self._without_taken_back(rows)

    def alert(self, scope: Scope, alert: str) -> Alert | None:
        """One by its id."""
        rows = self._database.rows("SELECT record FROM alerts WHERE id = :id", {"id": clean(alert)})
        found = self._without_taken_back(rows)
        return found[0] if found and scope.allows(found[0].brand) else None

    def actions(
        self, scope: Scope, on: ActionSubject | None, subjects: Sequence[str] | None, limit: int
    ) -> list[Action]:
        """In the order of the topic: of some subjects, or the newest."""
        sql = ["1 = 1"]
        parameters: dict[str, Any] = {"most": limit}
        if scope.brands is not None:
            allowed = self._database.is_one_of("a.brand", "scope")
            of_alert = self._database.is_one_of("l.brand", "scope")
            of_post = self._database.is_one_of("m.brand", "scope")
            sql.append(
                f"""({allowed} OR (a.brand = '' AND (EXISTS (SELECT 1 FROM alerts l
                WHERE (l.id = a.subject OR l.incident = a.subject) AND {of_alert})
                OR (a.on_what = 'post' AND EXISTS (SELECT 1 FROM mentions m
                WHERE m.source || '/' || m.post = a.subject AND {of_post}
                AND m.post = SUBSTR(a.subject, LENGTH(m.source) + 2))))))"""
            )
            parameters["scope"] = self._database.listed(sorted(scope.brands))
        if on is not None:
            sql.append("a.on_what = :on_what")
            parameters["on_what"] = on.value
        if subjects is not None:
            sql.append(self._database.is_one_of("a.subject", "subjects"))
            parameters["subjects"] = self._database.listed([clean(one) for one in subjects])
        rows = self._database.rows(
            f"""SELECT a.record FROM actions a WHERE {" AND ".join(sql)}
            ORDER BY a.off DESC LIMIT :most""",
            parameters,
        )
        return [msgspec.json.decode(record, type=Action) for (record,) in reversed(rows)]

    def deliveries(self, scope: Scope, wanted: Deliveries, limit: int) -> list[Delivery]:
        """The newest first."""
        where = self._of_brands(scope, None)
        sql, parameters = [where.sql], dict(where.parameters)
        for column, value in wanted._asdict().items():
            if value:
                sql.append(f"{column} = :{column}")
                parameters[column] = clean(value)
        rows = self._database.rows(
            f"""SELECT record FROM deliveries WHERE {" AND ".join(sql)}
            ORDER BY at_ms DESC, record_key LIMIT :most""",
            parameters | {"most": limit},
        )
        return [msgspec.json.decode(record, type=Delivery) for (record,) in rows]

    # feeds

    def gaps(self, span: Span) -> list[FeedGap]:
        """Those that touch the span, in order."""
        rows = self._database.rows(
            """SELECT record FROM gaps WHERE from_ms < :to_ms AND to_ms > :from_ms
            ORDER BY from_ms, feed LIMIT 1000""",
            span._asdict(),
        )
        return [msgspec.json.decode(record, type=FeedGap) for (record,) in rows]

    def feeds(self) -> list[FeedPosition]:
        """Every feed's newest word of itself, by name."""
        rows = self._database.rows("SELECT record FROM feeds ORDER BY feed")
        return [msgspec.json.decode(record, type=FeedPosition) for (record,) in rows]

    # conditions

    def _of_brands(self, scope: Scope, brands: Iterable[str] | None) -> _Where:
        """The one place where what somebody may not see is held back."""
        if brands is None and scope.brands is None:
            return _Where("1 = 1", dict(NOTHING))
        if brands is None:
            wanted = sorted(scope.brands or ())
        else:
            wanted = [clean(brand) for brand in brands if scope.allows(brand)]
        if len(wanted) == 1:  # the planner knows best what to do with one
            return _Where("brand = :brand", {"brand": wanted[0]})
        chosen = self._database.is_one_of("brand", "brands")
        return _Where(chosen, {"brands": self._database.listed(wanted)})

    def _of_mentions(self, scope: Scope, wanted: MentionFilter) -> _Where:
        brands = self._of_brands(scope, wanted.brands or None)
        sql = [brands.sql, "m.event_time_ms >= :from_ms", "m.event_time_ms < :to_ms"]
        parameters = brands.parameters | wanted.span._asdict()
        exact = {
            "channel": wanted.channel,
            "language": wanted.language,
            "source": wanted.source,
            "region": wanted.region,
            "author": wanted.author,
            "post": wanted.post,
            "original_author": wanted.original,
        }
        for column, value in exact.items():
            if value:
                sql.append(f"m.{column} = :{column}")
                parameters[column] = clean(str(value))
        if wanted.polarity is not None:
            sql.append("m.polarity = :polarity AND m.place = 'own'")
            parameters["polarity"] = wanted.polarity.value
        flags = {
            "m.is_repost = 1": wanted.is_repost,
            "m.spam <> ''": wanted.is_spam,
            "m.place <> 'own'": wanted.is_exposure,
            "m.is_address = 1": wanted.is_address,
            "m.is_edit = 1": None if wanted.with_edits else False,
        }
        sql += [
            condition if value else f"NOT {condition}"
            for condition, value in flags.items()
            if value is not None
        ]
        if wanted.asks_for_answer:
            sql.append(_ASKS)
        if wanted.intent is not None:
            sql.append("m.intents LIKE :intent")
            parameters["intent"] = f"% {wanted.intent.value} %"
        if wanted.term:
            sql.append(r"m.terms LIKE :term ESCAPE '\'")
            escaped = _LIKE.sub(r"\\\1", clean(wanted.term))
            parameters["term"] = f"%\n{escaped}\n%"
        if wanted.words:
            words = wanted_words(clean(wanted.words))
            has = self._database.has_words("words") if words else "1 = 0"
            chosen = f"SELECT {self._database.word_id} FROM mention_words WHERE {has}"
            if "brand" in parameters and wanted.span.to_ms - wanted.span.from_ms <= _SHORT_MS:
                # Numbers grow as posts come: those of a short span lie close together, and words
                # of a brand's other days are not read.
                of_span = """FROM mentions WHERE brand = :brand
                    AND event_time_ms >= :from_ms AND event_time_ms < :to_ms"""
                chosen += f""" AND {self._database.word_id} >= (SELECT MIN(id) {of_span})
                    AND {self._database.word_id} <= (SELECT MAX(id) {of_span})"""
            sql.append(f"m.id IN ({chosen})")
            if words:
                if "brand" in parameters:
                    words.insert(0, brand_word(parameters["brand"]))
                parameters["words"] = self._database.wanted_words(words)
        return _Where(" AND ".join(sql), parameters)

    # what was taken back

    def _forgotten(self, scope: str, subjects: Iterable[str]) -> Forgotten:
        """What deletions say of these subjects."""
        wanted = sorted(set(map(clean, subjects)))
        if not wanted:
            return Forgotten()
        chosen = self._database.is_one_of("subject", "subjects")
        rows = self._database.rows(
            f"SELECT source, subject, at_ms FROM deletions WHERE scope = :scope AND {chosen}",
            {"scope": scope, "subjects": self._database.listed(wanted)},
        )
        return Forgotten(
            Deletion(scope=DeletionScope(scope), source=source, subject=subject, at_ms=at_ms)
            for source, subject, at_ms in rows
        )

    def _without_taken_back(self, rows: Sequence[tuple[Any, ...]]) -> list[Alert]:
        """Alerts, whose samples lose what their authors took back."""
        found = [msgspec.json.decode(record, type=Alert) for (record,) in rows]
        samples = [sample for one in found for sample in one.samples]
        posts = self._forgotten("post", (sample.post for sample in samples))
        authors = self._forgotten("author", (sample.author for sample in samples))
        return [
            replace(
                one,
                samples=tuple(
                    replace(sample, text="", author="", url="")
                    if posts.covers_sample(sample) or authors.covers_sample(sample)
                    else sample
                    for sample in one.samples
                ),
            )
            for one in found
        ]


def pieces(span: Span, minutes_from_ms: int) -> list[tuple[Size, Span]]:
    """A span, cut into whole days, hours and minutes of UTC.

    Where minutes were dropped, its begin is taken down and its end up to a whole hour.

    >>> [(str(size), part) for size, part in pieces(Span(60_000, 90_000_000), 0)]
    [('1m', Span(from_ms=60000, to_ms=3600000)), ('1h', Span(from_ms=3600000, to_ms=90000000))]
    """
    first, last = span.from_ms // MINUTE_MS * MINUTE_MS, -(-span.to_ms // MINUTE_MS) * MINUTE_MS
    if first < minutes_from_ms:
        first = first // HOUR_MS * HOUR_MS
    if last < minutes_from_ms:
        last = -(-last // HOUR_MS) * HOUR_MS
    found: list[tuple[Size, Span]] = []
    if first < last:
        _cut(first, last, [(Size.DAY, DAY_MS), (Size.HOUR, HOUR_MS), (Size.MINUTE, 1)], found)
    return found


def _cut(
    first: int, last: int, sizes: list[tuple[Size, int]], found: list[tuple[Size, Span]]
) -> None:
    (size, size_ms), *finer = sizes
    begin, end = -(-first // size_ms) * size_ms, last // size_ms * size_ms
    if begin >= end:
        if first < last:
            _cut(first, last, finer, found)
        return
    if first < begin:
        _cut(first, begin, finer, found)
    found.append((size, Span(begin, end)))
    if end < last:
        _cut(end, last, finer, found)


def _split(text: str, mark: str) -> list[str]:
    return text[1:-1].split(mark) if text else []


def _definition(value: bytes) -> AnyDefinition | None:
    try:
        found: AnyDefinition = msgspec.json.decode(value, type=AnyDefinition)
    except msgspec.DecodeError:
        return None
    return found


def _mention_row(row: Sequence[Any], sorted_by: str) -> MentionRow:
    cursor = (row[_ROW[sorted_by]], row[0])
    return MentionRow(_mention(row), bool(row[_ROW["is_deleted"]]), cursor)


def _mention(row: Sequence[Any]) -> Mention:
    (
        _,
        brand,
        part,
        off,
        event_time_ms,
        polarity,
        sentiment_milli,
        is_repost,
        channel,
        reach,
        author,
        post,
        source,
        text,
        terms,
        text_hash,
        place,
        confidence_milli,
        is_address,
        is_edit,
        product,
        intents,
        spam,
        language,
        original_author,
        is_newcomer,
        region,
        _,
        original,
        depth,
    ) = row
    return Mention(
        brand=brand,
        partition=part,
        offset=off,
        event_time_ms=event_time_ms,
        polarity=Polarity(polarity),
        sentiment_milli=sentiment_milli,
        is_repost=bool(is_repost),
        channel=Channel(channel),
        reach=reach,
        author=author,
        post=post,
        source=source,
        text=text,
        terms=tuple(_split(terms, "\n")),
        text_hash=text_hash,
        place=Place(place),
        confidence_milli=confidence_milli,
        is_address=bool(is_address),
        is_edit=bool(is_edit),
        product=product,
        intents=tuple(map(Objective, _split(intents, " "))),
        spam=tuple(map(SpamSign, _split(spam, " "))),
        language=language,
        original_author=original_author,
        is_newcomer=bool(is_newcomer),
        region=region,
        original=original,
        depth=depth,
    )


def by_brand(rows: Iterable[CountRow]) -> dict[str, list[CountRow]]:
    """Rows of `counts`, apart by brand."""
    found: dict[str, list[CountRow]] = defaultdict(list)
    for row in rows:
        found[row.brand].append(row)
    return found
