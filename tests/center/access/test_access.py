"""Who gets in, who does not, and what each may do."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from center.access.access import Access, AccessOptions
from center.access.guard import Guard
from center.access.people import AccessError, password_hash, read_people, token_digest
from center.pages.login import Door
from center.principal import Role
from leimo.cli import app as command

PASSWORD = "correct horse battery staple"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap, so that tests are quick: a hash says itself how much work it is."""
USERS = f"""
[users.li]
password = "{HASH}"
role = "operator"
brands = ["xiaomi"]

[users.chen]
role = "admin"

[tokens.report]
sha256 = "{token_digest("program")}"
role = "viewer"

[tokens.wall]
sha256 = "{token_digest("screen")}"
role = "viewer"
kiosk = true
"""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.toml"
    path.write_text(USERS, encoding="utf-8")
    return path


async def _tell(request: Request) -> Response:
    viewer = request.scope["state"]["viewer"]
    if viewer is None:
        return PlainTextResponse("open")
    who = viewer.principal
    brands = sorted(who.scope.brands) if who.scope.brands is not None else None
    told = {"who": who.name, "role": int(who.role), "brands": brands, "csrf": who.csrf}
    return JSONResponse(told)


def client(
    access: Access, *, host: str = "127.0.0.1:9470", ip: str = "127.0.0.1", **given: Any
) -> AsyncClient:
    door = Door(access)

    async def wall(request: Request) -> Response:
        return door.kiosk(request) or await _tell(request)

    routes = [
        Route("/login", door.show),
        Route("/login", door.enter, methods=["POST"]),
        Route("/logout", door.leave, methods=["POST"]),
        Route("/wall", wall),
        Route("/{path:path}", _tell, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    app = Guard(Starlette(routes=routes), access)
    transport = ASGITransport(app, client=(ip, 40_000))
    return AsyncClient(transport=transport, base_url=f"http://{host}", **given)


def access_of(users: Path, clock: Clock | None = None, **more: Any) -> Access:
    return Access(AccessOptions(users_file=users, **more), clock or Clock())


async def logged_in(http: AsyncClient) -> str:
    """Log in as li; returns the csrf of the session."""
    answer = await http.post("/login", data={"name": "li", "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    csrf: str = (await http.get("/api/me")).json()["csrf"]
    return csrf


@pytest.mark.parametrize("path", ["/", "/brands/xiaomi", "/api/brands", "/api/stream", "/wall"])
async def test_without_a_login_all_is_refused(users: Path, path: str) -> None:
    async with client(access_of(users)) as http:
        answer = await http.get(path)

    if path.startswith("/api/"):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")


async def test_health_is_open_and_says_nothing_of_a_viewer(users: Path) -> None:
    async with client(access_of(users)) as http:
        assert (await http.get("/api/health")).text == "open"


async def test_a_right_password_opens_a_session(users: Path) -> None:
    async with client(access_of(users)) as http:
        answer = await http.post(
            "/login", data={"name": "li", "password": PASSWORD, "next": "/brands/xiaomi?range=1h"}
        )
        me = (await http.get("/api/me")).json()

    assert answer.headers["location"] == "/brands/xiaomi?range=1h"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # on the loopback there is no TLS
    assert (me["who"], me["role"], me["brands"]) == ("li", Role.OPERATOR, ["xiaomi"])


async def test_off_the_loopback_cookies_go_over_tls_alone(users: Path) -> None:
    async with client(access_of(users), host="center.example") as http:
        answer = await http.post("/login", data={"name": "li", "password": PASSWORD})

    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("li", "wrong"),
        ("li", ""),
        ("nobody", PASSWORD),
        ("chen", ""),  # has no password: a proxy vouches for him
        ("chen", "nobody has this password"),
        ("wall", "screen"),  # a token is no password
    ],
)
async def test_a_wrong_password_opens_nothing(users: Path, name: str, password: str) -> None:
    async with client(access_of(users)) as http:
        answer = await http.post("/login", data={"name": name, "password": password})

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert (await http.get("/api/me")).status_code == 401


async def test_passwords_cannot_be_tried_quickly(users: Path) -> None:
    clock = Clock()
    async with client(access_of(users, clock)) as http:
        wrong = {"name": "li", "password": "wrong"}
        states = [(await http.post("/login", data=wrong)).status_code for _ in range(7)]
        right = await http.post("/login", data={"name": "li", "password": PASSWORD})
        clock.now_s += 3
        later = await http.post("/login", data={"name": "li", "password": PASSWORD})

    assert states == [401] * 6 + [429]
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1
    assert later.status_code == 303


async def test_one_user_cannot_be_tried_from_many_addresses(users: Path) -> None:
    access = access_of(users)
    states = []
    for number in range(7):
        async with client(access, ip=f"10.0.0.{number}") as http:
            answer = await http.post("/login", data={"name": "li", "password": "wrong"})
            states.append(answer.status_code)

    assert states[-1] == 429


async def test_whoever_tries_through_the_proxy_locks_out_nobody_else(users: Path) -> None:
    networks = (ipaddress.ip_network("10.1.0.0/16"),)
    access = access_of(users, proxy_header="X-Remote-User", proxy_networks=networks)
    async with client(access, ip="10.1.2.3") as http:
        for number in range(7):
            await http.post("/login", data={"name": f"nobody{number}", "password": "wrong"})
        answer = await http.post("/login", data={"name": "li", "password": PASSWORD})

    assert answer.status_code == 303


async def test_a_session_ends_after_a_working_day(users: Path) -> None:
    clock = Clock()
    async with client(access_of(users, clock)) as http:
        await logged_in(http)
        clock.now_s += 12 * 3600 - 1
        before = await http.get("/api/me")
        clock.now_s += 1
        after = await http.get("/api/me")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_logout_ends_the_session_and_not_the_cookie_alone(users: Path) -> None:
    async with client(access_of(users)) as http:
        csrf = await logged_in(http)
        stolen = dict(http.cookies)
        await http.post("/logout", headers={"x-csrf-token": csrf})
        http.cookies.update(stolen)
        assert (await http.get("/api/me")).status_code == 401


@pytest.mark.parametrize("change", ["password", "role", "removed"])
async def test_a_session_does_not_outlive_what_it_was_given_for(users: Path, change: str) -> None:
    rewrite = users.write_text
    async with client(access_of(users)) as http:
        await logged_in(http)
        text = {
            "password": USERS.replace(HASH, password_hash("another one")),
            "role": USERS.replace('"operator"', '"admin"'),
            "removed": USERS.replace("[users.li]", "[users.wang]"),
        }[change]
        rewrite(text + "\n# changed", encoding="utf-8")

        assert (await http.get("/api/me")).status_code == 401


async def test_a_broken_users_file_locks_nobody_out(users: Path) -> None:
    rewrite = users.write_text
    async with client(access_of(users)) as http:
        await logged_in(http)
        rewrite("[users", encoding="utf-8")

        assert (await http.get("/api/me")).status_code == 200


@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1],
        lambda cookie: "x" + cookie,
        lambda cookie: cookie.partition(".")[0],
        lambda cookie: cookie.partition(".")[0] + ".",
        lambda cookie: "...",
        lambda cookie: "W10.W10",
    ],
)
async def test_forged_cookies_open_nothing(users: Path, forge: Any) -> None:
    async with client(access_of(users)) as http:
        await logged_in(http)
        cookie = http.cookies["leimo_session"]
        http.cookies.clear()
        answer = await http.get("/api/me", headers={"cookie": f"leimo_session={forge(cookie)}"})

    assert answer.status_code == 401


async def test_changes_need_the_proof_that_no_other_site_knows(users: Path) -> None:
    async with client(access_of(users)) as http:
        csrf = await logged_in(http)
        without = await http.post("/api/actions")
        wrong = await http.post("/api/actions", headers={"x-csrf-token": "x"})
        right = await http.post("/api/actions", headers={"x-csrf-token": csrf})

    assert (without.status_code, wrong.status_code, right.status_code) == (403, 403, 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_changes_from_other_sites_are_refused(users: Path, headers: dict[str, str]) -> None:
    async with client(access_of(users)) as http:
        csrf = await logged_in(http)
        answer = await http.post("/api/actions", headers={"x-csrf-token": csrf, **headers})
        login = await http.post("/login", headers=headers, data={"name": "li"})

    assert (answer.status_code, login.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("token", "method", "path", "status"),
    [
        ("program", "GET", "/api/brands", 200),
        ("program", "POST", "/api/actions", 200),  # its role is the route's affair
        ("unknown", "GET", "/api/brands", 401),
        ("", "GET", "/api/brands", 401),
        ("screen", "GET", "/api/wall", 200),
        ("screen", "GET", "/api/brands", 403),  # a screen sees the wall alone
        ("screen", "POST", "/logout", 403),
    ],
)
async def test_tokens(users: Path, token: str, method: str, path: str, status: int) -> None:
    async with client(access_of(users)) as http:
        headers = {"authorization": f"Bearer {token}"}
        assert (await http.request(method, path, headers=headers)).status_code == status


async def test_a_screen_brings_its_token_once_and_stays_for_years(users: Path) -> None:
    clock = Clock()
    async with client(access_of(users, clock)) as http:
        first = await http.get("/wall?kiosk=screen&group=cars")
        assert first.status_code == 303
        assert first.headers["location"] == "/wall?group=cars"  # the token leaves the address
        clock.now_s += 3 * 365 * 86_400
        later = await http.get("/wall?group=cars")
        other = await http.get("/brands/xiaomi")

    assert later.json()["who"] == "wall"
    assert other.status_code == 403


@pytest.mark.parametrize("token", ["program", "unknown", ""])
async def test_only_a_screens_token_opens_the_wall_by_address(users: Path, token: str) -> None:
    async with client(access_of(users)) as http:
        answer = await http.get(f"/wall?kiosk={token}")

    assert answer.headers["location"].startswith("/login")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("ip", "name", "status"),
    [
        ("10.1.2.3", "chen", 200),
        ("10.1.2.3", "stranger", 401),
        ("192.168.0.9", "chen", 401),  # not the proxy
    ],
)
async def test_a_proxy_vouches_for_users(users: Path, ip: str, name: str, status: int) -> None:
    access = access_of(
        users,
        proxy_header="X-Remote-User",
        proxy_networks=(ipaddress.ip_network("10.1.0.0/16"),),
    )
    async with client(access, ip=ip) as http:
        headers = {"x-remote-user": name}
        me = await http.get("/api/me", headers=headers)
        unproven = await http.post("/api/actions", headers=headers)

    assert me.status_code == status
    assert unproven.status_code in {401, 403}


async def test_without_users_the_loopback_is_the_admin() -> None:
    async with client(Access(AccessOptions())) as http:
        me = (await http.get("/api/me")).json()
        unproven = await http.post("/api/actions")
        proven = await http.post("/api/actions", headers={"x-csrf-token": me["csrf"]})

    assert (me["who"], me["role"], me["brands"]) == ("local", Role.ADMIN, None)
    assert (unproven.status_code, proven.status_code) == (403, 200)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9470", "192.168.0.2:9470"])
async def test_another_name_for_this_machine_is_refused(host: str) -> None:
    async with client(Access(AccessOptions()), host=host) as http:
        assert (await http.get("/api/me")).status_code == 403


@pytest.mark.parametrize("address", ["0.0.0.0:9470", "[::]:9470", "192.168.0.2:9470"])
def test_an_open_address_without_users_is_refused(address: str) -> None:
    with pytest.raises(AccessError, match="LEIMO_CENTER_USERS_FILE"):
        Access(AccessOptions(address=address))


def test_a_proxy_header_that_anybody_may_send_is_refused(users: Path) -> None:
    with pytest.raises(AccessError, match="LEIMO_CENTER_PROXY_NETWORKS"):
        Access(AccessOptions(users_file=users, proxy_header="X-Remote-User"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[users", "mend it"),
        ('[users.li]\nrole = "boss"', "viewer, operator or admin"),
        ('[users.li]\nrole = "admin"\npasword = "x"', "pasword"),
        ('[users.li]\nrole = "admin"\npassword = "secret"', "leimo access password"),
        ('[users."l|i"]\nrole = "admin"', "a name has"),
        ('[tokens.a]\nrole = "viewer"\nsha256 = "abc"', "leimo access token"),
        (f'[tokens.a]\nrole = "admin"\nkiosk = true\nsha256 = "{"0" * 64}"', "is a kiosk"),
    ],
)
def test_users_files_that_make_no_sense_are_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "users.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(AccessError, match=re.escape(told)):
        read_people(path)


async def test_every_answer_carries_the_policy(users: Path) -> None:
    async with client(access_of(users)) as http:
        for path in ("/login", "/api/health", "/api/brands", "/"):
            policy = (await http.get(path)).headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy


def test_the_commands_make_entries_that_work(tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(command, ["access", "password"], input="long enough\n").output
    token = runner.invoke(command, ["access", "token"]).output.splitlines()
    path = tmp_path / "users.toml"
    path.write_text(
        f'[users.li]\nrole = "viewer"\n{made}\n[tokens.a]\nrole = "viewer"\n{token[1]}\n', "utf-8"
    )
    people = read_people(path)

    assert people.by_password("li", "long enough") is not None
    assert people.by_token(token[0].removeprefix("token: ")) is not None
