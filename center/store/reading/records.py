"""Records that the store keeps as they were: alerts, trends, what was done and told, feeds."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from center.store.protocol import AlertFilter, Deliveries, Scope, Span
from center.store.reading.conditions import Conditions
from center.store.writing import clean
from schemas.action import Action, ActionSubject
from schemas.alert import Alert
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Delivery
from schemas.feed import FeedGap, FeedPosition
from schemas.forgotten import Forgotten
from schemas.trend import Trend


class _Taken(Conditions):
    """What was taken back."""

    def _forgotten(self, scope: str, subjects: Iterable[str]) -> Forgotten:
        """What deletions say of these subjects."""
        wanted = sorted(set(map(clean, subjects)))
        if not wanted:
            return Forgotten()
        chosen = self._readable.is_one_of("subject", "subjects")
        rows = self._readable.rows(
            f"SELECT source, subject, at_ms FROM deletions WHERE scope = :scope AND {chosen}",
            {"scope": scope, "subjects": self._readable.listed(wanted)},
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


class AlertReads(_Taken):
    """Queries of alerts and trends."""

    def trend(self, scope: Scope, brand: str) -> Trend | None:
        """The newest state of a brand's talk, without accounts that were taken back."""
        if not scope.allows(brand):
            return None
        rows = self._readable.rows(
            "SELECT record FROM trends WHERE brand = :brand", {"brand": clean(brand)}
        )
        if not rows:
            return None
        found = msgspec.json.decode(rows[0][0], type=Trend)
        gone = self._forgotten("author", (one.author for one in found.influencers))
        kept = tuple(one for one in found.influencers if not gone.names(one.author))
        return replace(found, influencers=kept)

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
        rows = self._readable.rows(
            f"""SELECT record FROM alerts WHERE {" AND ".join(sql)}
            ORDER BY started_at_ms DESC, id DESC LIMIT :most""",
            parameters | {"most": limit},
        )
        return self._without_taken_back(rows)

    def alert(self, scope: Scope, alert: str) -> Alert | None:
        """One by its id."""
        rows = self._readable.rows("SELECT record FROM alerts WHERE id = :id", {"id": clean(alert)})
        found = self._without_taken_back(rows)
        return found[0] if found and scope.allows(found[0].brand) else None


class ActionReads(Conditions):
    """Queries of what people did, and what they were told."""

    def actions(
        self, scope: Scope, on: ActionSubject | None, subjects: Sequence[str] | None, limit: int
    ) -> list[Action]:
        """In the order of the topic: of some subjects, or the newest."""
        sql = ["1 = 1"]
        parameters: dict[str, Any] = {"most": limit}
        if scope.brands is not None:
            allowed = self._readable.is_one_of("a.brand", "scope")
            of_alert = self._readable.is_one_of("l.brand", "scope")
            of_post = self._readable.is_one_of("m.brand", "scope")
            sql.append(
                f"""({allowed} OR (a.brand = '' AND (EXISTS (SELECT 1 FROM alerts l
                WHERE (l.id = a.subject OR l.incident = a.subject) AND {of_alert})
                OR (a.on_what = 'post' AND EXISTS (SELECT 1 FROM mentions m
                WHERE m.source || '/' || m.post = a.subject AND {of_post}
                AND m.post = SUBSTR(a.subject, LENGTH(m.source) + 2))))))"""
            )
            parameters["scope"] = self._readable.listed(sorted(scope.brands))
        if on is not None:
            sql.append("a.on_what = :on_what")
            parameters["on_what"] = on.value
        if subjects is not None:
            sql.append(self._readable.is_one_of("a.subject", "subjects"))
            parameters["subjects"] = self._readable.listed([clean(one) for one in subjects])
        rows = self._readable.rows(
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
        rows = self._readable.rows(
            f"""SELECT record FROM deliveries WHERE {" AND ".join(sql)}
            ORDER BY at_ms DESC, record_key LIMIT :most""",
            parameters | {"most": limit},
        )
        return [msgspec.json.decode(record, type=Delivery) for (record,) in rows]


class FeedReads(Conditions):
    """Queries of feeds."""

    def gaps(self, span: Span) -> list[FeedGap]:
        """Those that touch the span, in order."""
        rows = self._readable.rows(
            """SELECT record FROM gaps WHERE from_ms < :to_ms AND to_ms > :from_ms
            ORDER BY from_ms, feed LIMIT 1000""",
            span._asdict(),
        )
        return [msgspec.json.decode(record, type=FeedGap) for (record,) in rows]

    def feeds(self) -> list[FeedPosition]:
        """Every feed's newest word of itself, by name."""
        rows = self._readable.rows("SELECT record FROM feeds ORDER BY feed")
        return [msgspec.json.decode(record, type=FeedPosition) for (record,) in rows]
