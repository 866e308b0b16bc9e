"""Pictures of a center's pages in headless Chromium, each in a language, theme and size."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

_CHROMIUM = "/usr/bin/chromium"
_ZONE = "Asia/Shanghai"
_DRAWN_MS = 60_000
_STILL_MS = 15_000
_SETTLED = """(most) => new Promise((done) => {
    const undrawn = () => [...document.querySelectorAll(".chart")]
        .some((one) => one.offsetParent && !one.querySelector("canvas"));
    let timer = 0;
    const later = () => { clearTimeout(timer); timer = setTimeout(still, 1000); };
    const still = () => { if (undrawn()) later(); else done(); };
    new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
    later();
    setTimeout(done, most);
})"""
"""Charts are drawn, and for a while nothing is added: a page that lives is never still for long."""


_CHANGE_THEME = """(theme) => new Promise((done) => {
    document.documentElement.dataset.theme = theme;
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""

Theme = Literal["light", "dark"]


class View(NamedTuple):
    """How pages are looked at."""

    size: tuple[int, int]
    language: str = "en"
    theme: Theme = "light"
    scale: float = 1.0
    """Pixels of the picture for one of the page: less for a sheet, which is quicker to draw."""


class Window:
    """A window of the browser that takes pictures of one page after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def picture(self, address: str) -> bytes:
        """A PNG of what one sees first of a page."""
        self.show(address)
        return self._page.screenshot(timeout=_DRAWN_MS)

    def in_themes(self, address: str, themes: Sequence[Theme]) -> list[bytes]:
        """The same in each theme, of one page that is told to change."""
        self.show(address)
        taken = []
        for theme in themes:
            self._page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self._page.evaluate(_CHANGE_THEME, theme)
            taken.append(self._page.screenshot(timeout=_DRAWN_MS))
        return taken

    def show(self, address: str) -> None:
        """Go there, and wait until it is drawn."""
        page = self._page
        page.goto(address)
        if page.locator("#picture").count():
            expect(page.locator("#picture svg")).to_be_visible(timeout=_DRAWN_MS)
            # A phone has no pointer that could be still: there the tools stay.
            with suppress(PlaywrightTimeout):
                page.wait_for_selector("body.is-still", timeout=5_000)
        elif page.locator("#page").count():
            expect(page.locator("#page")).to_have_text(re.compile(r"\S"), timeout=_DRAWN_MS)
        page.evaluate(_SETTLED, _STILL_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, url: str, view: View) -> Iterator[Window]:
    """A window of a viewer who likes it so."""
    width, height = view.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=view.scale,
        timezone_id=_ZONE,
        reduced_motion="reduce",
        color_scheme=view.theme,
    )
    context.add_cookies(
        [
            {"name": "leimo_lang", "value": view.language, "url": url},
            {"name": "leimo_theme", "value": view.theme, "url": url},
        ]
    )
    yield Window(context.new_page())
    context.close()
