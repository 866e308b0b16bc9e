"""A small grammar of Chinese microblog posts, written for the simulation."""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from feeds.simulate.brands import SimulatedBrand

_THINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phone": ("屏幕", "电池", "拍照", "系统", "信号", "充电速度", "手感"),
        "food": ("味道", "分量", "服务", "新品", "环境", "价格", "口感"),
        "car": ("续航", "内饰", "刹车", "油耗", "空间", "车机", "提速"),
        "shop": ("物流", "包装", "客服", "售后", "优惠", "发货", "配送"),
        "home": ("噪音", "制冷效果", "安装师傅", "外观", "耗电量", "做工"),
        "travel": ("机票", "行李", "空乘", "餐食", "退改签", "准点率"),
        "wear": ("面料", "尺码", "款式", "质感", "颜色", "性价比"),
        "service": ("客服", "套餐", "网点", "App", "手续费", "办事效率"),
    }
)
_GOOD = (
    "{b}的{t}真不错，推荐给大家",
    "刚入手{b}，{t}超出预期，开心",
    "{b}{t}太棒了[赞]",
    "还是{b}靠谱，{t}很满意",
    "用了一个月{b}，{t}一直很稳，喜欢",
    "被{b}的{t}惊艳到了[心]",
    "{b}这次的{t}必须好评",
    "朋友推荐的{b}，{t}果然很赞",
    "今天体验了{b}，{t}满分，下次还来",
)
_BAD = (
    "{b}的{t}太差了，失望",
    "再也不买{b}了，{t}简直糟糕[怒]",
    "{b}{t}越来越烂，无语",
    "吐槽一下{b}，{t}真让人生气",
    "等了三天，{b}的{t}还是没解决，垃圾",
    "{b}的{t}毁了我的一天[泪]",
    "后悔选了{b}，{t}差评",
    "{b}能不能管管{t}，态度恶劣",
    "花这么多钱，{b}的{t}就这水平？坑人",
)
_PLAIN = (
    "今天路过{b}，看到有人在排队",
    "{b}今天发布了新消息",
    "有人知道{b}的{t}怎么样吗？",
    "帮家里人看看{b}",
    "听说{b}要调整{t}",
    "在用{b}的举个手",
    "{b}和别家的{t}对比一下",
    "周末打算去看看{b}",
    "求问{b}的{t}，在线等",
)
_EVERYDAY = (
    "早安，新的一天",
    "下班了，回家做饭",
    "今天天气真好，去公园走走",
    "又是加班的一天[泪]",
    "周末看了一部电影，还不错",
    "晚安，好梦",
    "小猫今天特别乖",
    "堵车堵了一个小时",
    "煮了小米粥，暖胃",
    "这件裙子是美的，可惜太贵",
    "楼下的苹果五块一斤，挺甜",
    "祝大家平安健康",
    "大众口味，适合全家",
    "想去海边看日出",
    "跑完五公里，爽",
    "孩子今天第一天上学",
    "奶奶做的红烧肉最好吃",
    "失眠，数羊中",
    "老同学聚会，感慨时间真快",
    "下雨天适合睡觉",
    "书看到一半，停不下来",
    "地铁上好挤啊",
    "今天的晚霞是美的",
    "终于放假了[哈哈]",
    "学做蛋糕，失败了",
    "球赛太精彩了",
    "健身第三天，浑身疼",
    "和妈妈视频聊了一个小时",
    "新剧好看，追到半夜",
    "阳台上的花开了",
)
_TAILS = (
    "",
    "",
    "",
    "",
    "[哈哈]",
    "[思考]",
    " http://t.cn/R{n}",
    " #今日份快乐#",
    "～",
    "！",
    "。",
    " @好友{n}",
)
_CRISES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phone": (
            "{b}充电时起火，太吓人了",
            "邻居的{b}自燃了，求官方回应",
            "{b}电池爆炸，手都烫伤了",
        ),
        "food": (
            "在{b}吃出异物，恶心死了",
            "{b}被曝食品安全问题，你们还敢吃吗",
            "吃了{b}全家拉肚子，维权到底",
        ),
        "car": ("{b}刹车失灵，差点出事", "{b}又自燃了，必须召回", "{b}存在安全隐患，要求召回"),
        "shop": ("{b}售假，必须退一赔三", "{b}用户信息泄露，太可怕了", "{b}虚假宣传，欺骗消费者"),
        "home": ("{b}漏电，质量问题严重", "{b}半夜起火，幸好发现得早", "{b}抽检不合格，大家小心"),
        "travel": (
            "{b}让旅客等了一夜，要求道歉",
            "{b}航班延误还歧视乘客，抵制",
            "{b}紧急迫降，心有余悸",
        ),
        "wear": ("用了{b}全脸过敏反应，送医了", "{b}被曝甲醛超标，别再穿了", "{b}虚假宣传，抵制"),
        "service": (
            "{b}账号被盗刷，客服不管",
            "{b}信息泄露，天天收到骚扰电话",
            "{b}服务器崩了，没有一句道歉",
        ),
    }
)
_OUTRAGE = (
    "太可怕了",
    "必须给个说法！",
    "扩散！",
    "心寒",
    "求媒体关注",
    "再也不用了",
    "怎么敢的",
    "大家转起来",
)
_COMMENTS = (
    "转发微博",
    "转发微博",
    "转发微博",
    "支持！",
    "同感",
    "哈哈哈哈",
    "真的吗？",
    "学习了",
    "路过",
    "马住",
    "期待",
    "好看",
    "这也太贵了吧",
    "不错哦",
    "呵呵",
    "希望是真的",
    "顶",
    "已经下单了",
    "求抽中[心]",
)
_CAMPAIGN = (
    "#{b}新品发布# 关注并转发，抽三位送新品，参与就有机会！",
    "#{b}会员日# 全场优惠，转发抽奖送好礼",
    "#{b}周年庆# 感谢一路陪伴，转发说出你的故事",
)
_SPAM = (
    "{b}代购，正品低价，加微信详聊，数量有限",
    "免费领{b}大礼包，点击链接马上领取 http://t.cn/Rspam",
    "兼职刷单日结，{b}合作商家，月入过万不是梦",
)
MOODS = ("positive", "neutral", "negative")


class Phrases:
    """Draws texts."""

    def __init__(self, rnd: Random) -> None:
        self._rnd = rnd

    def everyday(self) -> str:
        """A post without a brand, though perhaps with a word that is one elsewhere."""
        return self._rnd.choice(_EVERYDAY) + self._tail()

    def about(self, brand: SimulatedBrand, mood: str) -> str:
        """A post about a brand."""
        choices = {"positive": _GOOD, "negative": _BAD}.get(mood, _PLAIN)
        return self._fill(self._rnd.choice(choices), brand) + self._tail()

    def crisis(self, brand: SimulatedBrand) -> str:
        """An angry post with a crisis word."""
        text = self._fill(self._rnd.choice(_CRISES[brand.trade]), brand)
        return f"{text}，{self._rnd.choice(_OUTRAGE)}" + self._tail()

    def campaign(self, brand: SimulatedBrand) -> str:
        """What a brand's own account posts."""
        return self._fill(self._rnd.choice(_CAMPAIGN), brand)

    def spam(self, brand: SimulatedBrand) -> str:
        return self._fill(self._rnd.choice(_SPAM), brand)

    def comment(self) -> str:
        """Own words of a repost, often none."""
        return self._rnd.choice(_COMMENTS)

    def outrage(self) -> str:
        return self._rnd.choice(_OUTRAGE)

    def _fill(self, text: str, brand: SimulatedBrand) -> str:
        return text.replace("{b}", brand.name).replace(
            "{t}", self._rnd.choice(_THINGS[brand.trade])
        )

    def _tail(self) -> str:
        return self._rnd.choice(_TAILS).replace("{n}", str(self._rnd.randrange(1000, 9999)))
