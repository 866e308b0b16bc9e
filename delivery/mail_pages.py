"""Mails in HTML: tables and inline styles, as mail readers want them. Pure; all text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from delivery.messages import Link, Message

_FONT = "font-family:-apple-system,'PingFang SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif"
_COLOURS = {True: "#c2410c", False: "#1e3a5f"}
CELL = "padding:4px 12px 4px 0;vertical-align:top"


def page_of(message: Message) -> str:
    """The mail about alerts: title, picture, lines, buttons."""
    lines = "".join(_line(line) for line in message.body)
    pictures = "".join(
        f'<p style="margin:8px 0 0"><img src="cid:{picture_id(at)}" width="560" '
        f'style="max-width:100%;height:auto;border:1px solid #ddd" alt="{escape(one.about)}"></p>'
        f'<p style="margin:0 0 12px;color:#666;font-size:13px">{escape(one.about)}</p>'
        for at, one in enumerate(message.pictures)
    )
    return framed(
        message.title, pictures + table(lines) + buttons(message.links), is_urgent=message.is_urgent
    )


def _line(line: str) -> str:
    """Name and value, where the line has both."""
    for colon in ("：", ": "):
        name, found, value = line.partition(colon)
        if found and len(name) <= 40:
            return row((f'<span style="color:#666">{escape(name)}</span>', escape(value)))
    return f'<tr><td colspan="2" style="{CELL}"><b>{escape(line)}</b></td></tr>'


def row(cells: Iterable[str], *, style: str = "") -> str:
    """A row of cells that are HTML already."""
    return "<tr>" + "".join(f'<td style="{CELL};{style}">{cell}</td>' for cell in cells) + "</tr>"


def table(rows: str) -> str:
    """A table of rows."""
    return f'<table role="presentation" style="border-collapse:collapse">{rows}</table>'


def buttons(links: Sequence[Link]) -> str:
    """Links, the first of which stands out."""
    found = []
    for at, one in enumerate(links):
        style = (
            "display:inline-block;padding:8px 16px;background:#1e3a5f;color:#fff;border-radius:4px;"
            if at == 0
            else "color:#1e3a5f;margin-right:16px;"
        )
        found.append(
            f'<a href="{escape(one.url)}" style="{style}margin:8px 16px 0 0">'
            f"{escape(one.label)}</a>"
        )
    return f'<p style="margin:12px 0">{"".join(found)}</p>' if found else ""


def framed(title: str, inner: str, *, is_urgent: bool = False) -> str:
    """A whole page around what is HTML already."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head>'
        f'<body style="margin:0;background:#f4f4f2;{_FONT};font-size:15px;line-height:1.6;'
        'color:#222"><div style="max-width:640px;margin:0 auto;background:#fff;padding:20px 24px;'
        f'border-top:4px solid {_COLOURS[is_urgent]}">'
        f'<h2 style="margin:0 0 12px;font-size:19px">{escape(title)}</h2>{inner}</div>'
        "</body></html>"
    )


def picture_id(at: int) -> str:
    """How a page names one of its pictures."""
    return f"picture-{at}@leimo.invalid"
