"""The results as Markdown tables."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.alerts import cost, on_board, on_contents, on_fleet, on_quiet, on_real
from bench.alerts.on_real import Detection
from bench.evaluate.tables import table


def of_real(results: Sequence[on_real.Result]) -> str:
    """A table for each group of series and view of the windows."""
    parts = []
    for (group, view), of_group in groupby(results, key=lambda one: (one.group, one.view)):
        listed = list(of_group)
        head = ["detector", "windows found", "alerts outside", "standard", "low FP", "low FN"]
        head += ["alerts a month", "median delay"]
        rows = [
            [
                one.system,
                f"{one.found} of {one.windows}",
                f"{one.outside:,}",
                *(f"{score:.1f}" for score in one.scores),
                number(one.alerts_a_month),
                "" if one.delay_min is None else f"{one.delay_min:.0f} min",
            ]
            for one in listed
        ]
        title = f"**{group[0].upper()}{group[1:]}, {listed[0].series} series, windows {view}**"
        parts.append(f"{title}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def of_detections(found: Iterable[Detection]) -> str:
    """leimo's alerts outside the windows."""
    head = ["series", "at", "seen", "expected", "minutes", "severity"]
    rows = [
        [
            one.series,
            one.at,
            f"{one.seen:.0f}",
            f"{one.expected:.1f}",
            str(one.horizon_min),
            str(one.severity),
        ]
        for one in found
    ]
    return table(head, rows)


def of_fleet(result: on_fleet.Result, real: on_quiet.Result) -> str:
    """False alerts; bursts found, in simulated brands and in real series; other detectors."""
    parts = [
        "**False alerts of brands without bursts, by posts a minute**\n\n" + _quiet(result.quiet),
        "**Bursts found within an hour, by posts a minute of the brand**\n\n"
        + _bursts(result.bursts),
        f"**The same bursts in {real.series} real series without a labelled event, in rows of five "
        f"minutes** ({number(real.alerts_a_month)} alerts a month without them)\n\n"
        + _bursts(real.bursts),
    ]
    if result.peers:
        title = (
            f"**A burst of {on_fleet.PEER_FACTOR:g} x in each of {result.peers[0].brands} brands"
        )
        parts.append(f"{title}, rows of five minutes**\n\n{_peers(result.peers)}")
    return "\n\n".join(parts)


def _quiet(quiet: Sequence[on_fleet.Quiet]) -> str:
    head = ["posts a minute", "brands", "false alerts a brand and month", "in the first week"]
    head.append("brands without any")
    rows = [
        [
            one.sizes,
            f"{one.brands:,}",
            number(one.alerts_a_month),
            number(one.first_week),
            share(one.brands_without),
        ]
        for one in quiet
    ]
    return table(head, rows)


def _bursts(bursts: Sequence[on_fleet.Bursts]) -> str:
    head = ["posts a minute", "burst", "put in", "found", "median delay", "90 % within"]
    rows = [
        [
            one.sizes,
            f"{one.factor:g} x",
            f"{one.bursts:,}",
            share(one.found),
            _minutes(one.median_min),
            _minutes(one.most_min),
            share(one.raised),
        ]
        for one in bursts
    ]
    return table([*head, "raised to ten posts"], rows)


def _peers(peers: Sequence[on_fleet.Peer]) -> str:
    head = ["detector", "false alerts a brand and month", "found within an hour", "median delay"]
    rows = [
        [one.system, number(one.alerts_a_month), share(one.found), _minutes(one.median_min)]
        for one in peers
    ]
    return table(head, rows)


def of_board(results: on_board.Results) -> str:
    """Alerts of each rule."""
    title = (
        f"**All default rules on {results.brands} quiet brands for {results.days} days, "
        f"{results.mentions:,} mentions**"
    )
    head = ["rule", "kind", "alerts", "a brand and month", "after two days"]
    rows = [
        [one.rule, one.kind, f"{one.alerts:,}", number(one.a_month), number(one.after_two_days)]
        for one in results.rules
    ]
    return f"{title}\n\n{table(head, rows)}"


def of_cost(results: Sequence[cost.Result]) -> str:
    """CPU time for each post."""
    head = ["catalogue", "posts/s", "mentions a post", "analysis", "counting", "rules"]
    head.append("share of the rules (least to most)")
    rows = [
        [
            one.dictionary,
            f"{one.posts_a_s:,}",
            f"{one.mentions_a_post:.2f}",
            f"{one.analyse_us:.1f} µs",
            f"{one.counting_us:.1f} µs",
            f"{one.rules_us:.1f} µs",
            f"{share(one.share)} ({share(one.least)} to {share(one.most)})",
        ]
        for one in results
    ]
    return f"**CPU time of a worker, for each post**\n\n{table(head, rows)}"


def of_contents(result: on_contents.Result) -> str:
    """False alerts, and bursts found, of brands whose posts have contents."""
    head = ["posts a minute", "brands", "false alerts a brand and month", "after the first week"]
    rows = [
        [one.sizes, f"{one.brands:,}", number(one.alerts_a_month), number(one.after_a_week)]
        for one in result.quiet
    ]
    days = on_contents.DAYS
    parts = [f"**False alerts of `spike` in {days} days without bursts**\n\n{table(head, rows)}"]
    parts += [
        f"**Bursts found within an hour: {one.kind}**\n\n{_bursts(one.bursts)}"
        for one in result.kinds
    ]
    return "\n\n".join(parts)


def _minutes(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f} min"


def number(value: float) -> str:
    """Two significant digits, and no fewer than the whole number has.

    >>> number(0.0412), number(1.26), number(312.4), number(math.nan)
    ('0.041', '1.3', '312', '–')
    """
    if math.isnan(value):
        return "–"
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.{1 - math.floor(math.log10(value))}f}"


def share(value: float) -> str:
    """In percent.

    >>> share(0.953), share(math.nan)
    ('95.3 %', '–')
    """
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"
