"""Frames compressed with a dictionary that the server names, as version 2 sends them."""

from typing import NamedTuple

import aiohttp
import zstandard

from feeds.live.connections import MAX_MESSAGE_BYTES
from feeds.live.jetstream.events import NotReadable

_MAGIC = 0xEC30A437
_MAX_DICTIONARY_BYTES = 4 << 20
_PATH = "/xrpc/network.bsky.jetstream.getZstdDictionary"


class Dictionary(NamedTuple):
    """A dictionary and what unpacks with it."""

    id: int
    decompressor: zstandard.ZstdDecompressor

    def unpacked(self, frame: bytes) -> bytes:
        """The text of a frame, in no more memory than the largest message that is read.

        Raises:
            NotReadable: it is no such frame, or would be too large.
        """
        try:
            said = zstandard.get_frame_parameters(frame)
            if said.content_size != zstandard.CONTENTSIZE_UNKNOWN:
                if said.content_size > MAX_MESSAGE_BYTES:
                    raise NotReadable(f"unpacked it would have {said.content_size:,} bytes")
                return self.decompressor.decompress(frame)
            return self.decompressor.decompress(frame, max_output_size=MAX_MESSAGE_BYTES)
        except zstandard.ZstdError as error:
            raise NotReadable(str(error)) from None


def dictionary_of(content: bytes) -> Dictionary:
    """A dictionary as the server gives it: the magic number, its id, and the rest (RFC 8878).

    Raises:
        NotReadable: it is none.
    """
    if len(content) < 8 or int.from_bytes(content[:4], "little") != _MAGIC:
        raise NotReadable(f"{len(content):,} bytes are no Zstandard dictionary")
    packed = zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_FULLDICT)
    try:
        unpacker = zstandard.ZstdDecompressor(dict_data=packed, max_window_size=MAX_MESSAGE_BYTES)
    except zstandard.ZstdError as error:
        raise NotReadable(f"the Zstandard dictionary cannot be used: {error}") from None
    return Dictionary(int.from_bytes(content[4:8], "little"), unpacker)


async def fetched(session: aiohttp.ClientSession, base: str) -> Dictionary:
    """The dictionary that the server uses now.

    Raises:
        NotReadable: what it answers is none.
        Refused, aiohttp.ClientError: there is no answer.
    """
    async with session.get(base + _PATH) as response:
        content = await response.content.read(_MAX_DICTIONARY_BYTES)
        while more := await response.content.read(_MAX_DICTIONARY_BYTES - len(content)):
            content += more
    return dictionary_of(content)
