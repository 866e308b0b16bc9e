"""What all brands together usually do is learned as by a whole baseline, to the last bit."""

import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from measures.baselines import Baseline
from measures.horizons import HORIZONS_MIN
from measures.minute_baseline import MinuteBaseline
from measures.platform_burst import PlatformBurst
from measures.season import MINUTE_MS
from measures.spreads import most_learned

GAPS_MIN = st.one_of(st.integers(0, 12), st.integers(0, 3000), st.sampled_from([1440, 10_000]))


class Step(msgspec.Struct, frozen=True):
    """What is learned of one minute."""

    gap_min: int
    posts: int
    unusual: bool
    is_outage: bool
    """Whether nobody watched before it."""


STEPS = st.lists(
    st.builds(Step, GAPS_MIN, st.integers(1, 500), st.booleans(), st.booleans()), max_size=80
)


def asked_for(baseline: Baseline) -> dict[str, Any]:
    """What may be read of one whose minutes alone are asked about."""
    found = msgspec.structs.asdict(baseline)
    del found["blocks"], found["extremes"], found["spreads"]
    spreads = baseline.spreads
    return found | {"spreads": (spreads.dispersions[:2], spreads.means[:2])}


@given(steps=STEPS, start=st.integers(0, 2**25))
def test_it_learns_what_a_whole_baseline_does(steps: list[Step], start: int) -> None:
    whole, minutes = Baseline(), MinuteBaseline()
    for baseline in (whole, minutes):
        baseline.begin(start * MINUTE_MS)
    for step in steps:
        at_ms = whole.known_to_ms + step.gap_min * MINUTE_MS
        seen = float(step.posts)
        for baseline in (whole, minutes):
            if step.is_outage:
                baseline.skip(at_ms)
            baseline.pass_empty(at_ms)
        usual = whole.expected(at_ms)
        assert minutes.expected(at_ms) == usual
        cap = most_learned(usual, 1.0) if whole.is_warm() else math.inf
        whole.learn(at_ms, seen, cap)
        minutes.learn(at_ms, seen, cap)
        each = len(HORIZONS_MIN)
        whole.learn_sums(at_ms, [seen] * each, [usual] * each, unusual=step.unusual)
        minutes.learn_count(seen, usual, unusual=step.unusual)
        assert asked_for(minutes) == asked_for(whole)
        for later in (0, 7, 700):
            later_ms = minutes.known_to_ms + later * MINUTE_MS
            assert minutes.expected(later_ms) == whole.expected(later_ms)


@given(steps=STEPS)
def test_what_an_earlier_build_kept_goes_on(steps: list[Step]) -> None:
    """And an earlier build goes on with what this one keeps: the entry has the same form."""
    whole = Baseline()
    whole.begin(0)
    for step in steps:
        at_ms = whole.known_to_ms + step.gap_min * MINUTE_MS
        whole.pass_empty(at_ms)
        whole.learn(at_ms, step.posts, math.inf)
    kept = msgspec.msgpack.encode([whole, {0: 3}])
    burst = msgspec.msgpack.decode(kept, type=PlatformBurst)
    assert asked_for(burst.baseline) == asked_for(whole)
    [again, _, *_] = msgspec.msgpack.decode(
        msgspec.msgpack.encode(burst), type=tuple[Baseline, dict[int, int], int, int]
    )
    assert again == whole
