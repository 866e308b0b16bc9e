"""Rules and dashboard name metrics that exist, in PromQL that Prometheus can read."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from center.metrics import CenterMetrics
from kafka_io.group_lag import GroupLag
from kafka_io.settings import Settings
from streams.metrics import DeliveryMetrics, Metrics

FOLDER = Path(__file__).resolve().parents[2] / "ops" / "prometheus"
SUFFIXES: dict[str | None, tuple[str, ...]] = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
TESTS = yaml.safe_load((FOLDER / "rules_test.yml").read_text())["tests"]
_NAME = re.compile(r"\b(?:[a-z]+:)?leimo[_:][\w:]+")
_GROUPS = re.compile(r"\bby \(([^)]*)\)")


def series() -> dict[str, set[str]]:
    """Every series that a worker, `leimo lag`, `leimo deliver` or the center serves, with its
    labels."""
    served = [*declared(), *_metrics_of(DeliveryMetrics()), *_metrics_of(CenterMetrics())]
    return {
        metric._name + suffix: set(metric._labelnames) | ({"le"} if suffix == "_bucket" else set())
        for metric in served
        for suffix in SUFFIXES[metric._type]
    }


def declared() -> list[MetricWrapperBase]:
    """What the dashboard shows."""
    return [*_metrics_of(Metrics()), *_metrics_of(GroupLag(Settings()))]


def _metrics_of(served: object) -> list[MetricWrapperBase]:
    return [item for item in vars(served).values() if isinstance(item, MetricWrapperBase)]


def named(expr: str) -> set[str]:
    """Series that are asked for, as they are written."""
    return set(_NAME.findall(expr))


def used(expr: str) -> set[str]:
    """Series of ours that are asked for, those behind a recorded one too."""
    names = named(expr)
    behind = [used(RECORDED[name]) for name in names if name in RECORDED]
    return names.difference(RECORDED).union(*behind)


def labels_of(name: str) -> set[str]:
    if name not in RECORDED:
        return series()[name]
    kept = [group.split(", ") for group in _GROUPS.findall(RECORDED[name])]
    return set().union(*kept) - {"le"}


@pytest.fixture
def expressions(dashboard: ModuleType) -> list[str]:
    """All PromQL there is, from the rules and from the dashboard."""
    return [rule["expr"] for rule in RULES] + list(dashboard.expressions())


def test_every_metric_that_is_asked_for_is_served(expressions: list[str]) -> None:
    asked = {name for expr in expressions for name in used(expr)}

    assert asked <= set(series()), asked - set(series())


def test_every_metric_that_is_served_is_shown(dashboard: ModuleType) -> None:
    shown = {name for expr in dashboard.expressions() for name in used(expr)}
    for metric in declared():
        assert shown & {metric._name + suffix for suffix in SUFFIXES[metric._type]}, metric._name


def test_every_label_that_is_grouped_by_exists(expressions: list[str]) -> None:
    """Labels in `by (...)` are the metric's own, or those that Prometheus gives."""
    for expr in expressions:
        labels = {"instance", "job"}.union(*(labels_of(name) for name in named(expr)))
        for group in _GROUPS.findall(expr):
            assert set(group.split(", ")) <= labels, expr


def test_every_alert_says_what_to_do() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["description"]) > 30
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_every_recorded_series_is_named_by_the_labels_it_keeps() -> None:
    """Level, metric, operations: Prometheus' own convention."""
    assert len(RECORDED) + len(ALERTS) == len(RULES)
    for name in RECORDED:
        level, _, _ = name.split(":")
        assert labels_of(name) == (set() if level == "leimo" else {level}), name


def test_every_recorded_series_is_used(dashboard: ModuleType) -> None:
    asked = [rule["expr"] for rule in ALERTS] + list(dashboard.expressions())

    assert set(RECORDED) <= {name for expr in asked for name in named(expr)}


def test_every_recorded_series_is_seen_with_a_value() -> None:
    seen = {
        item["expr"]
        for test in TESTS
        for item in test.get("promql_expr_test", ())
        if item["exp_samples"]
    }

    assert seen == set(RECORDED)


def test_every_alert_is_seen_firing() -> None:
    tested = {
        alert["alertname"]
        for test in TESTS
        for alert in test.get("alert_rule_test", ())
        if alert["exp_alerts"]
    }

    assert tested == {rule["alert"] for rule in ALERTS}


class Promtool(Protocol):
    def __call__(self, *arguments: str) -> None: ...


@pytest.fixture
def promtool() -> Promtool:
    """Prometheus' own checker, where it is installed."""
    program = shutil.which("promtool")
    if program is None:
        assert not os.environ.get("REQUIRE_PROMETHEUS"), "promtool is not installed"
        pytest.skip("needs promtool (Debian: apt-get install prometheus)")

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, cwd=FOLDER
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_prometheus_reads_its_configuration_and_the_rules(promtool: Promtool) -> None:
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    promtool("check", "rules", "rules.yml")


def test_alerts_fire_when_they_should_and_not_else(promtool: Promtool) -> None:
    promtool("test", "rules", "rules_test.yml")


def test_prometheus_reads_every_expression_of_the_dashboard(
    promtool: Promtool, dashboard: ModuleType, tmp_path: Path
) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, expr in enumerate(dashboard.expressions())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    promtool("check", "rules", str(file))
