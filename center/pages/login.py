"""The way in and out."""

from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from center.access.access import KIOSK_COOKIE, SESSION_COOKIE, Access, set_cookie
from center.pages.frame import page, preferences
from center.pages.texts import texts

_MOST_FORM_BYTES = 16_384


class _Form(NamedTuple):
    name: str
    password: str
    next: str


class Door:
    """Login, logout and the screens' entry."""

    def __init__(self, access: Access, oidc_url: str = "") -> None:
        """`oidc_url`: where a login through a provider begins; empty: there is none."""
        self._access = access
        self._oidc_url = oidc_url

    async def show(self, request: Request) -> Response:
        """`GET /login`."""
        if self._access.is_local:
            return _to("/")
        return self.page(request, safe_next(request.query_params.get("next", "/")))

    async def enter(self, request: Request) -> Response:
        """`POST /login`."""
        if self._access.is_local:
            return _to("/")
        form = await _form(request)
        client = request.client.host if request.client else ""
        result = await self._access.log_in(form.name, form.password, client)
        if isinstance(result, str):
            answer = _to(form.next)
            answer.headers["set-cookie"] = set_cookie(request.headers, SESSION_COOKIE, result)
            return answer
        words = texts(preferences(request).language)
        if result:
            wait = words["login.wait"].format(seconds=f"{result:.0f}")
            refusal = self.page(request, form.next, wait, 429)
            refusal.headers["retry-after"] = f"{result:.0f}"
            return refusal
        return self.page(request, form.next, words["login.wrong"], 401)

    async def leave(self, request: Request) -> Response:
        """`POST /logout`."""
        self._access.log_out(request.headers)
        answer = Response(status_code=204)
        answer.headers["set-cookie"] = set_cookie(request.headers, SESSION_COOKIE, "")
        return answer

    def kiosk(self, request: Request) -> Response | None:
        """A screen that comes with its token: from now on it has it in a cookie, and no longer in
        the address."""
        token = request.query_params.get("kiosk")
        if token is None or self._access.screen(token) is None:
            return None
        rest = request.url.remove_query_params("kiosk")
        answer = _to(rest.path + (f"?{rest.query}" if rest.query else ""))
        answer.headers["set-cookie"] = set_cookie(request.headers, KIOSK_COOKIE, token)
        return answer

    def page(self, request: Request, next_: str, trouble: str = "", status: int = 200) -> Response:
        """The login page, with what went wrong."""
        return page(
            request,
            "login.html",
            status=status,
            next=next_,
            trouble=trouble,
            oidc=self._oidc_url,
            passwords=self._access.people.has_passwords,
        )


def safe_next(wanted: str) -> str:
    r"""Where to go after the login: a page of ours, never another site.

    >>> safe_next("/brands/oppo?range=1h"), safe_next("//evil.example"), safe_next("/\\evil")
    ('/brands/oppo?range=1h', '/', '/')
    """
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted.isprintable() and len(wanted) < 2000 else "/"


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303, headers={"cache-control": "no-store"})


async def _form(request: Request) -> _Form:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_FORM_BYTES:
            return _Form("", "", "/")
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    name, password, wanted = ((fields.get(key) or [""])[0] for key in ("name", "password", "next"))
    return _Form(name.strip(), password, safe_next(wanted or "/"))
