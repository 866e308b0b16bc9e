"""What the Java peers read at their start: names, weights and words, as plain text."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from analysis.brands import Kind, Matcher
from analysis.sentiment import SentimentModel
from analysis.tokens import tokenizer_named
from catalogue.file import load


def write(folder: Path, catalogue: Path) -> None:
    """Write `patterns.tsv`, `weights.tsv` and `words.txt` into `folder`."""
    brands = sorted(load(catalogue).brands, key=lambda brand: brand.id)
    matcher = Matcher(brands, tokenizer_named())
    # A spelling, what must hold at its ends (bits of analysis/brands.py), and its brands.
    rows = zip(matcher.patterns, matcher._needs, matcher.targets, strict=True)
    with (folder / "patterns.tsv").open("w", encoding="utf-8") as file:
        for spelling, needs, targets in rows:
            named = [target for target in targets if target.kind is Kind.NAME]
            ids = "\t".join(brands[target.brand].id for target in named)
            if ids:
                file.write(f"{spelling}\t{needs}\t{ids}\n")
    weights = SentimentModel.load().weights
    header = weights.header
    with (folder / "weights.tsv").open("w", encoding="utf-8") as file:
        numbers = (*header.bias, *header.scale, header.smoothing)
        file.write("\t".join(map(str, numbers)) + "\n")
        for key, (positive, negative) in zip(
            weights.keys.tolist(), weights.weights.tolist(), strict=True
        ):
            file.write(f"{key}\t{positive}\t{negative}\n")
    with as_file(files("jieba").joinpath("dict.txt")) as words:
        shutil.copy(words, folder / "words.txt")
