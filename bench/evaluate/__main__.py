"""`python -m bench.evaluate`: every figure of docs/analysis.md, from the shared data.

Half an hour with everything; `--only` takes a part.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.evaluate import mentions, sentiment, spam, speed, stances
from bench.evaluate.tables import put_parts, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "analysis.md"


def _sentiment(folder: Path) -> Iterator[str]:
    rows = []
    for results in (sentiment.of_given_splits(folder), sentiment.by_cross_validation(folder)):
        for result in results:
            sys.stderr.write(f"{result}\n")
            rows.append(
                [
                    result.data,
                    result.system,
                    f"{result.rows:,}",
                    f"{result.accuracy:.3f}",
                    f"{result.macro_f1:.3f}",
                    "" if result.calibration_error is None else f"{result.calibration_error:.3f}",
                    "" if result.texts_a_s is None else f"{result.texts_a_s:,.0f}",
                ]
            )
    head = ["data", "system", "rows", "accuracy", "macro-F1", "calibration error", "texts/s"]
    yield table(head, rows)


def _mentions(folder: Path) -> Iterator[str]:
    head = ["data", "system", "names", "precision", "recall", "accuracy"]
    rows = [
        [
            result.data,
            result.system,
            str(result.names),
            f"{result.precision:.3f}",
            f"{result.recall:.3f}",
            f"{result.accuracy:.3f}",
        ]
        for result in mentions.results(folder)
    ]
    yield table(head, rows)


def _spam(folder: Path) -> Iterator[str]:
    head = ["data", "system", "posts", "marked"]
    rows = [
        [
            result.data,
            result.system,
            f"{result.posts:,}",
            f"{result.marked / max(1, result.posts):.2%}",
        ]
        for result in spam.results(folder)
    ]
    yield table(head, rows)


def _speed(folder: Path) -> Iterator[str]:
    head = ["catalogue", "posts that mention", "parse", "find names", "judge", "mood", "all"]
    head.append("posts/s")
    rows = [
        [
            result.catalogue,
            f"{result.hits:.1%}",
            f"{result.parse_us:.1f} µs",
            f"{result.find_us:.1f} µs",
            f"{result.judge_us:.1f} µs",
            f"{result.mood_us:.1f} µs",
            f"{result.all_us:.1f} µs",
            f"{result.posts_a_s:,.0f}",
        ]
        for result in speed.results(folder)
    ]
    yield table(head, rows)


def _stances(folder: Path) -> Iterator[str]:
    head = ["mentions", "system", "number", "accuracy", "macro-F1", "read down, said across: + − 0"]
    rows = [
        [
            result.data,
            result.system,
            f"{result.mentions:,}",
            f"{result.accuracy:.3f}",
            f"{result.macro_f1:.3f}",
            result.confusion,
        ]
        for result in stances.results(folder)
    ]
    yield table(head, rows)


PARTS: dict[str, tuple[str, Callable[[Path], Iterator[str]]]] = {
    "mentions": ("Mentions", _mentions),
    "spam": ("Spam", _spam),
    "speed": ("Speed, one core", _speed),
    "stances": ("Towards the brand: brands that were not learned", _stances),
    "sentiment": ("Sentiment and stance", _sentiment),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.evaluate")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/analysis.md")
    given = parser.parse_args()
    if not (given.data / "sentiment").is_dir():
        sys.stderr.write(f"{given.data}: holds no data to measure on; name it with --data\n")
        return 1
    parts = {}
    for name in given.only or PARTS:
        title, tables = PARTS[name]
        parts[title] = "\n\n".join(tables(given.data))
        sys.stdout.write(f"**{title}**\n\n{parts[title]}\n\n")
        sys.stdout.flush()
    if given.write:
        put_parts(PAGE, parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
