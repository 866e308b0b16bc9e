"""Learn what filler looks like: `python -m analysis.training.filler --out FILE --posts FILE ...`.

`--posts` names a table (`label user text ...`, `spam` or `normal`) of posts of accounts that people
judged. The other files hold what people wrote elsewhere, Weibo statuses (`*.ndjson`) or tables (the
last column), gzipped or not: a part of it stands, with little weight, for all that the normal
accounts of the table do not write about.

An account is never both learned and measured. The threshold is where one post of normal accounts in
a hundred is marked by weights that learned other accounts. The same files give the same bytes.
"""

import argparse
import gzip
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp  # type: ignore[import-untyped]
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis import filler
from analysis.filler import FORMAT, GAIN_BITS, SHAPES, SLOT_BITS, STEP_BITS, FillerModel, Header
from analysis.han_forms import simplified
from analysis.languages import CHINESE, language_of
from analysis.training.card import put_between
from analysis.training.corpus import trace_of
from analysis.training.senses import texts_of
from sources import words

VERSION = "2"
FALSE_ALARMS = 0.01
"""Share of all posts of normal accounts at which the threshold stands."""
PARTS = 10
TEST_PARTS = (8, 9)
"""Accounts that no setting was chosen by."""
FOLDS = 4
ELSEWHERE_WEIGHT = 0.1
"""Weight of a text from elsewhere. Without reviews, one of hotels in fourteen is marked."""
DRESSED = (("{tag}", 0.02), (" {place}", 0.01), ("{tag}{other}", 0.005), ("{tag} {place}", 0.1))
"""What is put behind texts from elsewhere, and the weight of such a text. Of the posts in the table
that end with a place, 97 in 100 are of spam accounts, of those with a tag 71: without these texts,
half of all that ends with a tag would be marked, whatever it says. Tag and place together are what
spam accounts have most and people have too, so they weigh more than a text alone: their words have
to be filler. Chosen by cross-validation over accounts: at 0.005, 78 in 100 ordinary posts with both
behind them were marked and 52 in 100 spam posts; at 0.05, 12 and 49; at 0.1, 7 and 48; at 0.2, 3
and 45."""
ELSEWHERE_MOST = 3_000
"""Texts of one file that are learned."""
SHAPE_GAIN = 0.25
"""What a shape is worth beside the n-grams, each over the root of the length."""
INVERSE_PENALTY = 1.0
_LAST_TAG = re.compile(r"(#[^#\s]{1,40}#)[^#]*$")
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,6}·\S{1,30}\s*$")
_HEAD = ["label", "user", "text"]
_LARGEST = 2**15 - 1

Matrix = Any
"""A sparse matrix of scipy, which has no types."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Posts(NamedTuple):
    """Posts of judged accounts: own words, whose they are, and whether that is a spam account."""

    texts: list[str]
    accounts: list[str]
    is_spam: Flags

    def only(self, keep: Flags) -> "Posts":
        rows = np.flatnonzero(keep).tolist()
        return Posts(
            [self.texts[row] for row in rows],
            [self.accounts[row] for row in rows],
            self.is_spam[keep],
        )

    def parts(self) -> NDArray[np.intp]:
        """Which part of all accounts that of each post belongs to, 0 to `PARTS` - 1."""
        return np.array([zlib.crc32(account.encode()) % PARTS for account in self.accounts])


class Fitted(NamedTuple):
    """Weights as floats, n-grams first and shapes after them."""

    weights: Floats
    bias: float

    def scores(self, found: Matrix) -> Floats:
        return np.asarray(found @ self.weights + self.bias)


class Figure(NamedTuple):
    """How many posts of a kind there are, and how many of them are marked."""

    posts: int
    marked: int

    @property
    def share(self) -> float:
        return self.marked / self.posts if self.posts else 0.0


def read_posts(path: Path) -> Posts:
    """The table. Raises `ValueError` for one with other columns or labels."""
    raw = path.read_bytes()
    content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    head, *lines = content.decode("utf-8").split("\n")
    rows = [line.split("\t") for line in lines if line]
    if head.split("\t")[:3] != _HEAD or {row[0] for row in rows} - {"spam", "normal"}:
        raise ValueError(f"{path.name}: wanted columns {_HEAD} and labels spam, normal")
    return Posts(
        [own_words(row[2]) for row in rows],
        [row[1] for row in rows],
        np.array([row[0] == "spam" for row in rows]),
    )


def own_words(text: str) -> str:
    return text[: words.own_end(text)]


def is_read(own: str) -> bool:
    """Whether the model judges a text: in Chinese, with words, and not a short one.

    >>> is_read("小米真好" * 5), is_read("小米真好"), is_read("so good" * 3)
    (True, False, False)
    """
    if len(own) < filler.LEAST_LENGTH or words.is_wordless(own):
        return False
    return language_of(simplified(words.mask(words.fold(own)))) == CHINESE


def is_learned_elsewhere(text: str) -> bool:
    """Whether a text may be among those learned from elsewhere: an eighth, by its content."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % 8 == 0


def elsewhere(paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """(text, source) of what is learned from other files."""
    known: set[str] = set()
    for path in paths:
        texts = {own_words(text) for text in texts_of(path)} - known
        by_chance = sorted(texts, key=lambda text: zlib.crc32(text.encode("utf-8", "replace"), 1))
        fitting = (text for text in by_chance if is_learned_elsewhere(text) and is_read(text))
        for text in islice(fitting, ELSEWHERE_MOST):
            known.add(text)
            yield text, path.name.partition(".")[0]


def tags_and_places(posts: Posts) -> tuple[list[str], list[str]]:
    """The last tag of each post that has one, and the place at the end of it."""
    tags = {found[1] for text in posts.texts if (found := _LAST_TAG.search(text))}
    places = {found[0].strip() for text in posts.texts if (found := _PLACE.search(text))}
    return sorted(tags), sorted(places)


def dressed(
    posts: Posts, others: Sequence[tuple[str, str]]
) -> tuple[list[str], NDArray[np.float64]]:
    """Texts from elsewhere with their weights; every second one also with tags and places of the
    posts behind it, chosen by its content."""
    tags, places = tags_and_places(posts)
    texts, weights = [text for text, _ in others], [ELSEWHERE_WEIGHT] * len(others)
    for text, _ in others[::2] if tags and places else ():
        number = zlib.crc32(text.encode("utf-8", "surrogatepass"), 2)
        tag, other = (tags[(number >> shift) % len(tags)] for shift in (0, 8))
        place = places[(number >> 16) % len(places)]
        for pattern, weight in DRESSED:
            texts.append(text.strip() + pattern.format(tag=tag, other=other, place=place))
            weights.append(weight)
    return texts, np.array(weights)


def features(texts: Sequence[str]) -> Matrix:
    """Rows: texts; columns: slots of n-grams, then shapes."""
    if not texts:
        return sp.csr_matrix((0, (1 << SLOT_BITS) + SHAPES))
    codes, starts = filler.coded(texts)
    lengths = np.diff(starts, append=len(codes))
    rows, slots = filler.occurrences(codes, lengths)
    gains = 1 / np.sqrt(lengths + filler.SMOOTHING)
    ngrams = sp.csr_matrix((gains[rows], (rows, slots)), shape=(len(texts), 1 << SLOT_BITS))
    looks = filler.shapes(codes, starts, lengths)
    row_of = np.repeat(np.arange(len(texts)), looks.shape[1])
    values = np.full(looks.size, SHAPE_GAIN)
    shapes = sp.csr_matrix((values, (row_of, looks.ravel())), shape=(len(texts), SHAPES))
    return sp.hstack([ngrams, shapes]).tocsr()


def fit(found: Matrix, is_spam: Flags, other: tuple[Matrix, Floats]) -> Fitted:
    """A logistic regression over the posts; texts from elsewhere are normal, with their weights."""
    matrix, weights = other
    labels = np.concatenate([is_spam, np.zeros(len(weights), np.bool_)])
    weights = np.concatenate([np.ones(len(is_spam)), weights])
    model = LogisticRegression(C=INVERSE_PENALTY, solver="liblinear", max_iter=300)
    model.fit(sp.vstack([found, matrix]), labels, sample_weight=weights)
    return Fitted(model.coef_[0], float(model.intercept_[0]))


def threshold_of(posts: Posts, found: Matrix, read: Flags, other: tuple[Matrix, Floats]) -> float:
    """The score above which `FALSE_ALARMS` of the normal posts lie, each judged by weights that
    learned other accounts. Posts that the model is not asked about count as not marked.
    """
    scores = np.full(len(posts.texts), -np.inf)
    fold = posts.parts() % FOLDS
    for number in range(FOLDS):
        out = fold == number
        learned = read & ~out
        fitted = fit(found[learned], posts.is_spam[learned], other)
        asked = read & out
        scores[asked] = fitted.scores(found[asked])
    return at_false_alarms(scores[~posts.is_spam])


def at_false_alarms(normal: Floats) -> float:
    """The lowest score that at most `FALSE_ALARMS` of the scores of normal posts exceed."""
    return float(np.sort(normal)[::-1][int(FALSE_ALARMS * len(normal))])


def learn(posts: Posts, others: Sequence[tuple[str, str]]) -> FillerModel:
    """A model of all the posts."""
    found = features(posts.texts)
    read = np.array([is_read(text) for text in posts.texts])
    texts, weights = dressed(posts, others)
    other = features(texts), weights
    threshold = threshold_of(posts, found, read, other)
    fitted = fit(found[read], posts.is_spam[read], other)
    sources = Counter(source for _, source in others)
    sources["posts of spam accounts"] = int((read & posts.is_spam).sum())
    sources["posts of normal accounts"] = int((read & ~posts.is_spam).sum())
    return quantize(fitted, threshold, dict(sorted(sources.items())))


def quantize(fitted: Fitted, threshold: float, learned_from: dict[str, int]) -> FillerModel:
    """Sixteen bits a weight; the threshold goes into the bias."""
    ngrams, shapes = fitted.weights[: 1 << SLOT_BITS], fitted.weights[1 << SLOT_BITS :]
    most = float(np.abs(ngrams).max())
    bits = int(np.floor(np.log2(_LARGEST / most))) if most else 0
    header = Header(
        format=FORMAT,
        version=VERSION,
        bias=round((fitted.bias - threshold) * 2**STEP_BITS),
        scale_shift=bits + GAIN_BITS - STEP_BITS,
        learned_from=learned_from,
    )
    whole = np.rint(ngrams * 2**bits).astype(np.int16)
    looks = np.rint(shapes * SHAPE_GAIN * 2**STEP_BITS).clip(-_LARGEST, _LARGEST)
    return FillerModel(header, whole, looks.astype(np.int16))


def marked(model: FillerModel, texts: Sequence[str]) -> Flags:
    """Which of the texts the analysis would mark."""
    found = np.zeros(len(texts), np.bool_)
    asked = [number for number, text in enumerate(texts) if is_read(text)]
    found[asked] = model.are_filler([texts[number] for number in asked])
    return found


def unseen(posts: Posts, others: Sequence[tuple[str, str]]) -> dict[str, Figure]:
    """Posts of the test accounts, as marked by weights that learned all the others."""
    is_test = np.isin(posts.parts(), TEST_PARTS)
    learned, test = posts.only(~is_test), posts.only(is_test)
    found = marked(learn(learned, others), test.texts)
    traces = {trace_of(text) for text in learned.texts}
    is_new = np.array([is_read(text) and trace_of(text) not in traces for text in test.texts])
    return {
        "posts of spam accounts": _figure(found, test.is_spam),
        "of these, with words that no learned post has": _figure(found, test.is_spam & is_new),
        "posts of normal accounts": _figure(found, ~test.is_spam),
    }


def _figure(found: Flags, among: Flags) -> Figure:
    return Figure(int(among.sum()), int((found & among).sum()))


def figures(model: FillerModel, measured: dict[str, Figure], size_bytes: int) -> str:
    """What was measured and what was learned, in Markdown."""
    ngrams, shapes = (int((weights != 0).sum()) for weights in (model.ngrams, model.shapes))
    about = f"{ngrams:,} weights of n-grams and {shapes} of shapes, {size_bytes:,} bytes"
    lines = [
        f"Version {model.header.version}: {about}.",
        "",
        "| accounts that were not learned | posts | marked | share |",
        "|---|---|---|---|",
        *(
            f"| {name} | {figure.posts:,} | {figure.marked:,} | {figure.share:.1%} |"
            for name, figure in measured.items()
        ),
        "",
        "| learned in the end | texts |",
        "|---|---|",
        *(f"| {source} | {count:,} |" for source, count in model.header.learned_from.items()),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.filler")
    parser.add_argument("--out", type=Path, required=True, help="file of weights to write")
    parser.add_argument("--posts", type=Path, required=True, help="posts of judged accounts")
    parser.add_argument("--card", type=Path, help="model card whose figures to write")
    parser.add_argument("files", type=Path, nargs="*", help="what people write elsewhere")
    given = parser.parse_args(arguments)
    posts = read_posts(given.posts)
    others = list(elsewhere(given.files))
    measured = unseen(posts, others)
    model = learn(posts, others)
    content = model.to_bytes()
    given.out.write_bytes(content)
    if given.card is not None:
        card = given.card.read_text(encoding="utf-8")
        text = figures(model, measured, len(content))
        given.card.write_text(put_between(card, text), encoding="utf-8")
    for name, figure in measured.items():
        sys.stdout.write(f"{name}: {figure.marked} of {figure.posts}, {figure.share:.1%}\n")
    sys.stdout.write(f"{len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
