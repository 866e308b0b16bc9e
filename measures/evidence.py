"""What stands behind an alert, for the people who get it."""

from collections import Counter
from collections.abc import Iterable

from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.buckets import Bucket
from measures.moment import Moment
from schemas.alert import Evidence
from schemas.mention import Objective

_REGIONS = 5


def evidence(state: BrandState, held: OpenAlert, expected_burst: str = "") -> Evidence:
    """Add up the alert's horizon. `expected_burst`: id of the day of big sales that it is."""
    buckets = Moment(state, held.true_at_ms).last(held.horizon_min)
    posts = sum(one.posts for one in buckets)
    owned, paid = sum(one.owned for one in buckets), sum(one.paid for one in buckets)
    spoken = sum(one.spoken for one in buckets)
    negative = sum(one.negative for one in buckets)
    positive = sum(one.positive for one in buckets)
    return Evidence(
        horizon_min=held.horizon_min,
        posts=posts,
        authors=sum(one.authors.count() for one in buckets),
        reach=sum(one.reach for one in buckets),
        probability=held.probability,
        reposts=sum(one.reposts for one in buckets),
        copies=sum(max(one.posts - one.texts.count(), 0) for one in buckets),
        newcomers=sum(one.newcomers for one in buckets),
        spam=sum(one.spam for one in buckets),
        bursts=sum(one.authors.bursts() for one in buckets),
        owned=owned,
        paid=paid,
        earned=posts - owned - paid,
        intents=dict(sorted(_intents(state, held, held.horizon_min).items())),
        regions=_regions(buckets),
        negative_before=_share(held.negative_before),
        negative_now=round(negative / spoken, 4) if spoken else None,
        positive_before=_share(held.positive_before),
        positive_now=round(positive / spoken, 4) if spoken else None,
        expected_burst=expected_burst,
    )


def moods_before(state: BrandState) -> tuple[float, float]:
    """The usual shares of negative and of positive posts; below 0 where they are not known."""
    if state.judged < BELIEVED_POSTS or state.rival_shares:
        return -1.0, -1.0
    return state.negative_share, state.positive_share


def asked_for(state: BrandState, held: OpenAlert) -> str:
    """The objective that most posts of the alert's last hour have: whose work it is."""
    asked = _intents(state, held, 60)
    return min(asked, key=lambda name: (-asked[name], name)) if asked else ""


def _intents(state: BrandState, held: OpenAlert, minutes: int) -> Counter[Objective]:
    asked: Counter[Objective] = Counter()
    for bucket in Moment(state, held.true_at_ms).last(minutes):
        asked.update(bucket.intents or {})
    return asked


def _regions(buckets: Iterable[Bucket]) -> dict[str, int]:
    """Those with the most posts, by name where there are as many."""
    counts: Counter[str] = Counter()
    for bucket in buckets:
        counts.update(bucket.regions or {})
    order = sorted(counts, key=lambda region: (-counts[region], region))
    return {region: counts[region] for region in order[:_REGIONS]}


def _share(known: float) -> float | None:
    return None if known < 0 else round(known, 4)
