"""Series of brands are few, and leave with the brand, its posts or its partition."""

from schemas.window import Window
from streams.brand_metrics import RECENT_MS, BrandMetrics, Firing
from streams.metrics import Metrics

ZERO = dict.fromkeys(
    set(Window.__struct_fields__) - {"brand", "intents", "size_ms", "start_ms", "posts"}, 0
)
MINUTE_MS = 60_000
KNOWN = ("a", "b", "c")


def window(brand: str, posts: int, start_ms: int = 0, **counts: int) -> Window:
    return Window(
        **ZERO | counts,  # type: ignore[arg-type]
        brand=brand,
        posts=posts,
        start_ms=start_ms,
        size_ms=MINUTE_MS,
    )


def owns_all(brand: str) -> bool:
    return True


def shown(metrics: Metrics) -> dict[str, float]:
    return {
        sample.labels["brand"]: sample.value
        for family in metrics.brand_posts.collect()
        for sample in family.samples
    }


def test_the_busiest_brands_are_shown_and_no_more() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    brands.take(0, [window("a", 5), window("b", 9)])
    brands.take(1, [window("c", 7)])

    brands.show({0: MINUTE_MS, 1: MINUTE_MS}, [], owns_all)

    assert shown(metrics) == {"b": 9, "c": 7}


def test_a_brand_without_recent_posts_leaves() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    brands.take(0, [window("a", 5), window("b", 9, start_ms=MINUTE_MS)])

    brands.show({0: MINUTE_MS + RECENT_MS + 1}, [], owns_all)

    assert shown(metrics) == {"b": 9}


def test_lost_partitions_take_their_brands_with_them() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    brands.take(0, [window("a", 5)])
    brands.show({0: MINUTE_MS}, [], owns_all)
    assert shown(metrics) == {"a": 5}

    brands.drop()

    assert shown(metrics) == {}


def test_a_late_post_in_an_older_window_does_not_replace_the_newest() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    brands.take(0, [window("a", 5, start_ms=MINUTE_MS), window("a", 80, revision=1)])

    brands.show({0: MINUTE_MS}, [], owns_all)

    assert shown(metrics) == {"a": 5}


def test_sentiment_is_the_mean_of_own_words() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    brands.take(
        0, [window("a", 5, exposures=1, sentiment_milli=-2000), window("b", 1, exposures=1)]
    )

    brands.show({0: MINUTE_MS}, [], owns_all)

    value = metrics.registry.get_sample_value
    assert value("leimo_brand_sentiment", {"brand": "a"}) == -0.5
    assert value("leimo_brand_sentiment", {"brand": "b"}) is None


def test_none_are_shown_where_none_are_wanted() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 0, KNOWN)
    brands.take(0, [window("a", 5)])

    brands.show({0: MINUTE_MS}, [], owns_all)

    assert shown(metrics) == {}


def test_alerts_are_counted_by_brand_with_the_worst_severity() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, 2, KNOWN)
    firing = [Firing("a", 3), Firing("b", 2), Firing("a", 9), Firing("c", 1), Firing("gone", 10)]

    brands.show({}, firing, owns_all)

    value = metrics.registry.get_sample_value
    found = [
        (value("leimo_brand_open_alerts", label), value("leimo_brand_alert_severity", label))
        for label in ({"brand": brand} for brand in (*KNOWN, "gone"))
    ]
    assert found == [(2, 9), (1, 2), (None, None), (None, None)]


def test_a_chosen_brand_of_another_worker_is_not_said_to_be_without_alerts() -> None:
    metrics = Metrics()
    brands = BrandMetrics(metrics, ("a", "b", "c"), KNOWN)

    brands.show({}, [Firing("c", 4)], lambda brand: brand == "a")

    value = metrics.registry.get_sample_value
    alerts = [value("leimo_brand_open_alerts", {"brand": brand}) for brand in KNOWN]
    assert alerts == [0, None, 1]
