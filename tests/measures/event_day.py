"""A day of forty brands over several partitions, with twelve events of all kinds that overlap.

    python -m tests.measures.event_day SEED...
    python -m tests.measures.event_day --pairs SEED...

With `--pairs` eight brands have two events at once, seen by a crisis rule each, and eight others
one event that both of these rules see.

Everything is drawn from a seed: brands, sizes, when events begin, how large they are.
"""

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from measures.board import Board, BoardSettings
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue
from schemas.mention import Mention, Objective, Place, Polarity, Tick
from schemas.rules import CrisisRule, DropRule, InfluencerRule, Rule, SentimentRule, SpikeRule
from schemas.signal import Signal
from tests.measures.stream import LONG_AFTER, MINUTE, START, changelog

PARTITIONS = 4
RAW = 3
"""Partitions of the posts."""
BRANDS = tuple(
    Brand(id=f"b{number}", name=f"b{number}", parent=f"b{number - 30}" if number >= 30 else "")
    for number in range(40)
)
"""The last ten are products of the first ten."""
PARENTS = {brand.id: brand.parent for brand in BRANDS if brand.parent}
RULES: tuple[Rule, ...] = (
    SpikeRule(id="spike"),
    DropRule(id="drop"),
    SentimentRule(id="mood"),
    CrisisRule(id="fire", words=("起火", "爆炸")),
    CrisisRule(id="poison", words=("中毒", "变质")),
    CrisisRule(id="anger", objectives=(Objective.CLIENT_MANAGEMENT,)),
    InfluencerRule(id="loud"),
)
QUIET_MIN = 12 * 60
"""Before the first event."""
DAY_MIN = 24 * 60
_WORDS = [f"w{number}" for number in range(400)]


class Happening(NamedTuple):
    """One event."""

    kind: str
    brands: tuple[str, ...]
    start_min: int
    minutes: int
    size: float
    """Posts a minute at its height."""

    def holds(self, alert: Alert) -> bool:
        """Whether an alert tells of it: of its brands or their parents, from its begin on."""
        named = {*self.brands, *(PARENTS.get(brand, brand) for brand in self.brands)}
        first_ms = START + self.start_min * MINUTE
        return alert.brand in named and (
            first_ms <= alert.started_at_ms < first_ms + (self.minutes + 30) * MINUTE
        )


KINDS = (
    ("words", 1), ("words", 1), ("bare", 1), ("bare", 1), ("seven", 7), ("seven", 7),
    ("critic", 1), ("critic", 1), ("burst", 1), ("topic", 3), ("product", 1), ("product", 1),
)  # fmt: skip


class Day:
    """The posts of a day, minute by minute."""

    def __init__(self, seed: int) -> None:
        self._rnd = random.Random(seed)
        rnd = self._rnd
        self.rates = {brand.id: 10 ** rnd.uniform(-1.3, 0.2) for brand in BRANDS}
        self._post = 0
        self._offsets = [0] * RAW
        self._recent: dict[str, list[str]] = defaultdict(list)
        self._originals: dict[int, str] = {}
        self.events = self._drawn()

    def _drawn(self) -> list[Happening]:
        """Events of brands that differ, as far as families go: two at once are not told apart."""
        rnd = self._rnd
        makers = [brand.id for brand in BRANDS if not brand.parent]
        rnd.shuffle(makers)
        lines = [f"b{number}" for number in range(30, 40)]
        rnd.shuffle(lines)
        of_lines = [lines.pop() for kind, _ in KINDS if kind == "product"]
        for line in of_lines:
            makers.remove(PARENTS[line])
        events = []
        for kind, count in KINDS:
            start_min = QUIET_MIN + rnd.randrange(30, 300)
            minutes, size = rnd.randrange(30, 90), rnd.uniform(8, 25)
            if kind == "product":
                brands: tuple[str, ...] = (of_lines.pop(),)
            else:
                brands = tuple(makers.pop() for _ in range(count))
            events.append(Happening(kind, brands, start_min, minutes, size))
        return events

    def minute(self, number: int) -> list[Mention]:
        """All mentions of a minute, in the order of their times."""
        made = [*self._everyday(number)]
        for at, event in enumerate(self.events):
            if event.start_min <= number < event.start_min + event.minutes:
                made += self._of_event(at, event, number)
        return sorted(made, key=lambda mention: mention.event_time_ms)

    def _everyday(self, number: int) -> Iterator[Mention]:
        rnd = self._rnd
        for brand, rate in self.rates.items():
            for _ in range(self._count(rate)):
                recent = self._recent[brand]
                fields: dict[str, Any] = {"polarity": rnd.choices(tuple(Polarity), (3, 6, 1))[0]}
                if recent and rnd.random() < 0.4:
                    fields |= {"is_repost": True, "original": rnd.choice(recent)}
                    fields["place"] = rnd.choice((Place.OWN, Place.QUOTED))
                if rnd.random() < 0.0005:
                    fields["reach"] = 2_000_000
                made = self._posted(number, (brand,), **fields)
                recent.append(made[0].post)
                del recent[:-8]
                yield from made

    def _count(self, mean: float) -> int:
        """Poisson."""
        rnd, count, at = self._rnd, 0, 0.0
        while True:
            at += rnd.expovariate(mean)
            if at >= 1:
                return count
            count += 1

    def _of_event(self, at: int, event: Happening, number: int) -> Iterator[Mention]:
        age = number - event.start_min
        rate = event.size * min(1.0, (age + 1) / 5) * 0.97**age
        said = {"terms": (f"news{at}", f"more{at}", self._rnd.choice(_WORDS))}
        bad: dict[str, Any] = {"polarity": Polarity.NEGATIVE, "sentiment_milli": -600}
        brands = event.brands
        if not age and event.kind in {"seven", "critic"}:
            [first, *others] = self._posted(
                number,
                brands,
                reach=self._rnd.randrange(3, 9) * 1_000_000,
                text="不好",
                **said,
                **bad,
            )
            self._originals[at] = first.post
            yield from [first, *others]
        for _ in range(self._count(rate)):
            match event.kind:
                case "poison":
                    text = self._rnd.choice(("吃了中毒", "又变质", "真的", "怎么办"))
                    yield from self._posted(number, brands, text=text, **said, **bad)
                case "both" | "loose":
                    # What is loose has not even words in common.
                    words = said if event.kind == "both" else {}
                    text = self._rnd.choice(("手机起火", "又爆炸", "吃了中毒", "又变质", "真的"))
                    yield from self._posted(number, brands, text=text, **words, **bad)
                case "words" | "product":
                    text = self._rnd.choice(("手机起火", "又爆炸", "真的", "怎么办"))
                    yield from self._posted(number, brands, text=text, **said, **bad)
                case "bare":
                    yield from self._passed_on(number, brands, f"it{at}", "吃了中毒")
                case "seven":
                    yield from self._passed_on(number, brands, self._originals[at], "不好")
                case "critic":
                    if self._rnd.random() < 0.6:
                        yield from self._passed_on(number, brands, self._originals[at], "不好")
                    else:
                        asks = (Objective.CLIENT_MANAGEMENT,)
                        yield from self._posted(
                            number, brands, text="退货", intents=asks, **said, **bad
                        )
                case "burst":
                    yield from self._posted(number, brands, **said, polarity=Polarity.POSITIVE)
                case "topic":
                    yield from self._posted(number, (self._rnd.choice(brands),), **said)

    def _passed_on(
        self, number: int, brands: Sequence[str], original: str, text: str
    ) -> list[Mention]:
        return self._posted(
            number, brands, place=Place.QUOTED, is_repost=True, original=original,
            original_author="maker", original_text=text, text="", terms=(), text_hash=1,
        )  # fmt: skip

    def _posted(self, number: int, brands: Sequence[str], **fields: Any) -> list[Mention]:
        """One post: a mention of each brand that it names, and of those whose products they are."""
        self._post += 1
        raw = self._post % RAW
        self._offsets[raw] += 1
        at_ms = START + number * MINUTE + self._rnd.randrange(MINUTE)
        usual: dict[str, Any] = {
            "author": f"a{self._rnd.randrange(1_000_000)}", "post": f"p{self._post}",
            "text_hash": self._post, "reach": self._rnd.randrange(2000),
            "terms": tuple(self._rnd.sample(_WORDS, 3)),
        }  # fmt: skip
        named = dict.fromkeys(brands, "")
        named |= {PARENTS[brand]: brand for brand in brands if brand in PARENTS}
        return [
            Mention(brand, raw, self._offsets[raw], at_ms, product=product, **usual | fields)
            for brand, product in named.items()
        ]


class PairedDay(Day):
    """Two events at once about one brand, and one event that two rules see."""

    def _drawn(self) -> list[Happening]:
        rnd = self._rnd
        makers = [brand.id for brand in BRANDS if not brand.parent]
        rnd.shuffle(makers)
        events = []
        for _ in range(8):
            brands, start_min = (makers.pop(),), QUIET_MIN + rnd.randrange(30, 300)
            later_min, second = rnd.choice((0, 0, 3, 10, 25, 40)), rnd.choice(("poison", "bare"))
            for kind, at_min in (("words", start_min), (second, start_min + later_min)):
                minutes, size = rnd.randrange(30, 90), rnd.uniform(8, 25)
                events.append(Happening(kind, brands, at_min, minutes, size))
        for _ in range(8):
            kind, start_min = rnd.choice(("both", "loose")), QUIET_MIN + rnd.randrange(30, 300)
            minutes, size = rnd.randrange(30, 90), rnd.uniform(8, 25)
            events.append(Happening(kind, (makers.pop(),), start_min, minutes, size))
        return events


class Fleet:
    """A board for each partition, the signals between them, and what they publish."""

    def __init__(self, partitions: int = PARTITIONS, rules: Sequence[Rule] = RULES) -> None:
        self.catalogue = Catalogue(BRANDS, tuple(rules))
        self.boards = [self._board(number) for number in range(partitions)]
        self.waiting: list[list[Signal]] = [[] for _ in self.boards]
        self.alerts: list[Alert] = []

    def _board(self, number: int) -> Board:
        return Board(BoardSettings(), self.catalogue, speaks_for_all=number == 0)

    def part_of(self, brand: str) -> int:
        return int(brand[1:]) * 7 // 3 % len(self.boards)

    def take(self, mentions: Sequence[Mention], tick: Tick) -> None:
        """A stretch of the stream, the same for all partitions."""
        for number in range(len(self.boards)):
            self.step(number, mentions, tick)

    def step(self, number: int, mentions: Sequence[Mention], tick: Tick) -> None:
        """One partition reads what has come to it."""
        board = self.boards[number]
        for mention in mentions:
            if self.part_of(mention.brand) == number:
                board.apply(mention)
        heard, self.waiting[number] = self.waiting[number], []
        for signal in heard:
            board.add_signal(signal)
        board.tick(tick)
        self.publish(number)

    def publish(self, number: int) -> None:
        output = self.boards[number].drain()
        self.alerts += output.alerts
        for other in range(len(self.boards)):
            if other != number:
                self.waiting[other] += output.signals

    def settle(self) -> None:
        """All signals arrive."""
        while any(self.waiting):
            for number, board in enumerate(self.boards):
                for signal in self.waiting[number]:
                    board.add_signal(signal)
                self.waiting[number] = []
                self.publish(number)

    def restart(self, number: int) -> None:
        """The next owner of a partition goes on from what was kept."""
        board, fresh = self.boards[number], self._board(number)
        fresh.restore_partition_state(board.partition_state_bytes())
        fresh.restore(changelog(board))
        self.boards[number] = fresh

    def latest(self) -> dict[str, Alert]:
        """What a reader keeps: the highest revision of each alert."""
        kept: dict[str, Alert] = {}
        for alert in self.alerts:
            if alert.id not in kept or alert.revision > kept[alert.id].revision:
                kept[alert.id] = alert
        return kept


def tick_at(minute: int) -> Tick:
    """All posts before the minute were read."""
    return Tick(LONG_AFTER, RAW, dict.fromkeys(range(RAW), START + minute * MINUTE))


def run_day(seed: int, kind: type[Day] = Day) -> tuple[Day, Fleet]:
    """The whole day through a fleet."""
    day, fleet = kind(seed), Fleet()
    for number in range(DAY_MIN):
        fleet.take(day.minute(number), tick_at(number + 1))
    fleet.settle()
    return day, fleet


class Score(NamedTuple):
    """How well the incidents of a day are those events."""

    found: int
    """Events with an alert."""
    alerts: int
    in_its_own: int
    """Alerts of events that are in the incident with most of their event's alerts."""
    mixed: int
    """Incidents with alerts of two events."""
    headless: int
    """Incidents whose head is no alert."""


def score_of(day: Day, fleet: Fleet) -> Score:
    """Compare."""
    latest = fleet.latest()
    found = alerts = in_its_own = 0
    events_of: dict[str, set[int]] = defaultdict(set)
    for at, event in enumerate(day.events):
        incidents: dict[str, int] = defaultdict(int)
        for alert in latest.values():
            if event.holds(alert):
                incidents[alert.incident] += 1
                events_of[alert.incident].add(at)
        found += bool(incidents)
        alerts += sum(incidents.values())
        in_its_own += max(incidents.values(), default=0)
    return Score(
        found,
        alerts,
        in_its_own,
        sum(len(events) > 1 for events in events_of.values()),
        sum(incident not in latest for incident in events_of),
    )


class PairScore(NamedTuple):
    """How well two events of a brand are told apart, and one is kept together."""

    apart: int
    """Pairs of events whose crises are in two incidents."""
    merged: int
    merged_at_once: int
    """Of these, pairs whose events began in the same minute."""
    whole: int
    """Single events whose alerts are all in one incident."""
    split: int


def pair_score_of(day: Day, fleet: Fleet) -> PairScore:
    """Compare; crises that no rule saw are left out."""
    latest = fleet.latest().values()
    counts: Counter[str] = Counter()
    for first, second in zip(day.events[:16:2], day.events[1:16:2], strict=True):
        found = [
            {one.incident for one in latest if one.rule == rule and event.holds(one)}
            for rule, event in (("fire", first), ("poison", second))
        ]
        if all(found):
            is_apart = found[0].isdisjoint(found[1])
            counts["apart" if is_apart else "merged"] += 1
            counts["at once"] += not is_apart and first.start_min == second.start_min
    for event in day.events[16:]:
        incidents = {one.incident for one in latest if event.holds(one)}
        counts["whole" if len(incidents) == 1 else "split"] += bool(incidents)
    return PairScore(*(counts[name] for name in ("apart", "merged", "at once", "whole", "split")))


if __name__ == "__main__":
    pairs = sys.argv[1] == "--pairs"
    for given in sys.argv[1 + pairs :]:
        score = (
            pair_score_of(*run_day(int(given), PairedDay))
            if pairs
            else score_of(*run_day(int(given)))
        )
        sys.stdout.write(f"{given} {score}\n")
