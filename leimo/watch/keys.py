"""Single keys from the terminal, without waiting for Enter; the terminal is restored after."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NAMES = {
    b"\x1b[A": "up",
    b"\x1bOA": "up",
    b"\x1b[B": "down",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b" ": "space",
    b"k": "up",
    b"j": "down",
}


def key_names(typed: bytes) -> list[str]:
    """Names of the keys in what the terminal sent.

    >>> key_names(b"q\\x1b[Bs ")
    ['q', 'down', 's', 'space']
    """
    keys = []
    while typed:
        known = next((code for code in _NAMES if typed.startswith(code)), None)
        if known is not None:
            keys.append(_NAMES[known])
            typed = typed[len(known) :]
        else:
            keys.append(typed[:1].decode("latin-1"))
            typed = typed[1:]
    return keys


@contextmanager
def reading_keys(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Call `on_key` for each key while inside; yields whether there is a keyboard at all."""
    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (OSError, ValueError, AttributeError, termios.error):
        yield False
        return
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            typed = os.read(terminal, 256)
        except BlockingIOError:  # Ctrl-C takes back the keys that were waiting
            return
        if not typed:
            loop.remove_reader(terminal)
        for key in key_names(typed):
            on_key(key)

    was_blocking = os.get_blocking(terminal)  # uvloop changes it, and the shell has the same one
    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield True
    finally:
        loop.remove_reader(terminal)
        os.set_blocking(terminal, was_blocking)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
