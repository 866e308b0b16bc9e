"""`leimo query`: what the center knows, in the terminal."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from leimo.terminal import say, say_json
from schemas.counted import counted

if TYPE_CHECKING:
    from center.asked import Parameters

app = typer.Typer(
    no_args_is_help=True, help="Ask the center: brands, windows, posts, alerts and more."
)

Store = Annotated[str | None, typer.Option(help="Its store, as `leimo center --store`.")]
Url = Annotated[
    str | None,
    typer.Option(help="Ask a running center instead; its token: LEIMO_QUERY_TOKEN."),
]
AsJson = Annotated[bool, typer.Option("--json", help="The API's answer, one JSON object.")]
Brands = Annotated[list[str] | None, typer.Option("--brand", help="Id; may be given again.")]
OneBrand = Annotated[str, typer.Option("--brand", help="Id of the brand.")]
From = Annotated[
    str | None, typer.Option("--from", help="Begin: an ISO 8601 time, or so long ago: 2h, 7d.")
]
To = Annotated[str | None, typer.Option("--to", help="End, as --from; left out: now.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="So many at most.")]
Zone = Annotated[str, typer.Option("--tz", help="IANA zone of days and hours.")]


@app.command("brands")
def brands(
    *,
    q: Annotated[str, typer.Argument(help="Part of a name; left out: all.")] = "",
    sort: Annotated[str, typer.Option(help="unusual, volume, name or negative.")] = "unusual",
    group: Annotated[str, typer.Option(help="A trade.")] = "",
    limit: Limit = 20,
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Brands with their last closed hour; the most unusual first.

    Examples:

        leimo query brands

        leimo query brands --sort negative --json | jq -r '.items[].id'
    """
    asked: Parameters = {"q": q, "sort": sort, "group": group, "limit": limit}
    found = _ask("/api/brands", asked, store, url, as_json=as_json)
    columns = ("id", "name", "posts_1h", "expected_1h", "unusual", "net_sentiment_1h", "severity")
    _table(found, columns, as_json=as_json)


@app.command("windows")
def windows(
    *,
    brand: Brands = None,
    from_: From = None,
    to: To = None,
    step: Annotated[str | None, typer.Option(help="1m, 5m, 15m, 1h or 1d.")] = None,
    by: Annotated[str, typer.Option(help="none, channel, intent, polarity or place.")] = "none",
    tz: Zone = "UTC",
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """What windows count, over steps of time.

    Examples:

        leimo query windows --brand xiaomi --from 7d --step 1d --tz Asia/Shanghai

        leimo query windows --brand xiaomi --by polarity --json
    """
    from views.times import shown

    asked = _spanned(from_, to) | {"brand": brand, "step": step, "by": by, "tz": tz}
    found = _ask("/api/windows", asked, store, url, as_json=as_json)
    if as_json:
        return
    rows = []
    for series in found["series"]:
        names = series["columns"]
        for point in series["points"]:
            row = dict(zip(names, point, strict=True))
            row |= {"brand": series["brand"], "of": series["key"], "at": shown(row["start_ms"])}
            rows.append(row)
    plain = ("posts", "positive", "negative", "reach") if by == "none" else ()
    other = () if by == "none" else ("of", "count")
    if by != "none":
        rows = [row | {"count": next(iter(_counts(row)))} for row in rows]
    _rows(rows, ("at", "brand", *plain, *other))


def _counts(row: dict[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if name not in ("start_ms", "brand", "of", "at")]


@app.command("mentions")
def mentions(
    *,
    q: Annotated[str, typer.Argument(help="Words, all of which the post has.")] = "",
    brand: Brands = None,
    from_: From = None,
    to: To = None,
    polarity: Annotated[str | None, typer.Option(help="positive, neutral or negative.")] = None,
    channel: Annotated[str | None, typer.Option(help="owned, paid or earned.")] = None,
    intent: Annotated[str | None, typer.Option(help="An objective.")] = None,
    author: Annotated[str, typer.Option(help="Id of the account.")] = "",
    sort: Annotated[str, typer.Option(help="time, reach or mood.")] = "time",
    limit: Limit = 20,
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Posts that name a brand, of the last day unless told otherwise.

    Examples:

        leimo query mentions --brand xiaomi --polarity negative --sort reach

        leimo query mentions 发布会 --from 3d --json
    """
    asked = _spanned(from_, to) | {
        "brand": brand,
        "q": q,
        "polarity": polarity,
        "channel": channel,
        "intent": intent,
        "author": author,
        "sort": sort,
        "limit": limit,
    }
    found = _ask("/api/mentions", asked, store, url, as_json=as_json)
    if as_json:
        return
    _rows(found["items"], ("at_ms", "brand", "polarity", "reach", "author", "text"))
    more = "" if found["total_is_exact"] else "more than "
    say(f"{more}{counted(found['total'], 'post')}")
    if found["why"]:
        say(f"windows count {found['counted']:,}: {found['why']}")


@app.command("alerts")
def alerts(
    *,
    brand: Brands = None,
    state: Annotated[str | None, typer.Option(help="firing or resolved.")] = None,
    severity: Annotated[int, typer.Option(min=1, max=10, help="At least.")] = 1,
    from_: From = None,
    to: To = None,
    limit: Limit = 20,
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Alerts that were under way, of 30 days unless told otherwise.

    Examples:

        leimo query alerts --state firing

        leimo query alerts --brand xiaomi --severity 5 --json
    """
    asked = _spanned(from_, to) | {"brand": brand, "state": state, "severity": severity}
    found = _ask("/api/alerts", asked | {"limit": limit}, store, url, as_json=as_json)
    columns = ("started_at_ms", "severity", "state", "brand", "acknowledged_by", "reason", "id")
    _table(found, columns, as_json=as_json)


@app.command("terms")
def terms(
    *,
    brand: OneBrand,
    from_: From = None,
    to: To = None,
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Words beside a brand: the most frequent of the span, then those that rise now.

    Examples:

        leimo query terms --brand xiaomi
    """
    asked = _spanned(from_, to) | {"brand": brand}
    found = _ask("/api/terms", asked, store, url, as_json=as_json)
    if not as_json:
        _rows(found["top"][:20], ("term", "posts", "negative"))
        if found["rising"]:
            say("rising: " + ", ".join(one["term"] for one in found["rising"]))


@app.command("kpis")
def kpis(
    *,
    brand: OneBrand,
    from_: From = None,
    to: To = None,
    store: Store = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """The figures of a brand against the span before; a week unless told otherwise.

    Examples:

        leimo query kpis --brand xiaomi --from 30d
    """
    asked = _spanned(from_, to) | {"brand": brand}
    found = _ask("/api/kpis", asked, store, url, as_json=as_json)
    if not as_json:
        _rows(
            [_as_told(kpi) for kpi in found["items"]], ("name", "value", "unit", "before", "change")
        )


@app.command("feeds")
def feeds(*, store: Store = None, url: Url = None, as_json: AsJson = False) -> None:
    """Live feeds as they said last.

    Examples:

        leimo query feeds
    """
    found = _ask("/api/feeds", {}, store, url, as_json=as_json)
    _table(found, ("feed", "state", "posts_per_s", "age_s", "endpoint"), as_json=as_json)


def _as_told(kpi: dict[str, Any]) -> dict[str, Any]:
    """A figure for a person: what the change is of stands beside it.

    >>> posts = {"name": "a", "unit": "posts", "value": 13619.0, "before": 30.0, "change": 45296.7}
    >>> _as_told(posts)
    {'name': 'a', 'unit': 'posts', 'value': '13,619', 'before': '30', 'change': '+45,296.7 %'}
    >>> _as_told({"name": "b", "unit": "percent", "value": 1.5, "before": None, "change": -2.0})
    {'name': 'b', 'unit': 'percent', 'value': '1.5', 'before': None, 'change': '-2 points'}
    """
    told = {
        name: None if kpi[name] is None else f"{kpi[name]:,.10g}" for name in ("value", "before")
    }
    change, is_difference = kpi["change"], kpi["unit"] in ("percent", "points")
    if change is not None:
        change = f"{change:+,.10g} {'points' if is_difference else '%'}"
    return {"name": kpi["name"], "unit": kpi["unit"], **told, "change": change}


def _spanned(from_: str | None, to: str | None) -> dict[str, Any]:
    from leimo.moment_option import moment_option

    return {"from": moment_option("--from", from_), "to": moment_option("--to", to)}


def _ask(
    path: str, asked: "Parameters", store: str | None, url: str | None, *, as_json: bool
) -> Any:
    """The answer; printed as it is where JSON is wanted."""
    from center.asked import AskingError, RunningCenter, StoredCenter
    from leimo.run import fail, load_settings
    from schemas.errors import OperatorError

    given = {name: value for name, value in asked.items() if value not in (None, "")}
    try:
        if url is not None:
            found = RunningCenter(url, load_settings().query_token.get_secret_value()).get(
                path, given
            )
        else:
            center = StoredCenter(load_settings(center_store=store))
            try:
                found = center.get(path, given)
            finally:
                center.close()
    except AskingError as error:
        fail(str(error), code=2)
    except OperatorError as error:
        fail(str(error))
    if as_json:
        import msgspec

        say_json(msgspec.json.encode(found))
    return found


def _table(found: Any, columns: tuple[str, ...], *, as_json: bool) -> None:
    if not as_json:
        _rows(found["items"], columns)


def _rows(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.table import Table

    from leimo.terminal import terminal
    from views.plain_text import one_line
    from views.times import shown

    if not rows:
        say("nothing")
        return
    table = Table(box=None, header_style="bold")
    for name in columns:
        table.add_column(name.removesuffix("_ms").replace("_", " "))
    for row in rows:
        cells = []
        for name in columns:
            value = row[name]
            if name.endswith("_ms"):
                cells.append("" if value is None else shown(value))
            else:
                cells.append(one_line(_cell(value)))
        table.add_row(*cells)
    terminal().print(table)


def _cell(value: object) -> str:
    """
    >>> [_cell(value) for value in (408.0, 7944501, -5.9, None, "x")]
    ['408', '7,944,501', '-5.9', '', 'x']
    """
    if value is None:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,.12g}" if is_number else str(value)
