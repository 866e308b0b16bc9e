"""Microsoft Teams: a Workflows webhook with an Adaptive Card of text runs, which know no markup."""

from collections.abc import Mapping

import msgspec

from delivery.answers import by_status, shown
from delivery.channels.json_body import post_json
from delivery.endpoints import HttpChannel, Limits
from delivery.messages import Message, packed
from delivery.outcomes import Answer
from schemas.delivery import Reason

MAX_BODY_BYTES = 28 * 1024
_MOST = 18_000
_MOST_ACTIONS = 6


def parts(message: Message) -> list[bytes]:
    """Cards below 28 kB; the title comes with each."""
    pieces = packed(message.body, lambda text: len(msgspec.json.encode(text)), _MOST)
    links = [
        {"type": "Action.OpenUrl", "title": one.label, "url": one.url}
        for one in message.links[:_MOST_ACTIONS]
    ]
    return [_card(message.title, text, links, at, len(pieces)) for at, text in enumerate(pieces, 1)]


def _card(title: str, text: str, links: list[dict[str, str]], at: int, of: int) -> bytes:
    runs = [_block(line) for line in text.split("\n")]
    head = f"({at}/{of}) {title}" if of > 1 else title
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_block(head, weight="Bolder", size="Medium"), *runs],
        **({"actions": links} if links else {}),
    }
    return msgspec.json.encode(
        {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": content,
                }
            ],
        }
    )


def _block(text: str, **style: str) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """202 is success. Old connectors said 200 with the failure in words."""
    answer = by_status(status, headers, body)
    text = body[:4096].lower()
    if answer.reason is Reason.SENT and b"failed" in text:
        is_quick = b"429" in text
        reason = Reason.THROTTLED if is_quick else Reason.MISCONFIGURED
        return Answer(reason, status, shown(body))
    return answer


TEAMS = HttpChannel(Limits(240, spacing_ms=250), parts, post_json, read_answer)
