"""The demo's receivers: two groups that alerts are told to, and a page that shows what they got.

It speaks as DingTalk and Slack do, so `leimo deliver` runs as it would anywhere.
"""

import contextlib
import html
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple

from aiohttp import web

from schemas.catalogue import ReceivingChannel, Subscriber, Wording

KEPT = 50
_MOST_BYTES = 64 * 1024
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_STYLE = """
body { font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; background: #f6f5f1; color: #1b1d1f; }
article { background: #fff; border: 1px solid #e2dfd8; border-radius: 8px; padding: 1rem 1.25rem;
  margin: .75rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
header, .quiet { color: #666b72; font-size: .8125rem; }
@media (prefers-color-scheme: dark) { body { background: #111315; color: #edebe6; }
  article { background: #191c1f; border-color: #2a2f33; } header, .quiet { color: #959ba2; } }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>leimo demo mailbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><link rel="stylesheet" href="/style.css"></head><body>
<h1>Demo mailbox</h1><p class="quiet">What two subscribers get of the alerts, the newest first:
one in Chinese by DingTalk, one in English by Slack. 订阅者会收到的消息，最新的在前。</p>{items}
</body></html>"""

SUBSCRIBERS = (
    Subscriber(
        id="demo-zh",
        channel=ReceivingChannel.DINGTALK,
        address="SUBSCRIBER_DEMO_ZH",
        language=Wording.ZH,
        zone="Asia/Shanghai",
    ),
    Subscriber(
        id="demo-en",
        channel=ReceivingChannel.SLACK,
        address="SUBSCRIBER_DEMO_EN",
        language=Wording.EN,
        zone="UTC",
    ),
)


class Letter(NamedTuple):
    """One message that came."""

    at_s: float
    to: str
    text: str


class Mailbox:
    """Takes messages, keeps the newest, shows them."""

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=KEPT)
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Mailbox"]:
        """Listen on the loopback, at a port of its own."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes(
            [
                web.get("/", self._show),
                web.get("/style.css", _style),
                web.post("/dingtalk", self._dingtalk),
                web.post("/slack", self._slack),
            ]
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            yield self
        finally:
            await runner.cleanup()

    def variables(self) -> dict[str, str]:
        """What `leimo deliver` needs to reach it."""
        return {
            "SUBSCRIBER_DEMO_ZH": f"{self.url}dingtalk",
            "SUBSCRIBER_DEMO_EN": f"{self.url}slack",
            "LEIMO_DELIVER_NETWORKS": "127.0.0.0/8",
        }

    async def _dingtalk(self, request: web.Request) -> web.Response:
        body = await _json(request)
        self._keep("demo-zh · DingTalk", str(body.get("text", {}).get("content", "")))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _slack(self, request: web.Request) -> web.Response:
        blocks = (await _json(request)).get("blocks", [])
        texts = [str(block.get("text", {}).get("text", "")) for block in blocks]
        self._keep("demo-en · Slack", "\n".join(texts))
        return web.Response(text="ok")

    def _keep(self, to: str, text: str) -> None:
        self.letters.appendleft(Letter(time.time(), to, text))

    async def _show(self, request: web.Request) -> web.Response:
        items = "".join(map(_shown, self.letters)) or '<p class="quiet">No message yet.</p>'
        page = _PAGE.replace("{items}", items)
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)


def _shown(letter: Letter) -> str:
    at = datetime.fromtimestamp(letter.at_s).astimezone()
    head = html.escape(f"{at:%H:%M:%S} · {letter.to}")
    return f"<article><header>{head}</header>{html.escape(letter.text)}</article>"


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.read())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text="no JSON object")
    return found


async def _style(request: web.Request) -> web.Response:
    return web.Response(text=_STYLE, content_type="text/css", headers=_HEADERS)
