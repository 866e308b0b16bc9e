"""What roles and brands mean, over the whole center."""

from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from center.access.access import Access, AccessOptions
from center.access.people import token_digest
from center.app import create_app
from center.pages.mount import vouched_for, with_pages
from center.store.opening import SqlStore, open_store
from center.store.protocol import Record
from schemas.catalogue import Brand
from schemas.mention import Objective
from schemas.topics import CATALOGUE, MENTIONS, WINDOWS
from tests.center.center import center_over
from tests.center.records import START_MS, mention, records, windows_of

ROLES = ("viewer", "operator", "admin")
USERS = "".join(
    f'[tokens.{name}]\nsha256 = "{token_digest(name)}"\nrole = "{role}"\n{brands}\n'
    for name, role, brands in [
        *((role, role, "") for role in ROLES),
        ("only-xiaomi", "operator", 'brands = ["xiaomi"]'),
    ]
)
TAKE = {"kind": "taken", "on": "post", "subject": "weibo/p0", "brand": "oppo"}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = open_store(f"sqlite:///{tmp_path / 'center.db'}")
    brands = [Brand(id="xiaomi", name="小米"), Brand(id="oppo", name="OPPO")]
    wants = {"intents": (Objective.CLIENT_MANAGEMENT,)}
    posts = [
        mention(number, START_MS + number * 1000, brand=brand, **wants)
        for number, brand in enumerate(["oppo", "xiaomi"] * 3)
    ]
    held = [
        *(Record(CATALOGUE.name, 0, at, f"brand:{one.id}", one) for at, one in enumerate(brands)),
        *records(MENTIONS.name, *posts),
        *records(WINDOWS.name, *windows_of(posts)),
    ]
    opened.apply(held, {(one.topic, 0): one.offset + 1 for one in held})
    yield opened
    opened.close()


def client(store: SqlStore, tmp_path: Path, token: str) -> AsyncClient:
    users = tmp_path / "users.toml"
    users.write_text(USERS, encoding="utf-8")
    center = center_over(store, START_MS + 60_000, vouched_for)
    app = with_pages(create_app(center), Access(AccessOptions(users_file=users)))
    return AsyncClient(
        transport=ASGITransport(app),
        base_url="http://127.0.0.1",
        headers={"authorization": f"Bearer {token}"},
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("POST", "/api/actions", TAKE, "operator"),
        (
            "POST",
            "/api/silences",
            {"brands": ["oppo"], "until_ms": START_MS + 3_600_000, "reason": "launch"},
            "operator",
        ),
        ("PUT", "/api/definitions/brand/oppo", {"id": "oppo", "name": "OPPO手机"}, "admin"),
        ("DELETE", "/api/definitions/brand/oppo", None, "admin"),
    ],
)
@pytest.mark.parametrize("role", ROLES)
async def test_each_change_takes_its_role(
    store: SqlStore, tmp_path: Path, role: str, method: str, path: str, body: Any, least: str
) -> None:
    async with client(store, tmp_path, role) as http:
        answer = await http.request(method, path, json=body)

    is_done = answer.status_code < 300
    assert is_done == (ROLES.index(role) >= ROLES.index(least)), answer.text
    assert is_done or answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "brands", "wall", "engage", "alerts", "incidents",
        f"mentions?from={START_MS}", f"share?brands=oppo,xiaomi&from={START_MS}",
        f"export/mentions.ndjson?from={START_MS}",
        f"export/windows.csv?from={START_MS}&brand=oppo&brand=xiaomi",
    ],
)  # fmt: skip
async def test_nothing_of_other_brands_is_answered(
    store: SqlStore, tmp_path: Path, path: str
) -> None:
    async with client(store, tmp_path, "admin") as http:
        everything = await http.get(f"/api/{path}")
    async with client(store, tmp_path, "only-xiaomi") as http:
        restricted = await http.get(f"/api/{path}")

    assert everything.status_code == 200
    assert restricted.status_code in {200, 403, 404}
    assert "oppo" not in restricted.text.lower()
    if "alerts" not in path and "incidents" not in path:
        assert "oppo" in everything.text.lower()


@pytest.mark.parametrize(
    "path",
    ["brands/oppo", f"windows?brand=oppo&from={START_MS}", f"mentions?brand=oppo&from={START_MS}"],
)
async def test_asking_for_another_brand_gives_nothing(
    store: SqlStore, tmp_path: Path, path: str
) -> None:
    async with client(store, tmp_path, "only-xiaomi") as http:
        answer = await http.get(f"/api/{path}")

    assert answer.status_code in {403, 404} or "p0" not in answer.text
    assert '"name":"OPPO"' not in answer.text


async def test_nothing_is_done_to_other_brands(store: SqlStore, tmp_path: Path) -> None:
    async with client(store, tmp_path, "only-xiaomi") as http:
        other = await http.post("/api/actions", json=TAKE)
        own = await http.post(
            "/api/actions", json=TAKE | {"brand": "xiaomi", "subject": "weibo/p1"}
        )

    assert other.status_code in {403, 404}
    assert own.status_code < 300, own.text
