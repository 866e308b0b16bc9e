"""What tells a process to end."""

import asyncio
import signal


def stop_on_signals() -> asyncio.Event:
    """Set by SIGINT, SIGTERM and SIGHUP; by the last one not under `nohup`, which ignores it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    return stop
