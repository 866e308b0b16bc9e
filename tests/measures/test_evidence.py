"""Each figure behind an alert, against counting by hand."""

import random
from collections import Counter
from typing import Any

import pytest

from schemas.alert import Alert, Sample
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign
from schemas.rules import CrisisRule
from tests.measures.feed import DAY, Feed, at, learned
from tests.measures.stream import board

CRISIS = CrisisRule(id="fire", words=("火",), resolve_after_min=5)
HORIZON_MIN = 10


def drawn(feed: Feed, rnd: random.Random) -> Mention:
    """A post with everything that is counted, as it may come."""
    place = rnd.choice((Place.OWN, Place.OWN, Place.QUOTED))
    return feed.mention(
        rnd.uniform(0, 59.9),
        author=f"author {rnd.randrange(12)}",
        text_hash=rnd.randrange(9),
        text="火" if place is Place.OWN else "",
        place=place,
        reach=rnd.randrange(10_000),
        is_repost=rnd.random() < 0.3,
        is_newcomer=rnd.random() < 0.3,
        is_edit=rnd.random() < 0.1,
        channel=rnd.choice(tuple(Channel)),
        polarity=rnd.choice(tuple(Polarity)) if place is Place.OWN else Polarity.NEUTRAL,
        spam=rnd.choice(((), (), (SpamSign.FLOOD,))),
        region=rnd.choice(("", "北京", "上海", "广东", "四川", "浙江", "海外")),
        intents=rnd.choice(((), tuple(Objective)[:1], tuple(Objective)[2:4])),
    )


def by_minute(posts: list[Mention]) -> dict[int, list[Mention]]:
    minutes: dict[int, list[Mention]] = {}
    for post in posts:
        minutes.setdefault(post.event_time_ms // 60_000, []).append(post)
    return minutes


def by_hand(posts: list[Mention]) -> dict[str, Any]:
    """Of the posts of the horizon."""
    posts = [post for post in posts if not post.is_edit]
    minutes = by_minute(posts).values()
    spoken = [post for post in posts if post.place is Place.OWN]
    heard = [Counter(post.author for post in minute if not post.spam) for minute in minutes]
    moods = Counter(post.polarity for post in spoken)
    intents = Counter(intent for post in posts for intent in post.intents)
    regions = Counter(post.region for post in posts if post.region and not post.spam)
    return {
        "horizon_min": HORIZON_MIN,
        "posts": len(posts),
        "authors": sum(len({post.author for post in minute}) for minute in minutes),
        "reach": sum(post.reach for post in posts),
        "reposts": len([post for post in posts if post.is_repost]),
        "copies": sum(len(minute) - len({post.text_hash for post in minute}) for minute in minutes),
        "newcomers": len([post for post in posts if post.is_newcomer]),
        "spam": len([post for post in posts if post.spam]),
        "bursts": sum(max(0, count - 3) for counts in heard for count in counts.values()),
        "owned": len([post for post in posts if post.channel is Channel.OWNED]),
        "paid": len([post for post in posts if post.channel is Channel.PAID]),
        "earned": len([post for post in posts if post.channel is Channel.EARNED]),
        "negative_now": round(moods[Polarity.NEGATIVE] / len(spoken), 4),
        "positive_now": round(moods[Polarity.POSITIVE] / len(spoken), 4),
        "intents": dict(sorted(intents.items())),
        "regions": dict(sorted(regions.items(), key=lambda item: (-item[1], item[0]))[:5]),
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_what_counting_by_hand_gives(seed: int) -> None:
    rnd, feed = random.Random(seed), Feed(board([CRISIS]))
    posts: list[Mention] = []
    for _ in range(25):
        made = [drawn(feed, rnd) for _ in range(rnd.randrange(20))]
        posts += made
        for alert in feed.posts(made):
            until_ms = alert.updated_at_ms + 60_000
            since_ms = until_ms - HORIZON_MIN * 60_000
            held = [post for post in posts if since_ms <= post.event_time_ms < until_ms]
            expected = by_hand(held)
            found = {name: getattr(alert.evidence, name) for name in expected}
            assert expected == found
    assert feed.alerts


def test_the_usual_mood_is_told_once_it_is_known() -> None:
    def first(feed: Feed) -> Alert:
        return feed.posts(feed.some(5, text="火", polarity=Polarity.NEGATIVE))[0]

    new = first(Feed(board([CRISIS]))).evidence
    assert (new.negative_before, new.positive_before) == (None, None)
    known = first(learned([CRISIS], DAY, 1, polarity=Polarity.POSITIVE)).evidence
    assert known.positive_before == pytest.approx(1.0, abs=0.05)
    assert known.negative_before == pytest.approx(0.0, abs=0.05)
    assert known.negative_now is not None
    assert known.negative_now > 0.2


def test_without_a_post_that_has_a_mood_there_is_none() -> None:
    feed = Feed(board([CRISIS]))
    [alert] = feed.posts(feed.some(4, text="火", place=Place.CHAIN))
    assert (alert.evidence.negative_now, alert.evidence.positive_now) == (None, None)
    assert alert.evidence.posts == 4


def told(*posts: dict[str, Any]) -> tuple[Sample, ...]:
    feed = Feed(board([CRISIS]))
    crowd = feed.some(4, text="火", reach=1)
    [alert, *_] = feed.posts(crowd, [feed.mention(30, **post) for post in posts])
    return alert.samples


def test_samples_are_ordered_by_reach_and_copies_are_shown_once() -> None:
    samples = told(
        {"text": "火 one", "reach": 10, "text_hash": 901},
        {"text": "火 two", "reach": 30, "text_hash": 902},
        {"text": "火 two", "reach": 25, "text_hash": 902},
        {"text": "火 three", "reach": 20, "text_hash": 903},
    )
    assert [sample.text for sample in samples] == ["火 two", "火 three", "火 one"]


def test_what_raised_a_crisis_is_shown_before_what_is_only_loud_and_spam_is_not_shown() -> None:
    samples = told(
        {"text": "hello", "reach": 9_000_000, "text_hash": 901},
        {"text": "火 far", "reach": 100, "text_hash": 902, "url": "https://a.org/1"},
        {"text": "火 buy", "reach": 5000, "text_hash": 903, "spam": (SpamSign.PITCH,)},
    )
    assert (samples[0].text, samples[0].url) == ("火 far", "https://a.org/1")
    assert {sample.text for sample in samples} <= {"火 far", "火"}


def test_a_sample_links_to_its_post_though_mentions_carry_ids_alone() -> None:
    ids = {"source": "weibo", "post": "3501756485200075", "author": "17"}
    samples = told({"text": "火 far", "reach": 100, "text_hash": 902, **ids})
    assert samples[0].url == "https://weibo.com/17/z0JH2lOMb"


def test_a_department_is_the_rules_then_the_brands_then_what_most_posts_ask_for() -> None:
    feed = Feed(board([CRISIS]))
    wish, praise = (Objective.SOCIAL_SALES,), (Objective.BRAND_BUILDING,)
    alerts = feed.posts(
        feed.some(3, text="火", intents=wish), feed.some(2, text="火", intents=praise)
    )
    assert [alert.department for alert in alerts] == ["social-sales"]
    assert alerts[0].updated_at_ms == at(0)
