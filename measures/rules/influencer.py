"""A large account says something that matters, or many address the brand's accounts in anger.

That a large account names a brand is everyday life. It matters when it is larger than those that
the brand is used to, and objects, complains or asks in its own words, or when others pass on what
it said.
"""

from collections.abc import Iterable

from measures.brand_state import OpenAlert
from measures.buckets import BUCKET_MS, Bucket, Loud
from measures.moment import Moment
from measures.post_samples import Sample
from measures.rules.finding import Finding, severity_of
from schemas.counted import counted, noun_of
from schemas.rules import InfluencerRule

HORIZON_MIN = 60
SPREADS_MS = HORIZON_MIN * BUCKET_MS
"""For so long reposts of a post are counted."""
_CASCADE = 10
"""Reposts of a large account's post that name the brand too: it begins to spread, ..."""
_CASCADE_SHARE = 0.25
"""... if they are so large a part of what is said of the brand in the hour."""
_ATTACK_FACTOR = 3.0
_STILL = 0.5
NEWS_FACTOR = 1.5
"""An account is news where it is so many times as large as the largest that named the brand in the
last weeks: the same account again after 18 days."""


def may_spread(moment: Moment) -> bool:
    """Whether a large account has said something within the hour that may be passed on now."""
    if moment.state.voiced_ms <= moment.start_ms - SPREADS_MS:
        return False
    bucket = moment.bucket
    return bucket is not None and bucket.reposts > 0


def evaluate(moment: Moment, rule: InfluencerRule, open_alert: OpenAlert | None) -> Finding | None:
    """What is in the minute alone can make it true; the rest of the hour adds up."""
    bucket = moment.bucket
    if bucket is None:
        return None
    upset = bucket.upset
    if upset is not None and _is_large(moment, bucket, upset, rule, open_alert):
        what = "speaks badly of it" if upset.is_negative else "complains or asks"
        return _found(upset, rule, f"an account with {counted(upset.reach, 'follower')} {what}")
    if may_spread(moment) or bucket.loudest >= rule.min_reach:
        spreads = _spreading(moment, rule, open_alert)
        if spreads is not None:
            return spreads
    return _attacked(moment, rule, open_alert) if bucket.attacks else None


def _found(loud: Loud, rule: InfluencerRule, cause: str) -> Finding:
    return Finding(
        loud.reach,
        0,
        severity_of(loud.reach, rule.min_reach),
        cause,
        "followers",
        horizon_min=1,
        post=(loud.number, loud.kept),
    )


def _is_large(
    moment: Moment, bucket: Bucket, loud: Loud, rule: InfluencerRule, open_alert: OpenAlert | None
) -> bool:
    """Large brands are named by large accounts every day."""
    least = rule.min_reach
    if loud.reach < least or open_alert is not None:
        return loud.reach >= least
    usual = bucket.loudest_before
    if usual < 0:
        usual = moment.state.usual_loudest(moment.start_ms)
    return usual < least or loud.reach >= NEWS_FACTOR * usual


def _spreading(
    moment: Moment, rule: InfluencerRule, open_alert: OpenAlert | None
) -> Finding | None:
    """The largest account of the hour whose own post many pass on, as far as the samples show."""
    buckets = moment.last(HORIZON_MIN)
    samples = [one.sampled() for one in buckets if one.sample is not None]
    threads = [kept[0] for sample in samples for kept in sample.values()]
    least = max(_CASCADE, _CASCADE_SHARE * len(threads))
    if len(threads) < least:
        return None
    best: tuple[int, int, Loud] | None = None
    for bucket in buckets:
        loud = bucket.loudest_post()
        if loud is None or loud.is_repost or loud.reach < rule.min_reach:
            continue
        reposts = threads.count(loud.kept[0])
        if reposts < least or not _is_large(moment, bucket, loud, rule, open_alert):
            continue
        reposts -= _times_in(samples, loud)
        if reposts >= least:
            found = (loud.reach, reposts, loud)
            best = found if best is None or found[:2] > best[:2] else best
    if best is None:
        return None
    reach, reposts, loud = best
    followers, so_far = counted(reach, "follower"), f"{reposts} {noun_of(reposts, 'repost')}"
    cause = f"a post of an account with {followers} spreads: {so_far} of it so far"
    return _found(loud, rule, cause)


def _times_in(samples: Iterable[Sample], loud: Loud) -> int:
    """The post itself is no repost of it."""
    thread, number = loud.kept[0], loud.number
    return sum([number in one and one[number][0] == thread for one in samples])


def _attacked(moment: Moment, rule: InfluencerRule, open_alert: OpenAlert | None) -> Finding | None:
    """Far more than usual, also without what the busiest author adds; lasts while half of it."""
    if not moment.baseline.is_warm():
        return None
    attacks = sum(bucket.attacks for bucket in moment.last(HORIZON_MIN))
    usual = HORIZON_MIN * moment.state.usual_attacks(moment.start_ms)
    least = max(rule.min_posts, _ATTACK_FACTOR * usual)
    if attacks < (least if open_alert is None else _STILL * least):
        return None
    if open_alert is None and (
        attacks - moment.busiest(HORIZON_MIN) < least
        or moment.authors(HORIZON_MIN) < rule.min_authors
    ):
        return None
    cause = f"{attacks} negative posts to its own accounts in the last hour, {usual:.0f} usual"
    return Finding(attacks, usual, severity_of(attacks, least), cause, "posts to its accounts")
