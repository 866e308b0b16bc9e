"""What a digest says: sums, shares, the period before, and nothing that could be markup."""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from delivery.digest_facts import BrandMinutes, DigestFacts, Total
from delivery.digest_times import before, delivery_of, digest_of
from delivery.digests import digest_message
from delivery.messages import Addresses, Message
from schemas.action import Action, ActionKind, ActionSubject
from schemas.catalogue import DigestSpan, ReceivingChannel, Subscriber, Wording
from schemas.feed import FeedGap, GapReason
from schemas.trend import Trend, TrendTerm
from schemas.window import Window
from tests.delivery.alerts import HOSTILE, MINUTE_MS, NOON_MS, alert, resolved, subscriber
from tests.views.records import window
from views.doings import Doings

FIRST = date(2026, 5, 25)
READER = subscriber(
    ReceivingChannel.EMAIL, brands=("xiaomi",), rivals=("huawei",), digests=(DigestSpan.DAY,)
)


def minute(brand: str, start_ms: int, posts: int, *, revision: int = 0) -> Window:
    made = window(brand, 0, posts, revision=revision, negative=posts // 2)
    return replace(made, start_ms=start_ms)


def facts(who: Subscriber = READER, **changes: Any) -> DigestFacts:
    zone = ZoneInfo(who.zone)
    digest = digest_of(DigestSpan.DAY, FIRST, zone)
    minutes = BrandMinutes(before(digest, zone).from_ms, digest.to_ms)
    for made in (
        minute("xiaomi", NOON_MS, 30), minute("xiaomi", NOON_MS, 40, revision=1),
        minute("xiaomi", NOON_MS, 1), minute("xiaomi", NOON_MS - 24 * 60 * MINUTE_MS, 20),
        minute("huawei", NOON_MS, 10), minute("huawei", digest.to_ms, 500),
    ):  # fmt: skip
        minutes.add(made)
    given = DigestFacts(
        digest=digest, earlier=before(digest, zone), brands=who.brands, rivals=who.rivals,
        minutes=minutes, alerts=(resolved(), alert(2, brand="xiaomi-su7")), trends=(), gaps=(),
        doings=Doings(),
    )  # fmt: skip
    return given._replace(**changes)


def told(given: DigestFacts, who: Subscriber = READER) -> Message:
    delivery = delivery_of(who, FIRST, given.digest, NOON_MS)
    where = Addresses("https://leimo.example")
    return digest_message(delivery, given, who, {"xiaomi": "小米", "huawei": "华为"}, where)


def test_the_newest_revision_of_each_minute_counts_within_the_day() -> None:
    mine, rival = facts().figures()
    assert mine.now == Total(posts=40, negative=20, moods=40)
    assert mine.then == Total(posts=20, negative=10, moods=20)
    assert rival.now.posts == 10
    assert (mine.share, mine.share_then, rival.share_then) == (0.8, 1.0, 0.0)


def test_it_says_so_in_both_languages() -> None:
    shown = "\n".join(told(facts()).lines)
    for text in (
        "声量：40 条（较前一日 +100%）", "情感：正面 0%，负面 50%", "小米 80.0%（前一日 100.0%）",
        "预警：2", "2026-05-25 20:00 至 2026-05-25 20:40", "仍在持续",
        "https://leimo.example/brands/xiaomi?from=",
    ):  # fmt: skip
        assert text in shown
    english = replace(READER, language=Wording.EN, zone="Europe/Berlin")
    shown = "\n".join(told(facts(english), english).lines)
    assert "Volume: 40 posts (+100% against the day before)" in shown
    assert "2026-05-25 14:00 to 2026-05-25 14:40" in shown


def test_who_saw_to_an_alert_and_gaps_are_told() -> None:
    false = Action(
        id="1", at_ms=1, who="li", kind=ActionKind.FALSE_ALARM, on=ActionSubject.ALERT,
        subject=alert(2).id,
    )  # fmt: skip
    gap = FeedGap(
        feed="jetstream", from_ms=NOON_MS, to_ms=NOON_MS + 5 * MINUTE_MS, reason=GapReason.NO_RESUME
    )
    shown = "\n".join(told(facts(doings=Doings([false]), gaps=(gap,))).lines)
    assert "li 标记为误报" in shown
    assert "数据缺口" in shown
    assert "jetstream：2026-05-25 20:00 至 2026-05-25 20:05" in shown


def test_without_figures_nothing_is_made_up() -> None:
    digest = facts()
    empty = BrandMinutes(digest.earlier.from_ms, digest.digest.to_ms)
    shown = "\n".join(told(digest._replace(minutes=empty, alerts=())).lines)
    assert "声量：0 条（前一日无数据）" in shown
    assert "情感：无" in shown
    assert told(digest._replace(minutes=empty)).pictures == ()


def test_text_of_strangers_stays_text() -> None:
    terms = (TrendTerm(HOSTILE, 9.0, 1.0, 9.0),)
    trend = Trend(
        brand="xiaomi", at_ms=NOON_MS, counted=1.0, usually_counted=1.0, top=terms, rising=terms,
        influencers=(),
    )  # fmt: skip
    post = replace(alert().samples[0], author=HOSTILE + "{text}", text=HOSTILE + "{reach}")
    hostile = alert(3, brand=HOSTILE, samples=(post,), kind=HOSTILE)
    message = told(facts(trends=(trend,), alerts=(hostile,)))
    tags = set(re.findall(r"</?([a-z0-9]+)", message.page))
    assert tags <= {
        *("html", "head", "meta", "body", "div", "h2", "h3", "p", "img", "table", "tr", "td", "b"),
        *("a", "span"),
    }
    assert "<b>x</b>" not in message.page
    assert "\x1b" not in message.page
    assert all("@all" not in line for line in message.lines)
