"""To the login at a provider and back."""

import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from center.access.access import (
    OIDC_COOKIE,
    SESSION_COOKIE,
    Access,
    cookies_of,
    set_cookie,
)
from center.access.oidc import BACK_PATH, LOGIN_PATH, Oidc
from center.access.refusals import LoginRefusedError, Reason
from center.pages.frame import preferences
from center.pages.login import Door, safe_next
from center.pages.texts import texts

_LOG = logging.getLogger(__name__)
_STATUS = {
    Reason.AWAY: 503,
    Reason.OVER: 400,
    Reason.REFUSED: 403,
    Reason.UNPROVEN: 403,
    Reason.UNNAMED: 403,
    Reason.UNKNOWN: 403,
}


class OidcDoor:
    """The way in through a provider, beside the `Door` whose page offers it."""

    def __init__(self, access: Access, oidc: Oidc, door: Door) -> None:
        self._access = access
        self._oidc = oidc
        self._door = door

    def routes(self) -> list[Route]:
        """To be added to the application."""
        return [Route(LOGIN_PATH, self._begin), Route(BACK_PATH, self._return)]

    async def _begin(self, request: Request) -> Response:
        wanted = safe_next(request.query_params.get("next", "/"))
        try:
            address, cookie = await self._oidc.begin(wanted)
        except LoginRefusedError as error:
            return self._refusal(request, wanted, error)
        answer = _to(address)
        answer.headers["set-cookie"] = set_cookie(request.headers, OIDC_COOKIE, cookie)
        return answer

    async def _return(self, request: Request) -> Response:
        cookie = cookies_of(request.headers).get(OIDC_COOKIE, "")
        wanted = safe_next(self._oidc.wanted(cookie))
        answer: Response
        try:
            name = await self._oidc.finish(request.query_params, cookie)
        except LoginRefusedError as error:
            answer = self._refusal(request, wanted, error)
        else:
            answer = _to(wanted)
            session = self._access.begin(name)
            answer.headers["set-cookie"] = set_cookie(request.headers, SESSION_COOKIE, session)
        answer.headers.append("set-cookie", set_cookie(request.headers, OIDC_COOKIE, ""))
        return answer

    def _refusal(self, request: Request, wanted: str, error: LoginRefusedError) -> Response:
        _LOG.warning("login through the provider: %s", error)
        words = texts(preferences(request).language)[f"login.oidc.{error.reason.value}"]
        return self._door.page(
            request, wanted, words.format(name=error.name), _STATUS[error.reason]
        )


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})
