"""What the runs showed: for a terminal, for a program, and for `docs/performance.md`."""

import subprocess
import sys
from statistics import median

import orjson

from bench import kept
from bench.evaluate import tables
from bench.peers import quix
from bench.runs import ROOT, Result

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "throughput.svg"


def medians(results: list[Result]) -> list[Result]:
    """One row for each system and dictionary, in the order of the first runs."""
    runs: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        runs.setdefault((result.dictionary, result.name), []).append(result)
    return [
        group[0]._replace(
            posts_per_s=median(run.posts_per_s for run in group),
            cpu_us_per_post=median(run.cpu_us_per_post for run in group),
            peak_mib=max(run.peak_mib for run in group),
        )
        for group in runs.values()
    ]


def line(result: Result, times: str = "") -> str:
    return (
        f"{result.name:<30} {result.dictionary:<13} {result.posts_per_s:>8,.0f} {times:>8} "
        f"{result.cpu_us_per_post:>8.1f} {result.peak_mib:>6.0f} {result.posts:>8,} "
        f"{result.mentions:>8,} {result.windows:>8,}"
    )


def report(results: list[Result]) -> str:
    """A table for a person; every speed also as a share of leimo's with one worker."""
    heads = ("posts/s", "of leimo", "CPU µs", "MiB", "posts", "mentions", "windows")
    widths = (8, 8, 8, 6, 8, 8, 8)
    lines = [
        f"{'':<30} {'dictionary':<13} "
        + " ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    ]
    leimo = {r.dictionary: r.posts_per_s for r in results if r.name == "leimo"}
    for result in results:
        of = leimo.get(result.dictionary)
        lines.append(line(result, f"{result.posts_per_s / of:.2f}" if of else ""))
    return "\n".join(lines)


def as_json(results: list[Result]) -> bytes:
    """An array of objects; a figure that was not measured is null."""
    return orjson.dumps([result._asdict() for result in results], option=orjson.OPT_INDENT_2)


def markdown(results: list[Result]) -> str:
    """A table with a row for each system, and three columns for each dictionary."""
    found = {(result.name, result.dictionary): result for result in results}
    rows = {result.name: result for result in results}
    dictionaries = dict.fromkeys(result.dictionary for result in results)
    head = [""]
    for each in dictionaries:
        head += [f"{each}: posts/s (over)", "CPU µs a post", "peak MiB"]
    head += ["posts", "what it does for a post"]
    body = [
        [
            f"**{name}**" if name.startswith("leimo") else name,
            *(cell for each in dictionaries for cell in _cells(found.get((name, each)))),
            f"{one.posts:,}",
            one.does,
        ]
        for name, one in rows.items()
    ]
    return tables.table(head, body)


def _cells(result: Result | None) -> list[str]:
    if result is None:
        return ["", "", ""]
    peak = f"{result.peak_mib:,.0f}" if result.peak_mib else ""
    speed = f"{result.posts_per_s:,.0f} ({result.steady_s:.0f} s)"
    return [speed, f"{result.cpu_us_per_post:,.1f}", peak]


def put_into_page(part: str, text: str) -> None:
    """Replace a part of docs/performance.md, with the machine and the commit above it."""
    measured = (
        f"Measured at `{kept.commit()}` on: {kept.machine()}; the broker is on the same cores."
    )
    opening, closing = f"<!-- {part}: written by make bench -->", f"<!-- end of {part} -->"
    tables.put_into(PAGE, f"{measured}\n\n{text}", opening, closing)
    print(f"wrote {part} into {PAGE.name}", file=sys.stderr)


def write(results: list[Result]) -> None:
    """The table into docs/performance.md and the plot beside it; says where it cannot be drawn."""
    put_into_page("throughput", markdown(results))
    if told := quix.missing():  # matplotlib is in the same place
        print(f"{PLOT.name}: {told}", file=sys.stderr)
        return
    command = [str(quix.PYTHON), "-m", "bench.plot", str(PLOT)]
    subprocess.run(command, cwd=ROOT, input=as_json(results), check=True)
    print(f"wrote {PLOT.name}", file=sys.stderr)
