"""Catalogues of a wanted size for benchmarks."""

import gzip
import random
import re
from pathlib import Path

import yaml

from catalogue.file import SHIPPED, load

HAN = re.compile(r"[\u4e00-\u9fff]{2,6}")


def shipped(path: Path) -> int:
    """The shipped catalogue without what an older commit refuses: feeds, which no worker reads, and
    the trades of days of sales; returns the number of names."""
    raw = yaml.load(SHIPPED.read_text("utf-8"), Loader=yaml.CSafeLoader)
    raw.pop("feeds", None)
    for day in raw.get("holidays", ()):
        day.pop("trades", None)
    text = yaml.dump(raw, allow_unicode=True, sort_keys=False, Dumper=yaml.CSafeDumper)
    path.write_text(text, "utf-8")
    return sum(1 + len(brand.aliases) for brand in load(path).brands)


def companies(path: Path, names_file: Path, count: int) -> int:
    """`count` short company names of 2 to 6 Han characters, a brand each: many hits."""
    with gzip.open(names_file, "rt", encoding="utf-8-sig") as lines:
        names = sorted({line.strip() for line in lines if HAN.fullmatch(line.strip())})
    chosen = random.Random(1).sample(names, min(count, len(names)))
    brands = [{"id": f"c{number}", "name": name} for number, name in enumerate(chosen)]
    path.write_text(
        yaml.dump(
            {"brands": brands, "rules": [{"id": "spike", "kind": "spike"}]},
            allow_unicode=True,
            Dumper=yaml.CSafeDumper,
        ),
        encoding="utf-8",
    )
    return len(brands)
