"""A brand's state as entries of the changelog: a small one at each commit, the past in its own.

A busy brand holds up to two hours of minutes, about 1 kB each. Written whole, every 200 ms, that is
half a megabyte a second for one brand. So minutes that no longer change move into entries of their
own, a few at a time, which are written once.

What moves has stood in the brand's own entry, unchanged, at the commit before. So it does not
matter which of the two is the newer one after a crash: they say the same, and where a minute stands
in both, the brand's own entry is the truth.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from measures.brand_state import BrandState
from measures.buckets import Bucket

LOOSE_MINUTES = 4
"""With more than so many settled minutes in its own entry, a brand's older ones move out. Minutes
are most of an entry, and each commit writes those that stay again."""
NEWEST = 1
"""Settled minutes that stay: a late post still changes the newest one."""

Entry = tuple[bytes, bytes | None]
"""Key and value of the changelog; no value: the entry is removed."""

FORMAT = b"\x02"
"""First byte of each entry: how the rest is written. To be raised whenever an older worker could
not read what a newer one writes, or the other way round. No state without it begins so."""

_SEPARATOR = b"\x00"
_encode_body = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(BrandState).decode
_decode_past = msgspec.msgpack.Decoder(dict[int, Bucket]).decode

T = TypeVar("T")


class KeptStateError(ValueError):
    """An entry of the changelog that this build cannot read; the message names its key."""

    def __init__(self, key: bytes, why: str) -> None:
        super().__init__(why)
        self.key = key


def stamped(body: object) -> bytes:
    """A value for the changelog, with its format."""
    return FORMAT + _encode_body(body)


def unstamped(key: bytes, value: bytes, decode: Callable[[memoryview], T]) -> T:
    """What `stamped` was given.

    Raises:
        KeptStateError: it is of another format, or none of ours.
    """
    if value[:1] != FORMAT:
        raise KeptStateError(
            key, f"the entry {key!r} has the format {value[:1]!r}, and this build reads {FORMAT!r}"
        )
    try:
        return decode(memoryview(value)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeptStateError(key, f"the entry {key!r} is no state of a brand: {error}") from error


class Past:
    """Which minutes of one brand stand in entries of their own."""

    def __init__(self, starts: Iterable[int]) -> None:
        self.loose = set(starts)
        """Minutes in the brand's own entry."""
        self.changed = set(self.loose)
        """Those that may have changed since the last commit."""
        self.chunks: dict[int, set[int]] = {}
        """Number of an entry -> the minutes for which it is the truth."""
        self._written: dict[int, msgspec.Raw] = {}
        """Minutes of the brand's own entry as the last commit wrote them: they are most of it."""

    def touch(self, start_ms: int) -> None:
        """A minute changes."""
        self.changed.add(start_ms)
        if start_ms not in self.loose:
            self.loose.add(start_ms)
            for starts in self.chunks.values():
                starts.discard(start_ms)

    def entries(self, brand: bytes, state: BrandState) -> list[Entry]:
        """What has to be written now that the brand has changed."""
        buckets, before = state.buckets, self._written
        self.loose &= buckets.keys()
        still = self.loose - self.changed
        written = {
            start_ms: before[start_ms]
            if start_ms in before
            else msgspec.Raw(_encode_body(buckets[start_ms]))
            for start_ms in still
        }
        settled = [
            start_ms
            for start_ms in still
            if buckets[start_ms].revision >= 0 and not buckets[start_ms].is_revised
        ]
        found: list[Entry] = []
        if len(settled) > LOOSE_MINUTES:
            moved = sorted(settled)[:-NEWEST]
            number, state.past_entries = state.past_entries, state.past_entries + 1
            chunk = {start_ms: written.pop(start_ms) for start_ms in moved}
            found.append((past_key(brand, number), stamped(chunk)))
            self.chunks[number] = set(moved)
            self.loose.difference_update(moved)
        self.changed.clear()
        self._written = written
        own = {}
        for start_ms in sorted(self.loose):
            own[start_ms] = written[start_ms] if start_ms in written else buckets[start_ms]
        found.append((brand, stamped(msgspec.structs.replace(state, buckets=own))))
        self._remove(brand, buckets, found)
        return found

    def _remove(self, brand: bytes, buckets: Mapping[int, Bucket], found: list[Entry]) -> None:
        """Entries whose last minute has left the ring go, the oldest first, up to one in use."""
        gone = []
        for number, starts in self.chunks.items():
            if not starts.isdisjoint(buckets):
                break
            gone.append(number)
        for number in gone:
            del self.chunks[number]
            found.append((past_key(brand, number), None))


def past_key(brand: bytes, number: int) -> bytes:
    """Key of an entry with minutes of the past; no brand id holds a NUL."""
    return brand + _SEPARATOR + b"%d" % number


def _name(key: bytes, name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise KeptStateError(key, f"the key {key!r} is no brand's: {error}") from error


def _number(key: bytes, number: bytes) -> int:
    if not number.isdigit():
        raise KeptStateError(key, f"the key {key!r} ends with no number")
    return int(number)


class KeptStates:
    """The entries of all brands of a partition."""

    def __init__(self) -> None:
        self.pasts: dict[str, Past] = {}
        """Of busy brands, which have to hear of each minute that changes; the others have one entry
        each."""

    def entries(self, brand: str, state: BrandState) -> Iterable[Entry]:
        """What has to be written of a brand that has changed since the last call."""
        past = self.pasts[brand] if brand in self.pasts else None  # noqa: SIM401 - a call less
        if past is None:
            if len(state.buckets) <= LOOSE_MINUTES:
                return [(brand.encode(), stamped(state))]
            past = self.pasts[brand] = Past(state.buckets)
        return past.entries(brand.encode(), state)

    def restore(self, entries: Iterable[tuple[bytes, bytes]]) -> dict[str, BrandState]:
        """The states that entries stand for, in any order; each key once.

        Raises:
            KeptStateError: an entry that this build does not read.
        """
        states: dict[str, BrandState] = {}
        pasts: dict[str, dict[int, dict[int, Bucket]]] = {}
        for key, value in entries:
            name, separator, number = key.partition(_SEPARATOR)
            brand = _name(key, name)
            if separator:
                chunk = _number(key, number)
                buckets = unstamped(key, value, _decode_past)
                pasts.setdefault(brand, {})[chunk] = buckets
            else:
                states[brand] = unstamped(key, value, _decode_state)
                buckets = states[brand].buckets
            for bucket in buckets.values():
                if bucket.revision >= 0:
                    bucket.rest()
        for brand, chunks in pasts.items():
            if brand in states:
                self._join(brand, states[brand], chunks)
        return states

    def _join(self, brand: str, state: BrandState, chunks: dict[int, dict[int, Bucket]]) -> None:
        past = self.pasts[brand] = Past(state.buckets)
        past.changed.clear()
        own, state.buckets = state.buckets, {}
        for number, buckets in sorted(chunks.items()):
            for starts in past.chunks.values():
                starts.difference_update(buckets)
            past.chunks[number] = buckets.keys() - own.keys()
            state.buckets |= buckets
        state.buckets = dict(sorted((state.buckets | own).items()))
        state.ring_posts = sum(bucket.posts for bucket in state.buckets.values())
        state.past_entries = max(state.past_entries, *(number + 1 for number in chunks))
