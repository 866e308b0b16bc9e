"""Where an author is: a closed list of provinces."""

import pytest

from sources.parsing import parse
from sources.regions import PROVINCES, region_of

NOW_MS = 1_400_000_000_000


@pytest.mark.parametrize("province", sorted(PROVINCES))
def test_every_province_is_known_alone_and_with_a_city(province: str) -> None:
    assert (region_of(province), region_of(f"{province} 某区")) == (province, province)


@pytest.mark.parametrize("location", ["", None, "其他", "火星", " ", "北京烤鸭", "x" * 10_000])
def test_anything_else_is_none(location: str | None) -> None:
    assert region_of(location) == ""


@pytest.mark.parametrize("followers", ["12", '"12"'])  # as it should be, and as some clients write
def test_a_weibo_account_says_where_it_is_and_that_it_is_new(followers: str) -> None:
    line = (
        '{"id":1,"created_at":"Tue May 31 17:46:55 +0800 2011","text":"好","user":{"id":2,'
        f'"followers_count":{followers},"statuses_count":3,"location":"广东 深圳"}}}}'
    )
    author = parse("weibo", line.encode(), NOW_MS).author
    assert (author.region, author.is_new, author.followers) == ("广东", True, 12)
