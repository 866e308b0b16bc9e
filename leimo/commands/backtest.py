"""`leimo backtest`: what the rules would have raised on archived posts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.commands.analyse import SourceName

if TYPE_CHECKING:
    from rich.console import Console

    from leimo.backtest import History, Outcome
    from schemas.catalogue import Catalogue
    from schemas.post import Post

_AT_ONCE = 1000
_SHOWN = 40


def backtest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Posts, one JSON object a line: plain, gzip or Zstandard."),
    ] = None,
    *,
    topic: Annotated[
        bool, typer.Option("--topic", help="Read posts.raw of the broker instead of files.")
    ] = False,
    broker: Annotated[
        str | None, typer.Option(help="Kafka brokers, host:port, comma-separated.")
    ] = None,
    source: Annotated[
        SourceName, typer.Option(help="Whose JSON the lines are.")
    ] = SourceName.WEIBO,
    catalogue: Annotated[
        Path | None, typer.Option(help="Brands and rules. Left out: the shipped catalogue.")
    ] = None,
    against: Annotated[Path | None, typer.Option(help="Another catalogue to compare with.")] = None,
    per_week: Annotated[
        float | None, typer.Option(min=0.01, help="Suggest the knob for so many alerts a week.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with plots: a file that ends in .html.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each alert, for programs.")
    ] = False,
) -> None:
    """Prove rules on the past before switching them on: no broker, nothing is sent.

    Reads archived posts, in any order, and lists the alerts that would have fired, by rule and
    brand. Needs about half a kilobyte of memory for each mention.

    Examples:

        leimo backtest statuses.ndjson.gz --report backtest.html

        leimo backtest posts/*.zst --catalogue mine.yml --against quieter.yml

        leimo backtest --topic --broker kafka1:9092 --per-week 5
    """
    from rich.console import Console

    from leimo.backtest import knob_for, replay
    from leimo.commands.analyse import _loaded
    from leimo.pipes import quiet_broken_pipe
    from leimo.run import CommandError, fail

    if bool(files) == topic:
        fail("name files with posts, or --topic for those of the broker", code=2)
    console = Console(markup=False, emoji=False, highlight=False)
    try:
        if report is not None:
            _check_report(report)
        ours, theirs = _loaded(catalogue), _loaded(against) if against is not None else None
        history = _history(ours, files or [], source.value, broker)
        if not len(history):
            fail(
                f"{history.posts:,} posts mention none of the brands; see --catalogue and --source"
            )
        outcome = replay(history, ours)
        other = None
        if theirs is not None:
            same = (ours.brands, ours.intents) == (theirs.brands, theirs.intents)
            again = history if same else _history(theirs, files or [], source.value, broker)
            other = replay(again, theirs)
        with quiet_broken_pipe():
            if as_json:
                _write_json(outcome)
            else:
                _show(console, history, ours, outcome, other)
        if per_week is not None:
            knob, given = knob_for(history, ours, per_week)
            typer.echo(
                f"false_alerts_per_month: {knob:.2g} would have given {given:.1f} alerts a week.",
                err=as_json,
            )
    except CommandError as error:
        fail(str(error))
    if report is not None:
        from leimo.backtest_report import write_report

        write_report(report, history, ours, outcome, other)
        typer.echo(f"Report: {report}", err=True)


def _check_report(path: Path) -> None:
    from importlib.util import find_spec

    from leimo.run import CommandError

    if path.suffix != ".html":
        raise CommandError(f"--report {path}: name a file that ends in .html")
    if find_spec("matplotlib") is None:
        raise CommandError("--report needs matplotlib: pip install 'leimo[plot]'")


def _history(
    catalogue: "Catalogue", files: list[Path], source: str, broker: str | None
) -> "History":
    from analysis.groups import Groups
    from analysis.shipped import analyser_of
    from leimo.backtest import History
    from leimo.progress import counting

    history, analyser, groups = History(), analyser_of(catalogue), Groups(catalogue)
    batches = _from_files(files, source) if files else _from_topic(broker)
    with counting("posts") as on_progress:
        for posts in batches:
            history.add(posts, analyser, groups)
            on_progress(history.posts, history.posts)
    return history


def _from_files(files: list[Path], source: str) -> "Iterator[list[Post]]":
    import time

    from analysis.sources import InvalidPost, parse
    from feeds.files import Refusal, read_lines
    from feeds.source import FeedError
    from leimo.run import CommandError

    now_ms = int(time.time() * 1000)
    refused = 0
    for path in files:
        refusals: list[Refusal] = []
        try:
            for lines in read_lines(path, refusals.append):
                posts = []
                for line in lines:
                    try:
                        posts.append(parse(source, line, now_ms))
                    except InvalidPost:
                        refused += 1
                for first in range(0, len(posts), _AT_ONCE):
                    yield posts[first : first + _AT_ONCE]
        except FeedError as error:
            raise CommandError(str(error)) from error
        refused += len(refusals)
    if refused:
        typer.echo(f"{refused:,} lines are no {source} posts and were left out.", err=True)


def _from_topic(broker: str | None) -> "Iterator[list[Post]]":
    from agents.raw_posts import RawPosts
    from analysis.sources import InvalidPost
    from leimo.backtest_topic import read_raw
    from leimo.run import load_settings, run

    settings = load_settings(broker=broker)
    raw_posts = RawPosts(settings)
    posts = []
    for record in run(read_raw(settings), settings):
        try:
            posts.append(raw_posts.post(record))
        except InvalidPost:
            continue
        if len(posts) == _AT_ONCE:
            yield posts
            posts = []
    yield posts


def _write_json(outcome: "Outcome") -> None:
    import msgspec

    for alert in outcome.begun:
        typer.echo(msgspec.json.encode(outcome.worst[alert.id]).decode())


def _show(
    console: "Console",
    history: "History",
    catalogue: "Catalogue",
    outcome: "Outcome",
    other: "Outcome | None",
) -> None:
    from rich.table import Table

    from leimo.times import shown

    console.print(
        f"{history.posts:,} posts, {len(history):,} mentions, {history.weeks:.1f} weeks: "
        f"{len(outcome.begun):,} alerts, {_weekly(outcome)} a week."
    )
    table = Table("rule", "alerts", "a week", box=None, pad_edge=False)
    if other is not None:
        table.add_column("other file", justify="right")
    ours, theirs = outcome.by_rule(), other.by_rule() if other is not None else {}
    for rule in sorted({rule.id for rule in catalogue.rules} | theirs.keys()):
        row = [rule, f"{ours[rule]:,}", f"{ours[rule] / max(outcome.weeks, 1e-9):.2f}"]
        table.add_row(*row, *([f"{theirs.get(rule, 0):,}"] if other is not None else []))
    console.print(table)
    if other is not None:
        kept = {a.fingerprint for a in outcome.begun} & {a.fingerprint for a in other.begun}
        console.print(f"{len(other.begun):,} with the other file; {len(kept):,} marks in both.")
    console.print()
    for alert in outcome.begun[:_SHOWN]:
        worst = outcome.worst[alert.id]
        console.print(
            f"{shown(alert.started_at_ms)}  {worst.severity:>2}  {alert.rule:<20} {worst.reason}",
            soft_wrap=True,
        )
    if len(outcome.begun) > _SHOWN:
        console.print(f"... and {len(outcome.begun) - _SHOWN:,} more: see --json or --report")


def _weekly(outcome: "Outcome") -> str:
    return f"{len(outcome.begun) / max(outcome.weeks, 1e-9):.1f}"
