"""How far a take-over has read: in the log, and as a metric."""

import logging
import time

from streams.metrics import Metrics

_SAY_AGAIN_S = 5
log = logging.getLogger(__name__)


class RecoveryProgress:
    """Counts down the records of one read."""

    def __init__(self, metrics: Metrics, what: str, records: int) -> None:
        self._metrics = metrics
        self._what = what
        self._records = self._left = records
        self._began_s = self._said_s = time.monotonic()
        metrics.recovery_remaining_records.set(records)

    def advance(self, records: int) -> None:
        """So many more were read."""
        self._left -= records
        self._metrics.recovery_remaining_records.set(self._left)
        now_s = time.monotonic()
        if now_s - self._said_s >= _SAY_AGAIN_S:
            self._said_s = now_s
            done = self._records - self._left
            log.info("%s: %d of %d records", self._what, done, self._records)

    def finish(self) -> None:
        """The read is over; offsets that hold no record count as read."""
        self._metrics.recovery_remaining_records.set(0)
        if self._records:
            taken_s = time.monotonic() - self._began_s
            log.info("%s: %d records in %.1f s", self._what, self._records, taken_s)
