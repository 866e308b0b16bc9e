"""Where an author says to be: the province that a Weibo account's `location` begins with.

A closed list: what people write there themselves is without bounds, and a count for each region is
kept for every minute of every brand.
"""

from functools import lru_cache

PROVINCES = frozenset(
    {
        *("北京", "天津", "上海", "重庆", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江"),
        *("江苏", "浙江", "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东"),
        *("广西", "海南", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏"),
        *("新疆", "香港", "澳门", "台湾", "海外"),
    }
)
"""As Weibo's own settings offer them; 海外 is abroad."""


def region_of(location: str | None) -> str:
    """The province; empty where there is none.

    >>> region_of("上海 浦东新区"), region_of("发布于 北京"), region_of("火星"), region_of(None)
    ('上海', '北京', '', '')
    """
    if not location:
        return ""
    return _remembered(location) if len(location) <= _MAX_REMEMBERED else _region_of(location)


def _region_of(location: str) -> str:
    words = location.split(maxsplit=2)
    return next((word for word in words[:2] if word in PROVINCES), "")


_MAX_REMEMBERED = 50
_remembered = lru_cache(maxsize=4096)(_region_of)
