"""`leimo worker` that hurts itself inside a commit when it is told to.

SIGUSR1: kill itself, SIGUSR2: stop itself, at one of the next arrivals at a point of a commit. A
blind signal seldom hits one: a commit is open for a few milliseconds.
"""

import os
import random
import signal
import sys

from kafka_io.settings import Settings
from leimo.run import run, start_logging
from leimo.worker import Worker

_ARRIVALS = 40
"""One commit of both stages passes about ten points; so many are drawn from."""


class Fault:
    """Armed by a signal, it goes off at a point of a commit."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._left = 0

    def arm(self, number: int) -> None:
        self._number = number
        self._left = random.SystemRandom().randrange(1, _ARRIVALS)

    def __call__(self, point: str) -> None:
        if self._number is None:
            return
        self._left -= 1
        if self._left <= 0:
            number, self._number = self._number, None
            sys.stderr.write(f"chaos: {signal.Signals(number).name} at {point}\n")
            sys.stderr.flush()
            os.kill(os.getpid(), number)


def main() -> None:
    settings = Settings.load()
    start_logging("INFO")
    fault = Fault()
    signal.signal(signal.SIGUSR1, lambda *_: fault.arm(signal.SIGKILL))
    signal.signal(signal.SIGUSR2, lambda *_: fault.arm(signal.SIGSTOP))
    run(_work(settings, fault), settings)


async def _work(settings: Settings, fault: Fault) -> None:
    await Worker(settings, checkpoint=fault).run()


if __name__ == "__main__":
    main()
