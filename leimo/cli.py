"""The command `leimo`. Commands import what they need when they run, so that help is quick."""

import sys
from typing import Annotated, NoReturn

import typer

from leimo.commands import (
    access,
    alerts,
    analyse,
    audit,
    backtest,
    catalogue,
    center,
    dead,
    deliver,
    deliveries,
    demo,
    detect,
    digest,
    feed,
    forget,
    lag,
    query,
    silence,
    subscribers,
    topics,
    trends,
    watch,
    worker,
)
from leimo.help_text import set_help
from leimo.pipes import OUTPUT_FAILURES, refuse_output
from leimo.standard_streams import no_text, settle
from leimo.terminal import say

app = typer.Typer(
    name="leimo",
    help="Watch microblogs for brands: mentions, windows of buzz and sentiment, alerts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="First try: `leimo demo`. Settings: LEIMO_* variables, or leimo.toml in this folder.",
)


def _show_version(asked: bool) -> None:
    if asked:
        from streams.version import VERSION

        say(f"leimo {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the program itself; without a text of its own, help shows that of `app`."""


app.command("demo")(demo.demo)
app.command("worker")(worker.worker)
app.command("deliver")(deliver.deliver)
app.command("center")(center.center)
app.add_typer(query.app, name="query")
app.add_typer(feed.app, name="feed")
app.add_typer(topics.app, name="topics")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(silence.app, name="silence")
app.add_typer(alerts.app, name="alerts")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(access.app, name="access")
app.command("digest")(digest.digest)
app.command("forget")(forget.forget)
app.command("analyse")(analyse.analyse)
app.add_typer(dead.app, name="dead")
app.command("lag")(lag.lag)
app.command("audit")(audit.audit)
app.command("watch")(watch.watch)
app.command("trends")(trends.trends)
app.command("detect")(detect.detect)
app.command("backtest")(backtest.backtest)
set_help(app)


def main() -> NoReturn:
    """Entry point: errors that a person can mend are one message, not a traceback."""
    settle()
    wrong = no_text(sys.argv[1:])
    if wrong is not None:
        say(f"error: {wrong}: is not text in {sys.getfilesystemencoding()}; write UTF-8", err=True)
        sys.exit(2)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in OUTPUT_FAILURES:
            raise
        refuse_output(error)
    sys.exit(0)
