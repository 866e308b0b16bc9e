"""What ends a demo from outside: a signal, its terminal or its parent gone, a full memory."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

_LOOK_S = 0.5


@contextlib.contextmanager
def asked_to_end(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` when this process is asked to end, or nobody is left who would ask.

    Signals: Ctrl-C, SIGTERM, and SIGHUP where it is not ignored, as below `nohup`. A terminal that
    is closed does not always send one to a process that `make` started, so the terminal itself and
    the parent are looked at as well.
    """
    loop = asyncio.get_running_loop()
    ends_with_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if ends_with_terminal else [])]
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_watch_origin(stop)) if ends_with_terminal else None
    try:
        yield
    finally:
        if watch is not None:
            watch.cancel()
        for number in numbers:
            loop.remove_signal_handler(number)


async def _watch_origin(stop: asyncio.Event) -> None:
    parent, terminals = os.getppid(), [fd for fd in (0, 1, 2) if _is_terminal(fd)]
    leader = os.getsid(0)
    led = _is_alive(leader)
    while not stop.is_set():
        await asyncio.sleep(_LOOK_S)
        is_left = led and not _is_alive(leader)
        if is_left or os.getppid() != parent or any(map(_is_closed, terminals)):
            stop.set()


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _is_closed(terminal: int) -> bool:
    looked = select.poll()
    looked.register(terminal, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in looked.poll(0))


def _is_alive(pid: int) -> bool:
    """Whether the process exists; 0, of another container, is taken for one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return pid == 0
    except PermissionError:
        return True
    return True


def resident_bytes(pid: int) -> int | None:
    """Memory that a process takes; None where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    with contextlib.suppress(OSError, ValueError):
        asked = ["ps", "-o", "rss=", "-p", str(pid)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return int(done.stdout) * 1024
    return None
