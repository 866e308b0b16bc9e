"""What people talk about when a brand's alert fires: rising terms and telling posts."""

import msgspec

from schemas.alert import Sample, Term
from schemas.mention import Mention

_KEPT = 32
_SAMPLES = 5
_FRESH_MS = 60 * 60_000
_COUNTED_A_MINUTE = 20
"""Mentions of a minute whose terms are counted: enough to see what rises, and bounded work."""
_RECENT_DECAY = 0.5 ** (1 / 15)
_USUAL_DECAY = 0.5 ** (1 / (24 * 60))


class Talk(msgspec.Struct, array_like=True):
    """Terms and sample posts of one brand, bounded."""

    recent: dict[str, float] = msgspec.field(default_factory=dict)
    """Term -> count, half-life 15 minutes with posts."""
    usual: dict[str, float] = msgspec.field(default_factory=dict)
    """Term -> count, half-life a day's minutes with posts."""
    samples: list[Sample] = msgspec.field(default_factory=list)
    hashes: list[int] = msgspec.field(default_factory=list)
    """Text hashes of the samples: copies are shown once."""
    counted: int = 0

    def hear(self, mention: Mention) -> None:
        """Take a mention's terms and text into account."""
        if self.counted < _COUNTED_A_MINUTE:
            self.counted += 1
            for term in mention.terms:
                _count(self.recent, term)
        if mention.text:
            self._keep(mention)

    def pass_minute(self) -> None:
        """A minute with posts has ended: recent terms fade, and become usual."""
        self.counted = 0
        for term, count in self.recent.items():
            if term in self.usual or len(self.usual) < 4 * _KEPT:
                self.usual[term] = self.usual.get(term, 0.0) + count / 15
        self.recent = {
            term: count * _RECENT_DECAY
            for term, count in self.recent.items()
            if count > 0.2
        }
        self.usual = {
            term: count * _USUAL_DECAY
            for term, count in self.usual.items()
            if count > 0.05
        }

    def rising(self, count: int = 5) -> tuple[Term, ...]:
        """The terms that are most above their usual count."""
        scored = sorted(
            self.recent.items(),
            key=lambda item: (
                -(item[1] ** 1.5) / (1 + self.usual.get(item[0], 0.0)),
                item[0],
            ),
        )
        return tuple(Term(term, max(1, round(seen))) for term, seen in scored[:count])

    def telling(self, count: int = 3) -> tuple[Sample, ...]:
        """The kept posts with the largest reach."""
        return tuple(
            sorted(self.samples, key=lambda sample: (-sample.reach, sample.post))[
                :count
            ]
        )

    def _keep(self, mention: Mention) -> None:
        if mention.text_hash in self.hashes:
            return
        limit_ms = mention.event_time_ms - _FRESH_MS
        if len(self.samples) >= _SAMPLES:
            weakest = min(
                range(len(self.samples)),
                key=lambda i: (
                    self.samples[i].event_time_ms >= limit_ms,
                    self.samples[i].reach,
                ),
            )
            kept = self.samples[weakest]
            if kept.event_time_ms >= limit_ms and kept.reach >= mention.reach:
                return
            del self.samples[weakest], self.hashes[weakest]
        self.samples.append(
            Sample(
                post=mention.post,
                source=mention.source,
                author=mention.author,
                text=mention.text,
                reach=mention.reach,
                sentiment_milli=mention.sentiment_milli,
                event_time_ms=mention.event_time_ms,
            )
        )
        self.hashes.append(mention.text_hash)


def _count(counts: dict[str, float], term: str) -> None:
    if term in counts or len(counts) < _KEPT:
        counts[term] = counts.get(term, 0.0) + 1
        return
    # Space-saving (Metwally et al. 2005): the newcomer takes the place and count of the least.
    least = min(counts, key=counts.__getitem__)
    counts[term] = counts.pop(least) + 1
