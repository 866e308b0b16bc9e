"""What goes wrong, as RFC 9457 says it."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from center.api.answers import Problem
from schemas.errors import OperatorError


class ApiProblem(Exception):  # noqa: N818 - as the RFC calls it
    """A request that cannot be done: what is wrong with which value, and the mend."""

    def __init__(self, status: HTTPStatus, detail: str, key: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.key = key


def answer(
    status: int, detail: str, key: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem as an answer."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, key=key)
    return JSONResponse(
        problem.model_dump(), status, headers, media_type="application/problem+json"
    )


async def _of_ours(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiProblem):
        raise error
    return answer(error.status, error.detail, error.key)


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return answer(error.status_code, str(error.detail), headers=headers)


async def _of_values(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"][1:])
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{key}: {first['msg']}", key)


async def _of_operators(request: Request, error: Exception) -> JSONResponse:
    return answer(HTTPStatus.CONFLICT, str(error))


def add_problems(app: FastAPI) -> None:
    """Every error of the API has one shape."""
    app.add_exception_handler(ApiProblem, _of_ours)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_values)
    app.add_exception_handler(OperatorError, _of_operators)
