"""What others publish, on the same rows as leimo and without looking ahead.

Each has the settings that its authors give. Those that mark every row of a burst get leimo's
cool-down, which helps them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bench.alerts.peers import huginn, kleinberg, river_detectors, s_h_esd, socialmetrix
from bench.alerts.real import Series
from measures.series import SeriesDetector

Detect = Callable[[Series], list[int]]
"""Gives the rows where alerts start."""
LEIMO = "leimo"


def leimo(series: Series) -> list[int]:
    """The worker's detector with default settings."""
    detector = SeriesDetector(series.step_ms)
    return [
        row
        for row, (at_ms, value) in enumerate(zip(series.at_ms, series.values, strict=True))
        if detector.take(at_ms, value).is_alert
    ]


PEERS: Mapping[str, Detect] = MappingProxyType(
    {
        LEIMO: leimo,
        "Huginn (mean + 3 sd, 14 days)": huginn.detect,
        "Socialmetrix (24 h against 7 days)": socialmetrix.detect,
        "S-H-ESD (Twitter), every hour": s_h_esd.detect,
        "Kleinberg's automaton": kleinberg.detect,
        "River, Gaussian scorer": river_detectors.gaussian,
        "River, half-space trees": river_detectors.trees,
    }
)
