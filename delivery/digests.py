"""A digest in words and as a page, in Chinese or English. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from delivery.digest_facts import BrandFigures, DigestFacts
from delivery.mail_pages import buttons, framed, picture_id, row, table
from delivery.messages import (
    KINDS,
    Addresses,
    Link,
    Message,
    Picture,
    harmless,
    local_time,
    post_url,
)
from delivery.pictures import bars
from schemas.alert import Alert
from schemas.catalogue import DigestSpan, Subscriber, Wording
from schemas.counted import agreeing
from schemas.delivery import Delivery, Digest
from schemas.feed import FeedGap

_TERMS, _ALERTS, _POSTS, _GAPS = 8, 10, 3, 5
_BINS = {DigestSpan.DAY: 24, DigestSpan.WEEK: 28}
_WORDS: Mapping[Wording, Mapping[str, str]] = {
    Wording.ZH: {
        "day": "日报", "week": "周报", "day before": "前一日", "week before": "前一周",
        "volume": "声量", "posts": "{count} 条", "change": "（较{before} {change}）",
        "mood": "情感", "shares": "正面 {positive}，负面 {negative}", "none": "无",
        "was": "（{before} {value}）", "share": "声量份额", "terms": "热词", "rising": "上升词",
        "alerts": "预警", "no alerts": "无预警", "severity": "严重度 {severity}",
        "ended": "{since} 至 {until}", "goes on": "{since} 起，仍在持续",
        "holder": "处理人 {who}", "false alarm": "{who} 标记为误报", "more": "另有 {count} 条",
        "top posts": "预警中的热门帖子", "post": "{author}（粉丝 {reach}）：{text}",
        "gap": "数据缺口，数字可能偏低", "gap line": "{feed}：{since} 至 {until}", "comma": "，",
        "between": "、",
        "picture": "{brand}：每{unit}帖子数，最高 {top}", "hour": "小时", "six": "六小时",
        "open": "查看 {brand}", "brand": "品牌", "unknown": "（{before}无数据）",
    },
    Wording.EN: {
        "day": "daily", "week": "weekly", "day before": "the day before",
        "week before": "the week before",
        "volume": "Volume", "posts": "{count} {count|post|posts}",
        "change": " ({change} against {before})",
        "mood": "Mood", "shares": "{positive} positive, {negative} negative", "none": "none",
        "was": " ({before}: {value})", "share": "Share of voice", "terms": "Terms",
        "rising": "Rising", "alerts": "Alerts", "no alerts": "none",
        "severity": "severity {severity}",
        "ended": "{since} to {until}", "goes on": "since {since}, still firing",
        "holder": "in the hands of {who}", "false alarm": "{who} called it a false alarm",
        "more": "{count} more", "top posts": "Top posts behind alerts",
        "post": "{author} ({reach} {reach|follower|followers}): {text}",
        "gap": "Gaps: figures may be too low", "gap line": "{feed}: {since} to {until}",
        "comma": ", ", "between": ", ",
        "picture": "{brand}: posts every {unit}, at most {top}", "hour": "hour",
        "six": "six hours", "open": "Open {brand}", "brand": "Brand",
        "unknown": " (nothing is known of {before})",
    },
}  # fmt: skip


class _Page:
    """One digest in the words of its reader."""

    def __init__(
        self,
        facts: DigestFacts,
        subscriber: Subscriber,
        names: Mapping[str, str],
        addresses: Addresses,
    ) -> None:
        self.facts = facts
        self.words = _WORDS[subscriber.language]
        self.subscriber = subscriber
        self._names = names
        self._addresses = addresses
        self._before = self.words[f"{facts.digest.span} before"]

    def name(self, brand: str) -> str:
        return harmless(self._names.get(brand, brand))

    def title(self) -> str:
        brands = self.words["between"].join(self.name(one) for one in self.facts.brands[:4])
        head = f"leimo {self.words[self.facts.digest.span]}"
        when = _dates(self.facts.digest, self.subscriber.zone)
        if self.subscriber.language is Wording.ZH:
            return f"【{head}】{brands} {when}"
        return f"[{head}] {brands} {when}"

    def volume(self, found: BrandFigures) -> str:
        posts = agreeing(self.words["posts"], count=found.now.posts).format(
            count=f"{found.now.posts:,}"
        )
        if found.then is None:
            return posts + self.words["unknown"].format(before=self._before)
        if not found.then.posts:
            return posts
        change = f"{round(found.now.posts / found.then.posts * 100) - 100:+d}%"
        return posts + self.words["change"].format(before=self._before, change=change)

    def mood(self, found: BrandFigures) -> str:
        now, then = found.now, found.then
        if not now.moods:
            return self.words["none"]
        text = self.words["shares"].format(
            positive=f"{now.positive / now.moods:.0%}", negative=f"{now.negative / now.moods:.0%}"
        )
        if then is None or not then.moods:
            return text
        value = f"{then.positive / then.moods:.0%} / {then.negative / then.moods:.0%}"
        return text + self.words["was"].format(before=self._before, value=value)

    def share(self, found: BrandFigures) -> str:
        if found.share is None:
            return self.words["none"]
        text = f"{found.share:.1%}"
        if found.share_then is None:
            return text
        return text + self.words["was"].format(before=self._before, value=f"{found.share_then:.1%}")

    def alert(self, alert: Alert) -> str:
        words, zone = self.words, self.subscriber.zone
        since = local_time(alert.started_at_ms, zone)
        if alert.ended_at_ms is None:
            when = words["goes on"].format(since=since)
        else:
            when = words["ended"].format(since=since, until=local_time(alert.ended_at_ms, zone))
        kind = KINDS[self.subscriber.language].get(alert.kind, alert.kind)
        parts = [
            f"{self.name(alert.brand)} {kind}",
            words["severity"].format(severity=alert.severity),
        ]
        parts.append(when)
        doing = self.facts.doings.of_alert(alert.id, alert.incident)
        if doing.false_alarm_by:
            parts.append(words["false alarm"].replace("{who}", doing.false_alarm_by))
        elif doing.holder:
            parts.append(words["holder"].replace("{who}", doing.holder))
        return harmless(words["comma"].join(parts))

    def alerts(self) -> list[str]:
        found = [self.alert(one) for one in self.facts.alerts[:_ALERTS]]
        left = len(self.facts.alerts) - len(found)
        return [*found, self.words["more"].format(count=left)] if left > 0 else found

    def gap(self, gap: FeedGap) -> str:
        zone = self.subscriber.zone
        return harmless(
            self.words["gap line"].format(
                feed=harmless(gap.feed).replace("{", "").replace("}", ""),
                since=local_time(gap.from_ms, zone),
                until=local_time(gap.to_ms, zone),
            )
        )

    def gaps(self) -> list[str]:
        return [self.gap(one) for one in self.facts.gaps[-_GAPS:]]

    def posts(self) -> list[tuple[str, str]]:
        """Text and address."""
        return [
            (
                harmless(
                    agreeing(self.words["post"], reach=one.reach)
                    .replace("{reach}", f"{one.reach:,}")
                    .replace("{author}", one.author, 1)
                    .replace("{text}", one.text, 1)
                ),
                post_url(one.source, one.post),
            )
            for one in self.facts.posts(_POSTS)
        ]

    def words_of(self, terms: list[str]) -> str:
        return harmless(self.words["between"].join(terms)) or self.words["none"]

    def links(self) -> Iterator[Link]:
        digest = self.facts.digest
        for brand in self.facts.brands[:3]:
            url = self._addresses.of_brand(brand, digest.from_ms, digest.to_ms)
            if url:
                yield Link(self.words["open"].format(brand=self.name(brand)), url)

    def picture(self) -> Picture | None:
        """Of the first brand."""
        digest, brand = self.facts.digest, self.facts.brands[0]
        minutes = self.facts.minutes.of(brand)
        if minutes is None:
            return None
        values = minutes.binned(digest.from_ms, digest.to_ms, _BINS[digest.span])
        if not any(values):
            return None
        unit = self.words["hour" if digest.span is DigestSpan.DAY else "six"]
        about = self.words["picture"].format(
            brand=self.name(brand), unit=unit, top=f"{max(values):,}"
        )
        return Picture(bars(values), about)


def _dates(digest: Digest, zone: str) -> str:
    first, last = (
        datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()
        for at_ms in (digest.from_ms, digest.to_ms - 1)
    )
    return f"{first}" if first == last else f"{first} – {last}"


def digest_message(
    delivery: Delivery,
    facts: DigestFacts,
    subscriber: Subscriber,
    names: Mapping[str, str],
    addresses: Addresses,
) -> Message:
    """The digest for people: lines for chats, a page and a picture for mail."""
    page = _Page(facts, subscriber, names, addresses)
    picture = page.picture()
    return Message(
        id=delivery.name,
        title=page.title(),
        body=tuple(_lines(page)),
        links=tuple(page.links()),
        thread=delivery.name,
        page=_html(page, picture),
        pictures=() if picture is None else (picture,),
        colon="：" if subscriber.language is Wording.ZH else ": ",
    )


def _lines(page: _Page) -> Iterator[str]:
    words, facts = page.words, page.facts
    colon = "：" if page.subscriber.language is Wording.ZH else ": "
    figures = facts.figures()
    for found in figures[: len(facts.brands)]:
        name = f"{page.name(found.brand)} " if len(facts.brands) > 1 else ""
        yield f"{name}{words['volume']}{colon}{page.volume(found)}"
        yield f"{name}{words['mood']}{colon}{page.mood(found)}"
    if len(figures) > 1:
        shares = " · ".join(f"{page.name(one.brand)} {page.share(one)}" for one in figures)
        yield f"{words['share']}{colon}{shares}"
    yield f"{words['terms']}{colon}{page.words_of(facts.terms(_TERMS))}"
    if rising := facts.rising(_TERMS):
        yield f"{words['rising']}{colon}{page.words_of(rising)}"
    yield f"{words['alerts']}{colon}{len(facts.alerts) or words['no alerts']}"
    yield from (f"- {line}" for line in page.alerts())
    if posts := page.posts():
        yield f"{words['top posts']}{colon}"
        yield from (f"- {text} {url}".rstrip() for text, url in posts)
    if gaps := page.gaps():
        yield f"{words['gap']}{colon}"
        yield from (f"- {line}" for line in gaps)


def _html(page: _Page, picture: Picture | None) -> str:
    words, facts = page.words, page.facts
    shown = ""
    if picture is not None:
        about = escape(picture.about)
        shown = (
            f'<p style="margin:0"><img src="cid:{picture_id(0)}" width="560" alt="{about}" '
            'style="max-width:100%;height:auto;border:1px solid #ddd"></p>'
            f'<p style="margin:0 0 12px;color:#666;font-size:13px">{about}</p>'
        )
    heads = ("brand", "volume", "mood", "share")
    head = row(
        (f"<b>{escape(words[one])}</b>" for one in heads), style="border-bottom:1px solid #ddd"
    )
    rows = "".join(
        row(
            escape(cell)
            for cell in (page.name(one.brand), page.volume(one), page.mood(one), page.share(one))
        )
        for one in facts.figures()
    )
    posts = [
        f'{escape(text)} <a href="{escape(url)}">↗</a>' if url else escape(text)
        for text, url in page.posts()
    ]
    sections = [
        ("terms", [escape(page.words_of(facts.terms(_TERMS)))]),
        ("rising", [escape(page.words_of(rising))] if (rising := facts.rising(_TERMS)) else []),
        ("alerts", [escape(one) for one in page.alerts()] or [escape(words["no alerts"])]),
        ("top posts", posts),
        ("gap", [escape(one) for one in page.gaps()]),
    ]
    listed = "".join(
        f'<h3 style="font-size:15px;margin:16px 0 4px">{escape(words[name])}</h3>'
        + "".join(f'<p style="margin:2px 0">{item}</p>' for item in items)
        for name, items in sections
        if items
    )
    return framed(page.title(), shown + table(head + rows) + listed + buttons(tuple(page.links())))
