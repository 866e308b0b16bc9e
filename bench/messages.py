"""`python -m bench messages --out FOLDER`: pages with the messages that subscribers get.

Each is made by the code that sends it, from an example with made-up figures; with Chromium at hand,
a picture of each is taken for docs/subscribers.md.
"""

import argparse
import base64
import math
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from PIL import Image

from delivery.channels import HTTP_CHANNELS
from delivery.digest_facts import MINUTE_MS, BrandMinutes, DigestFacts
from delivery.digest_times import before, delivery_of, digest_of
from delivery.digests import digest_message
from delivery.mail_pages import page_of, picture_id
from delivery.messages import Addresses, Message, message_of
from delivery.recent import pictures_of
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import Alert, AlertState, Evidence, Sample, Term
from schemas.catalogue import DigestSpan, ReceivingChannel, Subscriber, Wording
from schemas.feed import FeedGap, GapReason
from schemas.trend import Trend, TrendTerm
from schemas.window import Window
from views.doings import Doing, Doings

BEGAN_MS = 1_779_710_400_000
ZONES = {Wording.ZH: "Asia/Shanghai", Wording.EN: "Europe/Berlin"}
NAMES = {"xiaomi": "小米手机", "huawei": "华为", "oppo": "OPPO"}
WHERE = Addresses("https://leimo.example", "https://leimo.example/answer", "k" * 32)
CHATS = (ReceivingChannel.DINGTALK, ReceivingChannel.FEISHU, ReceivingChannel.SLACK,
         ReceivingChannel.DISCORD, ReceivingChannel.TEAMS)  # fmt: skip


def example() -> Alert:
    """An alert with all that alerts have."""
    posts = (
        Sample("5010123456789012", "weibo", "数码老王", "新买的手机充电时突然起火，客服让我等三天",
               182_000, -800, BEGAN_MS),
        Sample("at://did:plc:abc/app.bsky.feed.post/3kexample", "jetstream", "li.example",
               "Another phone on fire while charging. Recall?", 9_100, -700, BEGAN_MS),
    )  # fmt: skip
    return Alert(
        id="3f2a91c04d7be8a61f52", fingerprint="burst/xiaomi", rule="burst", kind="spike",
        brand="xiaomi", state=AlertState.FIRING, severity=8, started_at_ms=BEGAN_MS,
        updated_at_ms=BEGAN_MS + 20 * MINUTE_MS, seen=412.0, expected=23.4,
        reason="xiaomi: 412 posts within 15 minutes, 23.4 expected", department="client-management",
        terms=tuple(Term(term, 9) for term in ("起火", "召回", "充电", "客服")), samples=posts,
        evidence=Evidence(horizon_min=15, posts=412, negative_now=0.61, negative_before=0.12),
    )  # fmt: skip


def minutes(from_ms: int, to_ms: int) -> BrandMinutes:
    """A day's rhythm, and a burst where the alert began."""
    found = BrandMinutes(from_ms, to_ms)
    sizes = {"xiaomi": 3.0, "huawei": 2.2, "oppo": 1.1}
    for brand, size in sizes.items():
        for at_ms in range(from_ms, to_ms, MINUTE_MS):
            hour = at_ms / 3_600_000
            usual = size * (1.3 + math.sin((hour - 4) / 24 * 2 * math.pi))
            wave = 1 + 0.35 * math.sin(at_ms / MINUTE_MS * 0.9) * math.sin(at_ms / MINUTE_MS * 0.37)
            after_min = (at_ms - BEGAN_MS) / MINUTE_MS
            burst = 26 * math.exp(-after_min / 90) if brand == "xiaomi" and after_min >= 0 else 0
            posts = round(usual * wave + burst)
            negative = round(posts * (0.6 if burst > 1 else 0.12))
            positive = round((posts - negative) * 0.3)
            neutral = posts - negative - positive
            found.add(_window(brand, at_ms, posts, positive, neutral, negative))
    return found


def _window(
    brand: str, at_ms: int, posts: int, positive: int, neutral: int, negative: int
) -> Window:
    return Window(
        brand=brand, start_ms=at_ms, size_ms=MINUTE_MS, posts=posts, originals=posts, reposts=0,
        positive=positive, neutral=neutral, negative=negative, sentiment_milli=0, reach=0,
        authors=posts, texts=posts, owned=0, paid=0, earned=posts,
    )  # fmt: skip


def reader(language: Wording, channel: ReceivingChannel) -> Subscriber:
    return Subscriber(
        id="ops", channel=channel, address="SUBSCRIBER_OPS_URL", language=language,
        zone=ZONES[language], brands=("xiaomi",), rivals=("huawei", "oppo"),
    )  # fmt: skip


def alert_message(language: Wording, channel: ReceivingChannel) -> Message:
    """As `leimo deliver` makes it."""
    alert, who = example(), reader(language, channel)
    message = message_of(
        alert, who, NAMES, addresses=WHERE, matched_at_ms=BEGAN_MS, doing=Doing(holder="li")
    )
    end_ms = alert.updated_at_ms + MINUTE_MS
    recent = minutes(end_ms - 180 * MINUTE_MS, end_ms).of(alert.brand)
    return message._replace(pictures=tuple(pictures_of(alert, recent, who)))


def week_message(language: Wording, span: DigestSpan) -> Message:
    """A digest of the time in which the alert was."""
    who = reader(language, ReceivingChannel.EMAIL)
    first = date(2026, 5, 25)
    digest = digest_of(span, first, ZoneInfo(who.zone))
    earlier = before(digest, ZoneInfo(who.zone))
    rising = tuple(TrendTerm(term, 40.0, 3.0, 55.0) for term in ("起火", "召回"))
    top = tuple(TrendTerm(term, 60.0, 50.0, 1.0) for term in ("手机", "充电", "屏幕", "价格"))
    trend = Trend(
        brand="xiaomi", at_ms=BEGAN_MS, counted=1.0, usually_counted=1.0, top=top, rising=rising,
        influencers=(),
    )  # fmt: skip
    over = msgspec.structs.replace(
        example(), state=AlertState.RESOLVED, ended_at_ms=BEGAN_MS + 190 * MINUTE_MS
    )
    gap = FeedGap(
        feed="jetstream", from_ms=BEGAN_MS - 300 * MINUTE_MS, to_ms=BEGAN_MS - 270 * MINUTE_MS,
        reason=GapReason.NO_RESUME,
    )  # fmt: skip
    taken = Action(
        id="1", at_ms=BEGAN_MS, who="li", kind=ActionKind.ACKNOWLEDGED, on=ActionSubject.ALERT,
        subject=over.id,
    )  # fmt: skip
    facts = DigestFacts(
        digest=digest, earlier=earlier, brands=who.brands, rivals=who.rivals,
        minutes=minutes(earlier.from_ms, digest.to_ms), alerts=(over,), trends=(trend,),
        gaps=(gap,), doings=Doings([taken]),
    )  # fmt: skip
    return digest_message(delivery_of(who, first, digest, BEGAN_MS), facts, who, NAMES, WHERE)


def whole_page(message: Message) -> str:
    """A mail as a page by itself."""
    page = message.page or page_of(message)
    for at, picture in enumerate(message.pictures):
        png = base64.b64encode(picture.png).decode()
        page = page.replace(f"cid:{picture_id(at)}", f"data:image/png;base64,{png}")
    return page


def chat_page(language: Wording) -> str:
    """What chats get, without the look of their programs: text as it is shown, and its links."""
    cards = []
    for channel in CHATS:
        message = alert_message(language, channel)
        [part] = HTTP_CHANNELS[channel].parts(message)
        shown = "".join(_shown(msgspec.json.decode(part)))
        cards.append(f"<section><h2>{channel.value}</h2>{shown}</section>")
    style = (
        "body{font:14px/1.6 'Noto Sans CJK SC',sans-serif;background:#eceef1;margin:16px;"
        "display:grid;grid-template-columns:1fr 1fr;gap:12px}section{background:#fff;"
        "border-radius:8px;padding:8px 14px;overflow-wrap:anywhere}h2{font-size:12px;color:#888;"
        "margin:0}p{margin:2px 0;white-space:pre-wrap}a{margin-right:12px}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{''.join(cards)}"


def _shown(body: Mapping[str, object]) -> Iterator[str]:
    """The texts and links of a payload, in order."""
    stack: list[object] = [body]
    while stack:
        found = stack.pop()
        if isinstance(found, dict):
            url = found.get("href") or found.get("url")
            if url:
                label = escape(str(found.get("text") or found.get("title")))
                yield f"<a href='{escape(str(url))}'>{label}</a>"
                continue
            is_notification = "blocks" in found and "text" in found
            stack += [
                value
                for key, value in reversed(found.items())
                if key not in ("$schema", "contentType") and not (is_notification and key == "text")
            ]
        elif isinstance(found, list):
            stack += reversed(found)
        elif isinstance(found, str) and len(found) > 14:
            yield f"<p>{escape(_unescaped(found))}</p>"


def _unescaped(text: str) -> str:
    """Discord's escapes and Slack's links as they are shown."""
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"[\2]", text)
    text = re.sub(r"<(https?://[^>]{20})[^>]*>", r"\1…", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)


def main() -> None:
    """Write the pages, and pictures of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for language in Wording:
        mail = alert_message(language, ReceivingChannel.EMAIL)
        pages = {
            f"mail-{language}": (whole_page(mail), 640, 720),
            f"digest-{language}": (whole_page(week_message(language, DigestSpan.DAY)), 640, 980),
            f"week-{language}": (whole_page(week_message(language, DigestSpan.WEEK)), 640, 980),
            f"chats-{language}": (chat_page(language), 900, 1450),
        }
        for name, (page, width, height) in pages.items():
            file = folder / f"{name}.html"
            file.write_text(page, encoding="utf-8")
            _photograph(file, width, height)


def _photograph(file: Path, width: int, height: int) -> None:
    program = shutil.which("chromium")
    if program is None:
        print(f"{file}: no Chromium, no picture")
        return
    picture = file.with_suffix(".png")
    subprocess.run(
        [
            *(program, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"),
            *(f"--window-size={width},{height}", f"--screenshot={picture}"),
            file.resolve().as_uri(),
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    with Image.open(picture) as full:
        full.convert("RGB").quantize(48).save(picture, optimize=True)
    print(picture)
