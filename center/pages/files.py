"""Static files, held in memory; their address carries their content's hash, so caches may keep them
for ever and a new version is never mixed with an old one."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class StaticFile(NamedTuple):
    content: bytes
    zipped: bytes
    media_type: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All of them, by path below `static`."""
    root = files("center.pages").joinpath("static")
    return {path: _read(file) for path, file in sorted(_walk(root, ""))}


@cache
def static_version() -> str:
    """Changes when any of them does."""
    digest = hashlib.sha256()
    for path, file in static_files().items():
        digest.update(path.encode() + b"\0" + file.content)
    return digest.hexdigest()[:12]


async def static_file(request: Request) -> Response:
    """`GET /static/{version}/{path}`."""
    file = static_files().get(request.path_params["path"])
    if file is None or request.path_params["version"] != static_version():
        return Response(status_code=404)
    zips = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if zips:
        headers["content-encoding"] = "gzip"
    body = file.zipped if zips else file.content
    return Response(body, media_type=file.media_type, headers=headers)


def _walk(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{path}{entry.name}/")
        else:
            found.append((path + entry.name, entry))
    return found


def _read(file: Traversable) -> StaticFile:
    content = file.read_bytes()
    suffix = "." + file.name.rpartition(".")[2]
    return StaticFile(content, gzip.compress(content, 6, mtime=0), _TYPES[suffix])
