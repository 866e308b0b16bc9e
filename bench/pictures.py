"""The pictures of the command center in docs/, taken of a demo that runs.

    make demo                        # until its past is filled in
    make bench ARGS="pictures http://127.0.0.1:9470"

Shows the worst alert of the last day and its brand, a large brand on dark ground in Chinese, the
wall, and three pages on a phone. Needs Chromium.
"""

import argparse
import base64
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

_DOCS = Path(__file__).parents[1] / "docs"
_CHROMIUM = "/usr/bin/chromium"
_ZONE = "Asia/Shanghai"
_DAY_MS = 86_400_000
_PHONE = (390, 844)
_GAP_PX = 20
_COLOURS = 128
_SETTLED = """() => new Promise((done) => {
    let timer = setTimeout(done, 1500);
    new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 1500); })
        .observe(document.body, { childList: true, subtree: true });
    setTimeout(done, 10000);
})"""
"""Charts are drawn, and for a while nothing is added."""


class View(NamedTuple):
    """How a page is looked at."""

    path: str
    size: tuple[int, int]
    language: str = "en"
    theme: str = "light"


def main() -> None:
    """Write the pictures anew."""
    parser = argparse.ArgumentParser(prog="bench pictures", description=main.__doc__)
    parser.add_argument("url", help="of the center of a demo, such as http://127.0.0.1:9470")
    parser.add_argument("--brand", default="huawei", help="The large one; usual: %(default)s.")
    given = parser.parse_args()
    url = given.url.rstrip("/")
    alert = _worst(url)
    views = {
        "center-brand": View(f"/brands/{alert['brand']}", (1440, 1180)),
        "center-alert": View(f"/alerts/{alert['id']}", (1440, 1000), "zh"),
        "center-brand-zh-dark": View(f"/brands/{given.brand}", (1280, 720), "zh", "dark"),
        "center-wall": View("/wall", (1920, 1080)),
    }
    on_a_phone = [View(path, _PHONE) for path in ("/wall", "/engage", f"/brands/{given.brand}")]
    with _chromium() as browser:
        for name, view in views.items():
            _write(name, _picture(browser, url, view))
        shown = [_picture(browser, url, view) for view in on_a_phone]
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


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def _picture(browser: Browser, url: str, view: View) -> bytes:
    width, height = view.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, timezone_id=_ZONE, reduced_motion="reduce"
    )
    context.add_cookies(
        [
            {"name": "leimo_lang", "value": view.language, "url": url},
            {"name": "leimo_theme", "value": view.theme, "url": url},
        ]
    )
    page = context.new_page()
    page.goto(url + view.path)
    _settle(page, is_wall=view.path == "/wall")
    taken = page.screenshot()
    context.close()
    return taken


def _settle(page: Page, *, is_wall: bool) -> None:
    if is_wall:
        expect(page.locator("#picture svg")).to_be_visible(timeout=30_000)
        # A phone has no pointer that could be still: there the tools stay.
        with suppress(PlaywrightTimeout):
            page.wait_for_selector("body.is-still", timeout=5_000)
    else:
        expect(page.locator("#page, main").first).to_have_text(re.compile(r"\d"), timeout=30_000)
    page.evaluate(_SETTLED)


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
    file = _DOCS / f"{name}.png"
    Image.open(BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(file, optimize=True)
    print(f"docs/{name}.png: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
