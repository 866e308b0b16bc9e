"""Slack: an incoming webhook. Blocks of `plain_text`, in which nothing is a mention or a link.

Our own links stand in a block of `mrkdwn`, which holds nothing else.
"""

import html
from collections.abc import Mapping

import msgspec

from delivery.answers import by_status
from delivery.channels.json_body import post_json
from delivery.endpoints import HttpChannel, Limits
from delivery.messages import Message, packed
from delivery.outcomes import Answer
from schemas.delivery import Reason

MAX_SECTION_CHARS = 3000
MAX_BLOCKS = 50
_MAX_HEADER_CHARS = 150


def parts(message: Message) -> list[bytes]:
    """A header, and sections of at most 3,000 characters, 48 in a message, and links."""
    title, rest = message.title[:_MAX_HEADER_CHARS], message.title[_MAX_HEADER_CHARS:]
    sections = packed((rest, *message.body) if rest else message.body, len, MAX_SECTION_CHARS)
    header = {"type": "header", "text": _plain(title)}
    links = " · ".join(f"<{html.escape(one.url)}|{_label(one.label)}>" for one in message.links)
    footer = [{"type": "section", "text": {"type": "mrkdwn", "text": links}}] if links else []
    room = MAX_BLOCKS - 2
    return [
        msgspec.json.encode(
            {
                # What notifications show: mrkdwn, where only these three characters matter.
                "text": html.escape(message.title, quote=False),
                "blocks": [
                    header,
                    *({"type": "section", "text": _plain(one)} for one in some),
                    *footer,
                ],
                "unfurl_links": False,
                "unfurl_media": False,
            }
        )
        for some in (sections[at : at + room] for at in range(0, len(sections), room))
    ]


def _label(text: str) -> str:
    """Within a link, where `|` and `>` would end it."""
    return html.escape(text.replace("|", "/"), quote=False)


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """`ok` in 200; a channel that is archived or gone may come back, so 410 ends nothing."""
    answer = by_status(status, headers, body)
    if answer.reason is Reason.GONE:
        return answer._replace(reason=Reason.MISCONFIGURED)
    if answer.reason is Reason.SENT and body.strip() not in (b"ok", b""):
        return Answer(Reason.MISCONFIGURED, status, "200, but the answer is not `ok`")
    return answer


SLACK = HttpChannel(Limits(60, spacing_ms=1000), parts, post_json, read_answer)
