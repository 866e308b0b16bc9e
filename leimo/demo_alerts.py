"""What a demo says at the end of a replay of the alerts that it raised: most are over by then."""

from collections.abc import Sequence

import msgspec

from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.topics import ALERTS
from views.plain_text import one_line
from views.times import shown

MOST = 20
"""So many are listed."""


async def raised(settings: Settings) -> list[Alert]:
    """All alerts on the broker in their newest state, by their begin."""
    latest: dict[str, Alert] = {}
    decode = msgspec.json.Decoder(Alert).decode
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds((ALERTS.name, at) for at in range(settings.partitions))
        async for _, records in reader.read(bounds):
            for record in records:
                alert = decode(record.value)
                held = latest.get(alert.id)
                if held is None or alert.revision >= held.revision:
                    latest[alert.id] = alert
    return sorted(latest.values(), key=lambda alert: (alert.started_at_ms, alert.id))


def listed(alerts: Sequence[Alert]) -> list[str]:
    """Lines for a person; the first says how many.

    >>> listed([])
    ['no alert was raised']
    """
    if not alerts:
        return ["no alert was raised"]
    many = "1 alert was" if len(alerts) == 1 else f"{len(alerts):,} alerts were"
    lines = [f"{many} raised:"]
    for alert in alerts[:MOST]:
        about = f"severity {alert.severity:2}  {one_line(alert.rule)}/{one_line(alert.brand)}"
        lines.append(f"  {shown(alert.started_at_ms)}  {about}  {one_line(alert.reason)}")
    if len(alerts) > MOST:
        lines.append(f"  ... and {len(alerts) - MOST:,} after them")
    return lines
