"""What was taken back leaves samples, trends and alerts; counts stay."""

from typing import Any

import msgspec

from measures.board import Board
from schemas.alert import Alert, AlertState
from schemas.deletion import Deletion, DeletionScope
from schemas.forgotten import Forgotten
from schemas.mention import Mention
from schemas.rules import CrisisRule
from tests.measures.feed import restarted
from tests.measures.stream import board, mention, run, tick

FIRE = CrisisRule(id="fire", words=("起火",), min_posts=3, min_authors=3)


def post(minute: float, offset: int, **fields: Any) -> Mention:
    return mention(
        minute, offset, text=f"起火 {offset}", text_hash=offset, post=f"p{offset}",
        author=f"a{offset}", source="weibo", **fields,
    )  # fmt: skip


def burning() -> tuple[Board, Alert]:
    subject = board([FIRE])
    items = [post(10, offset, reach=offset) for offset in range(1, 6)]
    output = run(subject, [*items, tick(12)])
    (alert,) = [alert for alert in output.alerts if alert.kind == "crisis"]
    return subject, alert


def of_post(number: int) -> Forgotten:
    return Forgotten(
        [Deletion(scope=DeletionScope.POST, source="weibo", subject=f"p{number}", at_ms=2**50)]
    )


def test_the_end_shows_what_the_alert_showed_though_its_minutes_are_gone() -> None:
    subject, alert = burning()
    calm = [
        mention(30 + number, 100 + number, text=f"很好 {number}", text_hash=100 + number,
                post=f"calm{number}", author=f"b{number}", source="weibo", reach=10**6)
        for number in range(40)
    ]  # fmt: skip
    output = run(subject, [*calm, tick(60 + 24 * 60)])
    (end,) = [one for one in output.alerts if one.id == alert.id]
    assert end.state is AlertState.RESOLVED
    assert alert.evidence.posts == 5
    assert (end.evidence, end.terms, end.samples) == (alert.evidence, alert.terms, alert.samples)


def test_what_an_end_shows_again_is_without_what_was_taken_back() -> None:
    subject, alert = burning()
    subject.forget(of_post(5))
    again = restarted(subject, [FIRE])
    (end,) = run(again, [tick(60 + 24 * 60)]).alerts
    assert shown(end) == shown(alert) - {"p5"}
    assert end.evidence == alert.evidence


def of_author(number: int) -> Forgotten:
    return Forgotten(
        [Deletion(scope=DeletionScope.AUTHOR, source="weibo", subject=f"a{number}", at_ms=2**50)]
    )


def shown(alert: Alert) -> set[str]:
    return {sample.post for sample in alert.samples}


def test_a_post_that_was_taken_back_is_no_sample_of_what_comes() -> None:
    subject, alert = burning()
    assert "p5" in shown(alert)

    subject.forget(of_post(5))
    output = run(subject, [*(post(14, offset) for offset in range(20, 40)), tick(16)])

    assert output.alerts
    assert all("p5" not in shown(alert) for alert in output.alerts)
    assert output.changed == {"x"}, "the state without it has to be kept"


def test_counts_stay() -> None:
    subject, _ = burning()
    subject.forget(of_post(5))

    (revised,) = run(subject, [post(10.5, 99), tick(13)]).windows
    assert (revised.revision, revised.posts, revised.authors) == (1, 6, 6)


def test_what_is_counted_after_it_was_taken_back_is_counted_alone() -> None:
    subject = board([FIRE])
    for offset in range(1, 6):
        item = post(10, offset)
        subject.apply(item, is_forgotten=offset == 5)
    output = run(subject, [tick(12)])

    (alert,) = output.alerts
    assert alert.seen == 5
    (bucket,) = subject.states["x"].buckets.values()
    assert len(bucket.said_by_author()) == len(bucket.sampled()) == 4
    assert shown(alert) < {f"p{number}" for number in range(1, 5)}


def test_an_alert_that_fires_is_told_anew_with_the_next_revision() -> None:
    subject, alert = burning()
    clean = of_post(5).without(alert)
    assert clean is not None

    subject.reissue(clean)
    (told,) = subject.drain().alerts
    assert (told.id, told.revision, told.state) == (alert.id, 1, AlertState.FIRING)
    assert shown(told) == shown(alert) - {"p5"}

    end = [one for one in run(subject, [tick(300)]).alerts if one.state is AlertState.RESOLVED]
    assert [one.revision for one in end] == [2]


def test_a_record_that_was_followed_by_another_is_left_alone() -> None:
    subject, alert = burning()
    run(subject, [*(post(14, offset) for offset in range(20, 60)), tick(16)])

    subject.reissue(alert)
    assert subject.drain().alerts == []


def test_an_alert_that_ended_is_told_anew_as_ended() -> None:
    subject, _ = burning()
    end = run(subject, [tick(300)]).alerts[-1]
    clean = of_post(5).without(msgspec.structs.replace(end, samples=burning()[1].samples))
    assert clean is not None

    subject.reissue(clean)
    (told,) = subject.drain().alerts
    assert (told.state, told.revision) == (AlertState.RESOLVED, end.revision + 1)
    subject.reissue(msgspec.structs.replace(clean, state=AlertState.FIRING))
    assert subject.drain().alerts == [], "its end is on the way"


def test_an_author_leaves_the_trend_which_is_told_anew() -> None:
    subject = board([FIRE])
    told = run(subject, [*(post(10, offset) for offset in range(1, 13)), tick(12)]).trends
    assert "a7" in {one.author for one in told[-1].influencers}

    subject.forget(of_author(7))
    (anew,) = subject.drain().trends
    assert anew.at_ms == told[-1].at_ms
    assert {one.author for one in anew.influencers} == {
        one.author for one in told[-1].influencers
    } - {"a7"}


def test_what_is_forgotten_stays_so_over_a_restart() -> None:
    subject, _ = burning()
    subject.forget(of_post(5))
    again = restarted(subject, [FIRE])
    assert all(sample.post != "p5" for sample in again.states["x"].talk.samples)


def test_nothing_is_told_where_nothing_was_kept_of_it() -> None:
    subject, _ = burning()
    subject.forget(of_post(77))
    output = subject.drain()
    assert not output.changed
    assert not output.trends
