"""Receivers by the rules of each vendor's documentation: formats, signatures, limits, answers.

They check what comes in and answer as the vendor would; what a vendor would refuse is in
`refusals`, what it would show in `shown`, whom it would call in `mentions`.
"""

import base64
import hashlib
import hmac
import html
import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from aiohttp import web

Now = Callable[[], int]
SECRET = "SECabc123"
TOKEN = "123456:ABC-DEF"


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


class Vendor:
    """Counts, limits and keeps what comes in."""

    per_minute: ClassVar[int] = 0
    per_second: ClassVar[int] = 0

    def __init__(self, now_ms: Now, secret: str = SECRET) -> None:
        self.now_ms = now_ms
        self.secret = secret
        self.shown: list[str] = []
        self.mentions: list[str] = []
        self.links: list[str] = []
        self.refusals: list[str] = []
        self.arrived_ms: deque[int] = deque()

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        now_ms = self.now_ms()
        self.arrived_ms.append(now_ms)
        minute = sum(at_ms > now_ms - 60_000 for at_ms in self.arrived_ms)
        second = sum(at_ms > now_ms - 1_000 for at_ms in self.arrived_ms)
        if (self.per_minute and minute > self.per_minute) or (
            self.per_second and second > self.per_second
        ):
            self.refusals.append(f"too quick: {minute} in a minute, {second} in a second")
            return self.too_quick()
        try:
            body = json.loads(raw)
        except ValueError:
            self.refusals.append("no JSON")
            return web.Response(status=400)
        return self.take(request, raw, body)

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        raise NotImplementedError

    def too_quick(self) -> web.Response:
        raise NotImplementedError

    def refuse(self, answer: web.Response, why: str) -> web.Response:
        self.refusals.append(why)
        return answer


class DingTalk(Vendor):
    per_minute = 20

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        given = request.query
        if self.secret:
            stamp = given.get("timestamp", "")
            wanted = b64(
                hmac.new(
                    self.secret.encode(), f"{stamp}\n{self.secret}".encode(), hashlib.sha256
                ).digest()
            )
            fresh = stamp.isdigit() and abs(int(stamp) - self.now_ms()) < 3_600_000
            if not fresh or given.get("sign") != wanted:
                return self.refuse(self.code(310000, "sign not match"), "signature")
        if len(raw) > 20_000:
            return self.refuse(self.code(460101, "message too long"), "length")
        if body.get("msgtype") != "text" or not body["text"]["content"].strip():
            return self.refuse(self.code(400101, "format"), "format")
        at = body.get("at", {})
        self.mentions += ["all"] * bool(at.get("isAtAll"))
        self.mentions += [*at.get("atMobiles", ()), *at.get("atUserIds", ())]
        self.shown.append(body["text"]["content"])
        return self.code(0, "ok")

    def code(self, code: int, text: str) -> web.Response:
        return web.json_response({"errcode": code, "errmsg": text})

    def too_quick(self) -> web.Response:
        return self.code(130101, "send too fast, exceed 20 times per minute")


class WeCom(Vendor):
    per_minute = 20

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        if not request.query.get("key"):
            return self.refuse(self.code(93000, "invalid webhook url"), "key")
        if body.get("msgtype") != "text":
            return self.refuse(self.code(40008, "invalid message type"), "format")
        content = body["text"]["content"]
        if len(content.encode()) > 2048:
            return self.refuse(self.code(45002, "content size out of limit"), "length")
        self.mentions += body["text"].get("mentioned_list", ())
        self.mentions += body["text"].get("mentioned_mobile_list", ())
        self.mentions += re.findall(r"<@([\w-]+)>", content)
        self.shown.append(content)
        return self.code(0, "ok")

    def code(self, code: int, text: str) -> web.Response:
        return web.json_response({"errcode": code, "errmsg": text})

    def too_quick(self) -> web.Response:
        return self.code(45009, "api freq out of limit")


class Feishu(Vendor):
    per_minute = 100
    per_second = 5

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        if self.secret:
            stamp = str(body.get("timestamp"))
            wanted = b64(hmac.new(f"{stamp}\n{self.secret}".encode(), b"", "sha256").digest())
            fresh = stamp.isdigit() and abs(int(stamp) * 1000 - self.now_ms()) < 3_600_000
            if not fresh or body.get("sign") != wanted:
                return self.refuse(self.code(19021, "sign match fail"), "signature")
        if len(raw) > 20 * 1024:
            return self.refuse(self.code(11246, "too long"), "length")
        try:
            post = body["content"]["post"]["zh_cn"]
            elements = [element for line in post["content"] for element in line]
            texts = [e["text"] for e in elements if e["tag"] == "text"]
        except (KeyError, TypeError):
            return self.refuse(self.code(9499, "Bad Request"), "format")
        self.mentions += [e.get("user_id", "") for e in elements if e["tag"] == "at"]
        self.links += [e["href"] for e in elements if e["tag"] == "a"]
        self.shown.append("\n".join([post["title"], *texts]))
        return self.code(0, "success")

    def code(self, code: int, text: str) -> web.Response:
        return web.json_response({"code": code, "msg": text, "data": {}})

    def too_quick(self) -> web.Response:
        return self.code(11232, "frequency limited")


class Slack(Vendor):
    per_second = 3
    per_minute = 60

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        blocks = body.get("blocks", [])
        if not body.get("text") or not 1 <= len(blocks) <= 50:
            return self.refuse(web.Response(status=400, text="invalid_blocks"), "blocks")
        for block in blocks:
            text = block["text"]
            most = 150 if block["type"] == "header" else 3000
            if not 1 <= len(text["text"]) <= most:
                return self.refuse(web.Response(status=400, text="invalid_blocks"), "length")
            if text["type"] == "mrkdwn":
                self._call(text["text"])
                found = re.findall(r"<(https?://[^|>]+)\|[^|<>]+>", text["text"])
                self.links += [html.unescape(url) for url in found]
        self._call(body["text"])
        self.shown.append("\n".join(block["text"]["text"] for block in blocks))
        return web.Response(text="ok")

    def _call(self, mrkdwn: str) -> None:
        self.mentions += re.findall(r"<[!@#][^>]*>", mrkdwn)

    def too_quick(self) -> web.Response:
        return web.Response(status=429, text="rate_limited", headers={"Retry-After": "1"})


class Discord(Vendor):
    per_minute = 30

    def __init__(self, now_ms: Now, secret: str = SECRET) -> None:
        super().__init__(now_ms, secret)
        self.messages: dict[str, str] = {}
        """As they are now, by id."""

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        content = body.get("content", "")
        if not 1 <= len(content.encode("utf-16-le")) // 2 <= 2000:
            why = {"content": ["Must be 2000 or fewer in length."]}
            return self.refuse(web.json_response(why, status=400), "length")
        if set(body) - {"content", "allowed_mentions", "flags"}:
            return self.refuse(web.Response(status=400), "unknown fields")
        allowed = body.get("allowed_mentions", {}).get("parse", ["everyone", "users", "roles"])
        if "everyone" in allowed:
            self.mentions += re.findall(r"@(?:everyone|here)", content)
        self.links += re.findall(r"<(https?://[^\s<>]+)>", content)
        plain = re.sub(r"\\([^\w\s])", r"\1", content)
        self.markup = re.findall(
            r"(?<!\\)[*_`~|>\[\]]", re.sub(r"<https?://[^\s<>]+>", "", content)
        )
        if request.method == "PATCH":
            changed = request.path.rpartition("/messages/")[2]
            if changed not in self.messages:
                return web.json_response({"message": "Unknown Message", "code": 10008}, status=404)
            self.messages[changed] = plain
            return web.json_response({"id": changed})
        self.shown.append(plain)
        self.messages[str(10**18 + len(self.shown))] = plain
        if request.query.get("wait") != "true":
            return web.Response(status=204)
        return web.json_response({"id": str(10**18 + len(self.shown))})

    def too_quick(self) -> web.Response:
        fields = {"message": "You are being rate limited.", "retry_after": 0.7, "global": False}
        return web.json_response(fields, status=429, headers={"Retry-After": "1"})


class Telegram(Vendor):
    per_minute = 20

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        if request.path != f"/bot{TOKEN}/sendMessage":
            return self.refuse(self.no(401, "Unauthorized"), "token")
        if not body.get("chat_id"):
            return self.refuse(self.no(400, "Bad Request: chat_id is empty"), "chat")
        text = body.get("text", "")
        if not 1 <= len(text.encode("utf-16-le")) // 2 <= 4096:
            return self.refuse(self.no(400, "Bad Request: message is too long"), "length")
        if body.get("parse_mode"):
            self.refusals.append("markup")
        self.mentions += re.findall(r"@(\w+)", text)
        self.answers = body.get("reply_parameters", {}).get("message_id")
        self.shown.append(text)
        return web.json_response({"ok": True, "result": {"message_id": len(self.shown)}})

    def no(self, code: int, text: str, **more: Any) -> web.Response:
        fields = {"ok": False, "error_code": code, "description": text, **more}
        return web.json_response(fields, status=code)

    def too_quick(self) -> web.Response:
        return self.no(429, "Too Many Requests", parameters={"retry_after": 17})


class Teams(Vendor):
    per_second = 4

    def take(self, request: web.Request, raw: bytes, body: Any) -> web.Response:
        if len(raw) > 28 * 1024:
            return self.refuse(web.Response(status=413), "length")
        try:
            [attachment] = body["attachments"]
            card = attachment["content"]
            assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            assert (body["type"], card["type"]) == ("message", "AdaptiveCard")
            runs = [run for block in card["body"] for run in block["inlines"]]
            assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
        except (KeyError, TypeError, ValueError, AssertionError):
            return self.refuse(web.Response(status=400), "format")
        self.mentions += card.get("msteams", {}).get("entities", ())
        actions = card.get("actions", ())
        if len(actions) > 6 or any(one["type"] != "Action.OpenUrl" for one in actions):
            return self.refuse(web.Response(status=400), "actions")
        self.links += [one["url"] for one in actions]
        self.shown.append("\n".join(run["text"] for run in runs))
        return web.Response(status=202)

    def too_quick(self) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "2"})
