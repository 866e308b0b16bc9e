"""What people talk about when they name a brand: rising terms, telling posts, influencers."""

import msgspec

from measures.common_cause import Usual
from measures.trends import HARDLY, Told, first_of, told_of
from schemas.alert import Sample, Term
from schemas.forgotten import Forgotten
from schemas.links import link_to
from schemas.mention import Mention
from schemas.trend import Influencer, Trend

_KEPT = 12
"""Recent terms, and as many usual ones, that survive a clean-up; four times as many are kept."""
_TERMS = 8
"""Terms of one mention that are counted."""
_SAMPLES = 4
_FRESH_MS = 60 * 60_000
_COUNTED_A_MINUTE = 20
"""Mentions of a minute whose terms are counted: enough to see what rises, and bounded work. Those
with a crisis word come on top."""
_RECENT_GROWTH = 2 ** (1 / 15)
"""Recent counts have a half-life of 15 minutes with posts."""
_USUAL_GROWTH = 2 ** (1 / (24 * 60))
"""Usual counts: of a day's minutes with posts."""
_LARGE = 1e100
_BEFORE_OTHERS = 1 << 40
_INFLUENCERS = 10
"""Accounts that survive a clean-up; twice as many are kept at most."""


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
    untold: int = 0
    """Mentions since the last trend."""
    total: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])
    """Terms counted, [recent, usual], in growing weights."""
    influencers: dict[str, list[float]] = msgspec.field(default_factory=dict)
    """Author -> [followers, posts, reposts caused]; the last two in the recent weights."""

    def note_content(self, mention: Mention, *, is_crisis: bool = False) -> None:
        """Take a mention's terms and text into account; crisis texts are kept before others."""
        if is_crisis or self.counted < _COUNTED_A_MINUTE:
            self.counted += not is_crisis
            if mention.terms:
                self._count(mention.terms[:_TERMS])
        self.untold += 1
        self._note_author(mention)
        if (mention.text or is_crisis) and mention.text_hash not in self.hashes:
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
            for one in self.influencers.values():
                one[1] /= self.recent_weight
                one[2] /= self.recent_weight
            self.total = [self.total[0] / self.recent_weight, self.total[1] / self.usual_weight]
            self.recent_weight = self.usual_weight = 1.0

    def rising(self, count: int = 5) -> tuple[Term, ...]:
        """The terms that are most above their usual share of the talk, for a reason of an alert."""
        found = []
        for term, (recent, usual) in self.counts.items():
            seen = recent / self.recent_weight
            if seen >= HARDLY:
                found.append((-(seen**2) / (1 + usual / self.usual_weight), term, seen))
        found.sort()
        return tuple([Term(term, max(1, round(seen))) for _, term, seen in found[:count]])

    def usual(self) -> Usual:
        """What is usually said about the brand."""
        return Usual(self.counts, self.recent_weight, self.usual_weight, self._totals()[1])

    def trend(self, brand: str, at_ms: int) -> Trend:
        """The state of the talk, as it is published."""
        self.untold = 0
        told = self._told()
        total, usual_total = self._totals()
        return Trend(
            brand=brand,
            at_ms=at_ms,
            counted=round(total, 1),
            usually_counted=round(usual_total, 1),
            top=told.top,
            rising=told.rising,
            influencers=first_of(
                [
                    Influencer(
                        author,
                        int(reach),
                        round(posts / self.recent_weight, 1),
                        round(reposts / self.recent_weight, 1),
                    )
                    for author, (reach, posts, reposts) in self.influencers.items()
                    if posts or reposts
                ]
            ),
        )

    def _totals(self) -> tuple[float, float]:
        """Recent and usual total; what is recent is not usual."""
        recent = self.total[0] / self.recent_weight
        return recent, max(self.total[1] / self.usual_weight - recent, 0.0)

    def _told(self) -> Told:
        """The terms that a trend tells of."""
        counts = {}
        for term, (recent, usual) in self.counts.items():
            seen = recent / self.recent_weight
            if seen >= HARDLY:
                before = usual / self.usual_weight - seen
                counts[term] = seen, before if before > 0.0 else 0.0
        return told_of(counts, *self._totals())

    def telling(self, count: int = 3) -> tuple[Sample, ...]:
        """The kept posts with the largest weight."""
        order = sorted(range(len(self.samples)), key=lambda i: -self.weights[i])
        return tuple(self.samples[i] for i in order[:count])

    def _count(self, terms: tuple[str, ...]) -> None:
        counts, recent, usual = self.counts, self.recent_weight, self.usual_weight
        number, is_new = len(terms), False
        self.total[0] += recent * number
        self.total[1] += usual * number
        for term in terms:
            if term in counts:
                pair = counts[term]
                pair[0] += recent
                pair[1] += usual
                continue
            counts[term] = [recent, usual]
            is_new = True
        if is_new and len(counts) > 4 * _KEPT:
            # What is usual stays too: forgotten, it would be news when it is said again.
            recents = {term: -pair[0] for term, pair in counts.items()}
            usuals = {term: -pair[1] for term, pair in counts.items()}
            first = sorted(counts, key=recents.__getitem__)[:_KEPT]
            first += sorted(counts, key=usuals.__getitem__)[:_KEPT]
            self.counts = {term: counts[term] for term in first}

    def _note_author(self, mention: Mention) -> None:
        """Who wrote it, and whose post was passed on."""
        influencers = self.influencers
        author = mention.author
        if author:
            if author not in influencers:
                influencers[author] = [0.0, 0.0, 0.0]
            one = influencers[author]
            if mention.reach > one[0]:
                one[0] = float(mention.reach)
            one[1] += self.recent_weight
        author = mention.original_author
        if author:
            if author not in influencers:
                influencers[author] = [0.0, 0.0, 0.0]
            influencers[author][2] += self.recent_weight
        if len(influencers) > 2 * _INFLUENCERS:
            weight = self.recent_weight
            # Reposts fade; an account is forgotten when it caused none lately and is small.
            ranks = {
                author: (-round(reposts / weight, 1) if reposts else 0.0, -reach)
                for author, (reach, _, reposts) in influencers.items()
            }
            first = sorted(influencers, key=ranks.__getitem__)[:_INFLUENCERS]
            self.influencers = {author: influencers[author] for author in first}

    def _keep(self, mention: Mention, weight: int) -> None:
        # In order of arrival: the first is the oldest.
        if self.samples and self.samples[0].event_time_ms < mention.event_time_ms - _FRESH_MS:
            self._drop(0)
        if len(self.samples) >= _SAMPLES:
            least = min(self.weights)
            if least >= weight:
                return
            self._drop(self.weights.index(least))
        self.samples.append(_sample(mention))
        self.hashes.append(mention.text_hash)
        self.weights.append(weight)

    def forget(self, forgotten: Forgotten) -> bool | None:
        """Let go of posts and authors that were taken back.

        Returns whether an author was among the influencers; None: nothing of it was kept.
        """
        gone = [index for index, one in enumerate(self.samples) if forgotten.covers_sample(one)]
        for index in reversed(gone):
            self._drop(index)
        authors = [author for author in self.influencers if forgotten.names(author)]
        for author in authors:
            del self.influencers[author]
        return bool(authors) if gone or authors else None

    def _drop(self, index: int) -> None:
        del self.samples[index], self.hashes[index], self.weights[index]


def _sample(mention: Mention) -> Sample:
    """The post; where it is a repost without words, the original, of which less is known."""
    is_bare = not mention.text
    return Sample(
        post=mention.original if is_bare else mention.post,
        source=mention.source,
        author=mention.original_author if is_bare else mention.author,
        text=mention.original_text if is_bare else mention.text,
        reach=0 if is_bare else mention.reach,
        sentiment_milli=mention.sentiment_milli,
        event_time_ms=mention.event_time_ms,
        url=mention.url or link_to(mention.source, mention.post, mention.author, mention.original),
    )
