"""An alert in words for a person: title and lines, in Chinese or English. Pure.

Lines are plain text. Each channel puts them into its own form, so that nothing of a post is ever
read as markup.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.alert import EVERY_BRAND, Alert, AlertState, Sample
from schemas.catalogue import Subscriber, Wording
from schemas.mention import GROUP_PREFIX
from views.plain_text import one_line

_JOINER = "\u2060"
"""WORD JOINER: nobody sees it, and `@` with it is no mention."""
_MENTION = re.compile(r"([@＠])(?=\S)")
_SAMPLES = 2
_TERMS = 6

_KINDS: Mapping[Wording, Mapping[str, str]] = {
    Wording.ZH: {
        "spike": "声量激增", "drop": "声量骤降", "sentiment": "负面升高", "crisis": "危机词",
        "influencer": "大号发声", "silence": "无人提及", "share": "声量份额变化",
        "composite": "组合条件",
    },
    Wording.EN: {
        "spike": "far more posts", "drop": "far fewer posts", "sentiment": "mood turns negative",
        "crisis": "crisis words", "influencer": "a large account", "silence": "no posts",
        "share": "share of voice shifts", "composite": "several conditions",
    },
}  # fmt: skip
_WORDS: Mapping[Wording, Mapping[str, str]] = {
    Wording.ZH: {
        "firing": "预警", "update": "更新", "resolved": "已结束", "severity": "严重度",
        "seen": "实际 {seen}，预期 {expected}（{unit}）", "posts": "条", "percent": "%",
        "mood": "负面占比 {now}（平时 {before}）", "terms": "热词：{terms}",
        "since": "开始：{since}", "span": "时间：{since} 至 {until}（{zone}）", "all": "全部品牌",
        "post": "帖子（{author}，粉丝 {reach}）：{text}", "department": "部门：{department}",
        "start": "开始：{since}（{zone}）", "why": "原因：{reason}",
    },
    Wording.EN: {
        "firing": "Alert", "update": "Update", "resolved": "Over", "severity": "severity",
        "seen": "Seen {seen}, expected {expected} ({unit})", "posts": "posts", "percent": "%",
        "mood": "Negative {now} (usually {before})", "terms": "Rising: {terms}",
        "span": "From {since} to {until} ({zone})", "all": "all brands",
        "post": "Post ({author}, {reach} followers): {text}", "department": "For: {department}",
        "start": "Since {since} ({zone})", "why": "Why: {reason}",
    },
}  # fmt: skip


class Message(NamedTuple):
    """What a person is told."""

    id: str
    """`alert/revision`: the same for each attempt."""
    alert: Alert
    title: str
    lines: tuple[str, ...]
    answers: str = ""
    """The channel's id of the first message about this alert."""

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.title, *self.lines)


def message_of(
    alert: Alert,
    subscriber: Subscriber,
    names: Mapping[str, str],
    *,
    is_update: bool = False,
    answers: str = "",
) -> Message:
    """The message about one state of an alert; `names` are those of brands by id."""
    return Message(
        id=f"{alert.id}/{alert.revision}",
        alert=alert,
        title=_title(alert, subscriber.language, names, is_update=is_update),
        lines=tuple(harmless(line) for line in _lines(alert, subscriber)),
        answers=answers,
    )


def harmless(text: str) -> str:
    r"""One line without hidden characters, in which `@` mentions nobody.

    >>> harmless("hi @all\u202e\nx")
    'hi @\u2060all x'
    """
    return _MENTION.sub(r"\1" + _JOINER, one_line(text))


def _title(alert: Alert, language: Wording, names: Mapping[str, str], *, is_update: bool) -> str:
    words = _WORDS[language]
    name = names.get(alert.brand, alert.brand.removeprefix(GROUP_PREFIX))
    name = words["all"] if alert.brand == EVERY_BRAND else name
    is_over = alert.state is AlertState.RESOLVED
    state = words["resolved" if is_over else "update" if is_update else "firing"]
    kind = _KINDS[language].get(alert.kind, alert.kind)
    severity = f"{words['severity']} {alert.severity}/10"
    if language is Wording.ZH:
        return harmless(f"【leimo {state}】{name}：{kind}，{severity}")
    return harmless(f"[leimo {state}] {name}: {kind}, {severity}")


def _lines(alert: Alert, subscriber: Subscriber) -> Iterator[str]:
    words = _WORDS[subscriber.language]
    unit = words.get(alert.unit, alert.unit)
    yield words["seen"].format(
        seen=_number(alert.seen), expected=_number(alert.expected), unit=unit
    )
    if alert.reason:
        yield words["why"].format_map(_Given(reason=alert.reason))
    evidence = alert.evidence
    if evidence.negative_now is not None and evidence.negative_before is not None:
        now, before = (f"{x:.0%}" for x in (evidence.negative_now, evidence.negative_before))
        yield words["mood"].format(now=now, before=before)
    if alert.terms:
        terms = "、".join(term.term for term in alert.terms[:_TERMS])
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
    return words["post"].format(author=sample.author, reach=f"{sample.reach:,}", text=sample.text)


def _number(value: float) -> str:
    """
    >>> _number(30.0), _number(2.5)
    ('30', '2.5')
    """
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.1f}"


def _local(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M")


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
