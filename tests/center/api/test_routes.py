"""What the API answers, to whom."""

import asyncio
import csv
import io
import json
import re
from typing import Any

import pytest
from httpx import AsyncClient
from starlette.requests import Request

from center.app import create_app
from center.principal import Principal, Role
from center.store.opening import SqlStore
from center.store.protocol import HOUR_MS, MINUTE_MS, Record, Scope
from schemas.alert import AlertState, Evidence
from schemas.catalogue import Brand, ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Outcome, Reason
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.mention import Objective, Polarity
from schemas.rules import SpikeRule
from schemas.topics import (
    ALERTS,
    CATALOGUE,
    DELIVERIES,
    EXPECTATIONS,
    FEED_GAPS,
    FEED_POSITIONS,
    MENTIONS,
    WINDOWS,
)
from tests.center.api.asking import asking
from tests.center.center import center_over
from tests.center.records import START_MS, alert, mention, records, windows_of

NOW_MS = START_MS + 2 * HOUR_MS
SPAN = f"from={START_MS}&to={NOW_MS}"
PATHS = (
    *("/api/me", "/api/brands", "/api/brands/xiaomi", "/api/windows?brand=xiaomi", "/api/mentions"),
    *("/api/terms?brand=xiaomi", "/api/authors?brand=xiaomi", "/api/regions?brand=xiaomi"),
    *("/api/share?brands=xiaomi", "/api/rhythm?brand=xiaomi", "/api/kpis?brand=xiaomi"),
    *("/api/cascade?source=weibo&original=u1", "/api/alerts", "/api/alerts/a1", "/api/incidents"),
    *("/api/wall", "/api/engage", "/api/actions", "/api/silences", "/api/definitions/brand"),
    *("/api/feeds", "/api/gaps", "/api/deliveries", "/api/deliveries/explain?alert=a1"),
    *("/api/alerts/a1/deliveries", "/api/export/windows.csv?brand=xiaomi", "/api/stream"),
    *("/api/export/mentions.ndjson", "/api/export/alerts.parquet", "/api/definitions/brand/xiaomi"),
)


@pytest.fixture
def filled(sqlite_store: SqlStore) -> SqlStore:
    """Two hours of two brands."""
    mentions = [
        mention(
            n,
            START_MS + n * MINUTE_MS,
            brand="oppo" if n % 4 == 0 else "xiaomi",
            polarity=Polarity.NEGATIVE if n % 3 == 0 else Polarity.POSITIVE,
            intents=(Objective.CLIENT_MANAGEMENT,) if n % 5 == 0 else (),
            reach=n,
            text="手机" if n % 4 == 0 else "手机 只有小米",
        )
        for n in range(120)
    ]
    brands = [
        Brand("xiaomi", "小米", trade="phones", department="care", competitors=("oppo",)),
        Brand("oppo", "OPPO", trade="phones"),
    ]
    told = Delivery(
        subscriber="ops", channel=ReceivingChannel.SLACK, alert="a1", brand="xiaomi",
        revision=0, outcome=Outcome.SENT, reason=Reason.SENT, at_ms=5, matched_at_ms=4,
    )  # fmt: skip
    subscriber = Subscriber(
        id="pr", channel=ReceivingChannel.SLACK, address="SUBSCRIBER_PR", min_severity=9
    )
    feed = FeedPosition(
        feed="jetstream", position="7", event_time_ms=1, at_ms=NOW_MS - 1000, state=FeedState.LIVE
    )
    gap = FeedGap(feed="jetstream", from_ms=START_MS, to_ms=NOW_MS - 1, reason=GapReason.NO_RESUME)
    definitions = [*brands, SpikeRule(id="burst"), subscriber]
    keys = ["brand:xiaomi", "brand:oppo", "rule:burst", "subscriber:pr"]
    sqlite_store.apply(
        [
            *records(MENTIONS.name, *mentions),
            *records(WINDOWS.name, *windows_of(mentions)),
            *records(
                ALERTS.name,
                alert(1, severity=6, incident="a1"),
                alert(2, brand="oppo", fingerprint="spike/oppo", severity=3, incident="a1"),
                alert(3, state=AlertState.RESOLVED, ended_at_ms=START_MS + 9 * MINUTE_MS),
            ),
            *(
                Record(CATALOGUE.name, 0, n, key, one)
                for n, (key, one) in enumerate(zip(keys, definitions, strict=True))
            ),
            *records(
                EXPECTATIONS.name,
                *(
                    Expectation(
                        brand="xiaomi",
                        start_ms=START_MS + hour * HOUR_MS,
                        level=0.5,
                        limits={1: 9, 60: 50},
                    )
                    for hour in range(2)
                ),
            ),
            *records(DELIVERIES.name, told),
            Record(FEED_POSITIONS.name, 0, 0, "jetstream", feed),
            *records(FEED_GAPS.name, gap),
        ],
        {(CATALOGUE.name, 0): len(keys)},
    )
    return sqlite_store


def people(role: Role = Role.VIEWER, brands: set[str] | None = None) -> Any:
    """Whoever names themselves in `X-Who`; nobody else."""

    async def authenticate(request: Request) -> Principal | None:
        who = request.headers.get("x-who")
        scope = Scope(None if brands is None else frozenset(brands))
        return Principal(who, role, scope, csrf="c" if role else "") if who else None

    return authenticate


def me(who: str = "li") -> dict[str, str]:
    return {"X-Who": who, "X-CSRF-Token": "c"}


async def got(client: AsyncClient, path: str, **headers: str) -> Any:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_brands_are_ordered_and_searched(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        found = await got(client, "/api/brands")
        first = found["items"][0]
        assert [one["id"] for one in found["items"]] == ["xiaomi", "oppo"]
        assert (first["posts_1h"], first["expected_1h"], first["severity"]) == (45, 30.0, 6)
        assert first["unusual"] == 0.75
        assert (await got(client, "/api/brands?q=小"))["total"] == 1
        page = await got(client, "/api/brands?sort=name&limit=1")
        second = await got(client, f"/api/brands?sort=name&limit=1&cursor={page['next']}")
        assert [page["items"][0]["id"], second["items"][0]["id"]] == ["oppo", "xiaomi"]
        assert second["next"] is None
        one = await got(client, "/api/brands/xiaomi")
        assert (one["hour"]["posts"], one["day"]["posts"]) == (45, 90)
        assert [each["id"] for each in one["alerts"]] == ["a1"]
        assert (await client.get("/api/brands/none")).status_code == 404


async def test_windows_hold_what_was_expected_and_what_is_missing(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        found = await got(client, f"/api/windows?brand=xiaomi&brand=oppo&{SPAN}&step=1h")
        assert [[point[1] for point in one["points"]] for one in found["series"]] == [
            [45, 45],
            [15, 15],
        ]
        (band,) = found["expected"]
        assert [(point["level"], point["limit"]) for point in band["points"]] == [(30.0, 50.0)] * 2
        assert len(found["gaps"]) == 1
        assert found["provisional_from_ms"] == NOW_MS
        kinds = await got(client, f"/api/windows?brand=xiaomi&{SPAN}&step=1h&by=polarity")
        assert [one["key"] for one in kinds["series"]] == ["positive", "neutral", "negative"]
        share = await got(client, f"/api/share?brands=xiaomi,oppo&{SPAN}&step=1h")
        assert [part["share"] for part in share["parts"]] == [0.75, 0.25]
        days = await got(client, f"/api/windows?brand=xiaomi&{SPAN}&step=1d")
        assert days["expected"][0]["points"] == [
            {"start_ms": START_MS, "level": 60.0, "limit": None}
        ]


@pytest.mark.parametrize(
    "path",
    [
        *("windows?brand=xaomi", "kpis?brand=xaomi", "terms?brand=xaomi", "rhythm?brand=xaomi"),
        *("mentions?brand=xiaomi&brand=xaomi", "alerts?brand=xaomi", "engage?brand=xaomi"),
        *("share?brands=xiaomi,xaomi", "authors?brand=xaomi", "export/mentions.csv?brand=xaomi"),
    ],
)
async def test_a_brand_that_nobody_knows_is_no_silence(filled: SqlStore, path: str) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        answer = await client.get(f"/api/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "brand 'xaomi' is not known; near it: xiaomi"


async def test_a_brand_that_was_removed_keeps_its_past(filled: SqlStore) -> None:
    offset = filled.offsets()[CATALOGUE.name, 0]
    gone = Record(CATALOGUE.name, 0, offset, "brand:oppo", None)
    filled.apply([gone], {(CATALOGUE.name, 0): offset + 1})
    async with asking(center_over(filled, NOW_MS)) as client:
        assert (await got(client, f"/api/kpis?brand=oppo&{SPAN}"))["items"][0]["value"] == 30


async def test_posts_that_an_alert_saw_in_open_minutes_are_shown(filled: SqlStore) -> None:
    """The minute of the alert is not closed: windows know nothing of it."""
    closed_ms = filled.freshness().closed_until_ms
    seen = Evidence(horizon_min=5, posts=500)
    fresh = alert(7, updated_at_ms=closed_ms, brand="oppo", evidence=seen)
    async with asking(center_over(filled, NOW_MS)) as client:
        before = await got(client, "/api/brands/oppo")
        closed = alert(6, updated_at_ms=closed_ms - MINUTE_MS, brand="oppo", evidence=seen)
        filled.apply(records(ALERTS.name, closed, first=10), {})
    async with asking(center_over(filled, NOW_MS)) as client:
        assert (await got(client, "/api/brands/oppo"))["posts_1h"] == before["posts_1h"] < 500
        filled.apply(records(ALERTS.name, fresh, first=11), {})
    async with asking(center_over(filled, NOW_MS)) as client:
        one = await got(client, "/api/brands/oppo")
        assert (one["posts_1h"], one["hour"]["posts"]) == (500, before["posts_1h"])


async def test_kpis_are_told_against_the_span_before(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        half = f"from={START_MS + HOUR_MS}&to={NOW_MS}"
        found = await got(client, f"/api/kpis?brand=xiaomi&{half}")
    items = {one["name"]: one for one in found["items"]}
    assert (items["posts"]["value"], items["posts"]["before"]) == (45, 45)
    assert items["share_of_voice"]["value"] == 75.0
    assert items["reach"]["change"] > 0
    assert (items["alerts"]["value"], items["alerts"]["before"]) == (0, 2)
    assert items["response_time"]["value"] is None


async def test_a_handful_of_posts_before_is_not_compared_with(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        begun = f"from={START_MS}&to={NOW_MS}"
        few = f"from={START_MS + HOUR_MS // 2}&to={START_MS + HOUR_MS}"
        found = [
            (await got(client, f"/api/kpis?brand=xiaomi&{span}"))["items"] for span in (begun, few)
        ]
    assert [{one["name"]: one["before"] for one in items}["posts"] for items in found] == [0, 22]
    for items in found:
        changes = {one["name"]: one["change"] for one in items}
        assert {changes[name] for name in ("posts", "reach", "net_sentiment", "earned_share")} == {
            None
        }


async def test_alerts_fold_into_incidents(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        folded = await got(client, "/api/incidents")
        assert [(one["id"], one["alerts"], one["severity"]) for one in folded["items"]] == [
            ("a3", 1, 4),
            ("a1", 2, 6),
        ]
        page = await got(client, "/api/alerts/a1")
        assert [one["id"] for one in page["others"]] == ["a2"]
        assert page["reason"] == "小米: 19 posts"
        assert page["reason_zh"].startswith("小米：19 条帖子，预期 2.0 条（10 倍）")
        wall = await got(client, "/api/wall")
        assert [one["id"] for one in wall["incidents"]] == ["a3", "a1"]
        assert sum(wall["brands"][0]["minutes"]) == 45
        explained = await got(client, "/api/deliveries/explain?alert=a1")
        assert [(one["subscriber"], one["reason"]) for one in explained["items"]] == [
            ("ops", "sent"),
            ("pr", "too_mild"),
        ]


async def test_what_is_done_to_an_incident_holds_for_its_alerts(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        for on, subject, kind in (
            ("incident", "a1", "acknowledged"),
            ("alert", "a2", "false_alarm"),
        ):
            done = {"kind": kind, "on": on, "subject": subject}
            assert (await client.post("/api/actions", json=done)).status_code == 201
        alerts = {one["id"]: one for one in (await got(client, "/api/alerts"))["items"]}
        assert [alerts[one]["acknowledged_by"] for one in ("a1", "a2", "a3")] == [
            "local",
            "local",
            "",
        ]
        assert alerts["a2"]["is_false_alarm"]
        (first, second) = (await got(client, "/api/incidents"))["items"]
        assert (first["acknowledged_by"], second["acknowledged_by"]) == ("", "local")


async def test_two_people_cannot_take_one_post(filled: SqlStore) -> None:
    center = center_over(filled, NOW_MS, people(Role.OPERATOR))
    async with asking(center) as client:

        async def act(who: str, kind: str) -> int:
            done = {"kind": kind, "on": "post", "subject": "weibo/p5"}
            return (await client.post("/api/actions", json=done, headers=me(who))).status_code

        codes = await asyncio.gather(act("li", "taken"), act("wu", "taken"))
        assert sorted(codes) == [201, 409]
        winner, other = ("li", "wu") if codes[0] == 201 else ("wu", "li")
        queue = await got(client, "/api/engage?state=taken", **me())
        (post,) = queue["items"]
        assert (post["who"], post["state"], post["department"]) == (winner, "taken", "care")
        assert await act(other, "answered") == 409
        assert await act(winner, "answered") == 201
        queue = await got(client, "/api/engage", **me())
        times = {one["department"]: one for one in queue["departments"]}
        assert times["care"]["answered"] == 1
        assert times["care"]["median_s"] == (NOW_MS - START_MS - 5 * MINUTE_MS) / 1000
        kpis = await got(client, f"/api/kpis?brand=xiaomi&from={START_MS}&to={NOW_MS + 1}", **me())
        items = {one["name"]: one["value"] for one in kpis["items"]}
        assert (items["answered"], items["response_time"]) == (1, 115.0)


async def test_silences_and_definitions_come_and_go(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        asked = {"brands": ["xiaomi"], "until_ms": NOW_MS + HOUR_MS, "reason": "launch"}
        made = (await client.post("/api/silences", json=asked)).json()
        (held,) = (await got(client, "/api/silences"))["items"]
        assert held == made
        assert held["by"] == "local"
        assert (await client.delete(f"/api/silences/{made['id']}")).status_code == 204
        assert (await got(client, "/api/silences"))["items"] == []
        assert (await client.delete(f"/api/silences/{made['id']}")).status_code == 404
        unknown = asked | {"brands": ["nokia"]}
        assert (await client.post("/api/silences", json=unknown)).status_code == 400

        rule = {"id": "mine", "kind": "spike", "brands": ["xiaomi"], "min_posts": 5}
        answer = await client.put("/api/definitions/rule/mine", json=rule)
        assert answer.json()["value"] == rule
        assert (await got(client, "/api/definitions/rule/mine"))["value"] == rule
        wrong = rule | {"brands": ["nokia"]}
        answer = await client.put("/api/definitions/rule/mine", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["key"] == "brands[0]"
        checked = await client.post(
            "/api/definitions/check", json={"kind": "rule", "id": "mine", "value": wrong}
        )
        assert not checked.json()["is_valid"]
        asked_preview = {"rule": rule, "brand": "xiaomi", "days": 1}
        preview = (await client.post("/api/definitions/preview", json=asked_preview)).json()
        assert preview["posts"] == 90
        assert preview["times"] == len(preview["fired"])
        assert all("条帖子" in one["reason_zh"] for one in preview["fired"])
        assert (await client.delete("/api/definitions/rule/mine")).status_code == 204
        assert (await client.get("/api/definitions/rule/mine")).status_code == 404
        done = (await got(client, "/api/actions?on=definition"))["items"]
        assert [(one["kind"], one["subject"]) for one in done][-1] == ("removed", "rule:mine")


async def test_nobody_is_let_in_without_a_name(filled: SqlStore) -> None:
    app = create_app(center_over(filled, NOW_MS, people()))
    operations = [
        (method, re.sub(r"{.*?}", "csv", path))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path != "/api/health"
    ]
    assert len(operations) >= 35
    async with asking(center_over(filled, NOW_MS, people())) as client:
        assert (await client.get("/api/health")).status_code == 200
        for method, path in [*operations, ("get", "/api/openapi.json")]:
            answer = await client.request(method, path)
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_viewer_changes_nothing_and_a_change_needs_its_token(filled: SqlStore) -> None:
    done = {"kind": "note", "on": "alert", "subject": "a1", "note": "seen"}
    async with asking(center_over(filled, NOW_MS, people(Role.VIEWER))) as client:
        assert (await client.post("/api/actions", json=done, headers=me())).status_code == 403
    async with asking(center_over(filled, NOW_MS, people(Role.OPERATOR))) as client:
        assert (await client.post("/api/actions", json=done, headers=me())).status_code == 201
        forged = {"X-Who": "li"}
        assert (await client.post("/api/actions", json=done, headers=forged)).status_code == 403
        put = await client.put("/api/definitions/rule/x", json={}, headers=me())
        assert put.status_code == 403


async def test_who_sees_one_brand_sees_nothing_of_another(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS, people(Role.ADMIN, {"oppo"}))) as client:
        for path in PATHS:
            if path == "/api/stream":
                continue  # in tests/center/api/test_stream.py
            answer = await client.get(path, headers=me())
            text = answer.text
            for sign in ("只有小米", "spike/xiaomi"):
                assert sign not in text or answer.status_code == 404, path
        assert [one["id"] for one in (await got(client, "/api/brands", **me()))["items"]] == [
            "oppo"
        ]
        assert (await got(client, f"/api/mentions?{SPAN}", **me()))["total"] == 30
        assert (await client.get("/api/alerts/a1", headers=me())).status_code == 404
        incidents = (await got(client, "/api/incidents", **me()))["items"]
        assert [one["brands"] for one in incidents] == [["oppo"]]
        done = {"kind": "note", "on": "post", "subject": "weibo/p1", "note": "x"}
        assert (await client.post("/api/actions", json=done, headers=me())).status_code == 404
        silence = {"brands": ["xiaomi"], "until_ms": NOW_MS + 1000, "reason": "x"}
        assert (await client.post("/api/silences", json=silence, headers=me())).status_code == 400


async def test_answers_that_did_not_change_are_not_sent_again(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        first = await client.get("/api/alerts")
        again = await client.get("/api/alerts", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        done = {"kind": "acknowledged", "on": "alert", "subject": "a1"}
        await client.post("/api/actions", json=done)
        other = await client.get("/api/alerts", headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/windows", "brand"),
        ("/api/windows?brand=xiaomi&step=1m&from=0&to=99999999999", "step"),
        ("/api/windows?brand=xiaomi&tz=Mars/One", "tz"),
        ("/api/mentions?from=9&to=3", "from"),
        ("/api/mentions?cursor=x", "cursor"),
        ("/api/mentions?limit=0", "limit"),
        ("/api/mentions?from=-1", "from"),
        ("/api/share", "brands"),
        ("/api/alerts/none", "alert"),
        ("/api/definitions/none", "kind"),
    ],
)
async def test_problems_name_what_is_meant(filled: SqlStore, path: str, key: str) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        answer = await client.get(path)
    assert answer.status_code in {400, 404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["key"] == key
    assert problem["detail"]


async def test_exports_are_formula_safe_and_the_same(filled: SqlStore) -> None:
    evil = ["=cmd|'/C calc'!A0", "+1", "@SUM(A1)", " -2", "＝1", 'a"b\nc,d', "<script>"]
    filled.apply(
        records(
            MENTIONS.name,
            *(
                mention(1000 + n, START_MS + n, text=text, terms=(text,))
                for n, text in enumerate(evil)
            ),
        ),
        {},
    )
    asked = f"brand=xiaomi&from={START_MS}&to={START_MS + 1000}"
    async with asking(center_over(filled, NOW_MS)) as client:
        text = (await client.get(f"/api/export/mentions.csv?{asked}")).content
        lines = (await client.get(f"/api/export/mentions.ndjson?{asked}")).text.splitlines()
        parquet = (await client.get(f"/api/export/mentions.parquet?{asked}")).content
        alerts = (await client.get("/api/export/alerts.csv")).text
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row["text"] for row in rows] == [
        *(f"'{one}" for one in evil[:5]),
        *evil[5:],
    ]
    assert [json.loads(line)["text"] for line in lines] == evil
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(io.BytesIO(parquet))
    assert table.column("text").to_pylist() == evil
    assert table.schema.field("at_ms").type == "int64"
    assert [line.split(",")[0] for line in alerts.splitlines()] == ["\ufeffid", "a3", "a2", "a1"]


async def test_mentions_page_and_search(filled: SqlStore) -> None:
    async with asking(center_over(filled, NOW_MS)) as client:
        seen: list[str] = []
        path = f"/api/mentions?brand=xiaomi&{SPAN}&limit=40"
        page = await got(client, path)
        while True:
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            page = await got(client, f"{path}&cursor={page['next']}")
        assert len(seen) == len(set(seen)) == page["total"] == page["counted"] == 90
        assert (await got(client, f"/api/mentions?{SPAN}&q=手机"))["total"] == 120
        assert (await got(client, f"/api/mentions?{SPAN}&q=汽车"))["total"] == 0
        terms = await got(client, f"/api/terms?brand=xiaomi&{SPAN}")
        assert {one["term"]: one["posts"] for one in terms["top"]} == {"手机": 90, "好用": 90}
