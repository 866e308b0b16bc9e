"""The simulated feed: statuses in the shape of Weibo's open API, the same for the same seed."""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import Any

import msgspec
import orjson

from feeds.simulate.brands import BRANDS, SimulatedBrand
from feeds.simulate.events import Event, EventKind, schedule
from feeds.simulate.people import People, Person
from feeds.simulate.phrases import MOODS, Phrases
from feeds.simulate.rhythm import factor
from feeds.simulate.truth import Truth
from feeds.source import DuePost
from schemas.post import Source
from sources.styled_times import weibo_time

_STEP_MS = 100
_BRAND_SHARE = 0.3
_REPOST_SHARE = 0.35
_REPEAT_SHARE = 0.005
_REMEMBERED = 400
_APPS = (
    '<a href="http://weibo.com" rel="nofollow">微博网页版</a>',
    '<a href="http://app.weibo.com/t/feed/1" rel="nofollow">手机客户端</a>',
)
_POPULARITY = tuple(accumulate(1 / (rank + 2) for rank in range(len(BRANDS))))


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate. A `Feed`."""

    start_ms: int
    """Event time of the first post."""
    rate: float = 300.0
    """Posts a second of event time, over the mean day."""
    seed: int = 1
    speed: float = 1.0
    """Seconds of event time in a second of sending."""
    duration_s: float | None = None
    """Seconds of event time; None: without end."""
    event_gap_s: float = 1800.0
    """Mean time between two events."""
    first_event_s: float = 600.0
    least_event: float = 1.0
    """Posts a second that an event has at its height, at the least."""
    broken_share: float = 0.0
    """Share of records that are no posts."""
    is_rhythmic: bool = True
    """Whether the rate follows day and week."""
    truth: Truth | None = None

    @property
    def source(self) -> Source:
        return Source.WEIBO

    def batches(self) -> Iterator[list[DuePost]]:
        """Posts by due time, a tenth of a second at a time."""
        writer = _Writer(self)
        now_ms = self.start_ms
        while self.duration_s is None or now_ms < self.start_ms + self.duration_s * 1000:
            yield writer.step(now_ms)
            now_ms += _STEP_MS
        yield writer.rest()


class _Writer:
    """Writes one simulation's posts."""

    def __init__(self, plan: Simulation) -> None:
        self._plan = plan
        self._rnd = rnd = Random(plan.seed)
        self._people = People(rnd)
        self._phrases = Phrases(rnd)
        self._events = schedule(
            Random(plan.seed + 1),
            plan.start_ms,
            plan.rate,
            mean_gap_s=plan.event_gap_s,
            first_s=plan.first_event_s,
            least=plan.least_event,
        )
        self._next_event = next(self._events)
        self._going: list[Event] = []
        self._originals: dict[Event, dict[str, Any]] = {}
        self._recent: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
        self._waiting: list[tuple[float, int, DuePost]] = []
        self._number = 0
        self._owed = 0.0

    def step(self, now_ms: int) -> list[DuePost]:
        """Write the posts of the next tenth of a second; return those that are due by then."""
        self._begin_events(now_ms)
        seconds = _STEP_MS / 1000
        rhythm = factor(now_ms) if self._plan.is_rhythmic else 1.0
        for _ in range(self._draw(self._plan.rate * rhythm * seconds)):
            self._write(now_ms, self._everyday(now_ms))
        for event in self._going:
            for _ in range(self._draw(event.rate(now_ms) * seconds)):
                self._write(now_ms, self._of_event(event, now_ms), event.brand)
        return self._due(now_ms + _STEP_MS)

    def rest(self) -> list[DuePost]:
        """What was held back for disorder."""
        return self._due(1 << 62)

    def _begin_events(self, now_ms: int) -> None:
        while self._next_event.start_ms <= now_ms:
            event, self._next_event = self._next_event, next(self._events)
            self._going.append(event)
            if self._plan.truth is not None:
                self._plan.truth.event(event)
        self._going = [event for event in self._going if event.end_ms > now_ms]

    def _draw(self, mean: float) -> int:
        """A Poisson number, by exponential gaps (Knuth); large means in halves."""
        count = 0
        while mean > 20:
            mean /= 2
            count += self._draw(mean)
        left = self._rnd.expovariate(1)
        while left < mean:
            count += 1
            left += self._rnd.expovariate(1)
        return count

    def _everyday(self, now_ms: int) -> dict[str, Any]:
        rnd = self._rnd
        if self._recent and rnd.random() < _REPOST_SHARE:
            original = rnd.choice(self._recent)
            return self._repost(now_ms, original, self._phrases.comment())
        brand: SimulatedBrand | None = None
        if rnd.random() < _BRAND_SHARE:
            brand = rnd.choices(BRANDS, cum_weights=_POPULARITY)[0]
            mood = rnd.choices(MOODS, cum_weights=(0.45, 0.8, 1.0))[0]
            text = self._phrases.about(brand, mood)
        else:
            text = self._phrases.everyday()
        status = self._status(now_ms, text, self._people.anyone())
        status["_brand"] = brand.id if brand else ""
        self._recent.append(status)
        return status

    def _of_event(self, event: Event, now_ms: int) -> dict[str, Any]:
        phrases, people, brand = self._phrases, self._people, event.brand
        if event.kind is EventKind.CRISIS:
            if self._rnd.random() < 0.5:
                return self._marked(
                    self._status(now_ms, phrases.crisis(brand), people.anyone()), event
                )
            text, by, comment = phrases.crisis(brand), people.influencer(), phrases.outrage()
        elif event.kind is EventKind.SPAM:
            return self._marked(self._status(now_ms, phrases.spam(brand), people.spammer()), event)
        elif event.kind is EventKind.CAMPAIGN:
            text, by = phrases.campaign(brand), people.brand_account(brand)
            comment = phrases.comment()
        else:
            text, by = phrases.about(brand, "positive"), people.influencer()
            comment = phrases.comment()
        original = self._originals.get(event)
        if original is None:
            original = self._originals[event] = self._marked(self._status(now_ms, text, by), event)
            return original
        return self._repost(now_ms, original, comment)

    def _marked(self, status: dict[str, Any], event: Event) -> dict[str, Any]:
        status["_brand"] = event.brand.id
        return status

    def _status(self, now_ms: int, text: str, author: Person) -> dict[str, Any]:
        self._number += 1
        number = self._number * 1000 + self._plan.seed % 1000
        at_ms = now_ms + self._rnd.randrange(_STEP_MS)
        return {
            "_at_ms": at_ms - at_ms % 1000,
            "created_at": weibo_time(at_ms // 1000),
            "id": number, "mid": str(number), "idstr": str(number), "text": text,
            "source": self._rnd.choice(_APPS), "truncated": False, "in_reply_to_status_id": "",
            "geo": None, "reposts_count": 0, "comments_count": 0, "attitudes_count": 0,
            "user": author.as_user(),
            "_author": author.id,
        }  # fmt: skip

    def _repost(self, now_ms: int, original: dict[str, Any], comment: str) -> dict[str, Any]:
        if self._rnd.random() < 0.2 and comment != "转发微博":
            comment = f"{comment}//@{self._people.anyone().name}:{self._phrases.comment()}"
        status = self._status(now_ms, comment, self._people.anyone())
        if "_json" not in original:
            original["_json"] = orjson.Fragment(_dumped(original))
        status["retweeted_status"] = original["_json"]
        status["_brand"] = original.get("_brand", "")
        return status

    def _write(
        self, now_ms: int, status: dict[str, Any], brand: SimulatedBrand | None = None
    ) -> None:
        """Hold the post until it is due: most at once, some late, a few twice."""
        plan, rnd = self._plan, self._rnd
        at_ms, brand_id = status["_at_ms"], status["_brand"]
        value = _dumped(status)
        if plan.broken_share and rnd.random() < plan.broken_share:
            value = value[: len(value) // 2]
        elif plan.truth is not None:
            plan.truth.post(brand_id, at_ms)
        key = b"%d" % status["_author"]
        delay_ms = rnd.expovariate(1 / 800) if rnd.random() < 0.97 else rnd.uniform(2000, 20_000)
        times = 2 if rnd.random() < _REPEAT_SHARE else 1
        for _ in range(times):
            sent_ms = max(at_ms, now_ms) + delay_ms
            due = DuePost((sent_ms - plan.start_ms) / plan.speed, key, value, at_ms)
            heappush(self._waiting, (sent_ms, self._number, due))
            self._number += times - 1
            delay_ms += 500

    def _due(self, until_ms: int) -> list[DuePost]:
        due = []
        while self._waiting and self._waiting[0][0] < until_ms:
            due.append(heappop(self._waiting)[2])
        return due


def _dumped(status: dict[str, Any]) -> bytes:
    """The status as JSON, without our own notes on it."""
    return orjson.dumps({key: value for key, value in status.items() if key[0] != "_"})
