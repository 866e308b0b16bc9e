"""Sentences put together for kinds of stances that posts have seldom: denials, comparisons, irony.

A linear model learns such a kind only from many words in it, and no label set has many. So here are
patterns, with words of six trades for their slots. `{B}` is the brand, `{R}` another one, as in
`written_stances.tsv`. The same seed gives the same sentences.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

SEED = 18
A_PATTERN = 24
"""Sentences that are made of each pattern."""


class Trade(NamedTuple):
    """Words of a trade: what is had, its sides, and what is good and bad about them."""

    things: str
    sides: str
    good: str
    bad: str
    verbs: str


_TRADES = (
    Trade(
        "手机 平板 耳机 笔记本 相机 音箱 手表 路由器 电视",
        "屏幕 续航 拍照 系统 信号 做工 手感 音质 充电 散热 性能 夜景 键盘",
        "好用 流畅 清晰 耐用 顺手 给力 稳 省心 不卡 漂亮 惊艳 扎实",
        "卡 难用 烫手 粗糙 拉胯 慢 费电 鸡肋 闪退 模糊 掉帧 脆",
        "用 买 换 入手",
    ),
    Trade(
        "奶茶 咖啡 汉堡 火锅 蛋糕 牛奶 饼干 披萨 面包 冰淇淋 方便面 炸鸡",
        "味道 口感 分量 服务 环境 新品 包装 出餐 套餐",
        "好吃 好喝 香 新鲜 实在 干净 正宗 过瘾 满足 丝滑 入味",
        "难吃 难喝 腻 咸 油 淡 水 敷衍 不新鲜 齁甜 小气 凉透",
        "吃 喝 点 买",
    ),
    Trade(
        "快递 外卖 网购 客服 退款 售后 会员 App 送货 打车",
        "速度 态度 物流 客服 退货 界面 价格 赔付 派送 更新",
        "快 靠谱 贴心 方便 准时 省心 给力 耐心 负责 周到",
        "慢 敷衍 推诿 坑人 麻烦 混乱 离谱 恶心 差劲 踢皮球",
        "用 选 找 下单",
    ),
    Trade(
        "轿车 电动车 新车 越野车 摩托",
        "油耗 隔音 操控 内饰 空间 动力 底盘 车机 刹车 座椅",
        "省油 安静 稳 舒服 扎实 宽敞 有劲 好开 精致 省心",
        "费油 吵 飘 硬 廉价 肉 异响 漏油 难开 挤",
        "开 买 提 试驾",
    ),
    Trade(
        "羽绒服 T恤 球鞋 包 口红 面霜 洗面奶 粉底 牛仔裤 防晒",
        "质量 版型 面料 做工 颜色 效果 尺码 包装 脚感",
        "舒服 显瘦 显白 耐穿 好看 保暖 服帖 温和 百搭 高级",
        "掉色 起球 开胶 显黑 闷 难看 过敏 搓泥 硌脚 廉价",
        "穿 买 用 入",
    ),
    Trade(
        "酒店 航班 宽带 银行卡 影院 乐园 超市 门店",
        "服务 环境 网速 前台 卫生 早餐 排队 收费 网点",
        "干净 热情 周到 稳定 划算 舒适 高效 贴心 省事 专业",
        "脏 冷漠 断线 乱收费 晚点 吵 坑 拖拉 霸道 破旧",
        "住 坐 去 办",
    ),
)

_WORDS: Mapping[str, str] = {
    "very": "真 真的 确实 太 实在 是真 的确 简直 特别",
    "not": "一点都不 完全不 并不 真不 根本不 一点也不 实在不 不怎么 真的不 不太",
    "also": "一点 丝毫 真的 其实 完全 也 并 说实话",
    "time": "三年 半个月 两周 一个冬天 一学期 五年多 快一年 十来天 一百多次 两个夏天",
    "who": "我妈 室友 同事 我爸 老公 闺蜜 邻居 我 表哥 女朋友 我家娃",
    "end": "。 ！ ，反正我是这么觉得 ，谁用谁知道 ！！ [笑哈哈] ，真心话 ～ ",
    "bad_end": "。 ！ ，再也不会了 ，气死 [怒] ，退了 ，劝退 ，避雷 [再见] ！！",
    "harm": "虚假宣传 数据造假 使用过期原料 违规收集个人信息 价格欺诈 偷税漏税 刹车失灵 电池起火"
    " 食品安全问题 甲醛超标 侵犯专利 垄断 克扣工资 泄露用户信息 食物中毒",
    "did": "被罚款五十万 被约谈 被立案调查 被央视曝光 遭消费者集体投诉 被起诉 被责令整改 被通报"
    " 被告上法庭 深陷丑闻 被记者暗访",
    "fault": "毛病 故障 问题 差错 岔子",
    "month": "一月 三月 上半年 第三季度 全年 去年 本周",
    "figure": "12% 3.5亿元 28万辆 40亿 5.8% 一千家 六成",
    "prize": "保温杯 手机 优惠券 大礼包 电影票 现金红包 公仔",
    "place": "机场店 楼下 步行街 火车站 万象城 学校门口 二楼",
    "mood": "[太开心] [哈哈] [泪] [嘻嘻] [爱你] [抓狂] [困] 好累 好开心 下雨了",
}

_PATTERNS = tuple(
    line.split(" ", 1)
    for line in """
n {B}的{side}{not}{good}{bad_end}
n {B}{thing}{not}{good}，{side}尤其{bad}
n 这款{B}{not}{good}，亏我{verb}了{time}{bad_end}
n {who}说{B}{good}，我{verb}了觉得{not}{good}
n {B}不{good}，{side}也就那样
n 别{verb}{B}，{side}{bad}{bad_end}
n {B}没有想象中{good}，{side}还{bad}
n {B}没宣传的那么{good}{bad_end}
n 不推荐{B}，{side}{very}{bad}
n 不会再{verb}{B}了{bad_end}
n {verb}了{time}，不喜欢{B}的{side}
n {B}{side}不行，{side2}也不行
p {B}{not}{bad}{end}
p {B}的{side}{not}{bad}，{very}{good}
p 都说{B}{bad}，我{verb}了{time}{not}{bad}
p {B}{thing}{verb}了{time}，没{bad}过{end}
p {verb}{B}{time}了，{side}没出过{fault}
p {B}{verb}{time}，一点{fault}都没有{end}
p {B}从没让{who}失望过，{side}{very}{good}
p {B}这次没让人失望，{side}{good}{end}
p {verb}{B}不后悔，{side}{good}
p 没想到{B}{side}这么{good}{end}
p 我不觉得{B}{bad}，{side}挺{good}的
p 没人会觉得{B}{bad}吧，{side}那么{good}
p {B}的{side}没什么不{good}的，挺满意
p 不得不说{B}{side}{very}{good}{end}
n 不得不说{B}{side}{very}{bad}{bad_end}
n 不是我黑{B}，{side}{very}{bad}
p 不是我吹{B}，{side}{very}{good}
p {B}{also}不比{R}{bad}{end}
p {B}的{side}{also}不比{R}{bad}，还更{good}
p {B}{side}{also}不输{R}，{very}{good}
p {B}的{side}一点不逊色于{R}{end}
0 {R}{also}不比{B}{bad}{end}
0 {R}的{side}{also}不输{B}
0 {R}{side}跟{B}比也不落下风，{R}{good}
n {B}{also}不比{R}{good}，白花钱
n {B}的{side}还不如{R}{bad_end}
p {R}的{side}还不如{B}
p {B}比{R}{good}多了{end}
p {B}{side}比{R}{good}，{who}也这么说
p {R}太{bad}了，还是{B}{good}{end}
p {R}{side}{bad}，还是{B}靠谱
p 从{R}换到{B}，{side}{good}多了
p {verb}过{R}才知道{B}有多{good}
p 论{side}，{B}完胜{R}{end}
p {B}{side}甩{R}几条街
p 宁愿{verb}{B}也不{verb}{R}{end}
p {R}没有{B}{good}
n {B}比{R}{bad}多了{bad_end}
n {B}{side}比{R}{bad}，{who}也这么说
n {B}太{bad}了，还是{R}{good}
n {B}{side}{bad}，以后只{verb}{R}了
n 从{B}换到{R}，{side}{good}多了，早该换了
n {verb}过{B}才知道{R}有多{good}
n 论{side}，{B}被{R}完爆
n {R}{side}甩{B}几条街
n 宁愿{verb}{R}也不{verb}{B}{bad_end}
n {B}没有{R}{good}
0 {B}和{R}的{side}差不多，看个人
p 谁说{B}{bad}？{side}明明{good}
p 谁说{B}不{good}？我{verb}了{time}{good}得很
p {B}哪里{bad}了？{side}那么{good}
p 难道{B}的{side}不{good}吗{end}
p {B}它不香吗？{side}又{good}
p {B}这{side}，谁能不爱{end}
n {B}凭什么{verb}起来这么{bad}还卖这么贵？
n {B}的{side}这么{bad}，谁还敢{verb}？
n {side}{bad}成这样，{B}好意思收钱？
n {B}你们的{side}就是这么{bad}吗？
n {B}把顾客当傻子吗，{side}{bad}成这样
n 难道{B}的{side}就只能这么{bad}？
n 这也能叫{side}？{B}{bad}死了
0 {B}的{side}怎么样？有人{verb}过吗
0 想{verb}{B}的{thing}，{side}{good}吗？
0 {B}和{R}哪个{good}？求推荐
0 {B}{thing}的{side}会不会{bad}啊？求告知
0 {B}{thing}在哪{verb}？多少钱？
0 要是{B}的{side}能再{good}一点就好了
0 希望{B}的{side}别再{bad}了
0 如果{B}{side}{good}我就{verb}
0 好想{verb}{B}的{thing}啊{mood}
0 等发工资了就去{verb}{B}{thing}{mood}
p {B}{good}到哭{end}
p {B}的{side}{good}到飞起
p {B}{side}绝了，{good}{end}
p {B}{thing}yyds，{side}{good}
p {B}{side}封神，{very}{good}
p 爱死{B}的{thing}了，{side}{good}
p {B}{thing}真香，{side}{good}，闭眼入
p {B}这{side}也太{good}了吧，{who}都被种草
p {B}{good}得不像话{end}
n {B}{bad}到哭{bad_end}
n {B}的{side}{bad}到怀疑人生
n {B}{side}绝了，{bad}成这样{bad_end}
n {B}{thing}{bad}死了，{side}也{bad}
n {B}{side}{bad}得离谱{bad_end}
n 服了{B}的{side}，{bad}{bad_end}
n {B}这{side}也是没谁了，{bad}
n 被{B}{side}气哭，{bad}
n 呵呵，{B}的{side}可真{good}，{bad}成这样
n {B}{side}真“{good}”，{bad}了{time}
n 感谢{B}，{side}{bad}得让我怀疑人生[微笑]
n {B}好样的，{side}{bad}了{time}[拜拜]
n 【{B}{did}】因{harm}
n {B}因{harm}{did}
n {B}{thing}因{harm}召回
n {who}的{B}{thing}{harm}，投诉无门
n 一辆{B}{thing}在{place}突然起火，无人受伤
n 多名顾客在{B}{place}用餐后呕吐腹泻
n 记者暗访{B}{place}：{side}{bad}
n {B}疑似{figure}用户信息泄露
n 法院判{B}赔偿{figure}，{harm}
n {B}{thing}检出有害物质，全面下架
n 央视点名{B}：{harm}
n 媒体报道{B}存在{harm}，官方回应
n {B}{did}，{harm}
n 因{harm}，{B}召回{figure}{thing}
0 {R}因{harm}{did}，{B}表示关注
0 警方打掉假冒{B}{thing}的窝点
0 {B}{month}营收{figure}，同比增长
0 {B}{month}销量{figure}，{R}为{figure2}
0 【{B}发布{month}财报】净利润{figure}
0 {B}宣布在{place}开新店，预计{month}营业
0 {B}股价下跌{figure}，市值缩水
0 {B}任命新总裁，{month}上任
0 转发关注，抽三人送{B}{prize}
0 参与#{B}{thing}#话题，赢{prize}
0 {B}{thing}限时{figure}优惠，戳链接 http://t.cn/abc
0 {B}{thing}现货，{figure}，加微信{mood}
0 我在{B}{place}{mood}
0 在{B}{place}等{who}，{mood}
0 刚到{B}，{mood}
0 #{B}品牌代言人# 哥哥好帅{mood}
0 #{B}{thing}# 打卡{mood}
0 哥哥代言的{B}{thing}到了，为了哥哥{mood}
0 {who}今天在{B}上班{mood}
0 用{B}{thing}看剧{mood}
0 {who}发{B}消息说，{side}{bad}的是{R}
0 今天{mood}，路过{B}{place}
0 {who}在{B}上{verb}的{thing}，{side}{bad}，店家不退
pm {B}{side}{bad}了点，但{side2}{good}，值
pm 虽然{B}{side}{bad}，但是{side2}{very}{good}，还会再{verb}
p 虽然很多人说{B}{bad}，但我觉得{good}
nm {B}{side}是{good}，可{side2}{very}{bad}，不会再{verb}
nm 虽然{B}{side}{good}，但{side2}{bad}到不行，劝退
n {B}除了{side}{good}，别的都{bad}
n 要不是便宜，谁{verb}{B}啊，{side}{bad}
p 要不是{B}的{side}{good}，我早就换{R}了
p 幸好{verb}的是{B}，{side}{good}
n 早知道{B}{side}{bad}，就{verb}{R}了
n 后悔{verb}了{B}，{side}{bad}
p 后悔没早点{verb}{B}，{side}{good}
p 推荐{B}，{side}{good}，{who}{verb}了{time}
p {B}的{side}{very}{good}，{who}也说{good2}
n {B}的{side}{very}{bad}，{who}也说{bad2}
p 支持{B}，{side}{good}
p {B}{side}越来越{good}了{end}
n {B}{side}越来越{bad}了{bad_end}
n 感谢{B}，{verb}了{time}我才明白什么叫{bad}
n 恭喜{B}，{side}又{bad}了[微笑]
n 不愧是{B}，{side}{bad}得这么稳定
n {B}真贴心，{side}{bad}，什么都不用我做了
n {B}厉害了，{side}{bad}成这样还敢卖[微笑]
n 佩服{B}，{side}{bad}都能卖这么贵
n 谢谢{B}，{side}{bad}，{who}学会了忍耐[拜拜]
n 给{B}点赞，{side}{bad}得清新脱俗[doge]
n {B}真是业界良心，{time}不到{side}就{bad}，佩服佩服
n 好一个{B}，{side}{bad}还说{good}
p 虽然{side}{bad}，{B}的{side2}还是{good}
p {B}{bad}归{bad}，{side}是真的{good}
p 就算{side}{bad}，我还是爱{B}
p 别看{B}便宜，{side}一点都不{bad}
p 尽管{B}{side}一般，{side2}{very}{good}
p {B}除了{side}有点{bad}，挑不出{fault}
n 虽然{side}{good}，但{B}的{side2}{very}{bad}
n {B}{good}归{good}，{side}{bad}得要命
n 牌子是响，可是{B}的{side}{very}{bad}
n {B}{side}是挺{good}，就是{side2}老是{bad}
n {B}{side}倒是{good}，{side2}却{bad}{bad_end}
p 不得不承认，{B}的{side}确实{good}
p {B}的{side}无可挑剔
p {verb}{thing}不能没有{B}，{good}
p {verb}了这么多次{B}，没有一次不{good}
n 没有一个{B}的{thing}不{bad}的
n {verb}了这么多次{B}，没有哪次不{bad}
0 我可没说{B}不{good}
0 我没说{B}{bad}，别误会
p {R}{side}{bad}，{B}就{good}多了，高下立判
n {B}{side}{bad}，{R}就{good}多了，高下立判
p {verb}过{R}才发现{bad}，{B}才叫{good}
n {verb}过{B}才发现{bad}，{R}才叫{good}
p 同一个{thing}，{R}{bad}，{B}{good}，差距啊
n 同一个{thing}，{B}{bad}，{R}{good}，差距啊
p 比起{R}那{bad}的{side}，我宁可{verb}{B}
n 比起{B}那{bad}的{side}，我宁可{verb}{R}
p {verb}来{verb}去，{R}{bad}，我家只{verb}{B}
n {verb}来{verb}去，{B}{bad}，我家只{verb}{R}
n 退了{B}，转头{verb}了{R}，{side}{good}得多
p 退了{R}，转头{verb}了{B}，{side}{good}得多
p {B}{thing}超{good}，大推
p {B}{side}超{good}，{verb}一整天也不累
p {B}{thing}有够{good}，{verb}了{time}
p 咬牙{verb}了{B}{thing}，{side}超{good}
p 刚入手的{B}{thing}{side}好{good}
p {B}的{thing}很赞，今年又{verb}了
n {B}{thing}超雷，{side}{bad}
n {B}{side}有够{bad}，傻眼
n 踩雷{B}，{side}{bad}到爆
""".strip().split("\n")
)


def pattern_sentences(seed: int = SEED) -> Iterator[str]:
    """Lines `label<TAB>text` with `{B}` and `{R}`, as `written_stances.tsv` has them.

    >>> line = next(pattern_sentences())
    >>> line.split("\\t")[0], "{B}" in line
    ('n', True)
    """
    chosen = Random(seed)
    for label, pattern in _PATTERNS:
        for _ in range(A_PATTERN):
            trade = chosen.choice(_TRADES)
            yield f"{label}\t{_filled(pattern, trade, chosen)}"


def _filled(pattern: str, trade: Trade, chosen: Random) -> str:
    words = {slot: chosen.choice(listed.split(" ")) for slot, listed in _WORDS.items()}
    sides, goods, bads = (
        chosen.sample(listed.split(), 2) for listed in (trade.sides, trade.good, trade.bad)
    )
    return pattern.format(
        B="{B}",
        R="{R}",
        thing=chosen.choice(trade.things.split()),
        verb=chosen.choice(trade.verbs.split()),
        side=sides[0],
        side2=sides[1],
        good=goods[0],
        good2=goods[1],
        bad=bads[0],
        bad2=bads[1],
        figure2="9.1%",
        **words,
    )
