"""Why an alert fires, in the reader's language. Pure.

The record has one sentence, in English. In Chinese it is said anew, from the figures of the record;
what no field holds (how many have the same text, who passes posts on) is read from the sentence.
Where that is worded in another way, the sentence is the shorter for it, and Chinese all the same.
"""

import re
from collections.abc import Callable, Mapping

from schemas.alert import EVERY_BRAND, Alert, AlertState
from schemas.catalogue import Wording
from schemas.rules import Measure, RuleKind

_MINUTE_MS = 60_000
_RISING = 3
_ALL = "全部品牌"
_FEED = "数据源"
_WITHDRAWN = ": no rule looks for this any more; "
_SHARED = re.compile(
    r"; ([\d,]+) (have the same text|pass on one original|are about (.+?))"
    r"(?:; rising: .*|; bursts are expected: .*)?$"
)
_PASSED_ON = re.compile(
    r", and (\d+) accounts? passed such posts on without a word \((\d+) usual\), "
    r"(\d+) in the last minute, (\d+) times? one(?: of (.+?))?(?:; rising: .*|; bursts are .*)?$"
)
_POSTS = re.compile(r" of (\d+) (?:posts?|mentions?) ")
_CRISIS_POSTS = re.compile(r"(\d+) posts? with crisis words ")
_REPOSTS = re.compile(r" spreads: (\d+) reposts? of it so far")
_SILENT = re.compile(r"no posts (?:at all )?for (\d+) min")
_MISSING = re.compile(r"posts of (\d+) min are missing")
_CONDITIONS = re.compile(
    r"(?P<posts>\d+) posts? in (?P<posts_min>\d+) min, (?P<usual>[\d.]+) expected \((?P<x>\d+) x\)"
    r"|(?P<what>authors|reach) (?P<many>[\d,]+) in (?P<many_min>\d+) min"
    r"|(?P<share>\d+) % (?P<mood>negative|positive), (?P<usual_share>\d+) % usual"
)
_MOODS = {Measure.NEGATIVE.value: "负面", Measure.POSITIVE.value: "正面"}


def reason_in(language: Wording, alert: Alert, name: str) -> str:
    """The reason of an alert as one sentence; `name` is that of its brand.

    In English it is the record's own, and so it is for kinds of rules that are not known here.

    >>> fire = Alert(
    ...     id="1", fingerprint="f", rule="safety", kind="crisis", brand="uniqlo", severity=5,
    ...     state=AlertState.FIRING, started_at_ms=0, updated_at_ms=0, seen=4, expected=0,
    ...     reason="UNIQLO: 4 posts with crisis words (safety) in 10 min")
    >>> reason_in(Wording.ZH, fire, "优衣库")
    '优衣库：10 分钟内 4 条帖子含危机词（safety）'
    """
    say = _SAYS.get(alert.kind)
    if language is not Wording.ZH or say is None:
        return alert.reason
    cause = say(alert)
    parts = [cause]
    if alert.state is AlertState.RESOLVED:
        minutes = max(0, alert.updated_at_ms - alert.started_at_ms) // _MINUTE_MS + 1
        is_withdrawn = _WITHDRAWN in alert.reason
        parts = ["已无规则关注此事" if is_withdrawn else f"持续 {minutes} 分钟后结束", cause]
    else:
        if alert.terms:
            parts.append("热词：" + "、".join(term.term for term in alert.terms[:_RISING]))
        if alert.evidence.expected_burst:
            parts.append(f"大促期间声量上涨属预期：{alert.evidence.expected_burst}")
    is_feed = alert.kind == RuleKind.SILENCE.value
    about = (_FEED if is_feed else _ALL) if alert.brand == EVERY_BRAND else name
    return f"{about}：{'；'.join(parts)}"


def _spike(alert: Alert) -> str:
    times = alert.seen / max(alert.expected, 0.1)
    if alert.brand == EVERY_BRAND:
        return f"多个品牌声量同时上涨，约为平时的 {times:.1f} 倍（各品牌帖数取对数后相加）"
    told = (
        f"{_within(alert)}{alert.seen:.0f} 条帖子，预期 {alert.expected:.1f} 条（{times:.0f} 倍）"
    )
    found = _SHARED.search(alert.reason)
    if found is None:
        return told
    authors, what, term = found.groups()
    if term:
        return f"{told}，其中 {authors} 个账号都在说“{term}”"
    same = "文字相同" if what == "have the same text" else "转发同一条原帖"
    return f"{told}，其中 {authors} 个账号{same}"


def _drop(alert: Alert) -> str:
    return f"过去一小时 {alert.seen:.0f} 条帖子，预期 {alert.expected:.0f} 条"


def _sentiment(alert: Alert) -> str:
    posts = _POSTS.search(alert.reason)
    of = f" {posts[1]} 条帖子中" if posts else "的帖子中"
    return f"过去一小时{of} {alert.seen:.0f}% 为负面，平时 {alert.expected:.0f}%"


def _share(alert: Alert) -> str:
    posts = _POSTS.search(alert.reason)
    of = f" {posts[1]} 次" if posts else ""
    return f"占该品牌及竞品{of}提及的 {alert.seen:.0f}%，平时 {alert.expected:.0f}%"


def _crisis(alert: Alert) -> str:
    hits = _CRISIS_POSTS.search(alert.reason)
    posts = hits[1] if hits else f"{alert.seen:.0f}"
    told = f"{_within(alert, 10)}{posts} 条帖子含危机词（{alert.rule}）"
    passed = _PASSED_ON.search(alert.reason)
    if passed is None:
        return told
    accounts, usual, now, times, author = passed.groups()
    whose = f" {author} 的帖子" if author else "同一作者的帖子"
    return (
        f"{told}，另有 {accounts} 个账号未加文字转发此类帖子（平时 {usual} 个），"
        f"最近一分钟 {now} 个，其中{whose}被转 {times} 次"
    )


def _influencer(alert: Alert) -> str:
    if alert.unit == "posts to its accounts":
        return f"过去一小时其官方账号收到 {alert.seen:.0f} 条负面帖子，平时 {alert.expected:.0f} 条"
    who = f"粉丝 {alert.seen:,.0f} 的账号"
    reposts = _REPOSTS.search(alert.reason)
    if reposts:
        return f"{who}的帖子正在扩散，至今被转发 {reposts[1]} 次"
    if " speaks badly of it" in alert.reason:
        return f"{who}发表负面言论"
    return f"{who}投诉或提问" if " complains or asks" in alert.reason else f"{who}发声"


def _silence(alert: Alert) -> str:
    minutes = alert.evidence.horizon_min
    missing, silent = _MISSING.search(alert.reason), _SILENT.search(alert.reason)
    if missing:
        return f"缺少 {missing[1]} 分钟的帖子，数据源未能提供"
    quiet_min = silent[1] if silent else f"{minutes}"
    if alert.brand == EVERY_BRAND:
        return f"已 {quiet_min} 分钟没有任何帖子"
    return f"已 {quiet_min} 分钟无人提及，{minutes} 分钟内预期 {alert.expected:.0f} 条"


def _composite(alert: Alert) -> str:
    told = [_condition(found) for found in _CONDITIONS.finditer(alert.reason)]
    return "；".join(told) or (
        f"{_within(alert)}实际 {alert.seen:,.0f}，预期 {alert.expected:,.1f}（组合条件）"
    )


def _condition(found: re.Match[str]) -> str:
    if found["posts"]:
        return (
            f"{found['posts_min']} 分钟内 {found['posts']} 条帖子，"
            f"预期 {found['usual']} 条（{found['x']} 倍）"
        )
    if found["what"]:
        many = f" {found['many']} 位作者" if found["what"] == "authors" else f"触达 {found['many']}"
        return f"{found['many_min']} 分钟内{many}"
    return f"{_MOODS[found['mood']]}占 {found['share']}%，平时 {found['usual_share']}%"


def _within(alert: Alert, usual_min: int = 0) -> str:
    minutes = alert.evidence.horizon_min or usual_min
    return f"{minutes} 分钟内 " if minutes else ""


_SAYS: Mapping[str, Callable[[Alert], str]] = {
    RuleKind.SPIKE.value: _spike,
    RuleKind.DROP.value: _drop,
    RuleKind.SENTIMENT.value: _sentiment,
    RuleKind.SHARE.value: _share,
    RuleKind.CRISIS.value: _crisis,
    RuleKind.INFLUENCER.value: _influencer,
    RuleKind.SILENCE.value: _silence,
    RuleKind.COMPOSITE.value: _composite,
}
