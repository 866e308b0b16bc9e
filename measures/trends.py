"""Which terms rise, and who has influence: stated measures over bounded counts."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.trend import Influencer, Trend, TrendTerm

EVERY_MS = 600_000
"""A brand's trend is told so often, in event time, while it has posts."""
FRESH_MS = 7_200_000
"""What a brand told longer ago than this is no part of the whole picture."""
TOP = 20
HARDLY = 0.5
"""Terms with a smaller count are not told."""
AT_LEAST = 10
"""Mentions that a brand has to have had since it told its last trend."""
SURELY = 6.63
"""Log-likelihood ratio from which a rise is no chance in 99 of 100 (chi squared, one degree)."""
_NEARLY_NONE = 1e-9
LEAST = 2.0
"""Terms with a smaller count are never called rising."""


def log_likelihood(count: float, total: float, usual: float, usual_total: float) -> float:
    """How surely a share differs from its usual one, signed: above 0 where it rose.

    Twice the log of the likelihood of two shares over that of one (Dunning, "Accurate Methods for
    the Statistics of Surprise and Coincidence", 1993). Robust at small counts, where chi squared
    is not.

    >>> round(log_likelihood(10, 100, 10, 1000), 1), log_likelihood(1, 100, 10, 1000)
    (22.9, 0.0)
    >>> log_likelihood(0, 100, 50, 100) < 0
    True
    """
    if total <= 0 or usual_total <= 0:
        return 0.0
    share = (count + usual) / (total + usual_total)
    ratio = 0.0
    for seen, size in ((count, total), (usual, usual_total)):
        for part, expected in ((seen, share * size), (size - seen, (1 - share) * size)):
            if part > 0 and expected > 0:
                ratio += part * math.log(part / expected)
    if -_NEARLY_NONE <= ratio <= _NEARLY_NONE:
        return 0.0
    surely = 2 * ratio if ratio > 0 else 0.0
    return surely if count * usual_total > usual * total else -surely


class Told(NamedTuple):
    """What a trend tells of terms."""

    top: tuple[TrendTerm, ...]
    """The most frequent ones."""
    rising: tuple[TrendTerm, ...]
    """Those whose share rose surely."""


def told_of(counts: Mapping[str, tuple[float, float]], total: float, usual_total: float) -> Told:
    """The terms to tell of; `counts`: term -> recent and usual count, apart from each other.

    Only those are scored: a score costs more than all else that is done with a term.
    """
    seen = {term: round(count, 1) for term, (count, _) in counts.items()}
    first = sorted([(-count, term) for term, count in seen.items()])[:TOP]
    may_rise = [
        term
        for term, (count, usual) in counts.items()
        if seen[term] >= LEAST and count * usual_total > usual * total
    ]
    scored: dict[str, TrendTerm] = {}
    for term in [*[term for _, term in first], *may_rise]:
        if term not in scored:
            count, usual = counts[term]
            score = round(log_likelihood(count, total, usual, usual_total), 1)
            scored[term] = TrendTerm(term, seen[term], round(usual, 1), score)
    surely = sorted(
        [(-scored[term].score, term) for term in may_rise if scored[term].score >= SURELY]
    )
    return Told(
        tuple([scored[term] for _, term in first]),
        tuple([scored[term] for _, term in surely[:TOP]]),
    )


def overall(trends: Iterable[Trend]) -> Trend:
    """All brands together, from what each of them told of itself within `FRESH_MS` of the newest.

    A term counts where it is among the first of a brand, so small ones are missing.
    """
    told = list(trends)
    newest_ms = max((trend.at_ms for trend in told), default=0)
    fresh = [trend for trend in told if trend.at_ms >= newest_ms - FRESH_MS]
    counts: dict[str, tuple[float, float]] = {}
    influencers: dict[str, Influencer] = {}
    total = usual_total = 0.0
    for trend in fresh:
        total += trend.counted
        usual_total += trend.usually_counted
        for term in {term.term: term for term in (*trend.top, *trend.rising)}.values():
            count, usual = counts.get(term.term, (0.0, 0.0))
            counts[term.term] = count + term.count, usual + term.usual
        for one in trend.influencers:
            before = influencers.get(one.author, Influencer(one.author, 0, 0.0, 0.0))
            influencers[one.author] = Influencer(
                one.author,
                max(before.reach, one.reach),
                round(before.posts + one.posts, 1),
                round(before.reposts + one.reposts, 1),
            )
    told_terms = told_of(counts, total, usual_total)
    return Trend(
        brand="",
        at_ms=newest_ms,
        counted=round(total, 1),
        usually_counted=round(usual_total, 1),
        top=told_terms.top,
        rising=told_terms.rising,
        influencers=first_of(influencers.values()),
    )


def first_of(influencers: Iterable[Influencer]) -> tuple[Influencer, ...]:
    """Those who cause most reposts, then those with most followers."""
    loud = [
        (-one.reposts, -one.reach, one.author, one)
        for one in influencers
        if one.posts or one.reposts
    ]
    return tuple([one for _, _, _, one in sorted(loud)[:TOP]])
