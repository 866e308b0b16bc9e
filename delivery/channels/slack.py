"""Slack: an incoming webhook. Blocks of `plain_text`, in which nothing is a mention or a link."""

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
    """A header, and sections of at most 3,000 characters, 49 in a message."""
    title, rest = message.title[:_MAX_HEADER_CHARS], message.title[_MAX_HEADER_CHARS:]
    sections = packed((rest, *message.lines) if rest else message.lines, len, MAX_SECTION_CHARS)
    header = {"type": "header", "text": _plain(title)}
    room = MAX_BLOCKS - 1
    return [
        msgspec.json.encode(
            {
                # What notifications show: mrkdwn, where only these three characters matter.
                "text": html.escape(message.title, quote=False),
                "blocks": [header, *({"type": "section", "text": _plain(one)} for one in some)],
                "unfurl_links": False,
                "unfurl_media": False,
            }
        )
        for some in (sections[at : at + room] for at in range(0, len(sections), room))
    ]


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
