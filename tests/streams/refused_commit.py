"""A process whose commit cannot succeed: run as `python -m tests.streams.refused_commit KIND`.

It commits one good record and an offset first. KIND `large`: then one that the topic does not
take; `slow`: one within a time in which no commit can be done. It must not live to tell.
"""

import asyncio
import logging
import sys

from kafka_io.batches import Row
from kafka_io.settings import Settings
from kafka_io.writers import TransactionalWriter
from schemas.topics import MENTIONS, WINDOWS
from streams.metrics import Metrics
from streams.outbox import Outbox


async def main(kind: str) -> None:
    settings = Settings.load()
    writer = TransactionalWriter(settings, f"{settings.group}-measure-0", lambda point: None)
    for number, timeout_s in enumerate((20, 0.0001 if kind == "slow" else 20)):
        outbox = Outbox(
            "measure-0", "measure", writer, Metrics(), interval_s=1, timeout_s=timeout_s
        )
        if number == 0:
            await outbox.start()
        outbox.add([Row(WINDOWS.name, 0, b"k", b"%d" % number)])
        if number == 1 and kind == "large":
            outbox.add([Row(WINDOWS.name, 0, b"k", b"x" * (2 << 20))])
        outbox.advance((MENTIONS.name, 0), number + 1)
        await outbox.commit()
    sys.stdout.write("went on")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1]))
