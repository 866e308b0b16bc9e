"""How a worker ends when going on could cost counts."""

import logging
import os
import sys
from typing import NoReturn

EXIT_FATAL = 70
"""`EX_SOFTWARE`: the next owner takes over from the last commit."""

log = logging.getLogger(__name__)


def die(reason: str, error: BaseException | None = None) -> NoReturn:
    """End the process at once, without committing anything: the last commit is the truth.

    The reason is the last line of the log, after the traceback of the error.
    """
    if error is not None:
        log.error("what went wrong:", exc_info=error)
    log.critical("%s; the worker ends and its partitions go to the next one", reason)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_FATAL)
