"""A center with pages on a port, over a store with a simulated morning; a browser."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from center.access.access import Access, AccessOptions
from center.access.people import token_digest
from center.api.stream import Hub
from center.app import create_app
from center.board import Board
from center.context import Center
from center.pages.mount import vouched_for, with_pages
from center.store.opening import SqlStore, open_store
from center.store.protocol import MINUTE_MS, Record
from kafka_io.settings import Settings
from leimo.demo_week import fill
from schemas.topics import CATALOGUE
from tests.center.center import DirectTopics

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=20_000)
PASSWORD = "correct horse battery staple"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
USERS = f"""
[users.li]
password = "{_HASH}"
role = "operator"
brands = ["xiaomi"]
[users.wang]
password = "{_HASH}"
role = "operator"
[users.zhao]
password = "{_HASH}"
role = "operator"
[users.root]
password = "{_HASH}"
role = "admin"
[tokens.wall]
sha256 = "{token_digest("screen")}"
role = "viewer"
kiosk = true
"""


class Running:
    """A center that can be stopped and started again at its port."""

    def __init__(self, store: SqlStore, access: Access) -> None:
        self.store = store
        self._access = access
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self.hub = Hub(self.store.offsets())
        center = Center(
            store=self.store,
            settings=Settings(),
            topics=_Told(self),
            clock_ms=_now_ms,
            hub=self.hub,
            board=Board(self.store),
            authenticate=vouched_for,
        )
        app = with_pages(create_app(center), self._access)
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        server = self._server

        def run() -> None:
            async def serve() -> None:
                self._loop = asyncio.get_running_loop()
                await server.serve(sockets=[listening])

            asyncio.run(serve())

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started

    def stop(self) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def take_in(self, *records: Record) -> None:
        """What the ingest does: into the store, then to all who listen."""
        positions = {(one.topic, one.partition): one.offset + 1 for one in records}
        self.store.apply(records, positions)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.hub.publish, records, positions, True)


class _Told(DirectTopics):
    """Who listens is told of what people do, as by the ingest."""

    def __init__(self, running: Running) -> None:
        super().__init__(running.store)
        self._running = running

    def _take_in(self, topic: str, key: str, value: object) -> int:
        offset = super()._take_in(topic, key, value)
        record = Record(topic, 0, offset, key, value)
        self._running.hub.publish([record], {(topic, 0): offset + 1}, True)
        return offset


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """A store with the shipped catalogue and some hours of simulated posts up to now."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('center') / 'center.db'}")
    catalogue = load(SHIPPED)
    definitions = [
        Record(CATALOGUE.name, 0, number, f"{kind}:{one.id}", one)
        for number, (kind, one) in enumerate(
            [("brand", one) for one in catalogue.brands]
            + [("rule", one) for one in catalogue.rules]
        )
    ]
    store.apply(definitions, {(CATALOGUE.name, 0): len(definitions)})
    until_ms = _now_ms() // MINUTE_MS * MINUTE_MS
    analyser = analyser_of(catalogue)
    # Without the night: the tests run at any hour.
    mentions = fill(store, catalogue, analyser, until_ms, rate=0.6, days=0.1, is_rhythmic=False)
    assert mentions > 1000
    with contextlib.closing(store):
        yield store


@pytest.fixture(scope="package")
def running(filled: SqlStore) -> Iterator[Running]:
    """Open to whoever sits at this machine."""
    center = Running(filled, Access(AccessOptions()))
    center.start()
    yield center
    center.stop()


@pytest.fixture(scope="package")
def guarded(filled: SqlStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same with users."""
    users = tmp_path_factory.mktemp("users") / "users.toml"
    users.write_text(USERS, encoding="utf-8")
    center = Running(filled, Access(AccessOptions(users_file=users)))
    center.start()
    yield center
    center.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for all; skips where it is absent, unless REQUIRE_BROWSER=1.

    Its driver keeps a loop running in this thread: no test of this package may be a coroutine.
    """
    if not CHROMIUM.exists():
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


class Visitor:
    """A browser window of its own, that keeps what went wrong in it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.troubles: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._heard)
        # Reported by the browser itself for whatever the policy stops.
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => "
            "console.error('CSP ' + event.violatedDirective + ' ' + event.blockedURI))"
        )

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.troubles.append(message.text)

    def goes(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def logs_in(self, name: str) -> None:
        self.goes("/login")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("button")
        self.page.wait_for_selector("#title")


@pytest.fixture
def visit(browser: Browser, running: Running) -> Iterator[Any]:
    """Opens windows: `visit(lang="zh", theme="dark", width=1280, height=720)`."""
    contexts = []

    def open_window(
        url: str = "", lang: str = "en", theme: str = "light", width: int = 1280, height: int = 800
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        contexts.append(context)
        at = url or running.url
        context.add_cookies(
            [
                {"name": "leimo_lang", "value": lang, "url": at},
                {"name": "leimo_theme", "value": theme, "url": at},
            ]
        )
        return Visitor(context, at)

    yield open_window
    for context in contexts:
        context.close()
