"""The page behind the links in messages: GET shows, POST acts. Served by `leimo deliver`.

Programs that look into mails and chats open every link: opening one changes nothing.
"""

import base64
import hashlib
import logging
import time
from collections.abc import Mapping
from html import escape

from aiohttp import web

from delivery.links import LinkError, Ticket, action_id, read
from kafka_io.actions import append_actions, read_actions
from kafka_io.settings import Settings
from schemas.action import Action, ActionKind, ActionSubject
from schemas.errors import OperatorError
from views.doings import Doing, Doings
from views.plain_text import one_line

log = logging.getLogger(__name__)

_MOST_BYTES = 16 << 10
_MOST_NAME, _MOST_NOTE = 64, 500
_KINDS = {
    "acknowledged": ActionKind.ACKNOWLEDGED,
    "false_alarm": ActionKind.FALSE_ALARM,
    "note": ActionKind.NOTE,
}
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:32em;margin:3em auto;padding:0 1em;"
    "color:#222}h1{font-size:1.25em}label{display:block;margin:1em 0}input{display:block;"
    "width:100%;font:inherit;padding:.4em;box-sizing:border-box}button{font:inherit;"
    "padding:.5em 1em;margin:0 .5em .5em 0}small{color:#666}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class LinkServerError(OperatorError):
    """The address cannot be listened on; the message names the mend."""


class LinkServer:
    """Reads `actions` to show who has an alert, and adds what people do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secret = settings.links_secret.get_secret_value()

    async def start(self) -> web.AppRunner:
        """Listen on `links_address`; returns what to `cleanup()`."""
        host, _, port = self._settings.links_address.rpartition(":")
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes([web.get("/act", self._show), web.post("/act", self._act)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            await runner.cleanup()
            raise LinkServerError(
                f"links_address={self._settings.links_address}: cannot listen there "
                f"({error.strerror}); choose another with LEIMO_LINKS_ADDRESS"
            ) from error
        return runner

    async def _show(self, request: web.Request) -> web.Response:
        try:
            token, ticket = self._ticket(request.query.get("t", ""))
        except LinkError as error:
            return _page(escape(str(error)), status=410)
        is_used, doing = await self._state(token, ticket)
        return _page(_about(ticket, doing) + ("" if is_used else _form(token)))

    async def _act(self, request: web.Request) -> web.Response:
        given = await request.post()
        try:
            token, ticket = self._ticket(str(given.get("t", "")))
        except LinkError as error:
            return _page(escape(str(error)), status=410)
        kind = _KINDS.get(str(given.get("do", "")))
        who = one_line(str(given.get("who", "")))[:_MOST_NAME]
        note = one_line(str(given.get("note", "")))[:_MOST_NOTE]
        if kind is None or not who or (kind is ActionKind.NOTE and not note):
            return _page(
                "请写上名字，备注不能为空 / A name is needed, and a note says something.",
                status=400,
            )
        is_used, doing = await self._state(token, ticket)
        if is_used:
            return _page(
                "此链接已用过 / This link was used already.<br>" + _about(ticket, doing), status=409
            )
        action = Action(
            id=action_id(token),
            at_ms=time.time_ns() // 1_000_000,
            who=who,
            kind=kind,
            on=ActionSubject.ALERT,
            subject=ticket.alert,
            via="link",
            brand=ticket.brand,
            note=note,
        )
        await append_actions(self._settings, [action])
        log.info("alert %s: %s by a link of subscriber %s", ticket.alert, kind, ticket.subscriber)
        _, doing = await self._state(token, ticket)
        return _page("已记录 / Recorded.<br>" + _about(ticket, doing))

    def _ticket(self, token: str) -> tuple[str, Ticket]:
        return token, read(token, self._secret, time.time_ns() // 1_000_000)

    async def _state(self, token: str, ticket: Ticket) -> tuple[bool, Doing]:
        actions = await read_actions(self._settings)
        mine = action_id(token)
        is_used = any(action.id == mine for action in actions)
        return is_used, Doings(actions).of_alert(ticket.alert)


def _about(ticket: Ticket, doing: Doing) -> str:
    who = doing.holder or doing.false_alarm_by
    state = (
        f"处理人 / In the hands of <b>{escape(one_line(who))}</b>"
        if who
        else "无人处理 / Nobody has it yet"
    )
    if doing.false_alarm_by:
        state += "<br>误报 / False alarm"
    notes = "".join(
        f"<li>{escape(one_line(note.who))}: {escape(one_line(note.text))}</li>"
        for note in doing.notes
    )
    brand = escape(one_line(ticket.brand))
    return (
        f"<h1>{brand}</h1><p><small>{escape(one_line(ticket.alert))}</small></p>"
        f"<p>{state}</p><ul>{notes}</ul>"
    )


def _form(token: str) -> str:
    return (
        '<form method="post" action="act" autocomplete="off">'
        f'<input type="hidden" name="t" value="{escape(token)}">'
        f'<label>名字 / Your name<input name="who" required maxlength="{_MOST_NAME}"></label>'
        f'<label>备注 / Note<input name="note" maxlength="{_MOST_NOTE}"></label>'
        '<button name="do" value="acknowledged">我来处理 / I have it</button>'
        '<button name="do" value="false_alarm">误报 / False alarm</button>'
        '<button name="do" value="note">仅备注 / Note only</button></form>'
        "<p><small>此链接只能用一次 / This link works once.</small></p>"
    )


def _page(body: str, status: int = 200) -> web.Response:
    page = (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>leimo</title><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )
    return web.Response(text=page, status=status, content_type="text/html", headers=HEADERS)
