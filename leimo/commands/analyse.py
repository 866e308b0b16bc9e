"""`leimo analyse`: tokens, brands and sentiment of posts or texts, without a broker."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from leimo.analysed_lines import LineAnalyser, TextOf


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
        Path | None,
        typer.Argument(help="Plain, gzip or Zstandard. Left out, or -: standard input."),
    ] = None,
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

    Writes one JSON object for each line, in order, with `tokens`, `sentiment` and `mentions`.
    `start` and `end` count code points of the text. A line that is no post gives `error`.

    Examples:

        echo 刚买的小米手机真好用 | leimo analyse --text

        leimo analyse posts.ndjson.gz > analysed.ndjson

        leimo analyse --catalogue brands.yml posts.ndjson | jq -c '.mentions[]'
    """
    from leimo.pipes import quiet_broken_pipe

    texts = None if text else source.value
    analyser = _analyser(catalogue, tokenizer.value, texts)
    with quiet_broken_pipe():
        _write(analyser, file)
    if analyser.refused:
        what = "texts" if text else f"{source.value} posts"
        typer.echo(
            f"{analyser.refused:,} of {analyser.lines:,} lines are no {what}: see `error` there.",
            err=True,
        )


def _analyser(catalogue: Path | None, tokenizer: str, source: str | None) -> "LineAnalyser":
    from analysis.pipeline import Analyser
    from analysis.sentiment import SentimentModel
    from analysis.tokens import tokenizer_named
    from leimo.analysed_lines import LineAnalyser
    from leimo.catalogue_file import SHIPPED, CatalogueErrors, load
    from leimo.run import fail

    try:
        loaded = load(catalogue or SHIPPED)
    except CatalogueErrors as errors:
        fail(str(errors), code=2)
    analyser = Analyser(
        loaded.brands, SentimentModel.load(), tokenizer_named(tokenizer), loaded.intents
    )
    return LineAnalyser(analyser, _text_of(source))


def _text_of(source: str | None) -> "TextOf":
    import time

    from leimo.analysed_lines import text_of_line, text_of_post
    from schemas.post import Source

    if source is None:
        return text_of_line
    return text_of_post(Source(source), time.time_ns() // 1_000_000)


def _write(analyser: "LineAnalyser", file: Path | None) -> None:
    import gc
    import sys

    from leimo.lines import BrokenInput, read_batches
    from leimo.run import fail

    # Lists of tokens come and go by the thousand, but never in cycles: searching them for some
    # costs a quarter of the time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    out = sys.stdout.buffer
    try:
        for lines in read_batches(file):
            out.write(b"".join(b"%b\n" % found for found in analyser.analyse(lines)))
            out.flush()
    except BrokenInput as error:
        fail(str(error))
