"""The catalogue is followed as it changes, and broken records change nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.batches import BatchSender, Row
from kafka_io.followers import CatalogueFollower, apply_records, wait_for_catalogue
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue, Definition, definition_key
from schemas.rules import RULE_OF_KIND, RuleKind, SpikeRule
from schemas.topics import CATALOGUE
from tests.kafka_io.broker_log import append, sending
from tests.kafka_io.records import record

XIAOMI = Brand(id="xiaomi", name="小米")
HUAWEI = Brand(id="huawei", name="华为")
SPIKE = SpikeRule(id="spike")


def definition_row(definition: Definition) -> Row:
    return Row(CATALOGUE.name, 0, definition_key(definition), msgspec.json.encode(definition))


class Followed:
    """A follower at work, and what it called back with."""

    def __init__(self, settings: Settings, sender: BatchSender) -> None:
        self.follower = CatalogueFollower(settings, self._on_change)
        self._changes: asyncio.Queue[Catalogue] = asyncio.Queue()
        self._sender = sender

    async def _on_change(self, catalogue: Catalogue) -> None:
        self._changes.put_nowait(catalogue)

    async def write(self, *rows: Row) -> None:
        await self._sender.send(rows)
        await self._sender.flush()

    async def change(self) -> Catalogue:
        return await asyncio.wait_for(self._changes.get(), 20)


@asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Followed]:
    async with sending(settings) as sender:
        followed = Followed(settings, sender)
        await followed.follower.load()
        task = asyncio.create_task(followed.follower.follow())
        try:
            yield followed
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await followed.follower.stop()


async def test_an_empty_topic_is_an_empty_catalogue(settings: Settings) -> None:
    async with following(settings) as followed:
        assert followed.follower.catalogue == Catalogue()


async def test_loading_gives_what_stands_in_the_topic(settings: Settings) -> None:
    older = Brand(id="xiaomi", name="old name")
    await append(
        settings,
        *(definition_row(definition) for definition in (older, HUAWEI, SPIKE, XIAOMI)),
        removal(definition_key(HUAWEI)),
    )

    async with following(settings) as followed:
        assert followed.follower.catalogue == Catalogue(brands=(XIAOMI,), rules=(SPIKE,))


def removal(key: bytes) -> Row:
    return Row(CATALOGUE.name, 0, key, None)


async def test_changes_and_removals_are_called_back_with_the_whole_catalogue(
    settings: Settings,
) -> None:
    async with following(settings) as followed:
        await followed.write(definition_row(XIAOMI))
        assert await followed.change() == Catalogue(brands=(XIAOMI,))

        await followed.write(definition_row(HUAWEI), definition_row(SPIKE))
        assert await followed.change() == Catalogue(brands=(HUAWEI, XIAOMI), rules=(SPIKE,))

        await followed.write(removal(definition_key(XIAOMI)))
        assert await followed.change() == Catalogue(brands=(HUAWEI,), rules=(SPIKE,))


async def test_what_changes_nothing_is_not_called_back(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Also a broken record: the definition before it stays in force."""
    async with following(settings) as followed:
        await followed.write(definition_row(XIAOMI))
        await followed.change()

        await followed.write(
            definition_row(XIAOMI),
            removal(b"brand:unknown"),
            Row(CATALOGUE.name, 0, definition_key(XIAOMI), b'{"type":"brand"'),
        )
        await followed.write(definition_row(SPIKE))

        assert await followed.change() == Catalogue(brands=(XIAOMI,), rules=(SPIKE,))
    assert "b'brand:xiaomi' at offset 3 is no definition" in caplog.text
    assert "leimo catalogue apply" in caplog.text


async def test_a_worker_waits_for_the_first_brand(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(catalogue: Catalogue) -> None:
        raise AssertionError(catalogue)

    await append(settings, definition_row(SPIKE))
    follower = CatalogueFollower(settings, never)
    waiting = asyncio.create_task(wait_for_catalogue(follower))
    async with asyncio.timeout(20):
        while "leimo catalogue apply" not in caplog.text:
            await asyncio.sleep(0.01)
    assert not waiting.done()
    await append(settings, definition_row(XIAOMI))

    assert await asyncio.wait_for(waiting, 20) == Catalogue(brands=(XIAOMI,), rules=(SPIKE,))
    await follower.stop()


DEFINITIONS = st.one_of(
    st.builds(Brand, id=st.sampled_from("abc"), name=st.text(max_size=3)),
    st.builds(
        lambda kind, rule_id: RULE_OF_KIND[kind](id=rule_id),
        st.sampled_from(RuleKind),
        st.sampled_from("abc"),
    ),
)


@given(st.lists(st.tuples(DEFINITIONS, st.booleans())), st.data())
def test_in_whatever_pieces_the_latest_of_each_key_holds(
    changes: list[tuple[Definition, bool]], data: st.DataObject
) -> None:
    expected: dict[bytes, Definition] = {}
    records = []
    for definition, is_removed in changes:
        key = definition_key(definition)
        expected.pop(key, None)
        if not is_removed:
            expected[key] = definition
        records.append(record(None if is_removed else msgspec.json.encode(definition), key=key))

    found: dict[bytes, Definition] = {}
    while records:
        count = data.draw(st.integers(1, len(records)))
        before = dict(found)
        changed = apply_records(found, records[:count])
        assert changed or found == before
        records = records[count:]

    assert found == expected


@given(st.binary() | st.sampled_from([b"null", b"[]", b'{"type":"brand"}', b"\xff", b"[" * 5000]))
def test_any_bytes_leave_the_definition_in_force(value: bytes) -> None:
    logging.disable(logging.CRITICAL)
    try:
        definitions: dict[bytes, Definition] = {b"brand:xiaomi": XIAOMI}
        assert apply_records(definitions, [record(value, key=b"brand:xiaomi")]) == 0
        assert apply_records(definitions, [record(value)]) == 0  # without a key
        assert definitions == {b"brand:xiaomi": XIAOMI}
    finally:
        logging.disable(logging.NOTSET)
