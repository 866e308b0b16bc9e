"""What people talk about when a brand's alert fires: rising terms and telling posts."""

import msgspec

from schemas.alert import Sample, Term
from schemas.mention import Mention

_KEPT = 24
"""Terms that survive a clean-up; twice as many are held at most."""
_TERMS = 8
"""Terms of one mention that are counted."""
_SAMPLES = 4
_FRESH_MS = 60 * 60_000
_COUNTED_A_MINUTE = 20
"""Mentions of a minute whose terms are counted: enough to see what rises, and bounded work."""
_RECENT_GROWTH = 2 ** (1 / 15)
"""Recent counts have a half-life of 15 minutes with posts."""
_USUAL_GROWTH = 2 ** (1 / (24 * 60))
"""Usual counts: of a day's minutes with posts."""
_LARGE = 1e100
_BEFORE_OTHERS = 1 << 40


class Talk(msgspec.Struct, array_like=True, gc=False):
    """Terms and sample posts of one brand, bounded.

    Counts fade without being touched: newer ones weigh more, and weights are divided out when
    they are read.
    """

    counts: dict[str, list[float]] = msgspec.field(default_factory=dict)
    """Term -> [recent, usual], in growing weights."""
    recent_weight: float = 1.0
    usual_weight: float = 1.0
    samples: list[Sample] = msgspec.field(default_factory=list)
    hashes: list[int] = msgspec.field(default_factory=list)
    """Text hash of each sample: copies are shown once."""
    weights: list[int] = msgspec.field(default_factory=list)
    """Weight of each sample: the reach, and far above any reach for a text with a crisis word."""
    counted: int = 0

    def hear(self, mention: Mention, *, is_crisis: bool = False) -> None:
        """Take a mention's terms and text into account; crisis texts are kept before others."""
        if self.counted < _COUNTED_A_MINUTE:
            self.counted += 1
            self._count(mention.terms[:_TERMS])
        if mention.text and mention.text_hash not in self.hashes:
            self._keep(mention, mention.reach + (_BEFORE_OTHERS if is_crisis else 0))

    def pass_minute(self) -> None:
        """A minute with posts has ended."""
        self.counted = 0
        self.recent_weight *= _RECENT_GROWTH
        self.usual_weight *= _USUAL_GROWTH
        if self.recent_weight > _LARGE or self.usual_weight > _LARGE:
            self.counts = {
                term: [recent / self.recent_weight, usual / self.usual_weight]
                for term, (recent, usual) in self.counts.items()
            }
            self.recent_weight = self.usual_weight = 1.0

    def rising(self, count: int = 5) -> tuple[Term, ...]:
        """The terms that are most above their usual share of the talk."""
        recent = {term: pair[0] / self.recent_weight for term, pair in self.counts.items()}
        usual = {term: pair[1] / self.usual_weight for term, pair in self.counts.items()}
        scored = sorted(
            (term for term, seen in recent.items() if seen >= 0.5),
            key=lambda term: (-(recent[term] ** 2) / (1 + usual[term]), term),
        )
        return tuple(Term(term, max(1, round(recent[term]))) for term in scored[:count])

    def telling(self, count: int = 3) -> tuple[Sample, ...]:
        """The kept posts with the largest weight."""
        order = sorted(range(len(self.samples)), key=lambda i: -self.weights[i])
        return tuple(self.samples[i] for i in order[:count])

    def _count(self, terms: tuple[str, ...]) -> None:
        counts, recent, usual = self.counts, self.recent_weight, self.usual_weight
        for term in terms:
            pair = counts.get(term)
            if pair is not None:
                pair[0] += recent
                pair[1] += usual
                continue
            counts[term] = [recent, usual]
        if len(counts) > 2 * _KEPT:
            best = sorted(counts.items(), key=lambda item: -item[1][0])[:_KEPT]
            self.counts = dict(best)

    def _keep(self, mention: Mention, weight: int) -> None:
        # In order of arrival: the first is the oldest.
        if self.samples and self.samples[0].event_time_ms < mention.event_time_ms - _FRESH_MS:
            self._drop(0)
        if len(self.samples) >= _SAMPLES:
            least = min(self.weights)
            if least >= weight:
                return
            self._drop(self.weights.index(least))
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
        self.weights.append(weight)

    def _drop(self, index: int) -> None:
        del self.samples[index], self.hashes[index], self.weights[index]
