"""Login through an OIDC provider: a real one on a port, that can also be wrong."""

import asyncio
import base64
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from httpx import ASGITransport, AsyncClient, Response
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from center.access import provider as provider_module
from center.access.access import OIDC_LASTS_S, Access, AccessOptions
from center.access.guard import Guard
from center.access.oidc import Oidc, OidcOptions
from center.access.people import AccessError
from center.access.provider import KEPT_S, KEYS_AGAIN_AFTER_S, MOST_ANSWER_BYTES, PAUSE_S
from center.api.answers import Wall
from center.app import create_app
from center.pages.mount import vouched_for, with_pages
from center.pages.routes import Pages
from center.principal import Principal
from center.serving import access_of, oidc_of
from center.store.opening import open_store
from kafka_io.settings import Settings, SettingsError
from tests.center.access.provider_server import (
    CLIENT_ID,
    FIRST_KEY,
    SECOND_KEY,
    SECRET,
    STRANGE_KEY,
    ProviderServer,
    signed,
)
from tests.center.center import center_over
from tests.center.records import START_MS

HOME = "http://127.0.0.1:9470"
USERS = """
[users."li@example.com"]
role = "operator"
brands = ["xiaomi"]

[users.li]
role = "viewer"
"""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[ProviderServer]:
    server = ProviderServer(clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.toml"
    path.write_text(USERS, encoding="utf-8")
    return path


Browser = Callable[..., AsyncClient]


async def _tell(request: Request) -> JSONResponse:
    asker = request.scope["state"]["viewer"].principal
    return JSONResponse({"who": asker.name, "csrf": asker.csrf})


async def _no_wall(principal: Principal, group: str, limit: int) -> Wall:
    raise NotImplementedError


def pages_alone(access: Access, oidc: Oidc) -> ASGIApp:
    """Pages and guard without the API, which takes long to build."""
    routes = [Route("/api/me", _tell), *Pages(access, _no_wall, oidc).routes()]
    return Guard(Starlette(routes=routes), access)


@pytest.fixture
def app_over() -> Callable[[Access, Oidc], ASGIApp]:
    return pages_alone


@pytest.fixture
async def browser(
    provider: ProviderServer,
    clock: Clock,
    users: Path,
    app_over: Callable[[Access, Oidc], ASGIApp],
) -> AsyncIterator[Browser]:
    """Opens browsers of one center; `browser(claim="sub")` with other options of a new one."""
    opened: list[AsyncClient] = []
    apps: dict[str, Any] = {}

    def app_of(options: dict[str, Any]) -> Any:
        access = Access(AccessOptions(users_file=users), clock)
        right = {
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": SecretStr(SECRET),
            "center_url": HOME,
        }
        return app_over(access, Oidc(OidcOptions(**{**right, **options}), access))

    def open_one(language: str = "en", **options: Any) -> AsyncClient:
        key = repr(options)
        app = apps[key] = apps.get(key) or app_of(options)
        client = AsyncClient(
            transport=ASGITransport(app),
            base_url=options.get("center_url", HOME),
            headers={"accept-language": language},
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.aclose()


async def sent_back(http: AsyncClient, wanted: str = "/") -> str:
    """Log in at the provider; the address that it sends the browser back to."""
    begun = await http.get("/oidc/login", params={"next": wanted})
    assert begun.status_code == 303, begun.text
    async with AsyncClient(verify=False) as outside:
        answer = await outside.get(begun.headers["location"])
    assert answer.status_code == 302, answer.text
    address: str = answer.headers["location"]
    return address


async def log_in(http: AsyncClient, wanted: str = "/") -> Response:
    """The whole way; the center's last answer."""
    return await http.get(await sent_back(http, wanted))


async def who(http: AsyncClient) -> str:
    answer = await http.get("/api/me")
    return answer.json()["who"] if answer.status_code == 200 else ""


async def refused(http: AsyncClient, answer: Response, status: int, told: str) -> None:
    """The page says so, offers to begin again, and nobody is logged in."""
    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert f'href="{HOME}/oidc/login?next=' in answer.text
    assert "leimo_session" not in http.cookies
    assert await who(http) == ""


class TestWholeCenter:
    """Once with all of the center's routes."""

    @pytest.fixture
    def app_over(self, tmp_path: Path) -> Iterator[Callable[[Access, Oidc], ASGIApp]]:
        store = open_store(f"sqlite:///{tmp_path / 'center.db'}")
        center = center_over(store, START_MS, vouched_for)
        yield lambda access, oidc: with_pages(create_app(center), access, oidc)
        store.close()

    async def test_whoever_the_provider_names_is_the_user_of_the_file(
        self, browser: Browser
    ) -> None:
        http = browser()
        refused_before = await http.get("/api/me")
        answer = await log_in(http, "/brands/xiaomi?range=1h")
        me = (await http.get("/api/me")).json()

        assert refused_before.status_code == 401
        assert answer.status_code == 303
        assert answer.headers["location"] == "/brands/xiaomi?range=1h"
        assert (me["who"], me["role"], me["brands"]) == ("li@example.com", "operator", ["xiaomi"])
        assert "leimo_oidc" not in http.cookies  # it was for this login alone


async def test_what_the_provider_is_asked_is_bound_to_the_browser(
    browser: Browser, provider: ProviderServer
) -> None:
    first, second = browser(), browser()
    begun = await first.get("/oidc/login")
    await log_in(first)
    await log_in(second)

    cookie = begun.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Max-Age=600"))
    for name in ("state", "nonce", "code_challenge"):
        values = {asked[name] for asked in provider.authorized}
        assert len(values) == 2, name
        assert all(len(value) == 43 for value in values)
        assert not any(value in cookie for value in values)
    assert provider.authorized[0]["scope"] == "openid email"


async def test_off_the_loopback_its_cookies_go_over_tls_alone(
    browser: Browser, provider: ProviderServer
) -> None:
    provider.redirect_url = "https://center.example/oidc/callback"
    http = browser(center_url="https://center.example")
    begun = await http.get("/oidc/login")
    answer = await log_in(http)

    assert "Secure" in begun.headers["set-cookie"]
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert await who(http) == "li@example.com"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another login"},
        {"nonce": None},
        {"nonce": ["a", "b"]},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": [CLIENT_ID, "another client"]},  # and nothing says for whom it was made
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"aud": None},
        {"azp": "another client"},
        {"iss": "http://127.0.0.1:1"},
        {"iss": None},
        {"exp": 1_800_000_000 - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 1_800_000_000 + 61},
        {"iat": None},
        {"nbf": 1_800_000_000 + 61},
        {"sub": None},
    ],
    ids=repr,
)
async def test_a_token_that_is_not_for_this_login_is_refused(
    browser: Browser, provider: ProviderServer, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    http = browser()

    await refused(http, await log_in(http), 403, "no valid proof")


async def test_clocks_may_be_a_little_apart_and_a_token_be_for_others_as_well(
    browser: Browser, provider: ProviderServer, clock: Clock
) -> None:
    now_s = int(clock())
    both = [CLIENT_ID, "another client"]
    provider.claims = {"iat": now_s + 59, "exp": now_s - 59, "aud": both, "azp": CLIENT_ID}
    http = browser()
    await log_in(http)

    assert await who(http) == "li@example.com"


def _without_signature(claims: dict[str, Any]) -> str:
    header = {"alg": "none", "kid": FIRST_KEY.kid}
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def _signed_with_the_public_key(claims: dict[str, Any]) -> str:
    secret = OctKey.import_key(json.dumps(FIRST_KEY.as_dict(private=False)))
    return jwt.encode({"alg": "HS256", "kid": FIRST_KEY.kid}, claims, secret, ["HS256"])


def _of_a_list(claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": FIRST_KEY.kid}
    return jws.serialize_compact(header, json.dumps([claims]), FIRST_KEY)


def _with_other_claims(claims: dict[str, Any]) -> str:
    header, _, signature = signed(FIRST_KEY, claims).split(".")
    other = json.dumps({**claims, "email": "root@example.com"}).encode()
    return f"{header}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize(
    "make_token",
    [
        _without_signature,
        _signed_with_the_public_key,
        _with_other_claims,
        lambda claims: signed(STRANGE_KEY, claims),
        lambda claims: signed(SECOND_KEY, claims),  # which the provider does not name
        lambda claims: "no token",
        lambda claims: "",
        lambda claims: "a.b.c",
        _of_a_list,
    ],
    ids=["none", "hs256", "changed", "strange", "unnamed", "text", "empty", "dots", "list"],
)
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    browser: Browser, provider: ProviderServer, make_token: Callable[[dict[str, Any]], str]
) -> None:
    provider.make_token = make_token
    http = browser()

    await refused(http, await log_in(http), 403, "no valid proof")


@pytest.mark.parametrize("state", ["wrong", "", "\udcff"])
async def test_an_answer_with_another_state_is_refused(
    browser: Browser, provider: ProviderServer, state: str
) -> None:
    http = browser()
    code = parse_qs(urlsplit(await sent_back(http)).query)["code"][0]
    given = state.encode("utf-8", "surrogateescape")
    answer = await http.get("/oidc/callback", params={"code": code, "state": given})

    await refused(http, answer, 400, "begun elsewhere")
    assert provider.asked["/token"] == 0


async def test_an_answer_is_of_use_in_the_browser_that_began_alone(
    browser: Browser, provider: ProviderServer
) -> None:
    """Nobody can be made to log in as somebody else, and no address that leaks is enough."""
    address = await sent_back(browser())
    other = browser()
    without = await other.get(address)
    await refused(other, without, 400, "begun elsewhere")
    await other.get("/oidc/login")
    begun_itself = await other.get(address)

    await refused(other, begun_itself, 400, "begun elsewhere")
    assert provider.asked["/token"] == 0


@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1],
        lambda cookie: "x" + cookie,
        lambda cookie: cookie.partition(".")[0],
        lambda cookie: "W10.W10",
    ],
)
async def test_a_forged_cookie_begins_nothing(browser: Browser, forge: Any) -> None:
    http = browser()
    address = await sent_back(http)
    cookie = http.cookies["leimo_oidc"]
    http.cookies.clear()
    answer = await http.get(address, headers={"cookie": f"leimo_oidc={forge(cookie)}"})

    await refused(http, answer, 400, "begun elsewhere")


async def test_a_cookie_of_a_login_is_no_session(browser: Browser) -> None:
    http = browser()
    await http.get("/oidc/login")
    cookie = http.cookies["leimo_oidc"]
    answer = await http.get("/api/me", headers={"cookie": f"leimo_session={cookie}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(("seconds", "is_in"), [(OIDC_LASTS_S - 1, True), (OIDC_LASTS_S, False)])
async def test_a_login_takes_ten_minutes_at_most(
    browser: Browser, clock: Clock, seconds: float, is_in: bool
) -> None:
    http = browser()
    address = await sent_back(http)
    clock.now_s += seconds
    await http.get(address)

    assert (await who(http) != "") == is_in


async def test_an_answer_is_used_once(browser: Browser, provider: ProviderServer) -> None:
    http = browser()
    address = await sent_back(http)
    kept = dict(http.cookies)
    await http.get(address)
    http.cookies.clear()
    http.cookies.update(kept)  # as one who has stolen both would

    await refused(http, await http.get(address), 400, "This login is over")
    assert provider.asked["/token"] == 1


async def test_a_code_that_was_used_is_refused_by_the_provider(browser: Browser) -> None:
    first, second = browser(), browser()
    used = await sent_back(first)
    await first.get(used)
    state = parse_qs(urlsplit(await sent_back(second)).query)["state"][0]
    query = {"code": parse_qs(urlsplit(used).query)["code"][0], "state": state}
    answer = await second.get("/oidc/callback", params={**query, "iss": _issuer_in(used)})

    await refused(second, answer, 403, "said no")


async def test_a_code_of_another_browser_is_refused_by_its_verifier(browser: Browser) -> None:
    first, second = browser(), browser()
    stolen = await sent_back(first)
    state = parse_qs(urlsplit(await sent_back(second)).query)["state"][0]
    query = {"code": parse_qs(urlsplit(stolen).query)["code"][0], "state": state}
    answer = await second.get("/oidc/callback", params={**query, "iss": _issuer_in(stolen)})

    await refused(second, answer, 403, "said no")


def _issuer_in(address: str) -> str:
    return parse_qs(urlsplit(address).query)["iss"][0]


@pytest.mark.parametrize("issuer", ["", "https://another.example"])
async def test_an_answer_of_another_provider_is_refused(
    browser: Browser, provider: ProviderServer, issuer: str
) -> None:
    http = browser()
    query = parse_qs(urlsplit(await sent_back(http)).query)
    given = {"code": query["code"][0], "state": query["state"][0]}
    answer = await http.get("/oidc/callback", params=given | ({"iss": issuer} if issuer else {}))

    await refused(http, answer, 403, "no valid proof")
    assert provider.asked["/token"] == 0


async def test_the_provider_may_say_no(browser: Browser, provider: ProviderServer) -> None:
    provider.refuses = "access_denied"
    http = browser()

    await refused(http, await log_in(http), 403, "said no")


async def test_a_provider_that_is_away_is_said_and_asked_again_later(
    browser: Browser, provider: ProviderServer, clock: Clock
) -> None:
    await provider.stop()
    http = browser()
    await refused(http, await http.get("/oidc/login"), 503, "does not answer")
    chinese = browser("zh-CN")
    assert "没有响应" in (await chinese.get("/oidc/login")).text

    await provider.start()
    await refused(http, await http.get("/oidc/login"), 503, "does not answer")
    assert provider.asked.total() == 0  # it is given a pause
    clock.now_s += PAUSE_S
    await log_in(http)
    assert await who(http) == "li@example.com"


@pytest.mark.parametrize("path", ["/token", "/keys"])
async def test_a_provider_that_breaks_off_halfway_lets_nobody_in(
    browser: Browser, provider: ProviderServer, path: str
) -> None:
    provider.answers = {path: web.Response(status=502, text="bad gateway")}
    http = browser()

    await refused(http, await log_in(http), 503, "does not answer")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
async def test_a_provider_that_hangs_is_given_up(
    browser: Browser, provider: ProviderServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "TIMEOUT_S", 0.2)
    provider.hangs_at = path
    http = browser()
    begun = path.startswith("/.well")
    answer = await (http.get("/oidc/login") if begun else log_in(http))

    await refused(http, answer, 503, "does not answer")


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "<html>log in</html>"},
        {"text": "{}"},
        {"status": 302, "headers": {"location": "/moved"}},
        {"status": 404},
    ],
    ids=["page", "empty", "redirect", "missing"],
)
async def test_what_does_not_describe_a_provider_is_none(
    browser: Browser, provider: ProviderServer, answer: dict[str, Any]
) -> None:
    provider.answers = {"/.well-known/openid-configuration": web.Response(**answer)}
    http = browser()

    await refused(http, await http.get("/oidc/login"), 503, "does not answer")


@pytest.mark.parametrize(("more", "status"), [(0, 303), (1, 503)])
async def test_an_answer_that_is_too_large_is_given_up(
    browser: Browser, provider: ProviderServer, more: int, status: int
) -> None:
    text = json.dumps(provider.description()).ljust(MOST_ANSWER_BYTES + more)
    provider.answers = {"/.well-known/openid-configuration": web.Response(text=text)}

    assert (await browser().get("/oidc/login")).status_code == status


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=lambda described: next(iter(described)),
)
async def test_a_provider_that_is_another_or_not_safe_is_not_used(
    browser: Browser, provider: ProviderServer, described: dict[str, Any]
) -> None:
    provider.described = described
    http = browser()

    await refused(http, await http.get("/oidc/login"), 503, "does not answer")


@pytest.mark.parametrize(("language", "told"), [("en", "may not use"), ("zh", "无权使用")])
async def test_whom_the_users_file_does_not_name_is_told_so(
    browser: Browser, provider: ProviderServer, language: str, told: str
) -> None:
    provider.person["email"] = "<b>wang</b>{}@example.com"
    http = browser(language)
    answer = await log_in(http)

    await refused(http, answer, 403, told)
    assert "&lt;b&gt;wang&lt;/b&gt;{}@example.com" in answer.text


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ({"email_verified": "true"}, "li@example.com"),  # as some write it
        ({"email_verified": False}, ""),
        ({"email_verified": "false"}, ""),
        ({"email_verified": 1.5}, ""),
        ({"email_verified": None}, ""),
        ({"email": None}, ""),
        ({"email": ""}, ""),
        ({"email": ["li@example.com"]}, ""),
    ],
    ids=repr,
)
async def test_mail_names_somebody_where_the_provider_has_verified_it(
    browser: Browser, provider: ProviderServer, person: dict[str, Any], name: str
) -> None:
    provider.person.update(person)
    http = browser()
    answer = await log_in(http)
    if name:
        assert await who(http) == name
    else:
        await refused(http, answer, 403, "does not say who you are")


async def test_another_claim_may_name_the_user(browser: Browser, provider: ProviderServer) -> None:
    provider.person.update(email=None, email_verified=None)
    http = browser(claim="preferred_username")
    await log_in(http)

    assert await who(http) == "li"
    assert "profile" in provider.authorized[0]["scope"]


async def test_description_and_keys_are_asked_for_once_an_hour(
    browser: Browser, provider: ProviderServer, clock: Clock
) -> None:
    await asyncio.gather(*(log_in(browser()) for _ in range(4)))
    assert {path: count for path, count in provider.asked.items() if path[1] in ".k"} == {
        "/.well-known/openid-configuration": 1,
        "/keys": 1,
    }
    clock.now_s += KEPT_S
    await log_in(browser())
    assert provider.asked["/keys"] == 2


async def test_a_new_key_of_the_provider_is_fetched_but_not_too_often(
    browser: Browser, provider: ProviderServer, clock: Clock
) -> None:
    await log_in(browser())
    provider.keys = [FIRST_KEY, SECOND_KEY]
    early = browser()
    await refused(early, await log_in(early), 403, "no valid proof")
    assert provider.asked["/keys"] == 1
    clock.now_s += KEYS_AGAIN_AFTER_S
    later = browser()
    await log_in(later)

    assert await who(later) == "li@example.com"
    assert provider.asked["/keys"] == 2


async def test_a_logout_ends_the_session(browser: Browser) -> None:
    http = browser()
    await log_in(http)
    stolen = dict(http.cookies)
    csrf = (await http.get("/api/me")).json()["csrf"]
    unproven = await http.post("/logout")
    left = await http.post("/logout", headers={"x-csrf-token": csrf})
    http.cookies.update(stolen)

    assert (unproven.status_code, left.status_code) == (403, 204)
    assert await who(http) == ""


async def test_whoever_leaves_the_users_file_is_out(browser: Browser, users: Path) -> None:
    replace = users.write_text
    http = browser()
    await log_in(http)
    replace(USERS.replace("li@example.com", "zhao@example.com"), encoding="utf-8")

    assert await who(http) == ""


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil", "x"])
async def test_one_comes_back_to_pages_of_ours_alone(browser: Browser, wanted: str) -> None:
    answer = await log_in(browser(), wanted)

    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Log in with your"), ("zh", "用公司账号登录")]
)
async def test_the_login_page_has_a_button(browser: Browser, language: str, words: str) -> None:
    page = await browser(language).get("/login", params={"next": "/search?q=1&range=1h"})

    assert words in page.text
    assert f'href="{HOME}/oidc/login?next=/search%3Fq%3D1%26range%3D1h"' in page.text
    assert "password" not in page.text  # nobody in the file has one


@pytest.mark.parametrize(
    ("methods", "secret"),
    [
        (None, SECRET),
        (["client_secret_post", "client_secret_basic"], SECRET),
        (["client_secret_post"], SECRET),
        (["none"], ""),
    ],
    ids=["unsaid", "both", "post", "public"],
)
async def test_the_center_says_who_it_is_as_the_provider_wants_it(
    browser: Browser, provider: ProviderServer, methods: list[str] | None, secret: str
) -> None:
    provider.methods, provider.secret = methods, secret
    http = browser(client_secret=SecretStr(secret))
    await log_in(http)

    assert await who(http) == "li@example.com"


async def test_a_wrong_secret_is_told_without_it(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    http = browser(client_secret=SecretStr("wrong-secret"))
    with caplog.at_level(logging.WARNING):
        await refused(http, await log_in(http), 403, "said no")

    assert "HTTP 401 'invalid_client'" in caplog.text
    assert "wrong-secret" not in caplog.text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"center_users_file": None}, "LEIMO_CENTER_USERS_FILE"),
        ({"center_oidc_client_id": ""}, "LEIMO_CENTER_OIDC_CLIENT_ID"),
        ({"center_url": ""}, "LEIMO_CENTER_URL"),
        ({"center_url": "http://center.example"}, "https://"),
        ({"center_oidc_issuer": "http://id.example"}, "https://"),
        ({"center_oidc_issuer": "id.example"}, "https://"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_are_missing_or_unsafe_are_refused(
    users: Path, given: dict[str, Any], told: str
) -> None:
    right: dict[str, Any] = {
        "center_users_file": users,
        "center_oidc_issuer": "https://id.example/",
        "center_oidc_client_id": CLIENT_ID,
        "center_oidc_client_secret": SecretStr(SECRET),
        "center_url": "https://center.example",
    }
    complete, wrong = Settings(**right), Settings(**{**right, **given})
    oidc = oidc_of(complete, access_of(complete))
    with pytest.raises(AccessError, match=told):
        oidc_of(wrong, access_of(wrong))

    assert oidc is not None
    assert oidc.login_url == "https://center.example/oidc/login"
    assert SECRET not in repr(complete)
    assert SECRET not in repr(OidcOptions(**_options(complete)))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "issuer": settings.center_oidc_issuer,
        "client_id": settings.center_oidc_client_id,
        "client_secret": settings.center_oidc_client_secret,
        "center_url": settings.center_url,
    }


def test_without_the_extra_it_is_told_how_to_get_it(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "center.access.id_tokens", None)
    options = OidcOptions(issuer="https://id.example", client_id="x", center_url=HOME)
    with pytest.raises(AccessError, match=r"install leimo\[oidc\]"):
        Oidc(options, Access(AccessOptions(users_file=users)))


def test_without_an_issuer_there_is_none() -> None:
    assert oidc_of(Settings(), access_of(Settings())) is None


def test_the_secret_is_not_shown_in_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "leimo.toml"
    file.write_text('center_oidc_client_secret = ["s3cret"]\n', encoding="utf-8")
    monkeypatch.setenv("LEIMO_CONFIG", str(file))
    with pytest.raises(SettingsError, match="center_oidc_client_secret") as caught:
        Settings.load()

    assert "s3cret" not in str(caught.value)
