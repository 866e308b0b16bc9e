"""What an alert tells all partitions when it begins, see `measures.incidents`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from measures.buckets import Bucket
from measures.moment import Moment
from measures.post_samples import SIZE, Sample, merged
from measures.rules.finding import Finding
from schemas.alert import Alert
from schemas.rules import CrisisRule, Rule
from schemas.signal import Signal

_LEAST_SHARE = 0.25
_MOST_TERMS = 6


def signal_of(alert: Alert, rule: Rule, finding: Finding, moment: Moment) -> Signal:
    """The begin of an alert that `finding` raised at `moment`."""
    buckets = moment.last(finding.horizon_min)
    single = finding.post
    sample: Sample = {single[0]: single[1]} if single is not None else {}
    if single is None:
        sample = merged(_samples(rule, buckets))
    return Signal(
        alert=alert.id,
        brand=alert.brand,
        parent=alert.parent,
        kind=alert.kind,
        started_at_ms=alert.started_at_ms,
        severity=alert.severity,
        is_silenced=alert.silenced_by != "",
        posts={number: thread for number, (thread, _) in sample.items()},
        terms=_leading(sample, rule.words if isinstance(rule, CrisisRule) else ()),
        is_single=single is not None,
        is_whole=single is not None or len(sample) < SIZE,
    )


def _samples(rule: Rule, buckets: list[Bucket]) -> Iterator[Sample]:
    """Of a crisis the posts that speak for it, else all."""
    for bucket in buckets:
        if isinstance(rule, CrisisRule):
            yield (bucket.hit_posts or {}).get(rule.id, {})
        else:
            yield bucket.sampled()


def _leading(sample: Sample, words: Sequence[str]) -> dict[str, float]:
    """Without `words`, by which the rule chose the posts: they stand in all of them."""
    counts = Counter(term for _, terms in sample.values() for term in terms)
    shares = {
        term: round(posts / len(sample), 2)
        for term, posts in counts.items()
        if not any(term in word or word in term for word in words)
    }
    order = sorted(shares, key=lambda term: (-shares[term], term))
    return {term: shares[term] for term in order[:_MOST_TERMS] if shares[term] >= _LEAST_SHARE}
