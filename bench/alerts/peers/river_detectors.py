"""Detectors of river that need no labels, above the 99.9 % quantile of their own scores."""

from river import anomaly, compose, preprocessing

from bench.alerts.peers.rows import DAY_MS, HOUR_MS, filled, spaced
from bench.alerts.real import Series

_QUANTILE = 0.999
_GRACE, _WINDOW = 100, 250
"""River's defaults: rows before the Gaussian scorer scores, rows of a window of the trees."""


def gaussian(series: Series) -> list[int]:
    """`GaussianScorer` over a week; it scores both tails, so only what is above the mean counts."""
    week = max(round(7 * DAY_MS / series.step_ms), _GRACE)
    scorer = anomaly.GaussianScorer(window_size=week, grace_period=_GRACE)
    threshold = anomaly.QuantileFilter(scorer, q=_QUANTILE)
    found = []
    for row, value in enumerate(filled(series).tolist()):
        if isinstance(scorer.gaussian.sigma, complex):
            # Rounding made the variance of equal values negative: no score, and nothing unusual.
            scorer.learn_one(None, value)
            continue
        score = threshold.score_one(None, value)
        if row > _GRACE and value > scorer.gaussian.mu and threshold.classify(score):
            found.append(row)
        threshold.learn_one(None, value)
    return spaced(series, found)


def trees(series: Series) -> list[int]:
    """`HalfSpaceTrees` on the value and the hour, scaled as its documentation shows."""
    model = compose.Pipeline(
        preprocessing.MinMaxScaler(),
        anomaly.QuantileFilter(anomaly.HalfSpaceTrees(seed=1), q=_QUANTILE),
    )
    threshold = model["QuantileFilter"]
    found = []
    for row, (at_ms, value) in enumerate(zip(series.at_ms, filled(series).tolist(), strict=True)):
        features = {"value": value, "hour": at_ms % DAY_MS / HOUR_MS}
        score = model.score_one(features)
        if row > _WINDOW and threshold.classify(score):
            found.append(row)
        model.learn_one(features)
    return spaced(series, found)
