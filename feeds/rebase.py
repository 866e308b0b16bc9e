"""Move the times inside a payload, and leave every other byte as it is."""

import re

from sources.styled_times import restyled, time_ms

# Inside a JSON string a quote is escaped, so these never match the text of a post.
_TIME = re.compile(
    rb'("(?:created_at|createdAt|edited_at|time_us|event_time_ms|time|witnessedAt)"\s*:\s*)'
    rb'(?:"([^"\\]{10,40})"|(\d{10,16})(?=[\s,}]))'
)
_USER = re.compile(rb'"(?:user|account|author)"\s*:\s*\{')


def rebase(value: bytes, shift_ms: int) -> bytes:
    """`value` with its times of creation, of the original's too, moved by `shift_ms`.

    The birthday of an account (`user.created_at`) stays.

    >>> rebase(b'{"created_at":"Tue May 31 17:46:55 +0800 2011","user":{"id":1}}', 86_400_000)
    b'{"created_at":"Wed Jun 01 17:46:55 +0800 2011","user":{"id":1}}'
    """

    def moved(found: re.Match[bytes]) -> bytes:
        name, text, epoch = found.groups()
        if epoch:
            return name + _moved_epoch(epoch, shift_ms)
        like = text.decode("utf-8", "replace")
        try:
            return b'%b"%b"' % (name, restyled(time_ms(like) + shift_ms, like).encode())
        except (ValueError, OverflowError):
            return found[0]

    pieces: list[bytes] = []
    place = 0
    for start, end in _accounts(value):
        pieces += (_TIME.sub(moved, value[place:start]), value[start:end])
        place = end
    pieces.append(_TIME.sub(moved, value[place:]))
    return b"".join(pieces)


def _moved_epoch(epoch: bytes, shift_ms: int) -> bytes:
    digits = len(epoch)
    unit = 1_000_000 if digits <= 11 else 1_000 if digits <= 14 else 1
    return b"%d" % (int(epoch) + shift_ms * 1_000 // unit)


def _accounts(value: bytes) -> list[tuple[int, int]]:
    """Where objects of accounts stand: from their brace to its partner."""
    spans: list[tuple[int, int]] = []
    for found in _USER.finditer(value):
        start = found.end() - 1
        if spans and start < spans[-1][1]:
            continue
        spans.append((start, _closing(value, start)))
    return spans


_BRACE_OR_STRING = re.compile(rb'[{}]|"(?:[^"\\]|\\.)*"', re.DOTALL)


def _closing(value: bytes, start: int) -> int:
    depth = 0
    for found in _BRACE_OR_STRING.finditer(value, start):
        token = found[0]
        if token == b"{":
            depth += 1
        elif token == b"}":
            depth -= 1
            if depth == 0:
                return found.end()
    return len(value)
