"""The files beside the pages."""

from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route

from center.pages.files import static_file, static_version


async def test_files_carry_their_version_and_are_kept() -> None:
    app = Starlette(routes=[Route("/static/{version}/{path:path}", static_file)])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as http:
        found = await http.get(f"/static/{static_version()}/leimo.css")
        older = await http.get("/static/older/leimo.css")
        outside = await http.get(f"/static/{static_version()}/../frame.py")

    assert found.headers["content-type"].startswith("text/css")
    assert "immutable" in found.headers["cache-control"]
    assert found.headers["content-encoding"] == "gzip"
    assert older.status_code == 404
    assert outside.status_code in {307, 404}
