"""Everything at once: a feed on a real Kafka whose connection is cut, which is killed, whose broker
is killed, and whose source loses posts. What the source sent is all there but for what lies in a
told gap, each post counts once, and no gap is told for nothing.

    python -m tests.feeds.live.trial [jetstream|weibo|mastodon] [--cuts 30] [--kills 10]
        [--broker-kills 3] [--losses 3] [--seeds 1]
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, Protocol

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from kafka_io.brokers import ApacheKafka
from kafka_io.settings import Settings
from schemas.feed import FeedGap
from tests import oracle
from tests.feeds.live.jetstream_server import JetstreamServer
from tests.feeds.live.mastodon_server import TOKEN, MastodonServer
from tests.feeds.live.mastodon_server import status as toot
from tests.feeds.live.running import gaps, position, raw_values, until
from tests.feeds.live.weibo_server import SUBSCRIPTION, WeiboServer
from tests.leimo import pipeline_run

DEADLINE_S = 120.0


class Plan(NamedTuple):
    """How much is done to a feed."""

    cuts: int = 30
    kills: int = 10
    broker_kills: int = 3
    losses: int = 3


class Source(Protocol):
    """A server that can lose posts; posts have numbers from 0."""

    name: str
    feed: str
    command: Sequence[str]
    variables: dict[str, str]

    def serving(self) -> AbstractAsyncContextManager[Any]:
        """Listen."""

    @property
    def connections(self) -> int:
        """How many were made so far."""

    async def add(self, count: int) -> None:
        """Give so many more posts."""

    def cut(self, after: int) -> None:
        """Cut what is open, and the next connection after so many records, within one."""

    async def lose(self, count: int) -> None:
        """Give posts while nobody listens, so that they cannot be had any more."""

    def found(self) -> None:
        """The feed is connected again after a loss."""

    def number(self, value: bytes) -> int:
        """Of the post in a record of `posts.raw`."""

    def at_ms(self, number: int) -> int:
        """When the source says that a post was."""

    def lines(self, numbers: set[int]) -> list[bytes]:
        """The posts with these numbers, as the analysis reads them."""


class OfJetstream:
    name = feed = "jetstream"

    def __init__(self) -> None:
        self._server = JetstreamServer()
        self._server.is_untidy = True
        self._server._first_us = time.time_ns() // 1_000 - 3_600_000_000
        self.variables: dict[str, str] = {}

    def serving(self) -> AbstractAsyncContextManager[Any]:
        return self._server.serving()

    @property
    def command(self) -> Sequence[str]:
        return "jetstream", "--endpoint", self._server.url

    @property
    def connections(self) -> int:
        return self._server.connections

    async def add(self, count: int) -> None:
        await self._server.add_posts(len(self._server.archive), count)

    def cut(self, after: int) -> None:
        self._server.cut_after.append(after)
        self._server.drop_connections()

    async def lose(self, count: int) -> None:
        await self.add(count)
        self._server.floor = len(self._server.archive)
        await self.add(20)

    def found(self) -> None:
        pass

    def number(self, value: bytes) -> int:
        return int(json.loads(value)["payload"]["rkey"][1:])

    def at_ms(self, number: int) -> int:
        return self._server.archive[number].time_us // 1_000

    def lines(self, numbers: set[int]) -> list[bytes]:
        return [self._server.archive[number].text(2) for number in sorted(numbers)]


class OfWeibo:
    name, feed = "weibo", f"weibo/{SUBSCRIPTION}"

    def __init__(self) -> None:
        self._server = WeiboServer(first_ms=time.time_ns() // 1_000_000 - 3_600_000)
        self._server.is_untidy = True
        self._server.stands_s, self._server.idle_s = 3.0, 0.5
        self.variables: dict[str, str] = {}
        self._losses = 0

    def serving(self) -> AbstractAsyncContextManager[Any]:
        return self._server.serving()

    @property
    def command(self) -> Sequence[str]:
        at = ("--subscription", str(SUBSCRIPTION), "--address", self._server.url)
        return "weibo", *at

    @property
    def connections(self) -> int:
        return self._server.connections

    async def add(self, count: int) -> None:
        await self._server.add_posts(len(self._server.kept), count)

    def cut(self, after: int) -> None:
        self._server.cut_after.append(after)
        self._server.drop_connections()

    async def lose(self, count: int) -> None:
        """The subscription is made anew: its numbers begin again, and the last 100 come."""
        await self.add(count + 100)
        self._losses += 1
        self._server.renumber(1_404_160_103_598_340 - 1_000_000 * self._losses)

    def found(self) -> None:
        pass

    def number(self, value: bytes) -> int:
        number: int = json.loads(value)["text"]["status"]["id"] - 5_000_000
        return number

    def at_ms(self, number: int) -> int:
        return self._server.at_ms(number) // 1_000 * 1_000

    def lines(self, numbers: set[int]) -> list[bytes]:
        return [self._server.kept[number][1] for number in sorted(numbers)]


class OfMastodon:
    name = "mastodon"

    def __init__(self) -> None:
        self._server = MastodonServer()
        self._server.remaining = 1 << 30
        self._times: list[int] = []
        self.variables = {"MASTODON_TOKEN": TOKEN}

    def serving(self) -> AbstractAsyncContextManager[Any]:
        return self._server.serving()

    @property
    def feed(self) -> str:
        return f"mastodon/127.0.0.1:{self._server.port}"

    @property
    def command(self) -> Sequence[str]:
        return "mastodon", "--server", self._server.url

    @property
    def connections(self) -> int:
        return self._server.connections

    async def add(self, count: int) -> None:
        for _ in range(count):
            # A burst is spread over some milliseconds, and none is of the future.
            now_ms = time.time_ns() // 1_000_000
            at_ms = max(now_ms - 2_000, self._times[-1] + 1 if self._times else 0)
            self._times.append(at_ms)
            self._server.post(toot(len(self._times) - 1, at_ms))

    def cut(self, after: int) -> None:
        self._server.cut_after.append(after)
        self._server.drop_connections()

    async def lose(self, count: int) -> None:
        """The server allows no more than one request, and it gives 40 posts."""
        await self.add(count + 40)
        self._server.remaining = 1

    def found(self) -> None:
        self._server.remaining = 1 << 30

    def number(self, value: bytes) -> int:
        given = json.loads(value)
        given = json.loads(given["payload"]) if "payload" in given else given
        return int(given["uri"].rpartition("/")[2])

    def at_ms(self, number: int) -> int:
        return self._times[number]

    def lines(self, numbers: set[int]) -> list[bytes]:
        kept = self._server.kept
        return [json.dumps(kept[number], ensure_ascii=False).encode() for number in sorted(numbers)]


SOURCES = {"jetstream": OfJetstream, "weibo": OfWeibo, "mastodon": OfMastodon}


class Outcome(NamedTuple):
    """What came of it."""

    posts: int
    missing: int
    repeated: int
    gaps: int
    wrong: list[str]
    """What must not be, for a person."""


class _Feed:
    """The process of the feed."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self._source = source
        self._settings = settings
        self._process: Process | None = None

    async def start(self) -> None:
        before = self._source.connections
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "leimo", "feed", *self._source.command, "--quiet",
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
            env={**pipeline_run.environment(self._settings), **self._source.variables},
        )  # fmt: skip
        asyncio.create_task(_drained(process))  # noqa: RUF006 - ends with the process
        await until(lambda: self._source.connections > before or process.returncode is not None)
        assert process.returncode is None, f"the feed ended with {process.returncode}"

    async def kill(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _drained(process: Process) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if os.environ.get("TRIAL_LOG"):
            sys.stderr.buffer.write(line)


async def run(name: str, seed: int, plan: Plan, broker: ApacheKafka) -> Outcome:
    """One trial; the broker is empty, and runs when it ends."""
    chance = random.Random(seed)
    settings = await pipeline_run.prepared(broker.address, f"trial-{name}-{seed}")
    source: Source = SOURCES[name]()  # type: ignore[assignment]
    feed = _Feed(source, settings)
    done = [
        *["cut"] * plan.cuts, *["kill"] * plan.kills, *["broker"] * plan.broker_kills,
        *["loss"] * plan.losses,
    ]  # fmt: skip
    chance.shuffle(done)
    sent, lost = 0, list[range]()
    async with source.serving():
        await feed.start()
        try:
            await source.add(10)
            sent = 10
            await _until_position(source, settings, sent - 1)
            for what in done:
                count = chance.randrange(5, 80)
                await source.add(count)
                sent += count
                if what == "cut":
                    await asyncio.sleep(chance.random() * 0.1)
                    source.cut(chance.randrange(0, 60))
                elif what == "broker":
                    await asyncio.to_thread(broker.kill)
                    await source.add(30)
                    sent += 30
                    await broker.restart()
                else:
                    if what == "loss":  # all that was before is safe: what is missing is this
                        await _until_position(source, settings, sent - 1)
                    await feed.kill()
                    if what == "loss":
                        await source.lose(60)
                        first, sent = sent, len(_all(source))
                        lost.append(range(first, sent))
                    else:
                        await source.add(30)
                        sent += 30
                    await feed.start()
                    if what == "loss":
                        await _until_told(settings, _span(source, lost[-1]))
                        source.found()
            await source.add(10)
            sent += 10
            await _until_position(source, settings, sent - 1)
        finally:
            await feed.kill()
    return await _judged(source, settings, sent, lost)


def _all(source: Source) -> Sequence[object]:
    """Everything that the source ever gave."""
    server: Any = source._server  # type: ignore[attr-defined]
    found: Sequence[object] = getattr(server, "archive", None) or server.kept
    return found


async def _until_position(source: Source, settings: Settings, number: int) -> None:
    at_ms = source.at_ms(number)
    deadline = time.monotonic() + DEADLINE_S
    while (await position(settings, source.feed)).event_time_ms < at_ms:
        assert time.monotonic() < deadline, "the feed does not come to the newest post"
        await asyncio.sleep(0.05)


async def _until_told(settings: Settings, lost: tuple[int, int]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not any(_meets(gap, lost) for gap in await gaps(settings)):
        assert time.monotonic() < deadline, "no gap is told for a loss"
        await asyncio.sleep(0.05)


def _span(source: Source, numbers: range) -> tuple[int, int]:
    return source.at_ms(numbers[0]), source.at_ms(numbers[-1])


def _meets(gap: FeedGap, lost: tuple[int, int]) -> bool:
    return gap.from_ms <= lost[1] and gap.to_ms >= lost[0]


async def _judged(source: Source, settings: Settings, sent: int, lost: Sequence[range]) -> Outcome:
    """Compare what there is with what has to be."""
    values = await raw_values(settings)
    found = [source.number(value) for value in values]
    told = await gaps(settings)
    missing = set(range(sent)) - set(found)
    wrong = []
    for number in sorted(missing):
        at_ms = source.at_ms(number)
        if not any(number in one for one in lost):
            wrong.append(f"post {number} is missing, and the source could give it")
        elif not any(gap.from_ms <= at_ms <= gap.to_ms for gap in told):
            wrong.append(f"post {number} of {at_ms} is missing, and lies in no gap")
    wrong += [
        f"a gap is told where nothing was lost: {gap}"
        for gap in told
        if not any(_meets(gap, _span(source, one)) for one in lost)
    ]
    expected = oracle.batch_windows(
        source.lines(set(found)), analyser_of(load(SHIPPED)),
        time.time_ns() // 1_000_000, source.name,
    )  # fmt: skip
    seen: list[str] = ["no windows were read"]

    async def all_right() -> bool:
        seen[:] = oracle.differences(expected, await pipeline_run.windows(settings))
        return not seen

    if not expected:
        wrong.append("the posts name no brand")
    with pipeline_run.leimo(settings, "worker"):
        try:
            await pipeline_run.until(all_right, lambda: "\n".join(seen[:20]), DEADLINE_S)
        except AssertionError as error:
            wrong.append(f"windows differ: {error}")
    return Outcome(sent, len(missing), len(found) - len(set(found)), len(told), wrong)


def main() -> None:
    """The long form; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.feeds.live.trial", description=__doc__)
    parser.add_argument("sources", nargs="*", default=list(SOURCES))
    for name, usual in Plan()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=usual)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    plan = Plan(*(getattr(given, name) for name in Plan._fields))
    sys.exit(asyncio.run(_trials(given.sources, given.seeds, plan)))


async def _trials(sources: Sequence[str], seeds: int, plan: Plan) -> int:
    code = 0
    for name in sources:
        for seed in range(1, seeds + 1):
            began_s = time.monotonic()
            async with started_kafka() as broker:
                outcome = await run(name, seed, plan, broker)
            took_s = time.monotonic() - began_s
            sys.stdout.write(f"{name}, seed {seed}: {outcome} in {took_s:.0f} s\n")
            sys.stdout.flush()
            code |= bool(outcome.wrong)
    return int(code)


@asynccontextmanager
async def started_kafka() -> AsyncIterator[ApacheKafka]:
    """A Kafka of this trial's own."""
    async with ApacheKafka.start() as broker:
        yield broker


if __name__ == "__main__":
    main()
