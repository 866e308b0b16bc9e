"""The pictures of the command center in docs/, taken of a demo that runs.

    make demo                        # until its past is filled in
    make bench ARGS="pictures http://127.0.0.1:9470"

Shows the worst alert of the last day and its brand, a large brand on dark ground in Chinese, the
wall, and three pages on a phone; then every page in every look (`bench.screens`). Needs Chromium.
"""

import argparse
import base64
import json
import urllib.request
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Browser

from bench.chromium import View, chromium, window
from bench.screens import DOCS, addresses, login_page, write_sheets

_DAY_MS = 86_400_000
_PHONE = (390, 844)
_GAP_PX = 20
_COLOURS = 128


def main() -> None:
    """Write the pictures anew."""
    parser = argparse.ArgumentParser(prog="bench pictures", description=main.__doc__)
    parser.add_argument("url", help="of the center of a demo, such as http://127.0.0.1:9470")
    parser.add_argument("--mailbox", help="Its address; usual: without a sheet of the mailbox.")
    parser.add_argument("--brand", default="huawei", help="The large one; usual: %(default)s.")
    parser.add_argument("--sheets", action="store_true", help="Contact sheets of all pages alone.")
    given = parser.parse_args()
    url = given.url.rstrip("/")
    alert = _worst(url)
    with chromium() as browser:
        if not given.sheets:
            _write_shown(browser, url, alert, given.brand)
        with login_page() as login:
            pages = {name: url + path for name, path in addresses(given.brand, alert["id"]).items()}
            mailbox = {"mailbox": given.mailbox} if given.mailbox else {}
            write_sheets(browser, pages | {"login": login} | mailbox)


def _write_shown(browser: Browser, url: str, alert: dict[str, Any], brand: str) -> None:
    """What README and docs/center.md show."""
    views = {
        "center-brand": (f"/brands/{alert['brand']}", View((1440, 1180))),
        "center-alert": (f"/alerts/{alert['id']}", View((1440, 1000), "zh")),
        "center-brand-zh-dark": (f"/brands/{brand}", View((1280, 720), "zh", "dark")),
        "center-wall": ("/wall", View((1920, 1080))),
    }
    for name, (path, view) in views.items():
        with window(browser, url, view) as looking:
            _write(name, looking.picture(url + path))
    with window(browser, url, View(_PHONE)) as looking:
        shown = [looking.picture(url + path) for path in ("/wall", "/engage", f"/brands/{brand}")]
    _write("center-phone", _beside(browser, shown, _PHONE))


def _worst(url: str) -> dict[str, Any]:
    """The most severe alert about posts of the last day."""
    with urllib.request.urlopen(f"{url}/api/alerts?limit=200", timeout=30) as answer:
        found = json.load(answer)["items"]
    newest_ms = max(one["started_at_ms"] for one in found)
    recent = [
        one
        for one in found
        if one["started_at_ms"] > newest_ms - _DAY_MS and one["kind"] != "influencer"
    ]
    worst: dict[str, Any] = max(recent, key=lambda one: (one["severity"], one["started_at_ms"]))
    return worst


def _beside(browser: Browser, pictures: list[bytes], size: tuple[int, int]) -> bytes:
    width = len(pictures) * (size[0] + _GAP_PX) - _GAP_PX
    page = browser.new_page(viewport={"width": width, "height": size[1]})
    shown = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in pictures
    )
    page.set_content(
        f"<style>body{{margin:0;display:flex;gap:{_GAP_PX}px;background:#c8c8c4}}</style>{shown}"
    )
    page.wait_for_function("[...document.images].every((one) => one.complete)")
    taken = page.screenshot()
    page.close()
    return taken


def _write(name: str, picture: bytes) -> None:
    """With few colours: a third of the bytes, and no difference to be seen."""
    file = DOCS / f"{name}.png"
    Image.open(BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(file, optimize=True)
    print(f"docs/{name}.png: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
