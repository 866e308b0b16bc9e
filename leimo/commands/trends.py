"""`leimo trends`: what is talked about with a brand, and who is heard."""

from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say, say_json, terminal
from schemas.counted import counted

if TYPE_CHECKING:
    from rich.console import Console

    from kafka_io.settings import Settings
    from schemas.trend import Trend


def trends(
    brands: Annotated[
        list[str] | None,
        typer.Argument(metavar="BRAND", help="Ids of brands; left out: all together."),
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Show rising and frequent terms and hashtags, and the accounts that are heard.

    Rising is what has clearly more than its usual share of the last day (log-likelihood ratio);
    `usual` is how many posts that share would be now. Brands tell their state every ten minutes in
    which they have ten posts or more.

    Examples:

        leimo trends

        leimo trends xiaomi huawei

        leimo trends xiaomi --json | jq -r '.rising[].term'
    """
    import msgspec

    from kafka_io.topic_names import Names
    from leimo.run import fail, load_settings, run
    from measures.trends import overall
    from schemas.topics import TRENDS
    from schemas.trend import Trend

    settings = load_settings(broker=broker)
    values = run(_read(settings), settings)
    held, unread = {}, 0
    for key, value in values.items():
        try:
            held[key.decode()] = msgspec.json.decode(value, type=Trend)
        except (msgspec.DecodeError, UnicodeDecodeError):
            unread += 1
    if unread:
        name = Names(settings).on_broker(TRENDS.name)
        say(f"Left out of `{name}`: {counted(unread, 'record')} that tell no trend.", err=True)
    unknown = [brand for brand in brands or () if brand not in held]
    if unknown:
        fail(f"{', '.join(unknown)}: nothing was told of it yet; see `leimo trends` for all")
    shown = [held[brand] for brand in brands] if brands else [overall(held.values())]
    console = terminal()
    for trend in shown:
        if as_json:
            say_json(msgspec.json.encode(trend))
        else:
            _show(console, trend, len(held))


async def _read(settings: "Settings") -> dict[bytes, bytes]:
    from kafka_io.compacted import read_compacted
    from kafka_io.topic_admin import refuse_missing, refuse_wrong_partitions, topic_states
    from schemas.topics import TRENDS

    states = [state for state in await topic_states(settings) if state.topic == TRENDS]
    refuse_missing(states)
    refuse_wrong_partitions(states)
    return await read_compacted(settings, TRENDS.name, settings.partitions)


def _show(console: "Console", trend: "Trend", brands: int) -> None:
    from datetime import UTC, datetime

    from rich.table import Table

    if not trend.at_ms:
        console.print("Nothing was told yet: a trend comes with the tenth post of a brand.")
        return
    at = datetime.fromtimestamp(trend.at_ms / 1000, UTC)
    name = trend.brand or f"{brands} brands together"
    console.print(f"{name}, as of {at:%Y-%m-%d %H:%M} UTC", style="bold")
    # Of a day far more is counted than of now: only shares can be compared.
    now_of_day = trend.counted / trend.usually_counted if trend.usually_counted else 1.0
    tags = [term for term in trend.top if term.term.startswith("#")]
    for title, terms in (
        ("rising", trend.rising),
        ("hashtags", tags),
        ("most frequent", [term for term in trend.top if term not in tags]),
    ):
        table = Table(title, "posts", "usual", "rise", box=None, pad_edge=False, min_width=48)
        for term in terms[:10]:
            usual = term.usual * now_of_day
            table.add_row(term.term, f"{term.count:.0f}", f"{usual:.0f}", f"{round(term.score):+}")
        if terms:
            console.print(table)
    heard = Table("heard", "followers", "posts", "reposts", box=None, pad_edge=False, min_width=48)
    for one in trend.influencers[:10]:
        heard.add_row(one.author, f"{one.reach:,}", f"{one.posts:.0f}", f"{one.reposts:.0f}")
    console.print(heard)
