"""What stands behind an alert, for the people who get it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.buckets import Bucket
from measures.moment import Moment
from schemas.alert import Evidence
from schemas.mention import Objective

_REGIONS = 5


def evidence(state: BrandState, open_alert: OpenAlert, expected_burst: str = "") -> Evidence:
    """Add up the alert's horizon. `expected_burst`: id of the day of big sales that it is."""
    buckets = Moment(state, open_alert.true_at_ms).last(open_alert.horizon_min)
    posts = owned = paid = exposures = negative = positive = 0
    authors = reach = reposts = copies = newcomers = spam = bursts = 0
    for one in buckets:
        posts += one.posts
        owned += one.owned
        paid += one.paid
        exposures += one.exposures
        negative += one.negative
        positive += one.positive
        authors += one.authors.count()
        reach += one.reach
        reposts += one.reposts
        copies += max(one.posts - one.texts.count(), 0)
        newcomers += one.newcomers
        spam += one.spam
        bursts += one.authors.bursts()
    spoken = posts - exposures
    return Evidence(
        horizon_min=open_alert.horizon_min,
        posts=posts,
        authors=authors,
        reach=reach,
        probability=open_alert.probability,
        reposts=reposts,
        copies=copies,
        newcomers=newcomers,
        spam=spam,
        bursts=bursts,
        owned=owned,
        paid=paid,
        earned=posts - owned - paid,
        intents=dict(sorted(_intents(buckets).items())),
        regions=_regions(buckets),
        negative_before=_share(open_alert.negative_before),
        negative_now=round(negative / spoken, 4) if spoken else None,
        positive_before=_share(open_alert.positive_before),
        positive_now=round(positive / spoken, 4) if spoken else None,
        expected_burst=expected_burst,
    )


def moods_before(state: BrandState) -> tuple[float, float]:
    """The usual shares of negative and of positive posts; below 0 where they are not known."""
    if state.judged < BELIEVED_POSTS or state.rival_shares:
        return -1.0, -1.0
    return state.negative_share, state.positive_share


def asked_for(state: BrandState, open_alert: OpenAlert) -> str:
    """The objective that most posts of the alert's last hour have: whose work it is."""
    asked = _intents(Moment(state, open_alert.true_at_ms).last(60))
    return min(asked, key=lambda name: (-asked[name], name)) if asked else ""


def _intents(buckets: Iterable[Bucket]) -> Mapping[Objective, int]:
    asked: defaultdict[Objective, int] = defaultdict(int)
    for bucket in buckets:
        if bucket.intents:
            for objective, posts in bucket.intents.items():
                asked[objective] += posts
    return asked


def _regions(buckets: Iterable[Bucket]) -> dict[str, int]:
    """Those with the most posts, by name where there are as many."""
    counts: defaultdict[str, int] = defaultdict(int)
    for bucket in buckets:
        if bucket.regions:
            for region, posts in bucket.regions.items():
                counts[region] += posts
    order = sorted([(-posts, region) for region, posts in counts.items()])
    return {region: counts[region] for _, region in order[:_REGIONS]}


def _share(known: float) -> float | None:
    return None if known < 0 else round(known, 4)
