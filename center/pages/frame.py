"""The frame around every page: navigation, preferences, texts, and what the modules start with."""

from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from center.access.access import cookies_of
from center.access.viewer import Viewer
from center.api.export import formats
from center.pages.files import static_version
from center.pages.texts import Language, language_of, texts
from center.principal import Role

THEMES = ("auto", "light", "dark")
MOODS = ("blue-orange", "green-red", "red-green")


class Entry(NamedTuple):
    """One entry of the navigation."""

    path: str
    key: str
    """Of its text, and of the count that modules put beside it."""
    role: Role = Role.VIEWER


NAVIGATION: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("/", "overview"),
        Entry("/incidents", "incidents"),
        Entry("/engage", "engage"),
        Entry("/search", "search"),
    ),
    (Entry("/measure", "measure"), Entry("/compare", "compare")),
    (Entry("/wall", "wall"), Entry("/feeds", "feeds"), Entry("/rules", "rules")),
)


class Preferences(NamedTuple):
    """What the viewer's cookies say; wrong values count as none."""

    language: Language
    theme: str
    mood: str
    zone: str


def preferences(request: Request) -> Preferences:
    """How the viewer wants pages."""
    cookies = cookies_of(request.headers)
    theme, mood = cookies.get("leimo_theme", ""), cookies.get("leimo_mood", "")
    return Preferences(
        language_of(
            request.query_params.get("lang") or cookies.get("leimo_lang"),
            request.headers.get("accept-language", ""),
        ),
        theme if theme in THEMES else THEMES[0],
        mood if mood in MOODS else MOODS[0],
        cookies.get("leimo_zone", ""),
    )


def page(
    request: Request, template: str, *, module: str = "", status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of our own, never cached: it names its viewer."""
    liked = preferences(request)
    table = texts(liked.language)
    viewer: Viewer | None = request.scope["state"].get("viewer")
    principal = viewer.principal if viewer else None
    boot = {
        "texts": table,
        "lang": liked.language,
        "zone": liked.zone,
        "csrf": principal.csrf if principal else "",
        "who": principal.name if principal else "",
        "role": principal.role.name.lower() if principal else "",
        "formats": formats(),
        "static": f"/static/{static_version()}/",
        **values.pop("boot", {}),
    }
    body = (
        _environment()
        .get_template(template)
        .render(
            t=table.__getitem__,
            liked=liked,
            principal=principal,
            is_local=values.pop("is_local", False),
            boot=boot,
            static=boot["static"],
            module=module,
            navigation=NAVIGATION,
            themes=THEMES,
            moods=MOODS,
            path=request.url.path,
            **values,
        )
    )
    headers = {"cache-control": "no-store"}
    return HTMLResponse(body, status_code=status, headers=headers)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("center.pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
