"""Chart = list = CSV = windows: for any span, filter and zone, across changes of clocks."""

import asyncio
import csv
import io
import random
from itertools import pairwise
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from center.app import create_app
from center.store.opening import SqlStore
from center.store.protocol import DAY_MS, HOUR_MS, MINUTE_MS
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign
from schemas.topics import MENTIONS, WINDOWS
from tests.center.api.asking import asking, asking_app
from tests.center.center import center_over
from tests.center.records import mention, records, windows_of
from tests.center.test_steps import ZONES

BEGIN_MS = 1_774_569_600_000
"""2026-03-27: Europe's clocks change two days later."""
assert BEGIN_MS % DAY_MS == 0
DAYS = 4


def drawn_mentions(count: int = 600) -> list[Mention]:
    drawn = random.Random(11)
    found = []
    for number in range(count):
        place = drawn.choice((Place.OWN, Place.OWN, Place.CHAIN, Place.QUOTED))
        found.append(
            mention(
                number,
                BEGIN_MS + drawn.randrange(DAYS * DAY_MS),
                brand=drawn.choice(("xiaomi", "oppo")),
                polarity=drawn.choice(list(Polarity)) if place is Place.OWN else Polarity.NEUTRAL,
                place=place,
                channel=drawn.choice(list(Channel)),
                is_repost=drawn.random() < 0.3,
                is_edit=drawn.random() < 0.1,
                is_address=drawn.random() < 0.1,
                intents=tuple(drawn.sample(list(Objective), drawn.randrange(3))),
                spam=(SpamSign.BOT,) if drawn.random() < 0.1 else (),
            )
        )
    return found


ALL = drawn_mentions()
FILTERS: dict[str, Any] = {
    "": lambda one: True,
    **{
        f"polarity={p}": lambda one, p=p: one.place == "own" and one.polarity == p for p in Polarity
    },
    **{f"channel={c}": lambda one, c=c: one.channel == c for c in Channel},
    **{f"intent={o}": lambda one, o=o: o in one.intents for o in Objective},
    "repost=true": lambda one: one.is_repost,
    "repost=false": lambda one: not one.is_repost,
    "spam=true": lambda one: bool(one.spam),
    "exposure=true": lambda one: one.place != "own",
    "exposure=false": lambda one: one.place == "own",
    "address=true": lambda one: one.is_address,
}
_BY = {"polarity": "polarity", "channel": "channel", "intent": "intent"}


@pytest.fixture
def filled(store: SqlStore) -> FastAPI:
    store.apply(records(MENTIONS.name, *ALL) + records(WINDOWS.name, *windows_of(ALL)), {})
    return create_app(center_over(store, BEGIN_MS + DAYS * DAY_MS))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(0, DAYS * DAY_MS),
    st.integers(MINUTE_MS, 2 * DAY_MS),
    st.sampled_from(("5m", "15m", "1h", "1d")),
    st.sampled_from(ZONES),
    st.sampled_from(list(FILTERS)),
)
def test_chart_list_and_csv_say_the_same(
    filled: FastAPI, begin: int, length: int, step: str, zone: str, chosen: str
) -> None:
    asyncio.run(_compare(filled, BEGIN_MS + begin, length, step, zone, chosen))


async def _compare(
    app: FastAPI, from_ms: int, length: int, step: str, zone: str, chosen: str
) -> None:
    name, _, value = chosen.partition("=")
    by = _BY.get(name, "none")
    span = f"brand=xiaomi&from={from_ms}&to={from_ms + length}"
    async with asking_app(app) as client:
        asked = f"{span}&step={step}&tz={zone}&by={by}"
        chart = (await client.get(f"/api/windows?{asked}")).json()
        text = (await client.get(f"/api/export/windows.csv?{asked}")).content.decode("utf-8-sig")
        whole = f"brand=xiaomi&from={chart['from_ms']}&to={chart['to_ms']}"
        listed = (await client.get(f"/api/mentions?{whole}&{chosen}&limit=500")).json()
        exported = (await client.get(f"/api/export/mentions.csv?{whole}&{chosen}")).content

    wanted = [
        one
        for one in ALL
        if one.brand == "xiaomi"
        and not one.is_edit
        and chart["from_ms"] <= one.event_time_ms < chart["to_ms"]
        and FILTERS[chosen](one)
    ]
    assert listed["total"] == len(wanted)
    assert len(list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"))))) == len(wanted)
    assert listed["counted"] == len(wanted)
    assert listed["why"] == ""
    rows = list(csv.DictReader(io.StringIO(text)))
    points = {
        (one["key"], point[0]): point[1] for one in chart["series"] for point in one["points"]
    }
    assert points == {(row["key"], int(row["start_ms"])): int(row["posts"]) for row in rows}
    if by != "none" or not name:
        of_key = {start: n for (key, start), n in points.items() if key == value}
        assert sum(of_key.values()) == len(wanted)
        edges = [*sorted(of_key), chart["to_ms"]]
        for first, last in pairwise(edges):
            inside = sum(first <= one.event_time_ms < last for one in wanted)
            assert of_key[first] == inside


async def test_where_two_numbers_differ_it_says_why(store: SqlStore) -> None:
    mentions = [mention(n, BEGIN_MS + n * HOUR_MS) for n in range(3)]
    store.apply(
        records(MENTIONS.name, *mentions) + records(WINDOWS.name, *windows_of(mentions[1:])), {}
    )
    span = f"from={BEGIN_MS}&to={BEGIN_MS + 2 * HOUR_MS}"
    async with asking(center_over(store)) as client:
        found = (await client.get(f"/api/mentions?{span}")).json()
        odd = (await client.get(f"/api/mentions?from={BEGIN_MS + 1}&to={BEGIN_MS + 9}")).json()
    assert (found["total"], found["counted"]) == (2, 1)
    assert "too late" in found["why"]
    assert odd["counted"] is None
