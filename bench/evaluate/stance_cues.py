"""What is worth asking about first: mentions whose words hint at the rare kinds of stances.

Crude on purpose: a cue only decides what is read, never how it is labelled.
"""

import re
from collections.abc import Sequence

from analysis.clauses import Bounds

NEAR = 40
"""Code points on either side of a name in which a cue counts."""

NEUTRAL_BELOW_MILLI = 80
"""Where the model that the draw asked had its edge of neutral."""

BOUNDARY = "boundary"
BOUNDARY_WIDTH = 0.06
"""How near to the edge of neutral a score is undecided."""

CUES = {
    "comparison": re.compile(
        r"不如|比不上|不及|相比|比起|(?<![性价对占类同之无好百相分])比(?![赛如例较基亚])|还是.{1,12}好"
        r"|没有?.{1,8}好|更[好强快爱喜差烂贵便值香]|秒杀|完爆|甩.{0,4}条街|宁[愿可]"
    ),
    "irony": re.compile(
        r"呵呵|醉了|没谁了|真[行牛]啊|好意思|\[(?:微笑|拜拜|挖鼻屎?|鄙视|哼|doge|鼓掌|威武|good|给力)\]"
        r"|果然是?|原来.{0,6}这么|难怪|厉害了|真是.{0,4}(?:好|棒)啊|谢谢.{0,6}让我"
    ),
    "harm": re.compile(
        r"召回|曝光|投诉|爆炸|起火|自燃|着火|事故|致癌|超标|假货|山寨|过期|维权|泄[露漏密]|罚款|被罚|起诉"
        r"|告上|道歉|裁员|垄断|霸王|欺[骗诈]|骗|坑|倒闭|质量问题|故障|死机|卡死|黑屏|瘫痪|中毒|丑闻|诈骗|侵权"
        r"|抄袭|抵制|违[法规]|扣费|乱收费|封杀|拒赔|苍蝇|蟑螂|门事件"
    ),
    "negation": re.compile(
        r"不[是会能好想爱喜用买行错敢再值给让要得够]|没[有用法想让什]?|别再?|无法|未必|从不|绝不|并非"
    ),
    "question": re.compile(
        r"[?？]|[吗么]$|难道|谁说|怎么|为什么|为啥|凭什么|何时|哪[里个儿]|求推荐|是不是|有没有"
    ),
}
"""Kind -> its words, the rarest kind first."""


def cue_of(own_words: str, spans: Sequence[Bounds], score: float) -> str:
    """Which kind a mention hints at, the rarest one first; `boundary` where only the shipped
    model is undecided; empty where nothing hints.

    >>> cue_of("小米不如从前了", [(0, 2)], 0.9), cue_of("去了小米", [(2, 4)], 0.08)
    ('comparison', 'boundary')
    """
    around = [own_words[max(0, start - NEAR) : end + NEAR] for start, end in spans]
    for kind, cue in CUES.items():
        if any(cue.search(words) for words in around):
            return kind
    edge = NEUTRAL_BELOW_MILLI / 1000
    return BOUNDARY if abs(abs(score) - edge) <= BOUNDARY_WIDTH else ""
