"""`leimo feed weibo`: the push of a contract with Weibo, and the keywords of its subscription."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.commands.live_feeds import (
    Broker,
    MetricsAddress,
    NoProgress,
    SampleOption,
    run_feeds,
)
from leimo.terminal import say
from schemas.counted import counted

if TYPE_CHECKING:
    from feeds.live.weibo.keywords import Changes, Keywords
    from kafka_io.settings import Settings
    from schemas.catalogue import Brand

app = typer.Typer()

SubscriptionOption = Annotated[
    int | None,
    typer.Option(
        "--subscription", envvar="WEIBO_SUBSCRIPTION", show_envvar=True, min=1,
        help="Id of the subscription: `subid`.",
    ),
]  # fmt: skip
AddressOption = Annotated[
    str | None, typer.Option(help="Where the service is.  [default: https://c.api.weibo.com]")
]


@app.callback(invoke_without_command=True)
def weibo(
    ctx: typer.Context,
    *,
    subscription: SubscriptionOption = None,
    comments: Annotated[
        bool, typer.Option("--comments", help="Take comments: those of a subscription of comments.")
    ] = False,
    address: AddressOption = None,
    sample: SampleOption = 1.0,
    metrics: MetricsAddress = None,
    broker: Broker = None,
    quiet: NoProgress = False,
) -> None:
    """Follow a subscription of Weibo's commercial push. Needs a contract.

    It goes on where it stopped, up to three days back; what is missing is in `leimo feed gaps`.
    Weibo takes calls from the addresses that the contract names alone.

    Examples:

        leimo feed weibo --subscription 10032

        leimo feed weibo subscriptions --subscription 10032 --sync
    """
    if ctx.invoked_subcommand is not None:
        return
    from feeds.live.weibo.feed import ADDRESS, Weibo

    number = _given(subscription)
    run_feeds(
        lambda _: [Weibo(number, with_comments=comments, address=address or ADDRESS)],
        sample=sample, broker=broker, metrics=metrics, quiet=quiet,
    )  # fmt: skip


@app.command()
def subscriptions(
    *,
    subscription: SubscriptionOption = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="A catalogue file.  [default: what is in force]")
    ] = None,
    sync: Annotated[bool, typer.Option("--sync", help="Make the changes that are shown.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave keywords that are no names of the catalogue.")
    ] = False,
    app_key: Annotated[
        str, typer.Option(envvar="WEIBO_APP_KEY", show_envvar=True, help="The application's key.")
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="WEIBO_TOKEN", show_envvar=True, help="Instead: an OAuth token.")
    ] = "",
    address: AddressOption = None,
    broker: Broker = None,
) -> None:
    """Compare the keywords of a subscription with the names of the catalogue; --sync makes them so.

    Names that are words of the language too are named: they bring posts about other things, which
    a contract counts. Others on this machine see options: put key and token into the environment.

    Examples:

        leimo feed weibo subscriptions --subscription 10032

        leimo feed weibo subscriptions --subscription 10032 --sync
    """
    from feeds.live.weibo.feed import ADDRESS
    from feeds.live.weibo.keywords import MAX_KEYWORDS, changes_between, keywords_of
    from feeds.live.weibo.subscription import Access, Subscription
    from leimo.run import fail, load_settings, run

    number = _given(subscription)
    if not (app_key or token):
        fail("name WEIBO_APP_KEY or WEIBO_TOKEN in the environment", code=2)
    settings = load_settings(broker=broker)
    wanted = keywords_of(_brands(catalogue, settings))
    if not wanted.words:
        fail("the catalogue names no brand; nothing was changed")
    if len(wanted.words) > MAX_KEYWORDS:
        fail(
            f"the catalogue has {counted(len(wanted.words), 'name')}, and a subscription takes "
            f"{MAX_KEYWORDS:,}; split it over several subscriptions"
        )

    async def work() -> None:
        access = Access(app_key, token)
        async with Subscription(number, access, address or ADDRESS) as at_weibo:
            changes = changes_between(wanted.words, await at_weibo.keywords(), keep=keep)
            _show(changes, wanted)
            if not (changes.added or changes.removed):
                return
            if changes.kept + len(changes.added) > MAX_KEYWORDS:
                fail(f"more than {MAX_KEYWORDS:,} keywords; do without --keep")
            if not sync:
                say("nothing was changed; --sync makes it so")
                return
            await at_weibo.change(changes)
            left = changes_between(wanted.words, await at_weibo.keywords(), keep=keep)
            if left.added or left.removed:
                say(
                    f"Weibo took it, and shows {len(left.added):,} fewer and {len(left.removed):,} "
                    "more keywords than were asked for; look again in a minute",
                    err=True,
                )
            say(f"the subscription follows the catalogue: {counted(len(wanted.words), 'keyword')}")

    try:
        run(work(), settings)
    except ValueError as error:
        fail(str(error), code=2)


_LISTED = 20


def _show(changes: "Changes", wanted: "Keywords") -> None:
    from views.plain_text import one_line

    for sign, words in (("+", changes.added), ("-", changes.removed)):
        for word in words[:_LISTED]:
            say(f"{sign} {one_line(word)}")
        if len(words) > _LISTED:
            say(f"{sign} … and {len(words) - _LISTED:,} more")
    say(f"{len(changes.added):,} to add, {len(changes.removed):,} to remove, {changes.kept:,} stay")
    for left in wanted.left:
        say(f"{one_line(left.brand)}: {one_line(left.name)!r} {left.why}; left out", err=True)
    for word, brand in wanted.ambiguous[:_LISTED]:
        say(
            f"{one_line(word)} ({one_line(brand)}) is a word of the language too: posts about "
            "other things will come, and count; a longer name or `A B` would bring fewer",
            err=True,
        )
    if len(wanted.ambiguous) > _LISTED:
        say(f"… and {len(wanted.ambiguous) - _LISTED:,} more ambiguous names", err=True)


def _brands(file: Path | None, settings: "Settings") -> "tuple[Brand, ...]":
    from catalogue.file import CatalogueErrors, load
    from catalogue.topic import brands_in_force
    from leimo.named_files import refuse_missing
    from leimo.run import fail, run

    if file is None:
        return run(brands_in_force(settings), settings)
    refuse_missing(file)
    try:
        return load(file).brands
    except CatalogueErrors as error:
        fail(str(error))


def _given(subscription: int | None) -> int:
    from leimo.run import fail

    if subscription is None:
        fail("name the subscription: --subscription, or WEIBO_SUBSCRIPTION", code=2)
    return subscription
