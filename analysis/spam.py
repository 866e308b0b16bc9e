"""Signs that a post is no voice of its author: prizes for reposts, sales pitches, floods, bots,
and filler, of which `analysis.filler` judges.

A sign is a mark and no verdict: such posts are counted, counted apart, and left out by rules.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from schemas.mention import SpamSign

_REPOST = "(?:关注|转发|评论)"
_GIVEAWAY = re.compile(
    r"抽奖|有奖转发|转发有奖|有奖活动|幸运(?:粉丝|网友|用户)|中奖(?:名单|者|机会)"
    r"|转发[^。！？!?]{0,16}(?:抽[取出送选]?|赢取?|有机会|即可获|获得|送出)"
    r"|抽[取出送选][^。！？!?]{0,10}(?:名|位|人)"
    rf"|{_REPOST}[^。！？!?]{{0,8}}(?:[+＋并和且加、及])[^。！？!?]{{0,8}}(?:{_REPOST}|艾特|@|\0)"
    r"[^。！？!?]{0,24}(?:送|赢|抽|奖|礼)"
    r"|giveaway|(?:retweet|repost|rt) to win|follow (?:and|&) (?:rt|retweet|repost)"
)
_PITCH = re.compile(
    r"(?:微信|薇信|威信|徽信|扣扣|企鹅号|vx|wx|v信|qq|line id)"
    r"(?:号|群)?\s*(?:[:：=是]\s*)?[a-z0-9_\-]{5,}"
    r"|招(?:收|募)?(?:代理|加盟|微商)|诚招|一件代发|日[赚入]\s*\d{3}|月[赚入]过万|包邮哦"
    r"|(?:亲|需要的)们?[^。！？!?]{0,6}(?:下单|拍下|私信我)"
    r"|(?:代购|代开|代办|刷单|兼职)[^。！？!?]{0,12}(?:联系|咨询|微信|电话|qq)"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"
)
# A character of each alternative: most posts have none, and are spared the long patterns. A set of
# characters alone is by far the fastest to look for.
_MAY_GIVE_AWAY_OR_PITCH = re.compile(r"[抽奖幸转关评gwf信号扣招诚件赚邮单拍私代刷职vxql\d]")
_MAY_GIVE_AWAY = re.compile(r"[抽奖幸转关评]|giveaway|win|follow")
_MAY_PITCH = re.compile(r"[信号扣招诚件赚邮单拍私代刷职]|[vw]x|qq|line id|\d{11}")
_HASHTAG = re.compile(r"#[^#\s\0]{1,40}#|#\w+")
_MASKED = re.compile(r"\0+")
_FLOOD_FROM = 4
_LETTERS_A_SIGN = 6
"""Fewer letters than this for each handle, link and hashtag, from four of them on."""
_BOT_CLIENTS = (
    "皮皮时光机",
    "定时",
    "时光机",
    "孔明",
    "享拍",
    "好客",
    "rss",
    "ifttt",
    "bot",
    "api",
)
"""Parts of names of clients that post by themselves, folded."""


def signs_of(
    masked: str, app: str, *, is_bot: bool = False, quoted_signs: tuple[SpamSign, ...] = ()
) -> tuple[SpamSign, ...]:
    """The signs in the folded and masked own words, in the client's name, and in what is quoted.

    A repost of a giveaway is part of it.

    >>> [sign.value for sign in signs_of("关注并转发，抽3人送小米手机", "")]
    ['giveaway']
    """
    found = [*quoted_signs]
    if _MAY_GIVE_AWAY_OR_PITCH.search(masked):
        if _is_giveaway(masked):
            found.append(SpamSign.GIVEAWAY)
        if _MAY_PITCH.search(masked) and _PITCH.search(masked):
            found.append(SpamSign.PITCH)
    if ("\0" in masked or "#" in masked) and _is_flood(masked):
        found.append(SpamSign.FLOOD)
    if is_bot or (app and _is_bot_client(app)):
        found.append(SpamSign.BOT)
    return tuple(sorted(set(found))) if found else ()


def with_filler(signs: Iterable[SpamSign]) -> tuple[SpamSign, ...]:
    """The signs of a post that is filler as well (`analysis.filler`), in order."""
    return tuple(sorted((*signs, SpamSign.FILLER)))


def quoted_signs_of(masked: str) -> tuple[SpamSign, ...]:
    """What of an original's signs is true of its reposts."""
    return (SpamSign.GIVEAWAY,) if _is_giveaway(masked) else ()


def _is_giveaway(masked: str) -> bool:
    return _MAY_GIVE_AWAY.search(masked) is not None and _GIVEAWAY.search(masked) is not None


@lru_cache(maxsize=4096)
def _is_bot_client(app: str) -> bool:
    folded = app.lower()
    return any(name in folded for name in _BOT_CLIENTS)


def _is_flood(masked: str) -> bool:
    signs = len(_MASKED.findall(masked))
    if "#" in masked:
        signs += len(_HASHTAG.findall(masked))
    if signs < _FLOOD_FROM:
        return False
    letters = sum(map(str.isalnum, _HASHTAG.sub("", masked)))
    return letters < signs * _LETTERS_A_SIGN
