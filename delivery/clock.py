"""Time as the process that delivers knows it; tests run another."""

import asyncio
import time


class Clock:
    """The wall clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    async def wait(self, event: asyncio.Event, until_ms: int) -> None:
        """Until the event is set, or that time has come; 0: until the event alone."""
        left_s = max(until_ms - self.now_ms(), 0) / 1000 if until_ms else None
        try:
            async with asyncio.timeout(left_s):
                await event.wait()
        except TimeoutError:
            return
