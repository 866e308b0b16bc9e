"""Broken records end somewhere; `make fuzz` throws a million of them."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.posts import read_posts
from catalogue.file import load
from schemas.catalogue import Catalogue
from schemas.dead_letter import DropReason
from tests.agents.fuzzing import Fuzzer, fuzz, simulated_posts
from tests.agents.mutations import mutated
from tests.conftest import ROOT

RECORDS = 15_000
UNREACHED = {DropReason.NO_POST, DropReason.UNKNOWN_SOURCE, DropReason.EMPTY, DropReason.TOO_SLOW}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(ROOT / "catalogue" / "catalogue.yml")


def check(catalogue: Catalogue, posts: list[bytes]) -> None:
    outcome = fuzz(Fuzzer(catalogue), islice(mutated(posts, seed=4), RECORDS))

    assert outcome.records == RECORDS
    assert outcome.posts > RECORDS / 10  # what is broken a little is still read
    assert outcome.mentions > 0
    reached = {DropReason(reason) for reason in outcome.dead}
    assert reached >= set(DropReason) - UNREACHED


def test_broken_simulated_posts_end_as_posts_repeats_or_dead_letters(catalogue: Catalogue) -> None:
    check(catalogue, simulated_posts(3000))


def test_broken_real_posts_end_as_posts_repeats_or_dead_letters(
    catalogue: Catalogue, shared_data: Path
) -> None:
    check(catalogue, read_posts(shared_data / "stream" / "weibo_statuses.ndjson.gz", 20_000))


@pytest.fixture(scope="module")
def fuzzer(catalogue: Catalogue) -> Fuzzer:
    return Fuzzer(catalogue)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=st.binary() | json_values.map(lambda value: repr(value).encode("utf-8", "replace")))
def test_any_bytes_end_somewhere(fuzzer: Fuzzer, value: bytes) -> None:
    before = fuzzer.outcome().records
    fuzzer.feed([value])
    assert fuzzer.outcome().records == before + 1
