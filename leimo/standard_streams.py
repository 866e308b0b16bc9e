"""Standard input, output and arguments as a command may rely on: whatever the locale and `-u`."""

import codecs
import io
import os
import re
import sys
from typing import TextIO

from leimo.terminal import escapes_of

_ESCAPES = "leimo.escapes"


def settle() -> None:
    """Make output whole and able to hold any text, and input readable; before any is used.

    - With `PYTHONUNBUFFERED`, as in containers, Python writes to the file itself and does not look
      at how much of it was taken: on a disk that fills, the rest is lost without an error.
    - A terminal that is not in UTF-8, such as one in GBK, has no emoji: these become `\\u` escapes,
      which leave JSON the same value.
    - Bytes of standard input that are no text become U+FFFD, as in posts.
    """
    codecs.register_error(_ESCAPES, _escaped)
    sys.stdout = _settled(sys.stdout)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def no_text(arguments: list[str]) -> str | None:
    """The first argument that is neither text nor a file, as shown to a person.

    >>> no_text(["analyse", "小米"])
    >>> no_text(["analyse", "\\udcff小米"])
    '\\\\xff小米'
    """
    for argument in arguments:
        if re.search("[\ud800-\udfff]", argument) and not os.path.lexists(argument):
            return os.fsencode(argument).decode(errors="backslashreplace")
    return None


def _settled(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    is_utf8 = codecs.lookup(stream.encoding).name == "utf-8"
    errors = stream.errors if is_utf8 else _ESCAPES
    raw: object = stream.buffer
    if isinstance(raw, io.RawIOBase):
        return io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=stream.encoding,
            errors=errors,
            line_buffering=stream.isatty(),
        )
    stream.reconfigure(errors=errors)
    return stream


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return escapes_of(error.object[error.start : error.end]), error.end
