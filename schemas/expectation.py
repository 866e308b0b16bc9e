"""What was expected of a brand's volume, as published on `expectations`."""

import msgspec


class Expectation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The band of one brand over one hour of event time: an upsert by brand and `start_ms`.

    Written at the start of the hour, or when the brand is first watched within it. A minute without
    a window, in an hour with an expectation, had no posts.
    """

    brand: str
    start_ms: int
    """Event time: start of the hour, in UTC."""
    level: float
    """Posts expected a minute, spam and bursts of single accounts left out."""
    limits: dict[int, int]
    """Horizon in minutes -> posts from which on a spike is told, as far as the number goes."""

    @property
    def key(self) -> bytes:
        """The record's key.

        >>> Expectation(brand="xiaomi", start_ms=3600000, level=0.5, limits={1: 9}).key
        b'xiaomi|3600000'
        """
        return f"{self.brand}|{self.start_ms}".encode()
