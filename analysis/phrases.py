"""Turns of phrase that decide what is said of a brand, whatever else stands there.

A sum over n-grams cannot hear that a denial turns what follows it (不比…差, 谁说…不行, 没让我失望).
Such phrases are few, closed and plain, so they are rules: each with the words of which one has to
be there (looked for first: most sentences have none), a pattern, and the stance. In a pattern `A`
is the brand that is asked about, `B` another one, `~` anything within a clause. What is asked,
wished or supposed is not said: there no rule holds.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import daachorse

from schemas.mention import Polarity

OURS, OTHER = "\uf100", "\uf101"
"""The signs of names: of the brand that is asked about, and of others."""

_GOOD = (
    "(?:好|快|香|强|棒|牛|靠谱|顺手|舒服|耐用|实在|划算|给力|稳|清晰|流畅|省心|省油|值|方便|安静|用心|干净"
    "|准|专业|新鲜|正宗|高级|漂亮|良心|行|优|甜|满意|贴心|及时|先进|可靠|合适|喜欢|爱)"
)
_BAD = (
    "(?:差|慢|烂|弱|难[吃喝用看闻听]|垃圾|坑|逊|糟|丑|脏|卡|吵|落后|次|low|LOW|Low|水|土|虚|不好|不行|费油|费电"
    "|不如|低|拉胯|破|假)"
)
_OPEN = re.compile(
    r"怎么样|咋样|求推荐|求助|请问|有没有人|哪个(?:好|更|比较)|选哪|推荐吗|好不好|是不是|要不要|该不该|会不会"
    r"|值得[买入购去]\w{0,2}吗|好[用吃喝玩看开]吗|(?<!不香)吗[?？]?$"
)
"""A question that wants an answer."""
_WISHED = re.compile(
    r"如果|早知道|要是(?!真)|假如|假使|万一|的话|希望|但愿|千万|可别|别让|祈祷|求求|最好别|要不是"
)
"""A wish or a condition."""


class Rule(NamedTuple):
    """One turn of phrase."""

    name: str
    """What it is called when a stance is explained."""
    polarity: Polarity
    words: tuple[str, ...]
    """One of them stands in every sentence that the pattern finds."""
    pattern: re.Pattern[str]


def _rule(name: str, polarity: Polarity, words: str, *patterns: str) -> Rule:
    either = "|".join(f"(?:{pattern})" for pattern in patterns)
    filled = either.replace("A", OURS).replace("B", OTHER).replace("~", r"[^，,。；;!！?？\n]")
    filled = filled.replace("<good>", _GOOD).replace("<bad>", _BAD)
    return Rule(name, polarity, tuple(words.split()), re.compile(filled))


_P, _N, _0 = Polarity.POSITIVE, Polarity.NEGATIVE, Polarity.NEUTRAL
_DENIED = "(?:不|没|哪里|哪儿)比"
_MORE = "(?<![性价对占类同之无好百相分不没])比"
_BEATS = "(?:完胜|秒杀|吊打|碾压|完爆|甩(?:开|了)?)"

_RULES = (
    _rule("not said", _0, "没说", r"(?:我|谁|又|可|并|也)没有?说过?A~{0,6}(?:不|<bad>)"),
    _rule(
        "no better than it is denied to be",
        _0,
        "不比 没比 不输 不逊 不亚 不弱 哪里比 哪儿比 下风 不虚 不差",
        rf"(?:{_DENIED}|不输[给于]?|不逊色?于?|不亚于|不弱于)[^，,。；;!！?？\n比]{{0,8}}A",
        r"[跟和与同]A~{0,14}(?:不落下风|[不没]输|不虚|不差)",
    ),
    _rule(
        "no worse than",
        _P,
        "不比 没比 哪里比 哪儿比 比谁差",
        rf"A~{{0,26}}{_DENIED}~{{1,20}}<bad>|A~{{0,14}}没有?比谁差",
    ),
    _rule(
        "less than was promised",
        _N,
        "没有 没 并不 不太 不怎么 谈不上 算不上 称不上",
        r"A~{0,14}没有?(?:想象|宣传|传说|广告|说的|吹的)~{0,8}<good>",
        r"A~{0,12}(?:并不|不太|不怎么|谈不上|算不上|称不上)<good>",
    ),
    _rule("no better than", _N, "不比 没比 哪里比 哪儿比", rf"A~{{0,26}}{_DENIED}~{{1,20}}<good>"),
    _rule(
        "no worse than",
        _P,
        "不输 不逊 不亚于 不落下风 不弱于 不虚",
        r"A[^。！!？?\n]{0,40}(?:不(?:输|逊|亚于|落下风|弱于)|不虚(?!夸|假|伪))",
    ),
    _rule(
        "worse than another",
        _N,
        "没有 没 不如 比不上 不及 比 完胜 秒杀 吊打 碾压 完爆 甩 受够 宁 退了 退掉",
        r"A~{0,10}没有?B(?:那么|那样|这么|的)?~{0,6}?<good>",
        r"A~{0,12}(?:远|真|还|都)?(?:不如|比不上|不及)~{0,6}B",
        rf"A~{{0,16}}{_MORE}B~{{0,12}}?<bad>",
        r"受够了?~{0,2}A",
        rf"B~{{0,10}}{_MORE}A~{{0,10}}<good>(?:多|得多|很多|太多|不少)",
        r"宁[愿可肯]~{0,8}B~{0,8}不~{0,4}A",
        r"退[了掉]A[^。！!？?\n]{0,12}[换提买订选]了?B",
        rf"B~{{0,14}}{_BEATS}~{{0,6}}A",
        r"A~{0,14}被~{0,3}B~{0,4}(?:完胜|秒杀|吊打|碾压|完爆)",
    ),
    _rule(
        "better than another",
        _P,
        "没有 没 不如 比不上 不及 比 还是 完胜 秒杀 吊打 碾压 完爆 甩 宁 退了 退掉",
        r"B~{0,10}没有?A(?:那么|那样|这么|的)?~{0,6}?<good>",
        r"B~{0,12}(?:不如|比不上|不及)~{0,4}A",
        rf"A~{{0,16}}{_MORE}B~{{0,12}}?(?<!不)<good>",
        r"还是(?:我的?|咱|你)?A~{0,8}?<good>",
        r"宁[愿可肯]~{0,8}A~{0,8}不~{0,4}B|比起B[^。！!？?\n]{0,20}宁[愿可肯]~{0,12}A",
        r"退[了掉]B[^。！!？?\n]{0,12}[换提买订选]了?A",
        rf"A~{{0,14}}{_BEATS}~{{0,6}}B",
    ),
    _rule(
        "left for another",
        _N,
        "换 转 投奔 才是 只",
        r"从A~{0,6}(?:换|转|跳|改)[成到为用投]~{0,4}B",
        r"A[^。！!？?\n]{0,20}(?:现在|以后|我家|我们家|从此)只[喝用买吃穿去坐选信]B",
        r"B才(?:是|叫)~{0,6}(?:真爱|王道|良心|正宗)",
    ),
    _rule(
        "chosen",
        _P,
        "换 转 只 投奔 认准 选 才是 才叫",
        r"从B~{0,6}(?:换|转|跳|改)[成到为用投]~{0,4}A",
        r"(?:只认|认准|投奔|(?:我|还|照样|依然|毫不犹豫|就|永远)选|(?:现在|以后|我家|我们家|从此)只[喝用买吃穿去坐选信])A",
        r"A才(?:是|叫)~{0,6}(?:真爱|王道|良心|正宗)",
    ),
    _rule(
        "denied fault or disappointment",
        _P,
        "没 未",
        r"(?<!有)(?:没|从未|未曾)(?:有|怎么)?(?:让我|让人)?(?:出过?|被)?(?:碎|坏|断|崩|漏|卡|闪退|死机|起球|褪色|掉色|开胶|生锈|变形|掉队|趴窝"
        r"|跳闸|发烫|出错|迟到|晚点|丢件|丢脸|踩坑|坑|闹|白买|白花|白跑|失手|辜负)过?",
    ),
    _rule(
        "denied fault or disappointment",
        _P,
        "失望 后悔 踩雷 翻车 掉链子 毛病 故障 问题 坏过 死机 卡过 卡顿 差错 瑕疵 吃亏 岔子 链子"
        " 趴过窝 一点 丝毫 完全 从不 根本不",
        r"(?<!有)(?:没有?|从不|从未|未曾|不会|绝不)(?:[让叫令使](?:我|人|我们|大家|咱|你|过|再)*)?(?:怎么)?(?:出|有)?过?"
        r"(?:一点|任何|什么|半点|一次|丝毫)?[大小]?(?:失望|后悔|踩雷|翻车|掉链子|毛病|故障|坏过|死机|卡[过顿]|差错|瑕疵"
        r"|吃亏|岔子)",
        r"(?:没|从未)[掉趴出]过(?:链子|窝|问题|岔子)",
        r"A~{0,14}(?:一点[都也]?|丝毫|完全|从|根本)不<bad>(?!夸)",
        r"(?:毛病|故障|瑕疵|岔子|一点问题|任何问题|什么问题)(?:也|都|从来)?没(?:有|出)?(?!解决|人|修)",
    ),
    _rule(
        "double negation",
        _N,
        "没有 没",
        r"没有?哪?一[次个台家件天款辆部间双]~{0,4}不(?:差|慢|烂|难[吃喝用看]|坑|脏|卡|吵|拖|坏|漏|断|晚点?|迟到)",
    ),
    _rule(
        "double negation",
        _P,
        "不",
        r"不(?:得不|能不|可不)(?:说|承认)[，,]?~{0,16}(?:真|确实|的确|是)~{0,6}(?:<good>|放心|好[穿开住])",
        r"(?:不能|不可|少不了|离不开)没有A",
        r"(?:没有?(?:一个|一次|一天|一处|什么|任何|哪里|人|理由)|无一?|并非|不觉得|不认为|不是说)~{0,10}?"
        r"不(?:满意|喜欢|爱|好用|好吃|好喝|好看|方便|舒服|香|行|值|服|佩服|推荐)",
        r"没有?(?:哪)?一[次个台家件天人]~{0,6}不(?:准时|满意|开心|好[用吃喝看]|喜欢|爱|舒服|夸|说好)",
        r"不[得能]不(?:服|夸|爱|佩服|点赞|称赞|感谢|推荐|表扬)",
    ),
    _rule(
        "rhetorical question",
        _P,
        "谁说 谁敢说 谁还 能不爱 谁不 谁能不 除了 难道 不香吗 哪里不 哪儿不 哪点不 怎么就",
        r"谁(?:还|还敢|敢)?说A?~{0,18}(?:不(?!说)|没|无|<bad>|过时|贵|完蛋|凉)",
        r"(?:谁|谁能|哪个能)不(?:爱|喜欢|心动)A",
        r"A~{0,14}(?:谁|谁能|哪个能|能)不(?:爱|喜欢|心动)",
        r"除了A还?有?谁",
        r"难道~{0,14}不~{0,8}<good>~{0,3}吗",
        r"不香吗|哪[里儿点]不(?:行|好|香)|怎么就(?:不行|不好|low|LOW)",
    ),
    _rule(
        "rhetorical question",
        _N,
        "谁还 谁敢 不是抢 不是坑 不是骗 不是耍 凭什么 底线 傻子 傻瓜 好意思 就是这么 就是这样 要脸",
        r"谁(?:还敢|还|敢)[买用信去吃喝坐来]~{0,4}(?:[啊呢?？!！]|$)",
        r"不是(?:抢|坑|骗|耍)|凭什么(?:[卖收扣]|这么贵)|底线[吗何]|当我~{0,3}傻|好意思(?:[叫说卖收]|吗)",
        r"就是这[么样](?:对待|服务|做)|要脸[吗不]",
    ),
    _rule(
        "no fault to be found",
        _P,
        "挑不出 无可挑剔 没得挑 没话说",
        r"挑不出~{0,4}(?:毛病|刺|错|缺点)|无可挑剔|没得挑|没话说",
    ),
    _rule(
        "ironic thanks",
        _N,
        "感谢 谢谢 多谢",
        r"(?:感谢|谢谢|多谢)A[^。！!？?\n]{0,10}(?:让我|教会我|带我)[^。！!？?\n]{0,8}(?:体验|感受|见识|学会|领教|重温|回到)",
    ),
    _rule(
        "praise with a sour face",
        _N,
        "[微笑] [拜拜] [再见] [白眼] [挖鼻] [鄙视]",
        r"A[^。！!？?\n]{0,40}(?:厉害|好样的|真棒|佩服|真好|良心|贴心|真会|真牛)[^。\n]{0,40}\[(?:微笑|拜拜|再见|白眼|挖鼻|鄙视)\]",
    ),
    _rule(
        "praise by how much",
        _P,
        "到 得 yyds YYDS 永远的神 封神 杀疯了 太香了 绝绝子",
        r"(?:好[吃喝看听用玩闻]|香|美|爽|帅|甜|嫩|舒服|漂亮|丝滑)[到得](?:我|人|想|直接|原地)*"
        r"(?:哭|飞起|爆|炸|流泪|转圈|跺脚|尖叫|停不)",
        r"A~{0,12}(?:yyds|YYDS|永远的神|封神|杀疯了|太香了|绝绝子)|(?:永远的神|yyds|封神)[，,]?A",
    ),
    _rule(
        "insult",
        _N,
        "垃圾 去死 狗屎",
        r"(?:垃圾|狗屎)A|A~{0,3}(?:垃圾(?!分类|桶|箱|站|袋|邮|短)|去死|狗屎)",
    ),
    _rule(
        "praise of speed",
        _P,
        "下单 付款 拍下",
        r"(?:下单|付款|拍下)~{0,8}(?<!没)(?:就|已经)(?:送)?到(?:了|货|手|家|$|[，,。！!])",
    ),
    _rule(
        "blame by how much",
        _N,
        "到 得",
        r"(?:难[吃喝看听用闻]|丑|卡|慢|烂|差|咸)[到得](?:我|人|想|直接)*(?:哭|爆|炸|吐|怀疑|崩溃|砸|骂|死)",
    ),
    _rule(
        "reported harm",
        _N,
        "召回 曝光 被罚 处罚 罚款 约谈 立案 通报 点名 查处 责令 起诉 涉嫌 投诉 曝出",
        r"A~{0,6}召回|召回~{0,12}A",
        r"A~{0,12}(?:被|遭|因)~{0,16}(?:曝光|处罚|罚款|罚|约谈|立案|通报|点名|查处|责令|起诉|投诉)",
        r"A~{0,8}(?:涉嫌|曝出)",
    ),
    _rule(
        "denied praise",  # the last: whatever denies the denial goes before
        _N,
        "不舒服 不好用 不好吃 不好喝 不好看 不方便 不靠谱 不耐用 不新鲜 不值 不划算 不给力 不稳定"
        " 不清晰 不实用 不专业 不干净 不省心",
        r"^(?![\s\S]*(?:觉得|认为|谁|没有?[人哪一]|[哪难]|不能说|说过|不是|不会|不算|担心|怕))[\s\S]*?"
        r"A~{0,14}(?<![得是么肚身胃头])不(?:舒服|好[用吃喝看]|方便|靠谱|耐用|新鲜|值(?!得)|划算|给力|稳定"
        r"|清晰|实用|专业|干净|省心)(?!吗|么|的话)",
    ),
)


def deciding(sentence: str) -> Rule | None:
    """The turn of phrase that decides the stance in a sentence, if there is one.

    The sentence has simplified characters, and signs for names.

    >>> rule = deciding(f"{OURS}不比{OTHER}差")
    >>> rule.name, rule.polarity.value
    ('no worse than', 'positive')
    >>> deciding(f"{OURS}真好用") is None
    True
    """
    found = next(_matching(sentence), None)
    if found is None or _WISHED.search(sentence):
        return None
    is_open = _OPEN.search(sentence) is not None and "难道" not in sentence
    return None if is_open else found


def _matching(sentence: str) -> Iterator[Rule]:
    triggered = {rule for _, _, word in _find(sentence) for rule in _RULES_OF[word]}
    for at in sorted(triggered):
        if _RULES[at].pattern.search(sentence):
            yield _RULES[at]


_WORDS = sorted({word for rule in _RULES for word in rule.words})
_RULES_OF = [[at for at, rule in enumerate(_RULES) if word in rule.words] for word in _WORDS]
_find = daachorse.CharwiseDoubleArrayAhoCorasick(_WORDS).find_overlapping
"""Where words of rules stand, all in one pass: (start, end, number of the word)."""
