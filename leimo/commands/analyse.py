"""`leimo analyse`: tokens, brands and sentiment of posts or texts, without a broker."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import escaped_json, say, say_json, terminal

if TYPE_CHECKING:
    from leimo.analysed_lines import LineAnalyser, Read
    from schemas.catalogue import Catalogue


class SourceName(StrEnum):
    WEIBO = "weibo"
    JETSTREAM = "jetstream"
    MASTODON = "mastodon"
    LEIMO = "leimo"


class TokenizerName(StrEnum):
    RJIEBA = "rjieba"
    JIEBA = "jieba"


def analyse(
    *,
    file: Annotated[
        str | None,
        typer.Argument(
            help="Plain, gzip or Zstandard. Left out, or -: standard input. "
            "With --explain: the text itself."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why, for a person; of one text or a few.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --explain: one JSON object, for programs.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="One text a line, instead of one JSON object.")
    ] = False,
    source: Annotated[
        SourceName, typer.Option(help="Whose JSON the lines are.")
    ] = SourceName.WEIBO,
    catalogue: Annotated[
        Path | None, typer.Option(help="Brands to look for. Left out: the shipped catalogue.")
    ] = None,
    tokenizer: Annotated[
        TokenizerName, typer.Option(help="rjieba is fast, jieba the reference.")
    ] = TokenizerName.RJIEBA,
) -> None:
    """Say what leimo reads in posts: tokens, sentiment, and every mention of a brand.

    Writes one JSON object for each line, in order, with `tokens`, `language`, `sentiment`,
    `intents`, `spam` and `mentions`. `start` and `end` count code points of the text; they are null
    where only the card or the quoted original of a post names the brand. A line that is no post
    gives `error`.

    Examples:

        echo 刚买的小米手机真好用 | leimo analyse --text

        leimo analyse posts.ndjson.gz > analysed.ndjson

        leimo analyse --catalogue brands.yml posts.ndjson | jq -c '.mentions[]'

        leimo analyse --explain 苹果太贵，还是小米手机好用
    """
    from leimo.named_files import refuse_missing

    refuse_missing(catalogue)
    if explain:
        _explain(_loaded(catalogue), tokenizer.value, file, as_json=as_json)
        return
    from leimo.pipes import quiet_broken_pipe

    refuse_missing(Path(file) if file is not None else None)
    texts = None if text else source.value
    analyser = _analyser(catalogue, tokenizer.value, texts)
    with quiet_broken_pipe():
        _write(analyser, Path(file) if file is not None else None)
    what = "texts" if text else f"{source.value} posts"
    if analyser.refused:
        say(
            f"{analyser.refused:,} of {analyser.lines:,} lines are no {what}: see `error` there.",
            err=True,
        )
    if analyser.refused == analyser.lines:
        from leimo.run import fail

        where = "standard input" if file in {None, "-"} else file
        mend = "write one a line" if text else "name a file with posts, and its --source"
        fail(f"{where}: no {what} at all; {mend}")


def _explain(loaded: "Catalogue", tokenizer: str, text: str | None, *, as_json: bool) -> None:
    import sys

    import msgspec

    from analysis.explain import explain
    from analysis.moods import Moods
    from analysis.shipped import analyser_of
    from leimo.explained import show

    typed = (line.rstrip("\n") for line in sys.stdin)
    texts = typed if text is None or text == "-" else [text]
    analyser, moods = analyser_of(loaded, tokenizer), Moods.load()
    console = terminal()
    for each in texts:
        explanation = explain(analyser, moods, each)
        if as_json:
            say_json(msgspec.json.encode(explanation))
        else:
            show(console, explanation)


def _loaded(catalogue: Path | None) -> "Catalogue":
    from catalogue.file import SHIPPED, CatalogueErrors, load
    from leimo.run import fail

    try:
        return load(catalogue or SHIPPED)
    except CatalogueErrors as errors:
        fail(str(errors), code=2)


def _analyser(catalogue: Path | None, tokenizer: str, source: str | None) -> "LineAnalyser":
    from analysis.shipped import analyser_of
    from leimo.analysed_lines import LineAnalyser

    return LineAnalyser(analyser_of(_loaded(catalogue), tokenizer), _read_as(source))


def _read_as(source: str | None) -> "Read":
    import time

    from leimo.analysed_lines import post_of_line, text_of_line
    from schemas.post import Source

    if source is None:
        return text_of_line
    return post_of_line(Source(source), time.time_ns() // 1_000_000)


def _write(analyser: "LineAnalyser", file: Path | None) -> None:
    import gc
    import sys

    from feeds.lines import BrokenInput, read_batches
    from leimo.run import fail

    # Lists of tokens come and go by the thousand, but never in cycles: searching them for some
    # costs a quarter of the time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    out, is_shown = sys.stdout.buffer, sys.stdout.isatty()
    try:
        for lines in read_batches(file):
            told = b"".join(b"%b\n" % found for found in analyser.analyse(lines))
            out.write(escaped_json(told.decode()).encode() if is_shown else told)
            out.flush()
    except BrokenInput as error:
        fail(str(error))
