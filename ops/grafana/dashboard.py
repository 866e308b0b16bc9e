"""The Grafana dashboard, declared as data; writes leimo.json beside this file.

`python ops/grafana/dashboard.py` writes it, `--check` exits with 1 where the file differs.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("leimo.json")
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The one that is chosen at the top of the dashboard: it may be imported anywhere."""
VARIABLES = [
    {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "prometheus"},
    }
]
GRID_WIDTH = 24
STAT_HEIGHT = 4
GRAPH_HEIGHT = 8


@dataclass(frozen=True)
class Stat:
    """One number, now, with its recent course behind it."""

    title: str
    about: str
    expr: str
    unit: str = "short"
    bad_above: float | None = None
    """Red above this."""


@dataclass(frozen=True)
class Graph:
    """Lines over time; `lines` maps each legend to its expression."""

    title: str
    about: str
    lines: dict[str, str]
    unit: str = "short"
    lowest: float = 0
    """Lower end of the axis."""


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Stat | Graph, ...]


def rate(metric: str, by: str = "") -> str:
    """Per-second rate over all workers.

    >>> rate("leimo_posts_total", by="source")
    'sum by (source) (rate(leimo_posts_total[$__rate_interval]))'
    """
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({metric}[$__rate_interval]))"


def quantile(share: float, histogram: str) -> str:
    """Quantile of a histogram, by stage, over all workers."""
    return f"histogram_quantile({share}, {rate(histogram + '_bucket', by='le, stage')})"


ROWS = (
    Row(
        "Now",
        (
            Stat("Posts", "Posts read for the first time", rate("leimo_posts_total"), "cps"),
            Stat("Mentions", "Mentions of brands taken", rate("leimo_mentions_total"), "cps"),
            Stat("Firing", "Alerts that are firing, silenced ones too", "sum(leimo_open_alerts)"),
            Stat(
                "Latency",
                "Append of the newest post of a commit to the end of that commit: 99th "
                "percentile of five minutes, of the slower stage",
                "max(stage:leimo_latency_seconds:p99_rate5m)",
                "s",
                bad_above=5,
            ),
            Stat(
                "Waiting",
                "Records of all partitions that the group has not committed",
                "sum(leimo_group_lag_records)",
                bad_above=100_000,
            ),
            Stat("Workers", "Workers that answer", 'count(up{job="leimo"} == 1) or vector(0)'),
        ),
    ),
    Row(
        "What flows",
        (
            Graph(
                "Posts in",
                "Posts read for the first time and analysed, by source",
                {"{{source}}": rate("leimo_posts_total", by="source")},
                "cps",
            ),
            Graph(
                "Mentions",
                "Mentions of brands and groups of rivals taken, late ones and edits included",
                {"mentions": rate("leimo_mentions_total")},
                "cps",
            ),
            Graph(
                "Windows",
                "Published windows: closed ones, and ones that late posts or edits revised",
                {"{{kind}}": rate("leimo_windows_total", by="kind")},
                "cps",
            ),
            Graph(
                "Alerts",
                "Alert records published in five minutes, updates included; what rules found and "
                "nobody was told, by its reason",
                {
                    "{{kind}} {{state}}": "sum by (kind, state) (increase(leimo_alerts_total[5m]))",
                    "not told: {{reason}}": (
                        "sum by (reason) (increase(leimo_suppressed_findings_total[5m])) > 0"
                    ),
                },
            ),
        ),
    ),
    Row(
        "Brands",
        (
            Graph(
                "Buzz",
                "Posts in the newest closed minute of the ten busiest brands, of those that "
                "LEIMO_METRICS_BRANDS lets out",
                {"{{brand}}": "topk(10, brand:leimo_brand_posts:max)"},
            ),
            Graph(
                "Sentiment",
                "Mean sentiment of the same brands in that minute, -1 to 1",
                {
                    "{{brand}}": (
                        "brand:leimo_brand_sentiment:avg "
                        "and on (brand) topk(10, brand:leimo_brand_posts:max)"
                    )
                },
                lowest=-1,
            ),
            Graph(
                "Open alerts",
                "Alerts that fire, silenced ones too, of the ten brands with the most; "
                "*: of all brands together",
                {"{{brand}}": "topk(10, brand:leimo_brand_open_alerts:sum > 0)"},
            ),
            Graph(
                "Severity",
                "Of the worst open alert, 1 to 10, of the ten brands with the worst",
                {"{{brand}}": "topk(10, brand:leimo_brand_alert_severity:max > 0)"},
            ),
        ),
    ),
    Row(
        "How late",
        (
            Graph(
                "Latency",
                "Append of the newest post of a commit to the end of that commit, of all commits",
                {
                    "{{stage}} p50": quantile(0.5, "leimo_latency_seconds"),
                    "{{stage}} p99": quantile(0.99, "leimo_latency_seconds"),
                },
                "s",
            ),
            Graph(
                "Lag",
                "Records of a topic not committed by the group, and not read by its workers",
                {
                    "{{topic}}": "sum by (topic) (leimo_group_lag_records)",
                    "{{topic}} not read": "sum by (topic) (leimo_lag_records)",
                },
            ),
            Graph(
                "Event time behind the clock",
                "Wall clock less event-time watermark of the partition furthest behind: the "
                "allowed disorder, and what waits",
                {"{{instance}}": "max by (instance) (leimo_watermark_lag_seconds)"},
                "s",
            ),
            Graph(
                "Work without a commit",
                "For how long the oldest work waits for its commit, a commit under way included",
                {"{{stage}}": "max by (stage) (leimo_commit_age_seconds)"},
                "s",
            ),
        ),
    ),
    Row(
        "What was put aside",
        (
            Graph(
                "Dead letters",
                "Records put aside in posts.dead, by reason",
                {"{{reason}}": rate("leimo_dead_letters_total", by="reason") + " > 0"},
                "cps",
            ),
            Graph(
                "Late posts and corrected times",
                "Mentions too late for any window; posts dated so far ahead that they count at "
                "their receipt",
                {
                    "late": rate("leimo_late_posts_total"),
                    "dated ahead": rate("leimo_clamped_times_total"),
                },
                "cps",
            ),
            Graph(
                "Shares",
                "Of the records, those put aside, in ten minutes; of the mentions, those too late, "
                "in fifteen",
                {
                    "put aside": "leimo:dead_letters:ratio_rate10m",
                    "too late": "leimo:late_mentions:ratio_rate15m",
                },
                "percentunit",
            ),
            Graph(
                "Repeats and skipped events",
                "Posts that a source sent again; mentions delivered again and skipped; events of a "
                "source that hold no post",
                {
                    "posts": rate("leimo_repeats_total"),
                    "mentions": rate("leimo_duplicates_total"),
                    "{{event}}": rate("leimo_skipped_events_total", by="event") + " > 0",
                },
                "cps",
            ),
        ),
    ),
    Row(
        "How it runs",
        (
            Graph(
                "Commit",
                "Duration of a commit, 99th percentile in five minutes",
                {"{{stage}}": "stage:leimo_commit_seconds:p99_rate5m"},
                "s",
            ),
            Graph(
                "Starts",
                "Times that a worker was started anew, in fifteen minutes",
                {
                    "{{instance}}": (
                        'max by (instance) (changes(process_start_time_seconds{job="leimo"}[15m]))'
                    )
                },
            ),
            Graph(
                "State",
                "Brands and groups with state, and open windows, in each worker; records left to "
                "read before it has taken its partitions over",
                {
                    "{{instance}} brands": "sum by (instance) (leimo_brands)",
                    "{{instance}} open windows": "sum by (instance) (leimo_open_windows)",
                    "{{instance}} left to read": (
                        "sum by (instance) (leimo_recovery_remaining_records)"
                    ),
                },
            ),
            Graph(
                "Workers by version",
                "More than one while a new version is rolled out",
                {"{{version}}": "sum by (version) (leimo_build_info)"},
            ),
            Graph(
                "Catalogue",
                "Definitions in force, by kind; changes taken over in five minutes",
                {
                    "{{kind}}": "max by (kind) (leimo_catalogue_definitions)",
                    "changes": "max(increase(leimo_catalogue_changes_total[5m]))",
                },
            ),
        ),
    ),
)


def expressions(rows: tuple[Row, ...] = ROWS) -> Iterator[str]:
    """Every PromQL expression of the dashboard."""
    for row in rows:
        for panel in row.panels:
            yield from [panel.expr] if isinstance(panel, Stat) else panel.lines.values()


def dashboard(rows: tuple[Row, ...] = ROWS) -> dict[str, Any]:
    """Grafana's JSON model."""
    return {
        "uid": "leimo",
        "title": "leimo",
        "tags": ["leimo"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "templating": {"list": VARIABLES},
        "time": {"from": "now-30m", "to": "now"},
        "panels": [
            {"id": number, **panel} for number, panel in enumerate(_laid_out(rows), start=1)
        ],
    }


def _laid_out(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Panels of a row share its width."""
    y = 0
    for row in rows:
        yield {"type": "row", "title": row.title, "collapsed": False, "gridPos": _grid(0, y, 24, 1)}
        y += 1
        width = GRID_WIDTH // len(row.panels)
        height = max(_height(panel) for panel in row.panels)
        for place, panel in enumerate(row.panels):
            yield _panel(panel) | {"gridPos": _grid(place * width, y, width, height)}
        y += height


def _height(panel: Stat | Graph) -> int:
    return STAT_HEIGHT if isinstance(panel, Stat) else GRAPH_HEIGHT


def _grid(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(panel: Stat | Graph) -> dict[str, Any]:
    common = {
        "title": panel.title,
        "description": panel.about,
        "datasource": DATASOURCE,
    }
    if isinstance(panel, Stat):
        return common | {
            "type": "stat",
            "targets": [_target("A", panel.title, panel.expr)],
            "fieldConfig": {"defaults": _stat_defaults(panel), "overrides": []},
            "options": {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "graphMode": "area",
                "colorMode": "value",
            },
        }
    return common | {
        "type": "timeseries",
        "targets": [
            _target(chr(ord("A") + place), legend, expr)
            for place, (legend, expr) in enumerate(panel.lines.items())
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": panel.lowest,
                "custom": {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _stat_defaults(panel: Stat) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_above is not None:
        steps.append({"color": "red", "value": panel.bad_above})
    return {
        "unit": panel.unit,
        "color": {"mode": "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }


def _target(reference: str, legend: str, expr: str) -> dict[str, Any]:
    return {"refId": reference, "legendFormat": legend, "expr": expr, "datasource": DATASOURCE}


def main(arguments: list[str]) -> int:
    text = json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{FILE.name} is not what {Path(__file__).name} writes: make dashboards\n")
        return 1
    if arguments:
        sys.stderr.write(f"usage: {Path(__file__).name} [--check]\n")
        return 2
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
