"""Every page of the center in both languages, both themes and three sizes, as contact sheets.

Written to docs/screens/ by `python -m bench pictures`: a sheet for each page, and one in grey of
all of them, which shows what would be told by colour alone.
"""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import product
from pathlib import Path
from urllib.parse import quote

import uvicorn
from argon2 import PasswordHasher
from PIL import Image
from playwright.sync_api import Browser

from bench.chromium import Theme, View, window
from center.access.access import Access, AccessOptions
from center.app import create_app
from center.pages.frame import NAVIGATION
from center.pages.mount import with_pages

DOCS = Path(__file__).parents[1] / "docs"
_FOLDER = DOCS / "screens"
_SIZES = {(1280, 720): 1.0, (3840, 2160): 0.25, (390, 844): 1.0}
"""Size -> how large it is taken."""
_LANGUAGES = ("zh", "en")
_THEMES: tuple[Theme, ...] = ("light", "dark")
_IN_GREY = ("en", (1280, 720))
_SHOWN_HEIGHT = 480
_GREY_HEIGHT = 270
_GREY_COLUMNS = 4
_GREY = "in-grey"
_GAP = 8
_GROUND = (200, 200, 196)
_QUALITY = 55
_ABOUT = """# Screens of the center

Pages in Chinese and English, light and dark, at 1280 × 720, 3840 × 2160 and on a phone, and in
grey. Written by `make bench ARGS="pictures URL"` from a running demo. What a page is for:
[center](center.md).
"""


def addresses(brand: str, alert: str) -> dict[str, str]:
    """Name -> address of every page that has a look of its own, without the way in."""
    known = {entry.key: entry.path for part in NAVIGATION for entry in part}
    return {
        "overview": known["overview"],
        "wall": known["wall"],
        "brand": f"/brands/{quote(brand, safe='')}",
        "alert": f"/alerts/{quote(alert, safe='')}",
        **known,
        "incidents": "/incidents?state=all",
        "rule": "/rules/rule/spike",
        "brand-definition": f"/rules/brand/{quote(brand, safe='')}",
        "new-rule": "/rules/rule/",
        "not-found": "/no-such-page",
    }


def write_sheets(browser: Browser, pages: Mapping[str, str]) -> None:
    """`pages`: name -> address with its host. A sheet is written as soon as its page was seen in
    every look: who stops it keeps what is done.
    """
    first = next(iter(pages.values()))
    _FOLDER.mkdir(exist_ok=True)
    grey: list[Image.Image] = []
    with contextlib.ExitStack() as opened:
        # Cookies hold for a host, whatever its port: a window is for all pages.
        windows = {
            (language, size): opened.enter_context(
                window(browser, first, View(size, language, scale=scale))
            )
            for language, (size, scale) in product(_LANGUAGES, _SIZES.items())
        }
        for name, address in pages.items():
            looks: dict[tuple[str, str, tuple[int, int]], Image.Image] = {}
            for (language, size), looking in windows.items():
                for theme, png in zip(_THEMES, looking.in_themes(address, _THEMES), strict=True):
                    taken = Image.open(BytesIO(png)).convert("RGB")
                    looks[language, theme, size] = _high(taken, _SHOWN_HEIGHT)
                    if (language, size) == _IN_GREY:
                        grey.append(_high(taken.convert("L").convert("RGB"), _GREY_HEIGHT))
            order = product(_LANGUAGES, _THEMES, _SIZES)
            _write(name, _sheet([looks[look] for look in order], len(_SIZES)))
            _write(_GREY, _sheet(grey, _GREY_COLUMNS))
            _list([*pages, _GREY])


def _list(names: Sequence[str]) -> None:
    """The page of the sheets that there are."""
    kept = [name for name in names if (_FOLDER / f"{name}.webp").exists()]
    listed = "".join(f"\n## {name}\n\n![{name}](screens/{name}.webp)\n" for name in kept)
    (DOCS / "screens.md").write_text(_ABOUT + listed, encoding="utf-8")


def _high(picture: Image.Image, height: int) -> Image.Image:
    width = round(picture.width * height / picture.height)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _sheet(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Rows of so many pictures, all of one height."""
    rows = [pictures[at : at + columns] for at in range(0, len(pictures), columns)]
    height = pictures[0].height + _GAP
    width = max(sum(one.width + _GAP for one in row) for row in rows) - _GAP
    sheet = Image.new("RGB", (width, len(rows) * height - _GAP), _GROUND)
    for number, row in enumerate(rows):
        x = 0
        for one in row:
            sheet.paste(one, (x, number * height))
            x += one.width + _GAP
    return sheet


def _write(name: str, sheet: Image.Image) -> None:
    file = _FOLDER / f"{name}.webp"
    sheet.save(file, quality=_QUALITY, method=6)
    print(f"docs/screens/{file.name}: {file.stat().st_size:,} bytes")


@contextlib.contextmanager
def login_page() -> Iterator[str]:
    """The address of a way in: a demo has none, for it is open to whoever sits at the machine."""
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder) / "users.toml"
        users.write_text(
            f'[users.li]\nrole = "viewer"\npassword = "{PasswordHasher().hash(folder)}"\n'
        )
        app = with_pages(create_app(None), Access(AccessOptions(users_file=users)))
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/login"
        server.should_exit = True
        serving.join()
