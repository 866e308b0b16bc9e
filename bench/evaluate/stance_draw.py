"""Draw the mentions that are labelled: `python -m bench.evaluate.stance_draw --out FOLDER`.

Half of the draw is at random, half is active: by turns of the kinds of `stance_cues`, so that
there are enough of the rare ones. Both keep to caps for a brand and for a group (the reposts of
one original, the posts of one account); where too few are left, the caps are loosened step by
step. How each was drawn is recorded. The same data and the same models give the same draw.

Writes `rows.tsv`, all that is known of each mention, and `batch_NN.tsv` with the texts to read:
these hold texts of the data, so FOLDER must lie outside of the project.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import msgspec

from analysis.shipped import analyser_of
from analysis.training.stance_pool import Pooled, hash_of, pool
from bench.evaluate.stance_cues import BOUNDARY, CUES, cue_of
from bench.evaluate.stance_split import split_of
from catalogue.file import SHIPPED, load

ROOT = Path(__file__).resolve().parents[2]
SEED = 18
ROWS, A_BATCH = 4_400, 200
CAPS = ((150, 25), (200, 40), (250, 60), (300, 100))
"""Mentions of one brand and of one group at most; the next step when too few are left."""
LONGEST = 220
"""Code points of own words that a reader sees."""

HEAD = (
    "id", "brand", "name", "place", "origin", "group", "year", "score", "drawn", "split", "hash",
)  # fmt: skip


class Drawn(msgspec.Struct, frozen=True):
    """A mention to label, and how it was drawn: `random`, `active-KIND` or `fill`; with `+1`
    and so on after so many steps of loosened caps."""

    pooled: Pooled
    how: str


def draw(pooled: Iterable[Pooled], wanted: int, seed: int = SEED) -> list[Drawn]:
    """So many of the mentions, or all that the loosest caps allow.

    Every order below is by hash, so the draw does not depend on the order of the data.
    """
    left = {one.identity: one for one in sorted(pooled, key=lambda one: _key(one, seed))}
    drawn: list[Drawn] = []
    brands: Counter[str] = Counter()
    groups: Counter[str] = Counter()

    def take(candidates: Iterable[Pooled], limit: int, how: Mapping[str, str], step: int) -> None:
        a_brand, a_group = CAPS[step]
        for one in candidates:
            if len(drawn) >= limit:
                return
            if brands[one.brand] < a_brand and groups[one.source.group] < a_group:
                brands[one.brand] += 1
                groups[one.source.group] += 1
                suffix = f"+{step}" if step else ""
                drawn.append(Drawn(left.pop(one.identity), how[one.identity] + suffix))

    take(list(left.values()), wanted // 2, dict.fromkeys(left, "random"), 0)
    kinds = {
        identity: cue_of(one.own_words, one.spans, one.score) for identity, one in left.items()
    }
    active = {identity: f"active-{kind}" for identity, kind in kinds.items() if kind}
    for step in range(len(CAPS)):
        take(_by_turns(left.values(), kinds), wanted, active, step)
    for step in range(len(CAPS)):
        take(list(left.values()), wanted, dict.fromkeys(left, "fill"), step)
    return drawn


def _key(one: Pooled, seed: int) -> str:
    return hash_of(f"{seed}\t{one.identity}")


def _by_turns(pooled: Iterable[Pooled], kinds: Mapping[str, str]) -> list[Pooled]:
    """One of each kind, then the next of each kind, as long as there are any."""
    by_kind: dict[str, list[Pooled]] = {kind: [] for kind in (*CUES, BOUNDARY)}
    for one in pooled:
        if kind := kinds[one.identity]:
            by_kind[kind].append(one)
    turns = chain.from_iterable(zip_longest(*by_kind.values()))
    return [one for one in turns if one is not None]


def batches(drawn: Sequence[Drawn], size: int, seed: int = SEED) -> list[list[Drawn]]:
    """Dealt like cards, group by group, so that copies lie in different batches; then shuffled."""
    large = Counter(one.pooled.source.group for one in drawn)
    dealt = sorted(
        drawn,
        key=lambda one: (
            -large[one.pooled.source.group],
            one.pooled.source.group,
            _key(one.pooled, seed),
        ),
    )
    piles = max(1, -(-len(dealt) // size))
    return [
        sorted(dealt[pile::piles], key=lambda one: _key(one.pooled, seed + 1))
        for pile in range(piles)
    ]


def excerpt(own_words: str, spans: Sequence[tuple[int, int]], longest: int = LONGEST) -> str:
    """Own words on one line, cut around the first name, every name in them between ⟦ and ⟧.

    >>> excerpt("今天\\n小米真好", [(3, 5)])
    '今天 ⏎ ⟦小米⟧真好'
    >>> excerpt("一二三四五六七八小米九十", [(8, 10)], 6)
    '…七八⟦小米⟧九十'
    """
    spans = sorted(set(spans))
    begin = max(0, min(spans[0][0] - longest * 2 // 5, len(own_words) - longest))
    end = min(len(own_words), max(begin + longest, spans[0][1]))
    parts, at = ["…" if begin else ""], begin
    for start, stop in spans:
        if at <= start and stop <= end:
            parts += [own_words[at:start], "⟦", own_words[start:stop], "⟧"]
            at = stop
    parts += [own_words[at:end], "…" if end < len(own_words) else ""]
    return _one_line("".join(parts))


def _one_line(text: str) -> str:
    return " ⏎ ".join(text.replace("\t", " ").splitlines()).strip()


def _write(out: Path, drawn: Sequence[Drawn], sides: Mapping[str, str]) -> None:
    rows = ["\t".join(HEAD)]
    number = 0
    for at, batch in enumerate(batches(drawn, A_BATCH), 1):
        lines = []
        for one in batch:
            number += 1
            mention, source = one.pooled, one.pooled.source
            start, end = mention.spans[0]
            name = _one_line(source.text[start:end])
            identity = mention.identity
            text = excerpt(mention.own_words, mention.spans)
            lines.append(f"m{number:04}\t{name}\t{text}\n")
            fields = (
                f"m{number:04}", mention.brand, name, mention.place, source.origin, source.group,
                source.year, f"{mention.score:.3f}", one.how, sides[identity], identity,
            )  # fmt: skip
            rows.append("\t".join(fields))
        (out / f"batch_{at:02}.tsv").write_text("".join(lines), encoding="utf-8")
    (out / "rows.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.evaluate.stance_draw")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, required=True, help="a folder outside of the project")
    given = parser.parse_args()
    out: Path = given.out.resolve()
    if out.is_relative_to(ROOT):
        sys.stderr.write(
            f"--out {out}: lies in the project, which holds no text of the data; "
            "name a folder outside of it\n"
        )
        return 1
    catalogue = load(SHIPPED)
    drawn = draw(pool(given.data, analyser_of(catalogue)), ROWS)
    families = {brand.id: brand.parent or brand.id for brand in catalogue.brands}
    sides = split_of([one.pooled for one in drawn], families)
    out.mkdir(parents=True, exist_ok=True)
    _write(out, drawn, sides)
    for counted in (Counter(one.how for one in drawn), Counter(sides.values())):
        sys.stdout.write(", ".join(f"{key} {n:,}" for key, n in counted.most_common()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
