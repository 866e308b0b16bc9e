"""Who posts: a crowd with few large accounts, brand accounts, and throw-away ones."""

from functools import lru_cache
from random import Random
from typing import NamedTuple

import orjson

from feeds.simulate.brands import SimulatedBrand
from sources.styled_times import weibo_time

_CROWD = 200_000
_FIRST_ID = 1_000_000_000
_BRAND_ID = 2_000_000_000
_SPAM_ID = 3_000_000_000
_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_PLACES = (
    *("广东 广州", "广东 深圳", "北京 朝阳区", "北京 海淀区", "上海 浦东新区", "上海 徐汇区"),
    *("江苏 南京", "浙江 杭州", "山东 青岛", "四川 成都", "河南 郑州", "湖北 武汉", "湖南 长沙"),
    *(
        "福建 厦门",
        "河北 石家庄",
        "辽宁 大连",
        "陕西 西安",
        "安徽 合肥",
        "重庆",
        "天津",
        "广西 南宁",
    ),
    *(
        "云南 昆明",
        "黑龙江 哈尔滨",
        "江西 南昌",
        "山西 太原",
        "吉林 长春",
        "贵州 贵阳",
        "甘肃 兰州",
    ),
    *("新疆 乌鲁木齐", "海外", "其他"),
)
"""Where accounts say to be: the first ones most."""
_GIVEN = "小大阿老晓明华丽强芳伟静敏杰涛磊婷雪"


class Person(NamedTuple):
    id: int
    name: str
    followers: int
    verified_type: int
    joined_s: int

    def as_user(self) -> orjson.Fragment:
        """The `user` of a status, as JSON."""
        return _user(self)


class People:
    """Draws authors. The n-th account is the same at every run."""

    def __init__(self, rnd: Random) -> None:
        self._rnd = rnd

    def anyone(self) -> Person:
        """Somebody of the crowd; few write much."""
        return _person(int(self._rnd.random() ** 2 * _CROWD))

    def influencer(self) -> Person:
        """A verified account with a million followers or more."""
        number = self._rnd.randrange(200)
        return _person(number)._replace(
            id=_FIRST_ID + _CROWD + number,
            name=f"大V{_person(number).name}",
            followers=1_000_000 + 37_000 * number,
            verified_type=0,
        )

    def spammer(self) -> Person:
        """An account that was made yesterday."""
        number = self._rnd.randrange(300)
        return Person(_SPAM_ID + number, f"用户{_SPAM_ID + number}", number % 7, -1, 1_700_000_000)

    def brand_account(self, brand: SimulatedBrand) -> Person:
        """The brand's own account."""
        number = sum(brand.id.encode())
        return Person(_BRAND_ID + number, brand.account, 500_000 + 1000 * number, 2, 1_260_000_000)


@lru_cache(maxsize=65_536)
def _person(number: int) -> Person:
    name = _FAMILY[number % 20] + _GIVEN[number // 20 % 18] + _GIVEN[number // 360 % 18]
    followers = int(20 + 3e6 / (number + 3) ** 0.75)
    return Person(
        _FIRST_ID + number,
        f"{name}{number}",
        followers,
        0 if number % 97 == 0 else -1,
        1_250_000_000 + number * 1000,
    )


@lru_cache(maxsize=65_536)
def _user(person: Person) -> orjson.Fragment:
    user = {
        "id": person.id,
        "screen_name": person.name,
        "location": _PLACES[min(person.id * 7919 % 997, person.id * 104_729 % 991) % 997 // 33],
        "followers_count": person.followers,
        "friends_count": 50 + person.id % 400,
        "statuses_count": 10 + person.id % 5000,
        "verified": person.verified_type >= 0,
        "verified_type": person.verified_type,
        "created_at": weibo_time(person.joined_s),
    }
    return orjson.Fragment(orjson.dumps(user))
