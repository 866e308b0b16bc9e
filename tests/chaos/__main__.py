"""`python -m tests.chaos`: run it, and print what came of it."""

import argparse
import asyncio
import logging
import statistics
import sys
import time
from collections import Counter, defaultdict

from tests.chaos.deployment import Deployment, deployed
from tests.chaos.faults import KINDS, Kind
from tests.chaos.verdict import Verdict, judge


async def hurt(deployment: Deployment, kinds: list[Kind]) -> dict[str, list[float]]:
    """Every fault in turn; seconds until all is counted that stood there when it struck."""
    recovered_s: dict[str, list[float]] = defaultdict(list)
    for number, kind in enumerate(kinds, 1):
        deployment.struck.clear()
        seconds, _ = await asyncio.gather(_recovered_s(deployment), kind.fault(deployment))
        recovered_s[kind.fault.__name__].append(seconds)
        say(f"{number}/{len(kinds)} {kind.fault.__name__}: {seconds:.1f} s")
        await asyncio.sleep(deployment.random.random())
    return recovered_s


async def _recovered_s(deployment: Deployment) -> float:
    await deployment.struck.wait()
    began_s = time.monotonic()
    await deployment.counted()
    return time.monotonic() - began_s


async def run(options: argparse.Namespace) -> int:
    kinds = [
        kind
        for kind in KINDS
        if kind.fault.__name__ in options.only or not options.only
        for _ in range(kind.times_short if options.short else kind.times)
    ]
    async with deployed(
        brokers=options.brokers, workers=options.workers, partitions=options.partitions,
        rate=options.rate, quick=options.short,
    ) as deployment:  # fmt: skip
        deployment.random.shuffle(kinds)
        await deployment.flows()
        say(f"{options.workers} workers count; now {len(kinds)} faults")
        began_s = time.monotonic()
        try:
            recovered_s = await hurt(deployment, kinds)
        except TimeoutError:
            show_logs(deployment)
            raise
        hurt_s = time.monotonic() - began_s
        await deployment.retire_feed()
        await deployment.counted()
        say("all is counted; comparing with a batch computation")
        verdict = await judge(deployment)
        exits = sum((one.exits for one in deployment.workers.values()), Counter[int]())
        sys.stdout.write(report(recovered_s, verdict, exits, hurt_s))
        if not verdict.is_exact:
            show_logs(deployment)
    return 0 if verdict.is_exact else 1


def show_logs(deployment: Deployment) -> None:
    for process in [*deployment.workers.values(), deployment.feed]:
        sys.stderr.write(f"{process.log.name}:\n{process.child.last_lines(40)}\n")


def report(
    recovered_s: dict[str, list[float]], verdict: Verdict, exits: Counter[int], hurt_s: float
) -> str:
    """The table of a run."""
    lines = [f"{'fault':<18}{'times':>6}{'median s':>10}{'max s':>8}"]
    for kind in KINDS:
        seconds = recovered_s.get(kind.fault.__name__, [])
        if seconds:
            median, most = statistics.median(seconds), max(seconds)
            name = kind.fault.__name__
            lines.append(f"{name:<18}{len(seconds):>6}{median:>10.1f}{most:>8.1f}  {kind.words}")
    every = [second for seconds in recovered_s.values() for second in seconds]
    lines += [
        f"{'all':<18}{len(every):>6}{statistics.median(every):>10.1f}{max(every):>8.1f}",
        "",
        (
            f"{verdict.posts:,} posts in {hurt_s:,.0f} s, {verdict.windows:,} windows, "
            f"{verdict.alerts:,} alert records"
        ),
        f"ends of workers by exit code: {dict(sorted(exits.items()))}",
        *(f"{name.replace('_', ' ')}: {value}" for name, value in _faults(verdict)),
        *(f"  {line}" for line in verdict.differences),
        "exact" if verdict.is_exact else "NOT EXACT",
    ]
    return "\n".join(lines) + "\n"


def _faults(verdict: Verdict) -> list[tuple[str, object]]:
    return [(name, value) for name, value in list(verdict._asdict().items())[3:-1]]


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault once or a few times")
    parser.add_argument("--only", nargs="*", default=[], help="names of faults")
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3000, help="posts a second")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are away by intent
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
