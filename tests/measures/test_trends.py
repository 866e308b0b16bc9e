"""Rising terms and influencers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency  # type: ignore[import-untyped]

from measures.board import Board
from measures.explanations import Talk
from measures.trends import EVERY_MS, LEAST, SURELY, TOP, log_likelihood, overall, told_of
from schemas.trend import Trend, TrendTerm
from tests.measures.stream import MINUTE, START, board, mention, run, tick

counts = st.integers(1, 500)


@given(counts, counts, counts, counts)
def test_the_ratio_is_that_of_a_two_by_two_table(a: int, b: int, c: int, d: int) -> None:
    """Derived independently: scipy's G test of the same table."""
    expected = chi2_contingency(
        [[a, b], [c, d]], correction=False, lambda_="log-likelihood"
    ).statistic
    assert abs(log_likelihood(a, a + b, c, c + d)) == pytest.approx(expected, abs=1e-6, rel=1e-6)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_it_is_signed_by_what_rose(a: int, b: int, c: int, d: int) -> None:
    ratio = log_likelihood(a, a + b, c, c + d)
    if a + b and c + d and ratio:
        assert (ratio > 0) == (a * (c + d) > c * (a + b))


def talk_of(days: int, then: tuple[str, ...]) -> Talk:
    """Everyday talk, and at last something new."""
    talk = Talk()
    offset = 0
    for _ in range(days * 24 * 60 // 10):
        for word in ("手机", "屏幕", "电池"):
            offset += 1
            talk.note_content(mention(0, offset, terms=(word,)))
        talk.pass_minute()
    for _ in range(10):
        offset += 1
        talk.note_content(mention(0, offset, terms=("手机", *then)))
        talk.pass_minute()
    return talk


_COUNT = st.one_of(st.floats(0.5, 60), st.sampled_from([0.5, 1.0, 1.95, 2.0, 2.05]))
_TOTAL = st.integers(0, 20_000).map(lambda sevenths: sevenths / 7)


@given(
    counts=st.dictionaries(st.text("abcd", max_size=4), st.tuples(_COUNT, _TOTAL), max_size=60),
    total=_TOTAL,
    usual_total=_TOTAL,
)
def test_scored_or_not_the_same_terms_are_told(
    counts: dict[str, tuple[float, float]], total: float, usual_total: float
) -> None:
    """As if each term were scored."""
    every = [
        TrendTerm(
            term,
            round(count, 1),
            round(usual, 1),
            round(log_likelihood(count, total, usual, usual_total), 1),
        )
        for term, (count, usual) in counts.items()
    ]
    surely = [term for term in every if term.score >= SURELY and term.count >= LEAST]
    told = told_of(counts, total, usual_total)
    assert told.top == tuple(sorted(every, key=lambda one: (-one.count, one.term))[:TOP])
    assert told.rising == tuple(sorted(surely, key=lambda one: (-one.score, one.term))[:TOP])


def test_what_is_new_rises_and_what_is_usual_does_not() -> None:
    trend = talk_of(1, ("召回", "#召回门")).trend("x", 0)
    assert {term.term for term in trend.rising} == {"召回", "#召回门"}
    assert all(term.score >= SURELY for term in trend.rising)
    assert trend.top[0].term == "手机"


def test_a_word_said_once_is_no_trend() -> None:
    talk = talk_of(1, ())
    talk.note_content(mention(0, 10**6, terms=("偶然",)))
    assert "偶然" not in {term.term for term in talk.trend("x", 0).rising}


def test_who_is_passed_on_comes_before_who_has_followers() -> None:
    talk = Talk()
    talk.note_content(mention(0, 1, author="star", reach=10**6))
    talk.note_content(mention(0, 2, author="insider", reach=50))
    for offset in range(3, 13):
        talk.note_content(mention(0, offset, is_repost=True, original_author="insider"))
    first, second, *_ = talk.trend("x", 0).influencers
    assert (first.author, first.reach, first.posts, first.reposts) == ("insider", 50, 1, 10)
    assert (second.author, second.reach) == ("star", 10**6)


def test_a_flood_of_accounts_and_words_is_bounded() -> None:
    talk = Talk()
    for offset in range(5_000):
        talk.note_content(
            mention(0, offset, terms=(f"词{offset}",), author=f"a{offset}", reach=offset)
        )
        if offset % 10 == 0:
            talk.pass_minute()
    assert len(talk.counts) <= 100
    assert len(talk.influencers) <= 50
    assert max(one.reach for one in talk.trend("x", 0).influencers) == 4_999


def trends_of(subject: Board, minutes: int) -> list[Trend]:
    found = []
    for minute in range(minutes):
        subject.apply(mention(minute, minute, terms=("手机",)))
        found += run(subject, [tick(minute + 2)]).trends
    return found


def test_a_brand_tells_its_trend_every_ten_minutes_with_ten_posts() -> None:
    times = [trend.at_ms for trend in trends_of(board(), 35)]
    assert times == [START + EVERY_MS, START + 2 * EVERY_MS, START + 3 * EVERY_MS]


def test_a_brand_with_few_posts_waits_for_the_tenth() -> None:
    subject = board()
    found = []
    for hour in range(12):
        subject.apply(mention(60 * hour, hour, terms=("手机",)))
        found += run(subject, [tick(60 * hour + 2)]).trends
    assert [trend.at_ms for trend in found] == [START + 9 * 60 * MINUTE + MINUTE]


def test_all_brands_together_are_the_sum_of_each() -> None:
    one, other = talk_of(1, ("召回",)), talk_of(1, ("召回", "起火"))
    both = overall([one.trend("x", 5), other.trend("y", 9)])
    assert (both.at_ms, both.rising[0].term) == (9, "召回")
    assert {term.term for term in both.rising} == {"召回", "起火"}
    assert overall([]).top == ()
    old = other.trend("y", EVERY_MS)
    assert {term.term for term in overall([one.trend("x", 10**9), old]).rising} == {"召回"}
