"""Every series is there from the start, at zero, under a name that follows the rules."""

from collections import Counter
from itertools import product

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from schemas.alert import AlertState, SuppressedReason
from schemas.catalogue import Brand, Catalogue, ReceivingChannel
from schemas.dead_letter import DropReason
from schemas.post import Skipped, Source
from schemas.rules import RuleKind, SpikeRule
from streams.metrics import DeliveryMetrics, FeedMetrics, Metrics
from streams.version import VERSION

STAGES = ["analyse", "measure"]
RULE = SpikeRule(id="r")
LABELLED: dict[str, dict[str, list[str]]] = {
    "leimo_posts_total": {"source": [item.value for item in Source]},
    "leimo_dead_letters_total": {
        "reason": [item.value for item in DropReason if item is not DropReason.NO_POST]
    },
    "leimo_skipped_events_total": {"event": [item.value for item in Skipped]},
    "leimo_windows_total": {"kind": ["closed", "revised"]},
    "leimo_alerts_total": {
        "kind": [item.value for item in RuleKind],
        "state": [item.value for item in AlertState],
    },
    "leimo_suppressed_findings_total": {"reason": [item.value for item in SuppressedReason]},
    "leimo_catalogue_definitions": {
        "kind": ["brand", "rule", "intent", "silence", "holiday", "subscriber", "feed"]
    },
    "leimo_commit_seconds_count": {"stage": STAGES},
    "leimo_commit_age_seconds": {"stage": STAGES},
    "leimo_latency_seconds_count": {"stage": STAGES},
}
UNKNOWN_BEFORE_THE_FIRST_ASSIGNMENT = {
    "leimo_lag_records",
    "leimo_brand_posts",
    "leimo_brand_sentiment",
    "leimo_brand_open_alerts",
    "leimo_brand_alert_severity",
}


def exposition() -> str:
    return generate_latest(Metrics().registry).decode()


def samples() -> list[Sample]:
    return [
        sample
        for family in text_string_to_metric_families(exposition())
        for sample in family.samples
    ]


@pytest.mark.parametrize("name", LABELLED)
def test_every_label_set_is_there_at_zero(name: str) -> None:
    labels = LABELLED[name]
    wanted = [dict(zip(labels, values, strict=True)) for values in product(*labels.values())]

    found = [sample.labels for sample in samples() if sample.name == name]

    assert sorted(map(str, found)) == sorted(map(str, wanted))
    assert {sample.value for sample in samples() if sample.name == name} == {0}


def test_no_other_metric_has_labels_that_could_be_forgotten() -> None:
    """A metric with new labels has to be added to the table above."""
    labelled = {
        sample.name
        for sample in samples()
        if set(sample.labels) - {"le", "version"} and "bucket" not in sample.name
    }

    assert {name for name in labelled if not name.endswith("_sum")} == set(LABELLED)


def test_every_declared_metric_is_exposed() -> None:
    exposed = {sample.name for sample in samples()}
    declared = {family.name: family.type for family in Metrics().registry.collect()}
    suffixes = {"counter": "_total", "histogram": "_count", "gauge": ""}

    missing = {name for name, kind in declared.items() if name + suffixes[kind] not in exposed}

    assert missing == UNKNOWN_BEFORE_THE_FIRST_ASSIGNMENT


def test_no_series_is_there_twice() -> None:
    lines = [line for line in exposition().splitlines() if not line.startswith("#")]

    assert [line for line, count in Counter(lines).items() if count > 1] == []


def test_names_tell_kind_and_unit() -> None:
    wrong = []
    for line in exposition().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            if (
                not name.startswith(("leimo_", "process_"))
                or (kind == "counter") != name.endswith("_total")
                or (kind == "histogram" and not name.endswith("_seconds"))
            ):
                wrong.append(line)

    assert wrong == []


def test_every_metric_says_what_it_is() -> None:
    assert [
        family.name for family in Metrics().registry.collect() if not family.documentation
    ] == []


def test_two_workers_in_one_process_do_not_share_metrics() -> None:
    one, other = Metrics(), Metrics()

    one.repeats.inc()

    assert other.registry.get_sample_value("leimo_repeats_total") == 0


def test_the_lag_of_a_lost_partition_leaves() -> None:
    metrics = Metrics()
    metrics.show_lag({("posts.raw", 0): 7, ("posts.raw", 1): 0})
    metrics.show_lag({("posts.raw", 1): 3})

    value = metrics.registry.get_sample_value
    assert value("leimo_lag_records", {"topic": "posts.raw", "partition": "0"}) is None
    assert value("leimo_lag_records", {"topic": "posts.raw", "partition": "1"}) == 3


def test_definitions_are_counted_by_kind_and_leave() -> None:
    """`LeimoNoCatalogue` is about brands: rules that look at none are no catalogue."""
    metrics = Metrics()
    metrics.show_catalogue(Catalogue((Brand(id="a", name="A"), Brand(id="b", name="B")), (RULE,)))
    metrics.show_catalogue(Catalogue(rules=(RULE,)))

    value = metrics.registry.get_sample_value
    assert value("leimo_catalogue_definitions", {"kind": "brand"}) == 0
    assert value("leimo_catalogue_definitions", {"kind": "rule"}) == 1


def test_no_series_tells_when_a_counter_was_made() -> None:
    assert [sample.name for sample in samples() if sample.name.endswith("_created")] == []


def test_a_start_is_seen_and_the_version() -> None:
    """`LeimoWorkerRestarts` is about the one, a roll-out is watched by the other."""
    found = {sample.name: sample for sample in samples()}

    assert found["process_start_time_seconds"].value > 0
    assert found["leimo_build_info"].labels == {"version": VERSION}
    assert found["leimo_build_info"].value == 1


def test_series_of_a_feed_are_there_from_its_start_and_named_as_the_others() -> None:
    metrics = FeedMetrics()
    metrics.add_feed("a", {"passed": ["kind"], "reconnects": ["stale"], "gap_seconds": ["x"]})
    families = list(text_string_to_metric_families(generate_latest(metrics.registry).decode()))
    found = {sample.name: sample for family in families for sample in family.samples}
    ours = {name: sample for name, sample in found.items() if name.startswith("leimo_feed_")}

    assert len(ours) == 7
    assert {sample.value for sample in ours.values()} == {0}
    assert {sample.labels["feed"] for sample in ours.values()} == {"a"}
    for family in families:
        assert family.name.startswith(("leimo_", "process_"))
        assert family.documentation


def test_what_is_delivered_is_there_from_the_start_under_names_that_follow_the_rules() -> None:
    families = list(DeliveryMetrics().registry.collect())
    [told] = [family for family in families if family.name == "leimo_deliveries"]
    ends = product(ReceivingChannel, ("sent", "dead", "not_sent"))

    assert {(one.labels["channel"], one.labels["outcome"]) for one in told.samples} == {
        (channel.value, outcome) for channel, outcome in ends
    }
    assert {one.value for one in told.samples} == {0}
    assert [family.name for family in families if not family.documentation] == []
    assert all(family.name.startswith(("leimo_", "process_")) for family in families)
