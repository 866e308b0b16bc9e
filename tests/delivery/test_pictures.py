"""Pictures are PNGs that others can read, and show what they should."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from delivery.digest_facts import BrandMinutes
from delivery.pictures import bars
from delivery.recent import pictures_of
from schemas.catalogue import ReceivingChannel, Wording
from tests.delivery.alerts import MINUTE_MS, NOON_MS, alert, subscriber
from tests.delivery.test_digests import minute

BLUE, ORANGE, WHITE = (120, 144, 176), (214, 90, 40), (255, 255, 255)


def opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as found:
        return found.convert("RGB")


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 1e12), max_size=80))
def test_any_counts_make_a_picture_of_its_size(values: list[float]) -> None:
    assert opened(bars(values, width=90, height=20)).size == (90, 20)


def test_bars_are_as_high_as_their_counts_and_marked_ones_stand_out() -> None:
    found = opened(bars([0, 5, 10], marked_from=2, width=90, height=102))
    columns = {x: [found.getpixel((x, y)) for y in range(102)] for x in (10, 40, 70)}
    assert set(columns[10]) == {WHITE}
    assert columns[40].count(BLUE) == 50
    assert columns[70].count(ORANGE) == 100


def test_the_last_hours_are_shown_where_there_are_posts() -> None:
    who = subscriber(ReceivingChannel.EMAIL, language=Wording.EN)
    from_ms = NOON_MS - 170 * MINUTE_MS
    held = BrandMinutes(from_ms, from_ms + 180 * MINUTE_MS)
    assert list(pictures_of(alert(), held.of("xiaomi"), who)) == []
    held.add(minute("xiaomi", NOON_MS, 30))
    [picture] = pictures_of(alert(), held.of("xiaomi"), who)
    assert "at most 30" in picture.about
    assert ORANGE in {colour for _, colour in opened(picture.png).getcolors(9) or ()}
