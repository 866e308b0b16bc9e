"""Mentions: precision and recall on names that were labelled by hand.

`mention_labels.tsv` holds labels of occurrences of ambiguous names in posts of the shared data,
by the CRC-32 of the text: a person said of each whether the name means the brand. Rules and words
were written with the even texts in view; the odd ones are reported apart.
`mention_labels_fresh.tsv` holds more of them, drawn later from the statuses alone, at most
twelve of a name and none with the same letters around it.

Both are measured with the shipped catalogue and with `plain_catalogue.yml`, which holds names and
the context words that come to mind, and of these with the names alone. There only occurrences
of its own names count.
"""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from analysis.pipeline import Analyser
from analysis.shipped import analyser_of
from analysis.tokens import Tokenizer, tokenizer_named
from catalogue.file import SHIPPED, CatalogueErrors, load, parse
from schemas.catalogue import Brand, Catalogue

LABELS = Path(__file__).with_name("mention_labels.tsv")
FRESH = Path(__file__).with_name("mention_labels_fresh.tsv")
"""The same for names that were drawn when the rules for `LABELS` were done."""
PLAIN = Path(__file__).with_name("plain_catalogue.yml")
"""What someone writes who has read the README."""
LEFT_OUT = Path(__file__).with_name("left_out.txt")
"""Texts that the model of senses must not learn from: those measured here."""


class Labelled(NamedTuple):
    """An occurrence of a name, and whether it means the brand."""

    text: str
    brand: str
    start: int
    means_brand: bool
    is_unseen: bool


class Result(NamedTuple):
    data: str
    system: str
    names: int
    precision: float
    recall: float
    accuracy: float


Finder = Callable[[str], set[tuple[str, int]]]
"""Text -> brand and start of each mention."""


def results(folder: Path) -> Iterator[Result]:
    """leimo and two baselines on each set, the unseen part apart."""
    catalogue = load(SHIPPED)
    tokenizer = tokenizer_named()
    finders: dict[str, Finder] = {
        "leimo": _ours(analyser_of(catalogue)),
        "plain substring": _substring(catalogue.brands),
        "token match (jieba)": _token_match(catalogue.brands, tokenizer),
    }
    sets = _sets(folder)
    for data, labelled in sets.items():
        for system, find in finders.items():
            yield _result(data, system, labelled, find)
    for system, plain in _plain_catalogues():
        find, names = _ours(analyser_of(plain)), _names(plain.brands)
        for data, labelled in sets.items():
            own = [item for item in labelled if _is_named(item, names)]
            yield _result(data, system, own, find)


def _sets(folder: Path) -> dict[str, list[Labelled]]:
    by_hand, fresh = list(hand_labelled(folder)), list(hand_labelled(folder, FRESH))
    return {
        "ambiguous names in posts, half in view": [x for x in by_hand if not x.is_unseen],
        "ambiguous names in posts, other half": [x for x in by_hand if x.is_unseen],
        "fresh names in posts, half in view": [x for x in fresh if not x.is_unseen],
        "fresh names in posts, other half": [x for x in fresh if x.is_unseen],
        "苹果 / 小米 in reviews, unseen half": [x for x in apple_xiaomi(folder) if x.is_unseen],
    }


def _plain_catalogues() -> Iterator[tuple[str, Catalogue]]:
    """The plain catalogue with and without its context words, and as it is written."""
    written = PLAIN.read_text(encoding="utf-8")
    records = yaml.safe_load(written)
    yield "leimo, plain catalogue", _parsed(records)
    alone = [{**brand, "as_written": True} for brand in records["brands"]]
    yield "leimo, plain catalogue as written", _parsed({**records, "brands": alone})
    bare = [{key: brand[key] for key in brand if key != "context"} for brand in records["brands"]]
    yield "leimo, names alone", _parsed({**records, "brands": bare})


def _parsed(records: Mapping[str, object]) -> Catalogue:
    examined = parse(yaml.safe_dump(records, allow_unicode=True).encode(), PLAIN.name)
    if examined.errors:
        raise CatalogueErrors(examined.errors)
    return examined.catalogue


def _is_named(item: Labelled, names: Mapping[str, set[str]]) -> bool:
    """Whether one of the names stands for the brand where the label does."""
    if item.start < 0:
        return True
    rest = item.text[item.start :].lower()
    return any(item.brand in owners and rest.startswith(name) for name, owners in names.items())


def hand_labelled(folder: Path, file: Path = LABELS) -> Iterator[Labelled]:
    """The labels of a file such as `mention_labels.tsv` with their texts."""
    labels: dict[int, list[tuple[str, int, bool]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            identity, brand, place, label = line.split("\t")
            labels.setdefault(int(identity), []).append((brand, int(place), label == "1"))
    for text in _texts(folder):
        crc = zlib.crc32(text.encode("utf-8", "surrogatepass"))
        for brand, start, means_brand in labels.pop(crc, ()):
            yield Labelled(text, brand, start, means_brand, crc % 2 == 1)


def apple_xiaomi(folder: Path) -> Iterator[Labelled]:
    """苹果 and 小米 in shop reviews; unseen: texts with an odd SHA-256."""
    file = folder / "brands" / "ambiguous_apple_xiaomi.tsv.gz"
    for line in gzip.decompress(file.read_bytes()).decode().rstrip("\n").split("\n"):
        word, sense, _, text = line.split("\t")
        brand = {"苹果": "apple", "小米": "xiaomi"}[word]
        is_unseen = hashlib.sha256(text.encode()).digest()[0] % 2 == 1
        yield Labelled(text, brand, -1, sense == "brand", is_unseen)


def _texts(folder: Path) -> Iterator[str]:
    with gzip.open(folder / "stream" / "weibo_statuses.ndjson.gz") as lines:
        for line in lines:
            yield msgspec.json.decode(line)["text"].strip()
    sources = [(path, 1) for path in sorted((folder / "sentiment").glob("*train*.tsv.gz"))]
    sources += [(folder / "stance" / "nlpcc2016_train.tsv.gz", 2)]
    sources += [(folder / "spam" / "posts.tsv.gz", 2)]
    for path, column in sources:
        with gzip.open(path, "rt", encoding="utf-8-sig") as rows:
            for row in rows:
                fields = row.rstrip("\n").split("\t")
                if len(fields) > column:
                    yield fields[column].strip()


def _result(data: str, system: str, labelled: Sequence[Labelled], find: Finder) -> Result:
    right = wrong = missed = refused = 0
    for item in labelled:
        found = {brand for brand, start in find(item.text) if item.start < 0 or start == item.start}
        is_found = item.brand in found
        right += is_found and item.means_brand
        wrong += is_found and not item.means_brand
        missed += not is_found and item.means_brand
        refused += not is_found and not item.means_brand
    return Result(
        data,
        system,
        len(labelled),
        right / max(1, right + wrong),
        right / max(1, right + missed),
        (right + refused) / max(1, len(labelled)),
    )


def _ours(analyser: Analyser) -> Finder:
    return lambda text: {(found.brand, found.start) for found in analyser.occurrences(text)}


def _names(brands: Sequence[Brand]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for brand in brands:
        for name in (brand.name, *brand.aliases):
            names.setdefault(name.lower(), set()).add(brand.id)
    return names


def _substring(brands: Sequence[Brand]) -> Finder:
    names = _names(brands)

    def find(text: str) -> set[tuple[str, int]]:
        folded = text.lower()
        return {
            (brand, start)
            for name, owners in names.items()
            for start in _all(folded, name)
            for brand in owners
        }

    return find


def _all(text: str, name: str) -> Iterator[int]:
    at = text.find(name)
    while at >= 0:
        yield at
        at = text.find(name, at + 1)


def _token_match(brands: Sequence[Brand], tokenizer: Tokenizer) -> Finder:
    names = _names(brands)

    def find(text: str) -> set[tuple[str, int]]:
        found, at = set(), 0
        for token in tokenizer.cut(text.lower()):
            found |= {(brand, at) for brand in names.get(token, ())}
            at += len(token)
        return found

    return find
