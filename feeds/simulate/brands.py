"""The brands that people post about in the simulation. Ids stand in the shipped catalogue too."""

from typing import NamedTuple


class SimulatedBrand(NamedTuple):
    id: str
    name: str
    account: str
    trade: str


def _of(trade: str, *brands: tuple[str, str]) -> list[SimulatedBrand]:
    return [SimulatedBrand(key, name, f"{name}官方微博", trade) for key, name in brands]


# By popularity, which falls off along the list within the trade and over the trades.
BRANDS: tuple[SimulatedBrand, ...] = (
    *_of("phone", ("huawei", "华为手机"), ("xiaomi", "小米手机"), ("vivo", "vivo"),
         ("oppo", "OPPO"), ("apple", "苹果手机"), ("samsung", "三星手机")),
    *_of("food", ("haidilao", "海底捞火锅"), ("mcdonalds", "麦当劳"), ("kfc", "肯德基"),
         ("starbucks", "星巴克"), ("luckin", "瑞幸咖啡"), ("mengniu", "蒙牛"),
         ("nongfu-spring", "农夫山泉"), ("coca-cola", "可口可乐"), ("wanglaoji", "王老吉")),
    *_of("car", ("byd", "比亚迪"), ("tesla", "特斯拉汽车"), ("nio", "蔚来"),
         ("volkswagen", "大众汽车"), ("bmw", "宝马汽车")),
    *_of("shop", ("jd", "京东"), ("taobao", "淘宝"), ("pinduoduo", "拼多多"),
         ("meituan", "美团"), ("sf-express", "顺丰")),
    *_of("home", ("midea", "美的空调"), ("haier", "海尔冰箱"), ("gree", "格力空调")),
    *_of("travel", ("ctrip", "携程"), ("air-china", "国航"), ("china-southern", "南航航班")),
    *_of("wear", ("anta", "安踏"), ("li-ning", "李宁牌"), ("uniqlo", "优衣库"),
         ("lancome", "兰蔻"), ("loreal", "欧莱雅")),
    *_of("service", ("cmb", "招商银行"), ("ping-an", "中国平安"), ("china-mobile", "中国移动"),
         ("china-unicom", "中国联通"), ("netease", "网易"), ("tencent", "腾讯")),
)  # fmt: skip
