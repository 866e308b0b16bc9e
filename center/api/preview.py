"""A rule on the mentions that are held."""

from collections.abc import Iterator
from http import HTTPStatus

from msgspec.structs import replace

from backtest.on_history import replay
from center.api import answers
from center.api.problems import ApiProblem
from center.store.protocol import MINUTE_MS, MentionFilter, Scope, Span, Store
from schemas.catalogue import Brand, Catalogue, Wording
from schemas.mention import Mention
from schemas.rules import Rule
from views.reasons import reason_in

_MOST = 200_000
"""About a minute of work."""


class _Held:
    """Mentions of one brand, as the replay takes its history."""

    def __init__(self, store: Store, scope: Scope, wanted: MentionFilter) -> None:
        self._store = store
        self._scope = scope
        self._wanted = wanted
        self._count = store.count_mentions(scope, wanted, _MOST + 1)
        self.first_ms = wanted.span.from_ms // MINUTE_MS * MINUTE_MS
        self.end_ms = -(-wanted.span.to_ms // MINUTE_MS) * MINUTE_MS

    def __len__(self) -> int:
        return self._count

    def outages(self) -> list[tuple[int, int]]:
        """When feeds saw nothing."""
        found: list[tuple[int, int]] = []
        for gap in self._store.gaps(self._wanted.span):
            begin, end = max(gap.from_ms, self.first_ms), min(gap.to_ms, self.end_ms)
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            elif begin < end:
                found.append((begin, end))
        return found

    def mentions(self) -> Iterator[Mention]:
        """In order of time, with offsets that rise with it."""
        found = self._store.all_mentions(self._scope, self._wanted)
        for offset, row in enumerate(found):
            yield replace(row.mention, partition=0, offset=offset)


def fired(
    store: Store, scope: Scope, rule: Rule, brand: Brand, from_ms: int, to_ms: int
) -> answers.Preview:
    """What the rule alone would have raised for the brand."""
    held_from = store.freshness().mentions_from_ms
    span = Span(max(from_ms, held_from, 0), to_ms)
    held = _Held(store, scope, MentionFilter((brand.id,), span, with_edits=True))
    if len(held) > _MOST:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, f"more than {_MOST:,} posts; ask for fewer days", "days"
        )
    outcome = replay(held, Catalogue(brands=(brand,), rules=(rule,)))
    mine = [one for one in outcome.fired if one.first.brand == brand.id]
    return answers.Preview(
        from_ms=span.from_ms,
        to_ms=to_ms,
        times=len(mine),
        fired=[
            answers.Fired(
                brand=one.worst.brand,
                rule=one.worst.rule,
                started_at_ms=one.first.started_at_ms,
                ended_at_ms=one.last.ended_at_ms,
                severity=one.worst.severity,
                reason=one.worst.reason,
                reason_zh=reason_in(Wording.ZH, one.worst, brand.name),
            )
            for one in mine
        ],
        posts=len(held),
    )
