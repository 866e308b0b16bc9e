"""How old the data are said to be."""

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from center.store.opening import SqlStore
from center.store.protocol import MINUTE_MS
from schemas.topics import MENTIONS, WINDOWS
from tests.center.api.asking import asking
from tests.center.center import center_over
from tests.center.records import START_MS, mention, records, windows_of


def count_minutes(store: SqlStore, partition: int, minutes: range, *, closed: int) -> None:
    """A post in each minute; the first `closed` minutes have windows."""
    posts = [
        mention(number, START_MS + number * MINUTE_MS, brand=f"b{partition}", partition=partition)
        for number in minutes
    ]
    first = minutes.start
    told = [
        *records(MENTIONS.name, *posts, first=first, partition=partition),
        *records(WINDOWS.name, *windows_of(posts)[:closed], first=first, partition=partition),
    ]
    ends = {(MENTIONS.name, partition): minutes.stop, (WINDOWS.name, partition): first + closed}
    store.apply(told, ends)


async def health(store: SqlStore, minute: int) -> dict[str, Any]:
    async with asking(center_over(store, START_MS + minute * MINUTE_MS)) as client:
        found: dict[str, Any] = (await client.get("/api/health")).json()
        wall = (await client.get("/api/wall")).json()
        assert [wall[key] for key in ("data_age_s", "held_by_partition")] == [
            found[key] for key in ("data_age_s", "held_by_partition")
        ]
        return found


async def test_a_partition_that_stands_still_is_told(store: SqlStore) -> None:
    """One goes on, one does not, and a third has had no posts for long."""
    count_minutes(store, 0, range(30), closed=30)
    count_minutes(store, 1, range(30), closed=10)
    count_minutes(store, 1, range(30, 35), closed=0)
    count_minutes(store, 2, range(3), closed=3)
    count_minutes(store, 0, range(30, 60), closed=29)

    found = await health(store, 60)

    assert found["held_by_partition"] == 1
    assert found["data_age_s"] == 50 * 60
    assert found["status"] == "behind"


async def test_a_partition_that_goes_on_again_is_not_told(store: SqlStore) -> None:
    count_minutes(store, 0, range(30), closed=30)
    count_minutes(store, 1, range(25), closed=10)
    assert (await health(store, 30))["held_by_partition"] == 1
    posts = [mention(n, START_MS + n * MINUTE_MS, brand="b1", partition=1) for n in range(10, 25)]
    store.apply(
        records(WINDOWS.name, *windows_of(posts), first=10, partition=1), {(WINDOWS.name, 1): 25}
    )

    found = await health(store, 30)

    assert (found["status"], found["data_age_s"]) == ("ok", 0)
    assert found["held_by_partition"] is None


async def test_the_newest_minute_is_not_behind(store: SqlStore) -> None:
    count_minutes(store, 0, range(31), closed=30)
    count_minutes(store, 1, range(30, 31), closed=0)

    found = await health(store, 31)

    assert (found["status"], found["held_by_partition"]) == ("ok", None)


async def test_posts_too_late_to_be_counted_hold_nothing_back(store: SqlStore) -> None:
    count_minutes(store, 0, range(400), closed=400)
    count_minutes(store, 1, range(200, 210), closed=0)

    assert (await health(store, 400))["held_by_partition"] is None


async def test_a_topic_made_anew_holds_nothing_back(store: SqlStore) -> None:
    count_minutes(store, 0, range(30), closed=30)
    count_minutes(store, 1, range(20), closed=10)
    store.restart(MENTIONS.name, 1)

    assert (await health(store, 30))["held_by_partition"] is None


async def test_a_past_that_is_filled_in_is_not_now(store: SqlStore) -> None:
    now = 7 * 24 * 60
    store.note_filling(0, START_MS + now * MINUTE_MS)
    count_minutes(store, 0, range(30), closed=29)
    store.note_filling(40, START_MS + now * MINUTE_MS)

    found = await health(store, now + 1)
    assert (found["status"], found["filling_percent"]) == ("filling", 40)
    assert found["data_age_s"] == 60
    async with asking(center_over(store, START_MS + now * MINUTE_MS)) as client:
        brand = (await client.get("/api/wall")).json()
        assert brand["closed_until_ms"] == START_MS + now * MINUTE_MS

    store.note_filling(100, START_MS + now * MINUTE_MS)
    assert (await health(store, now + 1))["filling_percent"] is None


async def test_metrics_want_the_token_where_there_is_one(store: SqlStore) -> None:
    count_minutes(store, 0, range(3), closed=3)
    now_ms = START_MS + 5 * MINUTE_MS
    center = center_over(store, now_ms)
    async with asking(center) as client:
        text = (await client.get("/metrics")).text
    assert "leimo_center_data_age_seconds 120.0" in text
    assert "leimo_center_archive_due_files" in text
    for changed, status in (
        ({"metrics_token": SecretStr("secret")}, 401),
        ({"center_address": "0.0.0.0:9470"}, 401),
    ):
        other = replace(center, settings=center.settings.model_copy(update=changed))
        async with asking(other) as client:
            assert (await client.get("/metrics")).status_code == status
            bearer = {"Authorization": "Bearer secret"}
            allowed = (await client.get("/metrics", headers=bearer)).status_code == 200
            assert allowed == ("metrics_token" in changed)
