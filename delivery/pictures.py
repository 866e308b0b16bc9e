"""Small pictures of counts over time, as PNG. Pure, and without a library: mail readers show no
SVG, and bars in two colours need no more than this."""

import struct
import zlib
from collections.abc import Sequence

_WIDTH, _HEIGHT = 560, 120
_GAP = 0.2
_BACK, _BAR, _LATE, _LINE = 0, 1, 2, 3
_PALETTE = bytes((255, 255, 255, 120, 144, 176, 214, 90, 40, 150, 150, 150))
"""Background; usual bars in blue; bars to be looked at in orange; the line of what is usual."""


def bars(
    values: Sequence[float],
    *,
    marked_from: int | None = None,
    usual: float = 0.0,
    width: int = _WIDTH,
    height: int = _HEIGHT,
) -> bytes:
    """A PNG with a bar for each value; those from `marked_from` on stand out.

    `usual`: where a line is drawn across, in the unit of the values; 0: none. The highest of them
    fills the picture.

    >>> bars([0, 1, 2])[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    top = max([*values, usual, 1e-9])
    count = max(len(values), 1)
    heights = [round(max(value, 0) / top * (height - 2)) for value in values]
    column_of = [min(int(x * count / width), count - 1) for x in range(width)]
    gap = [(x * count / width) % 1 > 1 - _GAP for x in range(width)]
    line_y = height - 1 - round(usual / top * (height - 2)) if usual else -1
    rows = bytearray()
    for y in range(height):
        row = bytearray(width)
        for x in range(width):
            at = column_of[x]
            if values and heights[at] >= height - y and not gap[x]:
                row[x] = _LATE if marked_from is not None and at >= marked_from else _BAR
        if y == line_y:
            row[::2] = bytes([_LINE]) * len(row[::2])
        rows += b"\0" + row
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", _PALETTE)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
