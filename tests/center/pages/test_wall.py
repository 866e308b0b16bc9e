"""The picture of the wall."""

import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from center.api.answers import Wall, WallBrand
from center.pages.texts import Language, texts
from center.pages.wall import draw_wall, rows_on, screen_of
from views.plain_text import width_of

NOW_MS = 1_779_717_600_000
SVG = "{http://www.w3.org/2000/svg}"


def brand(number: int, **more: Any) -> WallBrand:
    given: dict[str, Any] = {
        "id": f"b{number}", "name": f"品牌{number}", "aliases": [], "trade": "cars", "parent": "",
        "group": "", "department": "", "severity": number % 10, "posts_1h": 12_345,
        "expected_1h": 99_999.0, "unusual": 1.0, "negative_1h": 3, "net_sentiment_1h": -100.0,
        "open_alerts": 1, "minutes": [number] * 60, "level_a_minute": 4.0,
    }  # fmt: skip
    return WallBrand(**given | more)


def wall(*brands: WallBrand, age_s: float | None = 5.0) -> Wall:
    return Wall(
        at_ms=NOW_MS,
        closed_until_ms=NOW_MS,
        data_age_s=age_s,
        groups=["cars"],
        group="cars",
        brands=list(brands),
        incidents=[],
        feeds=[],
        gaps=[],
    )


def drawn(shown: Wall, width: int = 1920, height: int = 1080, lang: str = "zh") -> ET.Element:
    language: Language = "zh" if lang == "zh" else "en"
    screen = screen_of(width, height, language, ZoneInfo("Asia/Shanghai"), NOW_MS)
    return ET.fromstring(draw_wall(shown, screen))  # well-formed, or this raises


def words_of(picture: ET.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def test_names_of_strangers_are_text() -> None:
    hostile = "</text><script>1</script>&\u202e\x07"
    picture = drawn(wall(brand(1, name=hostile)))

    assert list(picture.iter(f"{SVG}script")) == []
    assert any(word.startswith("</text>") for word in words_of(picture))
    assert not any("\u202e" in word or "\x07" in word for word in words_of(picture))


def test_the_time_is_that_of_the_viewers_zone() -> None:
    assert "22:00" in words_of(drawn(wall()))


@pytest.mark.parametrize(("lang", "told"), [("zh", "520 万"), ("en", "5.2 M")])
def test_large_counts_have_the_units_of_the_language(lang: str, told: str) -> None:
    assert told in words_of(drawn(wall(brand(1, posts_1h=5_200_000)), lang=lang))


def test_a_partition_that_stands_still_is_named() -> None:
    stale = wall(age_s=400.0).model_copy(update={"held_by_partition": 5})

    assert "Data of partition 5 are 7 min old" in words_of(drawn(stale, lang="en"))


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "past is being filled in: 40\u00a0%"), ("zh", "40\u00a0%")]
)
def test_a_past_that_is_filled_in_is_no_alarm(lang: str, told: str) -> None:
    filling = wall(age_s=400_000.0).model_copy(update={"filling_percent": 40})
    texts_of = list(drawn(filling, lang=lang).iter(f"{SVG}text"))

    assert any(told in (one.text or "") for one in texts_of)
    assert not any("w-stale" in one.attrib["class"] for one in texts_of)


@pytest.mark.parametrize(
    ("age_s", "told", "is_red"),
    [
        (5.0, "Data are 5 s old", False),
        (400.0, "Data are 7 min old", True),
        (None, "No data", True),
    ],
)
def test_old_data_are_told_in_red(age_s: float | None, told: str, is_red: bool) -> None:
    picture = drawn(wall(age_s=age_s), lang="en")
    text = next(one for one in picture.iter(f"{SVG}text") if one.text == told)

    assert ("w-stale" in text.attrib["class"]) == is_red


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160), (3440, 1440), (390, 844)]
)
def test_everything_stands_within_the_picture_and_rows_do_not_meet(width: int, height: int) -> None:
    screen = screen_of(width, height, "zh", ZoneInfo("UTC"), NOW_MS)
    rows = rows_on(screen)
    picture = drawn(wall(*map(brand, range(rows + 5))), width, height)
    _, _, wide, high = map(float, picture.attrib["viewBox"].split())
    texts_drawn = list(picture.iter(f"{SVG}text"))
    names = [float(one.attrib["y"]) for one in texts_drawn if (one.text or "").startswith("品牌")]

    assert rows >= 4
    assert len(names) == rows  # no more than have room
    assert min(b - a for a, b in pairwise(names)) >= 90
    for one in texts_drawn:
        assert 0 <= float(one.attrib["x"]) <= wide
        assert 0 <= float(one.attrib["y"]) <= high


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1920, 1080)])
def test_heads_of_columns_do_not_meet(width: int, height: int, lang: str) -> None:
    words = texts("zh" if lang == "zh" else "en")
    heads = {words[f"wall.{key}"] for key in ("hour", "hour_short", "now", "usual", "mood")}
    spans = []
    for one in drawn(wall(brand(1)), width, height, lang).iter(f"{SVG}text"):
        if one.text in heads:
            x, wide = float(one.attrib["x"]), 24 * 0.54 * width_of(one.text)
            spans.append((x - wide, x) if "w-end" in one.attrib["class"] else (x, x + wide))

    assert len(spans) == 4
    assert all(left[1] + 8 < right[0] for left, right in pairwise(spans))
