"""`leimo backtest`: what the rules would have raised on archived posts."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from leimo.commands.analyse import SourceName
from leimo.terminal import say
from schemas.counted import counted

if TYPE_CHECKING:
    from backtest.compare import Pair
    from backtest.history import History
    from backtest.knob import Suggestion
    from backtest.on_history import Outcome
    from backtest.text import Names
    from schemas.catalogue import Catalogue


class _Origin(NamedTuple):
    """Where the posts come from."""

    files: list[Path]
    """None: the topic."""
    source: str
    broker: str | None
    jobs: int
    """Processes that analyse files; 0: as many as are worth it."""


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
        SourceName, typer.Option(help="Whose JSON the lines of the files are.")
    ] = SourceName.WEIBO,
    catalogue: Annotated[
        Path | None, typer.Option(help="Brands and rules. Left out: the shipped catalogue.")
    ] = None,
    against: Annotated[Path | None, typer.Option(help="Another catalogue to compare with.")] = None,
    per_week: Annotated[
        float | None, typer.Option(min=0.01, help="Suggest the knob for so many alerts a week.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes that analyse files. 0: by their size.")
    ] = 0,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with plots: a file that ends in .html.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object an alert, then a summary.")
    ] = False,
) -> None:
    """Prove rules on the past before switching them on: no broker, nothing is sent.

    Reads archived posts, in any order, each counted once, and lists the alerts that would have
    fired. With --against, `+` marks alerts of --catalogue alone and `-` those of the other alone;
    in JSON, `found_in` is `both`, `this` or `other`.

    An archive does not say whether the feed was up, so holes in it raise no alert. Needs about half
    a kilobyte of memory for each mention.

    Examples:

        leimo backtest statuses.ndjson.gz --report backtest.html

        leimo backtest posts/*.zst --catalogue mine.yml --against quieter.yml

        leimo backtest --topic --broker kafka1:9092 --per-week 5
    """
    from leimo.run import fail
    from schemas.errors import OperatorError

    origin = _Origin(files or [], source.value, broker, jobs)
    try:
        _check(origin, report, is_topic=topic)
    except OperatorError as error:
        fail(str(error), code=2)
    from leimo.backtest_progress import stage
    from leimo.pipes import refuse_output

    with stage("Reading the catalogue"):
        ours = _with_rules(catalogue)
        theirs = _with_rules(against) if against is not None else None
    try:
        _run(origin, (ours, theirs), (catalogue, against), per_week, report, as_json=as_json)
    except OperatorError as error:
        fail(str(error))
    except OSError as error:
        refuse_output(error)


def _check(origin: _Origin, report: Path | None, *, is_topic: bool) -> None:
    """Before the work, not after it."""
    from schemas.errors import OperatorError

    if bool(origin.files) == is_topic:
        raise OperatorError("name files with posts, or --topic for those of the broker")
    if report is not None:
        from backtest.plots import refuse_unwritable

        refuse_unwritable("--report", report, (".html",))
    from backtest.posts import refuse_missing_files

    refuse_missing_files(origin.files)


def _with_rules(path: Path | None) -> "Catalogue":
    from leimo.commands.analyse import _loaded
    from leimo.run import fail

    catalogue = _loaded(path)
    if not catalogue.rules:
        fail(f"{path}: has no rules, so no alert could fire; add some under `rules:`", code=2)
    return catalogue


def _run(
    origin: _Origin,
    catalogues: "tuple[Catalogue, Catalogue | None]",
    paths: tuple[Path | None, Path | None],
    per_week: float | None,
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    from backtest.compare import compare
    from backtest.text import names_of
    from leimo.backtest_progress import stage

    ours, theirs = catalogues
    history = _history(ours, origin)
    outcome = _replayed(history, ours, "Replaying")
    other = None
    if theirs is not None:
        same = (ours.brands, ours.intents) == (theirs.brands, theirs.intents)
        again = history if same and _groups(ours) == _groups(theirs) else _history(theirs, origin)
        other = _replayed(again, theirs, "Replaying with the other file")
    suggestion = None
    if per_week is not None:
        from backtest.knob import suggest

        with stage("Trying knobs") as on_progress:
            suggestion = suggest(history, ours, per_week, on_progress)
    names = names_of([each for each in catalogues if each is not None], *_called(*paths))
    pairs = compare(outcome.fired, other.fired if other is not None else [])
    if as_json:
        _write_json(pairs, history, names, suggestion, is_compared=other is not None)
    else:
        _show(ours, history, (outcome, other), pairs, names, suggestion)
    if report is not None:
        from backtest.report import write_report

        with stage("Drawing"):
            write_report(report, history, ours, (outcome, other), pairs, names)
        say(f"Report: {report}", err=True)


def _called(catalogue: Path | None, against: Path | None) -> tuple[str, str]:
    """Short names of the two files, that tell them apart."""
    this, other = (path.name if path else "the shipped catalogue" for path in (catalogue, against))
    return (str(catalogue), str(against)) if this == other else (this, other)


def _groups(catalogue: "Catalogue") -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The groups of rivals, whose mentions are made when posts are analysed."""
    from schemas.rules import ShareRule

    shares = [rule for rule in catalogue.rules if isinstance(rule, ShareRule)]
    return [(rule.id, rule.brands, rule.trades) for rule in shares]


def _history(catalogue: "Catalogue", origin: _Origin) -> "History":
    """Analyse all posts.

    Raises:
        OperatorError: none of them mentions a brand.
    """
    from leimo.backtest_progress import stage
    from leimo.run import load_settings, run
    from schemas.errors import OperatorError

    with stage("Reading posts") as on_progress:
        from analysis.groups import Groups
        from analysis.shipped import analyser_of
        from backtest.history import History
        from backtest.posts import Refused, add_files, add_files_on, add_topic, usual_jobs

        refused = Refused()
        history = History(analyser_of(catalogue), Groups(catalogue))
        jobs = origin.jobs or usual_jobs(origin.files)
        if origin.files and jobs > 1:
            taken = history, origin.files, origin.source, refused, on_progress
            add_files_on(jobs, catalogue, *taken)
        elif origin.files:
            add_files(history, origin.files, origin.source, refused, on_progress)
        else:
            settings = load_settings(broker=origin.broker)
            run(add_topic(history, settings, refused, on_progress), settings)
    for cut in refused.cut_off:
        say(f"warning: {cut}", err=True)
    if refused.reasons:
        say(f"{refused}.", err=True)
    if not history.records:
        if not origin.files:
            from kafka_io.topic_names import Names
            from schemas.topics import POSTS_RAW

            name = Names(load_settings(broker=origin.broker)).on_broker(POSTS_RAW.name)
            raise OperatorError(f"{name}: no posts at all; feed some, or name files with posts")
        where = ", ".join(map(str, origin.files[:3]))
        mend = "see --source" if refused.reasons else "name files with posts"
        raise OperatorError(f"{where}: no {origin.source} posts at all; {mend}")
    if not len(history):
        mend = "see --catalogue and --source"
        raise OperatorError(
            f"{counted(history.posts, 'post')} read, and none mentions a brand; {mend}"
        )
    return history


def _replayed(history: "History", catalogue: "Catalogue", what: str) -> "Outcome":
    from backtest.on_history import replay
    from leimo.backtest_progress import stage

    with stage(what) as on_progress:
        return replay(history, catalogue, on_progress)


def _write_json(
    pairs: "list[Pair]",
    history: "History",
    names: "Names",
    suggestion: "Suggestion | None",
    *,
    is_compared: bool,
) -> None:
    import msgspec

    from backtest.text import objects

    told = list(objects(pairs, history, names, is_compared=is_compared))
    if suggestion is not None:
        told.append({"type": "suggestion"} | suggestion._asdict())
    _write(msgspec.json.encode(each).decode() for each in told)


def _show(
    catalogue: "Catalogue",
    history: "History",
    outcomes: "tuple[Outcome, Outcome | None]",
    pairs: "list[Pair]",
    names: "Names",
    suggestion: "Suggestion | None",
) -> None:
    from collections import Counter

    from backtest.knob import told
    from backtest.text import alert_lines, brand_lines, rule_lines, summary

    outcome, other = outcomes
    lines = [*summary(history, outcome), *rule_lines(catalogue, history, outcome, other, names)]
    lines += ["", "Brands", *brand_lines(outcome, names)] if outcome.fired else []
    if other is not None:
        found = Counter(pair.found_in for pair in pairs)
        totals = (
            f"{len(outcome.fired):,} with {names.this}, {len(other.fired):,} with {names.other}"
        )
        lines += [
            "",
            f"{totals}: {found['both']:,} in both",
            f"+ {found['this']:,} in {names.this} alone",
            f"- {found['other']:,} in {names.other} alone",
        ]
    lines += ["", *alert_lines(pairs, names, is_compared=other is not None)] if pairs else []
    lines += ["", told(suggestion)] if suggestion is not None else []
    _write(lines)


def _write(lines: Iterable[str]) -> None:
    from leimo.pipes import quiet_broken_pipe

    with quiet_broken_pipe():
        for line in lines:
            say(line)
