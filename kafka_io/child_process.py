"""A program as a child that is sure to die with its parent."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# Waits for the end of its standard input, which comes when the parent is gone, however it went.
_GUARD = 'read -r _; kill -9 "$1"; [ -z "$2" ] || { sleep 1; rm -rf -- "$2"; }'


class ChildProcess:
    """One program, writing to `log`, in a session of its own.

    A session of its own keeps Ctrl-C in the terminal from it: who started it decides when it
    goes. A guard ends it (SIGKILL) when this process dies without having stopped it, be it by
    SIGKILL, and removes `folder` too if `is_scratch`. The kernel's own way (`PR_SET_PDEATHSIG`)
    is not used: it follows the thread that started the child, and needs code between fork and
    exec.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        is_scratch: bool = False,
    ) -> None:
        self.log = log
        scratch = str(folder.resolve()) if is_scratch else ""
        with log.open("ab") as sink:
            self._child = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
        self._guard: subprocess.Popen[bytes] | None = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self._child.pid), scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        code = self._child.poll()
        if code is not None:
            self._release_guard()  # the system may give the pid to another program from now on
        return code

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def stop(self, grace_s: float = 10) -> None:
        """Ask it to end (SIGTERM), kill it when it does not within `grace_s`; returns when gone."""
        if self.is_running:
            self._signal(signal.SIGTERM)
            self.resume()
            try:
                self._child.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self._reap()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self._signal(signal.SIGKILL)
        self._reap()

    def pause(self) -> None:
        """SIGSTOP: alive, with its connections open, and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def last_lines(self, count: int) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-count:])

    def _signal(self, number: signal.Signals) -> None:
        if self._child.returncode is None:
            os.kill(self._child.pid, number)

    def _reap(self) -> None:
        self._child.wait()
        self._release_guard()

    def _release_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.communicate()
