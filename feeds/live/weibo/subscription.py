"""The keywords of a subscription at Weibo: read, and changed (`subscribe/update_subscribe`)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
import orjson

from feeds.live.connections import Refused, Timing, new_session
from feeds.live.weibo.feed import ADDRESS, address_of
from feeds.live.weibo.keywords import MAX_KEYWORDS, Changes, calls
from feeds.live.weibo.records import Refusal, read
from feeds.source import FeedError

_PATH = "/subscribe/update_subscribe.json"
_MOST_BYTES = 8 << 20
_TOTAL_S = 60.0


class Access(NamedTuple):
    """Who asks: one of the two is enough."""

    app_key: str = ""
    token: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """As the service takes them."""
        return {"access_token": self.token} if self.token else {"source": self.app_key}


class Subscription:
    """One subscription. Use as an async context manager."""

    def __init__(self, number: int, access: Access, address: str = ADDRESS) -> None:
        """Raises `ValueError` where the address is none."""
        self._number = number
        self._access = access
        self._url = address_of(address) + _PATH
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Subscription":
        self._session = new_session(Timing())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def keywords(self) -> list[str]:
        """The keywords that it holds.

        Raises:
            FeedError: the service refuses, cannot be reached, or answers something else.
        """
        filters = (await self._call({})).get("filters")
        if not isinstance(filters, dict):
            raise FeedError(
                f"subscription {self._number}: the answer holds no `filters`; nothing was changed"
            )
        held = filters.get("keywordfilter") or {}
        lists = held.values() if isinstance(held, dict) else [held]
        return [
            word for words in lists if isinstance(words, list) for word in words
            if isinstance(word, str)
        ]  # fmt: skip

    async def change(self, changes: Changes) -> None:
        """Add and remove, 50 a call; first what is added, so that nothing is missed meanwhile.

        Raises:
            FeedError: as `keywords`; what was done before stays done.
        """
        steps = [("add_keywords", changes.added), ("del_keywords", changes.removed)]
        if changes.most > MAX_KEYWORDS:
            steps.reverse()
        for parameter, words in steps:
            for together in calls(words):
                answer = await self._call({parameter: together})
                if answer.get("result") is not True:
                    raise FeedError(
                        f"subscription {self._number}: {parameter} was not taken: "
                        f"{str(answer)[:300]!a}; look at what it holds and run this again"
                    )

    async def _call(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if self._session is None:
            raise RuntimeError("not entered")
        form = {**self._access.parameters, "subid": str(self._number), **asked}
        try:
            async with self._session.post(
                self._url, data=form, timeout=aiohttp.ClientTimeout(total=_TOTAL_S)
            ) as response:
                content = await response.content.read(_MOST_BYTES)
                while more := await response.content.read(_MOST_BYTES - len(content)):
                    content += more
        except Refused as refused:
            raise self._refused(refused.body, str(refused)) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise FeedError(f"{self._url} cannot be asked: {reason}") from None
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict) or "error" in answer:
            raise self._refused(content, "the answer is no JSON object")
        return answer

    def _refused(self, body: bytes, otherwise: str) -> FeedError:
        found = read(body)
        said = otherwise
        if isinstance(found, Refusal):
            said = f"{found.code} {' '.join(found.message.split())[:300]}"
        return FeedError(
            f"subscription {self._number}: Weibo refuses: {said}; check the app key or token, and "
            "that the contract names the address of this machine"
        )
