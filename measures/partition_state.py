"""All that is kept of a partition as a whole, beside its brands."""

import msgspec

from measures.brand_state import BrandState
from measures.platform_burst import PlatformBurst
from measures.watermarks import EventTime


class PartitionState(msgspec.Struct, array_like=True):
    """Event time, all brands together, and the alerts about them."""

    event_time: EventTime = msgspec.field(default_factory=EventTime)
    burst: PlatformBurst = msgspec.field(default_factory=PlatformBurst)
    every: BrandState = msgspec.field(default_factory=BrandState)
    """Holds the alerts about all brands together, and about the feed."""
    gaps: list[tuple[int, int]] = msgspec.field(default_factory=list)
    """Begin and end, in event time, of the newest stretches that a feed could not give."""
    expected_ms: int = -1
    """Up to this slot the brands of a live feed were told of, see `measures.expectations`."""
