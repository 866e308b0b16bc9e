"""Learn which words tell a trade: `python -m analysis.training.senses --catalogue FILE ...`.

Distant supervision, no hand labels: an unambiguous name of the catalogue (iPhone, 一汽大众), or an
ambiguous one beside a word of its `require`, marks its surroundings as talk about its trade. An
ambiguous name beside a word of its `exclude`, and ordinary words in posts without any brand,
stand for everything else. Texts come from files `*.ndjson` (Weibo statuses) and `*.tsv` (the last
column), gzipped or not. The same files give the same bytes. Texts named in `--left-out` (their
CRC-32, one a line) play no part: those that are measured.
"""

import argparse
import gzip
import math
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from analysis.brands import Kind, Matcher
from analysis.disambiguation import ContextRules, Verdict, context_words
from analysis.han_forms import simplified
from analysis.lexicon import Lexicon
from analysis.senses import FORMAT, NO_BRAND, STEPS, Header, Senses, features_of, name_key
from analysis.tokens import Tokenizer, tokenizer_named
from analysis.training.card import put_between
from schemas.catalogue import Brand
from sources import words

VERSION = "2"
A_BRAND = 400
"""Contexts of one brand at most, so that none speaks for its trade alone."""
BACKGROUND = 60_000
LEAST_CONTEXTS = 3
INVERSE_PENALTY = 0.3
SLOPE, OFFSET = 1.0, 2.9
"""Evidence -> confidence. Chosen on names that rules leave open, half of those labelled by hand
(`bench/evaluate/mention_labels.tsv`). How often it is right there: docs/models/senses.md."""
UNKNOWN_SHARE = 0.2
"""Of the places of an ambiguous name of which nothing is known, so many mean the brand."""
TRUSTED_SHARE = 0.85
"""The same of a name that the catalogue accepts unless a word excludes it."""
SHARE_WEIGHT = 5
"""So many places have to be seen until what they say counts as much as that."""
NAME_SLOPE = 0.75
"""How much of a name's log-odds counts beside the words around it. Chosen like `OFFSET`."""
WEAK = 3
"""Features whose weights are all below this many steps are left out."""

GROUPS = {
    "devices": "phones,computers,electronics,chips,software,cameras,watches,telecom equipment,"
    "artificial intelligence",
    "cars": "cars,car parts",
    "home": "appliances,furniture,household",
    "food": "drinks,snacks,food,dairy,restaurants,coffee,beer,spirits,tea shops,baby food,"
    "baby care",
    "beauty": "cosmetics,personal care",
    "fashion": "clothing,sport,luxury,jewellery",
    "shops": "retail,e-commerce,toys,leisure",
    "money": "banks,insurance,payment",
    "net": "internet,video,games,social media,local services,recruiting,education",
    "travel": "travel,airlines,hotels,aircraft",
    "telecom": "telecom",
    "logistics": "logistics",
    "industry": "property,energy,pharma",
}
"""Class -> trades of the catalogue: too few posts name most trades unmistakably."""


class Context(NamedTuple):
    """What stands around a name or word."""

    features: dict[str, float]
    label: str
    source: str


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a file, by what its name ends with."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as lines:
        for line in lines:
            if ".ndjson" in path.suffixes:
                status = msgspec.json.decode(line)
                yield status.get("text", "")
            else:
                yield line.decode("utf-8-sig").rstrip("\r\n").rpartition("\t")[2]


def contexts(
    texts: Sequence[tuple[str, str]], brands: Sequence[Brand], tokenizer: Tokenizer
) -> list[Context]:
    """What stands around names, and around words in texts that name no brand at all.

    `texts`: (text, source), each once. A name counts for its trade when it is unmistakable or a
    required word is near, and for no brand when an excluded word is.
    """
    classes = {trade: group for group, trades in GROUPS.items() for trade in trades.split(",")}
    matcher = Matcher(brands, tokenizer)
    lexicon = Lexicon(context_words(brands))
    rules = ContextRules(brands, lexicon)
    rng = Random(1)
    seen: Counter[tuple[int, str]] = Counter()
    named: list[Context] = []
    background: list[Context] = []
    for text, source in texts:
        found = matcher.find(text)
        if found is None:
            if len(background) < BACKGROUND:
                background += _word_of(text, source, tokenizer, rng)
            continue
        tokens = tokenizer.cut(found.masked)
        clues = lexicon.clues(found.masked)
        for start, end, pattern in found.hits:
            target = matcher.targets[pattern][0]
            if target.kind is not Kind.NAME:
                continue
            label = classes.get(brands[target.brand].trade, "")
            if rules.is_ambiguous(target.brand, target.alias):
                decision = rules.decide(target.brand, start, end, clues)
                if decision.verdict is Verdict.OPEN or not decision.because:
                    continue
                if decision.verdict is Verdict.REFUSED:
                    label = NO_BRAND
            if label and seen[target.brand, label] < A_BRAND:
                seen[target.brand, label] += 1
                named.append(Context(_counted(tokens, start, end), label, source))
    return named + background


def names_of(
    texts: Sequence[tuple[str, str]], brands: Sequence[Brand], tokenizer: Tokenizer
) -> dict[str, float]:
    """Ambiguous name -> log-odds that it means its brand, beside those of an unknown name.

    Told by the share of its places that rules accept, or that name the brand in a sure way
    elsewhere, of all its places. Those with the same letters around count once: cascades repeat
    them.
    """
    matcher = Matcher(brands, tokenizer)
    lexicon = Lexicon(context_words(brands))
    rules = ContextRules(brands, lexicon)
    accepted: Counter[str] = Counter()
    places: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for text, _ in texts:
        found = matcher.find(text)
        if found is None:
            continue
        clues = lexicon.clues(found.masked)
        named = [(hit, target) for hit in found.hits for target in matcher.targets[hit.pattern]]
        sure = {t.brand for _, t in named if not rules.is_ambiguous(t.brand, t.alias)}
        for hit, target in named:
            if target.kind is not Kind.NAME or not rules.is_ambiguous(target.brand, target.alias):
                continue
            name = name_key(target.alias)
            around = words.letters(found.masked[max(0, hit.start - 12) : hit.end + 12])
            if (name, around) in seen:
                continue
            seen.add((name, around))
            decision = rules.decide(target.brand, hit.start, hit.end, clues)
            is_open = decision.verdict is Verdict.OPEN
            places[name] += 1
            accepted[name] += decision.verdict is Verdict.ACCEPTED or (
                is_open and target.brand in sure
            )
    unknown = math.log(UNKNOWN_SHARE / (1 - UNKNOWN_SHARE))
    before = dict.fromkeys(places, UNKNOWN_SHARE) | dict.fromkeys(_trusted(brands), TRUSTED_SHARE)
    shares = {
        name: (accepted[name] + SHARE_WEIGHT * share) / (places[name] + SHARE_WEIGHT)
        for name, share in sorted(before.items())
    }
    return {
        name: round(NAME_SLOPE * (math.log(share / (1 - share)) - unknown), 2)
        for name, share in shares.items()
    }


def _trusted(brands: Sequence[Brand]) -> Iterator[str]:
    """Names that the catalogue accepts unless a word excludes them."""
    for brand in brands:
        context = brand.context
        if context.exclude and not context.require and not context.query:
            yield from map(name_key, brand.ambiguous)


def _word_of(text: str, source: str, tokenizer: Tokenizer, rng: Random) -> list[Context]:
    """The context of one Han word of two or three characters, by chance."""
    tokens = tokenizer.cut(simplified(words.mask(words.fold(text))))
    spans, position = [], 0
    for token in tokens:
        if len(token) in (2, 3) and all("\u4e00" <= char <= "\u9fff" for char in token):
            spans.append((position, position + len(token)))
        position += len(token)
    if not spans:
        return []
    return [Context(_counted(tokens, *rng.choice(spans)), NO_BRAND, source)]


def _counted(tokens: Sequence[str], start: int, end: int) -> dict[str, float]:
    return dict.fromkeys(features_of(tokens, start, end), 1.0)


def fit(found: Sequence[Context], names: Mapping[str, float]) -> Senses:
    """Weights of a softmax regression, in whole steps; `names`: what `names_of` says."""
    vectorizer = DictVectorizer(dtype=np.float32)
    matrix = vectorizer.fit_transform([context.features for context in found])
    common = np.flatnonzero(np.asarray((matrix > 0).sum(axis=0)).ravel() >= LEAST_CONTEXTS)
    features = np.array(vectorizer.get_feature_names_out())[common]
    labels = [context.label for context in found]
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300).fit(matrix[:, common], labels)
    order = [*(name for name in GROUPS if name in model.classes_), NO_BRAND]
    rows = [list(model.classes_).index(name) for name in order]
    slopes, intercepts = model.coef_, model.intercept_
    if len(order) == 2:  # one row for two classes: that of the second
        slopes, intercepts = np.vstack([-slopes, slopes]) / 2, np.tile(intercepts, 2) * [-0.5, 0.5]
    weights = np.clip(np.rint(slopes[rows].T * STEPS), -127, 127).astype(int)
    is_used = np.abs(weights).max(axis=1) >= WEAK
    header = Header(
        format=FORMAT,
        version=VERSION,
        classes=tuple(order),
        trades={t: group for group in order[:-1] for t in GROUPS[group].split(",")},
        bias=tuple(round(float(intercepts[row]) * STEPS) for row in rows),
        slope=SLOPE,
        offset=OFFSET,
        learned_from=dict(sorted(Counter(context.source for context in found).items())),
        names=dict(names),
    )
    return Senses(
        header,
        {
            str(name): tuple(map(int, row))
            for name, row in zip(features[is_used], weights[is_used], strict=True)
        },
    )


def figures(senses: Senses, size_bytes: int) -> str:
    """What was learned from what, in Markdown."""
    header = senses.header
    about = (
        f"Version {header.version}: {len(header.classes) - 1} classes of trades and none, "
        f"{senses.size:,} features, {size_bytes:,} bytes; confidence = "
        f"1 / (1 + exp(-({header.slope:g} x evidence + {header.offset:g})))."
    )
    lines = [
        about,
        "",
        "| learned from | contexts |",
        "|---|---|",
        *(f"| {source} | {count:,} |" for source, count in header.learned_from.items()),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.senses")
    parser.add_argument("--out", type=Path, required=True, help="file of weights to write")
    parser.add_argument("--catalogue", type=Path, required=True, help="YAML with brands and trades")
    parser.add_argument("--left-out", type=Path, help="CRC-32 of texts not to learn from")
    parser.add_argument("--card", type=Path, help="model card whose figures to write")
    parser.add_argument("files", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    listed = msgspec.yaml.decode(given.catalogue.read_bytes())["brands"]
    brands = msgspec.convert(listed, tuple[Brand, ...])
    left_out = (
        {int(line) for line in given.left_out.read_text().split()} if given.left_out else set()
    )
    texts: dict[str, str] = {}
    for path in given.files:
        for text in texts_of(path):
            if zlib.crc32(text.encode("utf-8", "surrogatepass")) not in left_out:
                texts.setdefault(text, path.name.partition(".")[0])
    tokenizer = tokenizer_named()
    listed = sorted(texts.items(), key=lambda item: zlib.crc32(item[0].encode("utf-8", "replace")))
    found = contexts(listed, brands, tokenizer)
    senses = fit(found, names_of(listed, brands, tokenizer))
    content = senses.to_bytes()
    given.out.write_bytes(content)
    if given.card is not None:
        card = given.card.read_text(encoding="utf-8")
        given.card.write_text(put_between(card, figures(senses, len(content))), encoding="utf-8")
    sys.stdout.write(f"{len(found)} contexts of {len(texts)} texts, {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
