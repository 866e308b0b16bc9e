"""What a person is told, in words: title, lines and links, in Chinese or English. Pure.

Lines are plain text. Each channel puts them into its own form, so that nothing of a post is ever
read as markup. Links are ours, or made of ids of posts by rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from delivery.links import HOLDS_MS, Ticket, link
from schemas.action import ActionKind
from schemas.alert import EVERY_BRAND, Alert, AlertState, Sample
from schemas.catalogue import Subscriber, Wording
from schemas.counted import agreeing
from schemas.delivery import Delivery, Notice
from schemas.mention import GROUP_PREFIX
from views.doings import NOTHING_DONE, Doing
from views.plain_text import one_line
from views.reasons import reason_in

_JOINER = "\u2060"
"""WORD JOINER: nobody sees it, and `@` with it is no mention."""
_MENTION = re.compile(r"([@＠])(?=\S)")
_SAMPLES = 2
_TERMS = 6
_HOUR_MS = 3_600_000
_LAST_MS = 253_402_200_000_000
"""30 December 9999, which all zones can show."""
_BEFORE_MS = 3 * _HOUR_MS
"""What a page of a brand shows before the alert began."""
_MOST_ADDRESS_CHARS = 500
_WEIBO_POST = re.compile(r"[0-9]{6,20}")
_JETSTREAM_POST = re.compile(r"at://(did:[a-z0-9:.]+)/app\.bsky\.feed\.post/([a-z0-9]+)")
_MASTODON_POST = re.compile(r"https://[a-z0-9.\-]+(/[A-Za-z0-9@._~\-]+)+")

KINDS: Mapping[Wording, Mapping[str, str]] = {
    Wording.ZH: {
        "spike": "声量激增", "drop": "声量骤降", "sentiment": "负面升高", "crisis": "危机词",
        "influencer": "大号发声", "silence": "无人提及", "share": "声量份额变化",
        "composite": "组合条件", "test": "测试",
    },
    Wording.EN: {
        "spike": "far more posts", "drop": "far fewer posts", "sentiment": "mood turns negative",
        "crisis": "crisis words", "influencer": "a large account", "silence": "no posts",
        "share": "share of voice shifts", "composite": "several conditions", "test": "test",
    },
}  # fmt: skip
_WORDS: Mapping[Wording, Mapping[str, str]] = {
    Wording.ZH: {
        "firing": "预警", "update": "更新", "resolved": "已结束", "severity": "严重度",
        "seen": "实际 {seen}，预期 {expected}（{unit}）", "posts": "条", "% negative": "% 负面",
        "% share": "% 份额", "followers": "粉丝", "posts to its accounts": "条发给官方账号的帖子",
        "log posts": "各品牌帖数取对数后相加", "authors": "位作者", "reach": "触达",
        "negative": "% 负面", "positive": "% 正面",
        "mood": "负面占比 {now}（平时 {before}）", "terms": "热词：{terms}",
        "since": "开始：{since}", "span": "时间：{since} 至 {until}（{zone}）", "all": "全部品牌",
        "post": "帖子（{author}，粉丝 {reach}）：{text}", "department": "部门：{department}",
        "start": "开始：{since}（{zone}）", "why": "原因：{reason}",
        "holder": "处理人：{who}", "false alarm": "{who} 标记为误报",
        "escalated": "升级：{who} 未认领", "several": "{count} 条预警",
        "taken": "已认领", "released": "已放弃处理", "is false": "误报",
        "taken by": "{who} 正在处理（{at}，{zone}）",
        "released by": "{who} 不再处理（{at}，{zone}）",
        "note": "备注：{note}",
        "page": "查看预警", "brand page": "查看品牌", "act": "认领或标记误报",
        "open post": "帖子 {number}", "colon": "：", "between": "、",
    },
    Wording.EN: {
        "firing": "Alert", "update": "Update", "resolved": "Over", "severity": "severity",
        "seen": "Seen {seen}, expected {expected} ({unit})", "posts": "posts",
        "mood": "Negative {now} (usually {before})", "terms": "Rising: {terms}",
        "span": "From {since} to {until} ({zone})", "all": "all brands",
        "post": "Post ({author}, {reach} {reach|follower|followers}): {text}",
        "department": "For: {department}",
        "start": "Since {since} ({zone})", "why": "Why: {reason}",
        "holder": "In the hands of {who}", "false alarm": "{who} called it a false alarm",
        "escalated": "Escalated: {who} has not acknowledged it",
        "several": "{count} {count|alert|alerts}",
        "taken": "taken", "released": "given back", "is false": "false alarm",
        "taken by": "{who} has it ({at}, {zone})",
        "released by": "{who} gave it back ({at}, {zone})",
        "note": "Note: {note}",
        "page": "Open the alert", "brand page": "Open the brand",
        "act": "Acknowledge, or false alarm", "open post": "Post {number}",
        "colon": ": ", "between": ", ",
    },
}  # fmt: skip


class Link(NamedTuple):
    """An address that is safe to be followed and to be put into any form."""

    label: str
    url: str


class Picture(NamedTuple):
    """A small picture, for channels that take one."""

    png: bytes
    about: str
    """What it shows, for those who do not see it."""


class Message(NamedTuple):
    """What a person is told, or a program."""

    id: str
    """`alert/revision`: the same for each attempt."""
    title: str
    body: tuple[str, ...]
    links: tuple[Link, ...] = ()
    alert: Alert | None = None
    """What a program is told; None: it is about no alert, or several."""
    answers: str = ""
    """The channel's id of the first message about this alert."""
    thread: str = ""
    """What messages of one thread have in common."""
    is_urgent: bool = False
    page: str = ""
    """A whole mail in HTML, where it has a form of its own."""
    pictures: tuple[Picture, ...] = ()
    colon: str = ": "

    @property
    def lines(self) -> tuple[str, ...]:
        """All but the title, for channels that know nothing but text."""
        return (*self.body, *(f"{one.label}{self.colon}{one.url}" for one in self.links))

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.title, *self.lines)


class Addresses(NamedTuple):
    """Where people find more."""

    center_url: str = ""
    links_url: str = ""
    links_secret: str = ""

    def of_alert(self, alert: str) -> str:
        """The page of an alert in the command center; empty where there is none."""
        return f"{self.center_url}/alerts/{quote(alert, safe='')}" if self.center_url else ""

    def of_brand(self, brand: str, from_ms: int, to_ms: int) -> str:
        """The page of a brand over a stretch of time."""
        if not self.center_url or brand == EVERY_BRAND or brand.startswith(GROUP_PREFIX):
            return ""
        times = urlencode({"from": from_ms, "to": to_ms})
        return f"{self.center_url}/brands/{quote(brand, safe='')}?{times}"

    def to_act(self, subscriber: Subscriber, alert: Alert, matched_at_ms: int) -> str:
        """The signed link by which a person answers."""
        if not self.links_url or alert.state is AlertState.RESOLVED:
            return ""
        expires_s = (matched_at_ms + HOLDS_MS) // 1000
        ticket = Ticket(alert.id, alert.brand, subscriber.id, expires_s)
        return link(self.links_url, self.links_secret, ticket)


NOWHERE = Addresses()


def message_of(
    alert: Alert,
    subscriber: Subscriber,
    names: Mapping[str, str],
    *,
    is_update: bool = False,
    answers: str = "",
    addresses: Addresses = NOWHERE,
    doing: Doing = NOTHING_DONE,
    matched_at_ms: int = 0,
    escalated_from: str = "",
) -> Message:
    """The message about one state of an alert; `names` are those of brands by id."""
    words = _WORDS[subscriber.language]
    more = list(_doings(doing, escalated_from, words))
    return Message(
        id=f"{alert.id}/{alert.revision}",
        alert=alert,
        title=_title(alert, subscriber.language, names, is_update=is_update),
        body=tuple(harmless(line) for line in (*more, *_lines(alert, subscriber, names))),
        links=tuple(_links(alert, subscriber, addresses, matched_at_ms)),
        answers=answers,
        thread=alert.id,
        is_urgent=alert.state is AlertState.FIRING and alert.severity >= 8,
        colon=words["colon"],
    )


def message_of_several(
    told: Sequence[Delivery],
    subscriber: Subscriber,
    names: Mapping[str, str],
    *,
    addresses: Addresses = NOWHERE,
) -> Message:
    """One message about several alerts, the first of which gives it its id."""
    words = _WORDS[subscriber.language]
    body: list[str] = []
    links: list[Link] = []
    alerts = [(one, one.pending) for one in told if one.pending is not None]
    for delivery, alert in alerts:
        title = _title(alert, subscriber.language, names, is_update=delivery.told_revision >= 0)
        body += [title, next(_lines(alert, subscriber, names))]
        url = addresses.to_act(subscriber, alert, delivery.matched_at_ms)
        url = url or addresses.of_alert(alert.id)
        if url:
            links.append(Link(harmless(_name(alert.brand, names, words)), url))
    count = agreeing(words["several"], count=len(alerts)).format(count=len(alerts))
    listed = dict.fromkeys(_name(alert.brand, names, words) for _, alert in alerts)
    first = told[0]
    return Message(
        id=f"{first.alert}/{first.revision}",
        title=harmless(
            _framed(count, words["between"].join(list(listed)[:4]), subscriber.language)
        ),
        body=tuple(harmless(line) for line in body),
        links=tuple(links),
        thread=first.alert,
        is_urgent=any(a.severity >= 8 and a.state is AlertState.FIRING for _, a in alerts),
        colon=words["colon"],
    )


def message_of_notice(
    delivery: Delivery, about: Notice, subscriber: Subscriber, names: Mapping[str, str]
) -> Message:
    """The message about who has an alert now."""
    words = _WORDS[subscriber.language]
    state, line = {
        ActionKind.FALSE_ALARM: ("is false", "false alarm"),
        ActionKind.RELEASED: ("released", "released by"),
    }.get(about.kind, ("taken", "taken by"))
    at = _local(about.at_ms, ZoneInfo(subscriber.zone))
    body = [words[line].format_map(_Given(who=about.who, at=at, zone=subscriber.zone))]
    if about.note:
        body.append(words["note"].format_map(_Given(note=about.note)))
    kind = KINDS[subscriber.language].get(delivery.kind, delivery.kind)
    name = _name(delivery.brand, names, words)
    title = _framed(words[state], f"{name}{words['colon']}{kind}", subscriber.language)
    return Message(
        id=delivery.name,
        title=harmless(title),
        body=tuple(map(harmless, body)),
        answers=delivery.message,
        thread=delivery.alert,
        colon=words["colon"],
    )


def _framed(state: str, rest: str, language: Wording) -> str:
    """A title; robots with a keyword look for `leimo`."""
    return f"【leimo {state}】{rest}" if language is Wording.ZH else f"[leimo {state}] {rest}"


def _doings(doing: Doing, escalated_from: str, words: Mapping[str, str]) -> Iterator[str]:
    if escalated_from and not doing.is_seen_to:
        yield words["escalated"].format_map(_Given(who=escalated_from))
    if doing.false_alarm_by:
        yield words["false alarm"].format_map(_Given(who=doing.false_alarm_by))
    elif doing.holder:
        yield words["holder"].format_map(_Given(who=doing.holder))


def _links(
    alert: Alert, subscriber: Subscriber, addresses: Addresses, matched_at_ms: int
) -> Iterator[Link]:
    words = _WORDS[subscriber.language]
    until_ms = (alert.ended_at_ms or alert.updated_at_ms) + _HOUR_MS
    offered = [
        (words["act"], addresses.to_act(subscriber, alert, matched_at_ms)),
        (words["page"], addresses.of_alert(alert.id)),
        (
            words["brand page"],
            addresses.of_brand(alert.brand, alert.started_at_ms - _BEFORE_MS, until_ms),
        ),
    ]
    offered += [
        (words["open post"].format(number=number), post_url(sample.source, sample.post))
        for number, sample in enumerate(alert.samples[:_SAMPLES], 1)
    ]
    yield from (Link(label, url) for label, url in offered if url)


def post_url(source: str, post: str) -> str:
    """Where a post can be read; empty where its id does not say. Ids come from strangers, so only
    forms are taken that can be nothing else.

    >>> post_url("weibo", "5010123456789012")
    'https://m.weibo.cn/detail/5010123456789012'
    >>> post_url("jetstream", "at://did:plc:abc/app.bsky.feed.post/3k")
    'https://bsky.app/profile/did:plc:abc/post/3k'
    >>> post_url("mastodon", "https://m.example/users/a/statuses/1"), post_url("weibo", "1) [x](y")
    ('https://m.example/users/a/statuses/1', '')
    """
    if len(post) > _MOST_ADDRESS_CHARS:
        return ""
    if source == "weibo" and _WEIBO_POST.fullmatch(post):
        return f"https://m.weibo.cn/detail/{post}"
    if source == "jetstream" and (found := _JETSTREAM_POST.fullmatch(post)):
        return f"https://bsky.app/profile/{found[1]}/post/{found[2]}"
    return post if source == "mastodon" and _MASTODON_POST.fullmatch(post) else ""


def told_alert(message: Message) -> Alert:
    """The alert of a message to a program: those are told of nothing else."""
    if message.alert is None:
        raise RuntimeError(f"{message.id}: a program is told of one alert at a time")
    return message.alert


def harmless(text: str) -> str:
    r"""One line without hidden characters, in which `@` mentions nobody.

    >>> harmless("hi @all\u202e\nx")
    'hi @\u2060all x'
    """
    return _MENTION.sub(r"\1" + _JOINER, one_line(text))


def _title(alert: Alert, language: Wording, names: Mapping[str, str], *, is_update: bool) -> str:
    words = _WORDS[language]
    is_over = alert.state is AlertState.RESOLVED
    state = words["resolved" if is_over else "update" if is_update else "firing"]
    kind = KINDS[language].get(alert.kind, alert.kind)
    severity = f"{words['severity']} {alert.severity}/10"
    comma = "，" if language is Wording.ZH else ", "
    name = _name(alert.brand, names, words)
    return harmless(_framed(state, f"{name}{words['colon']}{kind}{comma}{severity}", language))


def _name(brand: str, names: Mapping[str, str], words: Mapping[str, str]) -> str:
    if brand == EVERY_BRAND:
        return words["all"]
    return names.get(brand, brand.removeprefix(GROUP_PREFIX))


def _lines(alert: Alert, subscriber: Subscriber, names: Mapping[str, str]) -> Iterator[str]:
    words = _WORDS[subscriber.language]
    unit = words.get(alert.unit, alert.unit)
    yield words["seen"].format(
        seen=_number(alert.seen), expected=_number(alert.expected), unit=unit
    )
    reason = reason_in(subscriber.language, alert, _name(alert.brand, names, words))
    if reason:
        yield words["why"].format_map(_Given(reason=reason))
    evidence = alert.evidence
    if evidence.negative_now is not None and evidence.negative_before is not None:
        now, before = (f"{x:.0%}" for x in (evidence.negative_now, evidence.negative_before))
        yield words["mood"].format(now=now, before=before)
    if alert.terms:
        terms = words["between"].join(term.term for term in alert.terms[:_TERMS])
        yield words["terms"].format_map(_Given(terms=terms))
    zone = ZoneInfo(subscriber.zone)
    since = _local(alert.started_at_ms, zone)
    if alert.ended_at_ms is None:
        yield words["start"].format(since=since, zone=subscriber.zone)
    else:
        until = _local(alert.ended_at_ms, zone)
        yield words["span"].format(since=since, until=until, zone=subscriber.zone)
    if alert.department:
        yield words["department"].format_map(_Given(department=alert.department))
    for sample in alert.samples[:_SAMPLES]:
        yield _post(sample, words)


class _Given(dict[str, str]):
    """Values for `format_map`; braces within them are not looked at."""


def _post(sample: Sample, words: Mapping[str, str]) -> str:
    post = agreeing(words["post"], reach=sample.reach)
    return post.format(author=sample.author, reach=f"{sample.reach:,}", text=sample.text)


def _number(value: float) -> str:
    """
    >>> _number(30.0), _number(2.5)
    ('30', '2.5')
    """
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.1f}"


def local_time(at_ms: int, zone: str) -> str:
    """A time on the wall of a zone."""
    return _local(at_ms, ZoneInfo(zone))


def _local(at_ms: int, zone: ZoneInfo) -> str:
    within_ms = min(max(at_ms, 0), _LAST_MS)  # what is later is shown as that
    return datetime.fromtimestamp(within_ms / 1000, zone).strftime("%Y-%m-%d %H:%M")


def packed(
    texts: tuple[str, ...], size: Callable[[str], int], most: int, *, joint: str = "\n"
) -> list[str]:
    """Lines joined into as few pieces as a limit allows; a line that is longer is split, not cut.

    `size` is that of a piece as the channel counts it: bytes, characters, after escapes.

    >>> packed(("ab", "cd", "efghij"), len, 5)
    ['ab\\ncd', 'efghi', 'j']
    """
    pieces: list[str] = []
    for line in texts:
        for part in _split(line, size, most):
            joined = f"{pieces[-1]}{joint}{part}" if pieces else part
            if pieces and size(joined) <= most:
                pieces[-1] = joined
            else:
                pieces.append(part)
    return pieces


def _split(line: str, size: Callable[[str], int], most: int) -> Iterator[str]:
    while size(line) > most:
        low, high = 1, len(line)
        while low < high:  # the longest head that fits
            middle = (low + high + 1) // 2
            low, high = (middle, high) if size(line[:middle]) <= most else (low, middle - 1)
        yield line[:low]
        line = line[low:]
    yield line


def numbered(pieces: list[str]) -> list[str]:
    """With `(1/3)` in front where there are several; room for it has to be left.

    >>> numbered(["a"]), numbered(["a", "b"])
    (['a'], ['(1/2) a', '(2/2) b'])
    """
    if len(pieces) == 1:
        return pieces
    return [f"({at}/{len(pieces)}) {piece}" for at, piece in enumerate(pieces, 1)]


NUMBER_BYTES = 12
"""Room for `(99/99) `, and a little more."""


def utf8_size(text: str) -> int:
    """Bytes in UTF-8.

    >>> utf8_size("小米")
    6
    """
    return len(text.encode())


def utf16_size(text: str) -> int:
    """UTF-16 units, as JavaScript and Telegram count."""
    return len(text.encode("utf-16-le")) // 2
