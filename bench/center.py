"""The command center's store: mentions a second taken in, and how long questions take.

    make bench ARGS="center --mentions 2000000 --store postgresql://..."

Mentions go through the decoder and `Store.apply`, as the ingest hands them over, in batches of
5,000 with the windows of their minutes; questions go through the API in this process.

With `--copies` every batch stands in the store so many times, as other posts of the same minutes:
large stores without reading each post anew. What is taken in a second is measured without.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from center.api.stream import Hub
from center.app import create_app
from center.asked import AppAsking
from center.board import Board
from center.context import Center
from center.ingest.reading import decoded
from center.store.opening import SqlStore, StagedStore, open_store
from center.store.protocol import COUNT_NAMES, DAY_MS, INTENTS, MINUTE_MS, Record
from center.store.sqlite import SqliteDatabase
from center.store.tables import MENTION_COLUMNS
from kafka_io.settings import Settings
from schemas.action import Action
from schemas.catalogue import Brand
from schemas.errors import OperatorError
from schemas.mention import Mention, Objective, Polarity
from schemas.topics import CATALOGUE, MENTIONS, WINDOWS
from schemas.window import Window

BRANDS = 1800
DAYS = 30
BATCH = 5_000
PARTITIONS = 8
END_MS = 1_785_542_400_000
_ASKED = 60
_COPIED_OFFSET = 1_000_000_000
_WORDS = (
    *(
        "小米",
        "手机",
        "电池",
        "发布会",
        "好用",
        "太贵",
        "屏幕",
        "客服",
        "售后",
        "快递",
        "颜色",
        "拍照",
    ),
    *(
        "信号",
        "卡顿",
        "系统",
        "更新",
        "降价",
        "门店",
        "排队",
        "推荐",
        "失望",
        "真的",
        "今天",
        "朋友",
    ),
)


class _Raw:
    """A record as consumers give it."""

    __slots__ = ("key", "offset", "partition", "value")

    def __init__(self, partition: int, offset: int, key: bytes, value: bytes) -> None:
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value


class _NoTopics:
    async def act(self, action: Action) -> int:
        raise NotImplementedError

    async def define(self, key: str, value: bytes | None) -> int:
        raise NotImplementedError


def drawn_mentions(count: int, drawn: random.Random) -> Iterator[Mention]:
    """A month in order of time; one brand in ten has most of the posts."""
    step_ms = DAYS * DAY_MS / count
    for number in range(count):
        brand = int(BRANDS * drawn.random() ** 3)
        terms = tuple(drawn.sample(_WORDS, 5))
        yield Mention(
            brand=f"brand-{brand}",
            partition=number % PARTITIONS,
            offset=number,
            event_time_ms=int(END_MS - DAYS * DAY_MS + number * step_ms),
            polarity=drawn.choice(tuple(Polarity)),
            sentiment_milli=drawn.randrange(-1000, 1000),
            reach=drawn.randrange(1 << 20),
            author=str(drawn.randrange(1 << 32)),
            post=str(4_000_000_000_000_000 + number),
            source="weibo",
            text="，".join(drawn.choices(_WORDS, k=16)) + f" {number}",
            terms=terms,
            text_hash=number & 0xFFFFFFFF,
            intents=(drawn.choice(INTENTS),) if drawn.random() < 0.3 else (),
            language="zh",
            region=drawn.choice(("广东", "北京", "上海", "四川", "")),
        )


def batches(count: int) -> Iterator[tuple[list[_Raw], list[Record]]]:
    """Mentions as bytes, with the windows that they close."""
    drawn = random.Random(1)
    raws: list[_Raw] = []
    posts: dict[tuple[str, int], int] = {}
    number = 0
    for mention in drawn_mentions(count, drawn):
        key = mention.brand.encode()
        raws.append(_Raw(mention.partition, mention.offset, key, msgspec.json.encode(mention)))
        place = (mention.brand, mention.event_time_ms // MINUTE_MS * MINUTE_MS)
        posts[place] = posts.get(place, 0) + 1
        if len(raws) == BATCH:
            yield raws, list(_windows(posts, number))
            number += len(posts)
            raws, posts = [], {}
    if raws:
        yield raws, list(_windows(posts, number))


def _windows(posts: dict[tuple[str, int], int], first: int) -> Iterator[Record]:
    zero: dict[str, Any] = dict.fromkeys(COUNT_NAMES[: -len(INTENTS)], 0)
    for number, ((brand, start_ms), count) in enumerate(posts.items()):
        counts = zero | {"posts": count, "originals": count, "neutral": count, "earned": count}
        window = Window(
            brand=brand,
            start_ms=start_ms,
            size_ms=MINUTE_MS,
            intents={Objective.SOCIAL_SALES: count},
            **counts,
        )
        yield Record(WINDOWS.name, 0, first + number, "", window)


def copy_batch(store: StagedStore, copies: int) -> None:
    """Put the batch that was applied last into the store again, as posts of its own.

    It still stands in the staging table, in order of time; copies lie behind it, as they would have
    come.
    """
    database = store._database
    shifted = {"id", "off", "post", "author", "event_time_ms"}
    same = ", ".join(name for name in MENTION_COLUMNS if name not in shifted)
    with database.writing() as tx:
        for number in range(1, copies):
            shift = {"ids": number * BATCH, "offs": number * _COPIED_OFFSET, "ms": number}
            tx.run(
                f"""INSERT INTO mentions (id, off, post, author, event_time_ms, {same})
                SELECT id + :ids, off + :offs, CAST(off + :offs AS TEXT), author || '.{number}',
                event_time_ms + :ms, {same} FROM new_mentions""",
                shift,
            )
            tx.run(
                f"""INSERT INTO mention_words ({database.word_id}, words)
                SELECT id + :ids, {database.split("words")} FROM new_mentions""",
                {"ids": shift["ids"]},
            )


def _with_a_large_cache(store: SqlStore) -> None:
    """Copies come in large transactions; what is asked later uses connections of its own."""
    if isinstance(store, StagedStore) and isinstance(store._database, SqliteDatabase):
        store._database._writer.execute(f"PRAGMA cache_size = -{2 << 20}")


def fill(store: SqlStore, count: int, copies: int = 1) -> tuple[float, float, float]:
    """Mentions a second: of all, of the last tenth, and of all a second of our own CPU time."""
    brands = [
        Record(CATALOGUE.name, 0, n, f"brand:brand-{n}", Brand(f"brand-{n}", f"品牌{n}"))
        for n in range(BRANDS)
    ]
    store.apply(brands, {(CATALOGUE.name, 0): BRANDS})
    took_s, cpu_s, done = 0.0, 0.0, 0
    lasts: list[float] = []
    for raws, windows in batches(count):
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        positions = {(MENTIONS.name, raw.partition): raw.offset + 1 for raw in raws}
        positions[WINDOWS.name, 0] = windows[-1].offset + 1
        store.apply(decoded(MENTIONS.name, raws) + windows, positions)
        lasts.append(time.perf_counter() - began_s)
        took_s += lasts[-1]
        cpu_s += time.process_time() - began_cpu_s
        done += len(raws)
        if copies > 1:
            if not isinstance(store, StagedStore):
                raise OperatorError("--copies: ClickHouse has no staging table to copy from")
            copy_batch(store, copies)
    tail = lasts[-max(1, len(lasts) // 10) :]
    return done / took_s, BATCH * len(tail) / sum(tail), done / cpu_s


def questions(end_ms: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """What people ask most, of the last day and of the last month."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, days in (("day", 1), ("month", DAYS)):
        span = {"from": end_ms - days * DAY_MS, "to": end_ms}
        step = "5m" if days == 1 else "1h"
        found |= {
            f"windows, a {name}": ("/api/windows", span | {"step": step, "tz": "Asia/Shanghai"}),
            f"mentions, a {name}": ("/api/mentions", span | {"limit": 50}),
            f"mentions by reach, a {name}": ("/api/mentions", span | {"sort": "reach"}),
            f"search, a {name}": ("/api/mentions", span | {"q": "电池 客服"}),
            f"words, a {name}": ("/api/terms", span),
            f"who is heard, a {name}": ("/api/authors", span),
            f"KPIs, a {name}": ("/api/kpis", span),
        }
    return found


def ask(store: SqlStore) -> None:
    """Print the median and the 99th percentile of each question, where the store ends; of the time
    by the clock, and of CPU time, which other work on the machine does not lengthen."""
    end_ms = store.freshness().closed_until_ms
    center = Center(
        store=store,
        settings=Settings(),
        topics=_NoTopics(),
        clock_ms=lambda: end_ms,
        hub=Hub({}),
        board=Board(store),
    )
    asking = AppAsking(create_app(center))
    asking.get("/api/brands", {})  # the board is worked out, as it is where anybody looked before
    asking.get("/api/mentions", {"q": "电池"})  # as are the words
    drawn = random.Random(2)
    for name, (path, parameters) in questions(end_ms).items():
        times, cpus = [], []
        for _ in range(_ASKED):
            brand = f"brand-{int(BRANDS * drawn.random() ** 3)}"
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            asking.get(path, parameters | {"brand": brand})
            times.append(1000 * (time.perf_counter() - began_s))
            cpus.append(1000 * (time.process_time() - began_cpu_s))
        middle, last = _ASKED // 2, int(0.99 * _ASKED)
        times.sort()
        cpus.sort()
        shown = (times[middle], times[last], cpus[middle], cpus[last])
        print(f"{name:32}" + "".join(f"{value:9.1f} ms" for value in shown))


def main() -> None:
    """Fill a store and ask it."""
    parser = argparse.ArgumentParser(prog="bench center", description=__doc__)
    parser.add_argument("--mentions", type=int, default=2_000_000)
    parser.add_argument("--copies", type=int, default=1, help="of each mention")
    parser.add_argument("--store", default="", help="left out: SQLite in a folder of its own")
    parser.add_argument("--filled", action="store_true", help="ask the store as it stands")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(arguments.store or f"sqlite:///{folder}/center.db")
        if not arguments.filled:
            store.empty()
            if arguments.copies > 1:
                _with_a_large_cache(store)
            rate, last, by_cpu = fill(store, arguments.mentions, arguments.copies)
            print(f"{rate:,.0f} mentions/s taken in, {last:,.0f}/s of the last tenth,")
            print(f"{by_cpu:,.0f} a second of CPU time of this process")
        print(f"{'question':32} {'median':>11} {'p99':>11} {'CPU median':>11} {'CPU p99':>11}")
        ask(store)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory {peak:,.0f} MB")
        store.close()


if __name__ == "__main__":
    main()
