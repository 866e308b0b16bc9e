"""The contact sheets show every page there is."""

import urllib.request

from PIL import Image

from bench.screens import _GAP, _sheet, addresses, login_page
from center.access.access import Access, AccessOptions
from center.api.answers import Wall
from center.pages.routes import Pages
from center.principal import Principal

_NO_PAGES = {"/static/{version}/{path:path}", "/logout", "/wall/picture"}
_ELSEWHERE = {"/login"}


async def _no_wall(principal: Principal, group: str, limit: int) -> Wall:
    raise AssertionError((principal, group, limit))


def test_every_route_has_its_screen() -> None:
    routes = Pages(Access(AccessOptions()), _no_wall).routes()
    shown = [address.partition("?")[0] for address in addresses("xiaomi", "a1").values()]
    for route in routes:
        first = next(one for one in routes if one.path_regex.match(_filled(route.path)))
        if route.path not in _NO_PAGES | _ELSEWHERE and first is route:
            assert any(route.path_regex.match(path) for path in shown), route.path


def _filled(path: str) -> str:
    return path.replace("{subject:path}", "x").replace("{path:path}", "x").replace("{kind}", "rule")


def test_pictures_stand_in_rows_of_one_height() -> None:
    pictures = [Image.new("RGB", (width, 10), (width, 0, 0)) for width in (20, 30, 20)]
    sheet = _sheet(pictures, 2)
    assert sheet.size == (50 + _GAP, 20 + _GAP)
    assert sheet.getpixel((20 + _GAP, 0)) == (30, 0, 0)
    assert sheet.getpixel((0, 10 + _GAP)) == (20, 0, 0)


def test_the_way_in_is_shown_without_a_center() -> None:
    with login_page() as address, urllib.request.urlopen(address, timeout=20) as answer:
        assert 'name="password"' in answer.read().decode()
