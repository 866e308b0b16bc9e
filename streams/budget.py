"""Stop work that takes too much CPU time, from within the process.

A timer of the process's own CPU time (`ITIMER_VIRTUAL`) raises `OverBudgetError` in the main
thread: out of a Python loop, and out of a regular expression, which looks for signals too. A busy
machine, or a process that was stopped for a while, changes nothing. Code of other languages is not
interrupted; what never comes back from there is left to `streams.stall_watch`.

Only pure work belongs under it: it can end at any instruction.
"""

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_AGAIN_S = 0.1
"""The signal is sent again so often, where the exception was raised in a finalizer and lost."""


class OverBudgetError(BaseException):
    """The work took more CPU time than it may.

    No `Exception`: what the work itself handles must not take it for one of its own.
    """


class Budget:
    """Bounds the CPU time of single pieces of work.

    >>> Budget(limit_s=5).run(sum, [1, 2])
    3
    """

    def __init__(self, limit_s: float) -> None:
        """`limit_s`: seconds of CPU time that one piece may take."""
        self.limit_s = limit_s
        self._is_running = False

    def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """The result of the work. Outside of the main thread, which gets signals, it is unbounded.

        Raises:
            OverBudgetError: it took too long, and was stopped.
        """
        if threading.current_thread() is not threading.main_thread():
            return work(*arguments)
        # The handler stays: one signal more must not end the process, as it would by default.
        if signal.getsignal(signal.SIGVTALRM) != self._stop:
            signal.signal(signal.SIGVTALRM, self._stop)
        self._is_running = True
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, self.limit_s, _AGAIN_S)
            return work(*arguments)
        finally:
            self._is_running = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _stop(self, _signal: int, _frame: object) -> None:
        if self._is_running:
            self._is_running = False
            raise OverBudgetError
