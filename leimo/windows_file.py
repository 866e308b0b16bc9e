"""The final windows as a file."""

import asyncio
from pathlib import Path

import msgspec

from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.topics import WINDOWS
from schemas.window import Window


async def write_windows(path: Path, settings: Settings) -> int:
    """Write the latest revision of each window, as NDJSON by brand and time; returns how many."""
    latest: dict[bytes, Window] = {}
    decode = msgspec.json.Decoder(Window).decode
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds(
            (WINDOWS.name, partition) for partition in range(settings.partitions)
        )
        async for _, records in reader.read(bounds):
            for record in records:
                window = decode(record.value)
                held = latest.get(record.key)
                if held is None or window.revision >= held.revision:
                    latest[record.key] = window
    ordered = sorted(latest.values(), key=lambda window: (window.brand, window.start_ms))
    lines = b"".join(msgspec.json.encode(window) + b"\n" for window in ordered)
    await asyncio.to_thread(path.write_bytes, lines)
    return len(ordered)
