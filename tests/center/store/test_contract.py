"""What every store promises, on SQLite, PostgreSQL and ClickHouse."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from center.store.opening import SqlStore, open_store
from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    EVERYTHING,
    HOUR_MS,
    MINUTE_MS,
    AlertFilter,
    Deliveries,
    MentionFilter,
    MentionSort,
    Record,
    Scope,
    Size,
    Span,
)
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import AlertState, Sample
from schemas.catalogue import Brand, ReceivingChannel
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Delivery, Outcome, Reason
from schemas.errors import OperatorError
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.mention import Channel, GroupMention, Mention, Objective, Place, Polarity, SpamSign
from schemas.rules import SpikeRule
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOGUE,
    DELETIONS,
    DELIVERIES,
    EXPECTATIONS,
    FEED_GAPS,
    FEED_POSITIONS,
    MENTIONS,
    TRENDS,
    WINDOWS,
)
from schemas.trend import Influencer, Trend, TrendTerm
from tests.center.records import START_MS, alert, mention, records, windows_of

ALWAYS = Span(0, 1 << 60)
ALL = MentionFilter()
OTHERS = Scope(frozenset({"oppo"}))


def listed(store: SqlStore, wanted: MentionFilter = ALL, scope: Scope = EVERYTHING) -> list[int]:
    """Offsets, the newest mention first."""
    rows = store.mentions(scope, wanted, MentionSort.TIME, None, 1000)
    return [row.mention.offset for row in rows]


def posts(store: SqlStore, size: Size) -> dict[int, int]:
    at = COUNT_NAMES.index("posts")
    rows = store.counts(EVERYTHING, ["xiaomi"], ALWAYS, size)
    return {row.start_ms: row.counts[at] for row in rows}


class TestWindows:
    def test_are_rolled_up(self, store: SqlStore) -> None:
        mentions = [mention(n, START_MS + n * 7 * MINUTE_MS) for n in range(500)]
        store.apply(records(WINDOWS.name, *windows_of(mentions)), {(WINDOWS.name, 0): 500})

        hours = Counter(one.event_time_ms // HOUR_MS * HOUR_MS for one in mentions)
        days = Counter(one.event_time_ms // DAY_MS * DAY_MS for one in mentions)
        assert posts(store, Size.HOUR) == hours
        assert posts(store, Size.DAY) == days
        assert store.offsets() == {(WINDOWS.name, 0): 500}

    def test_a_late_revision_corrects_the_roll_ups(self, store: SqlStore) -> None:
        first, second = windows_of([mention(1), mention(2, START_MS + MINUTE_MS)])
        more = replace(first, posts=5, revision=1)
        store.apply(records(WINDOWS.name, first, second), {(WINDOWS.name, 0): 2})
        store.apply(records(WINDOWS.name, more, first=2), {(WINDOWS.name, 0): 3})

        assert posts(store, Size.MINUTE) == {START_MS: 5, START_MS + MINUTE_MS: 1}
        assert posts(store, Size.HOUR) == posts(store, Size.DAY) == {START_MS: 6}

    def test_minutes_that_are_held_and_new_ones_come_together(self, store: SqlStore) -> None:
        minutes = [mention(n, START_MS + n * MINUTE_MS) for n in range(4)]
        first, second, third, fourth = windows_of(minutes)
        newer = replace(second, posts=7, revision=5)
        store.apply(records(WINDOWS.name, first, newer), {(WINDOWS.name, 0): 2})
        more = replace(first, posts=3, revision=1)
        store.apply(records(WINDOWS.name, more, second, third, fourth, first=2), {})

        assert list(posts(store, Size.MINUTE).values()) == [3, 7, 1, 1]
        assert posts(store, Size.HOUR) == posts(store, Size.DAY) == {START_MS: 12}

    def test_an_older_revision_changes_nothing(self, store: SqlStore) -> None:
        (window,) = windows_of([mention(1)])
        newer = replace(window, posts=5, revision=3)
        store.apply(records(WINDOWS.name, newer, window), {(WINDOWS.name, 0): 2})
        store.apply(records(WINDOWS.name, replace(window, revision=2), first=2), {})

        assert posts(store, Size.DAY) == posts(store, Size.MINUTE) == {START_MS: 5}

    def test_records_below_the_offsets_are_skipped(self, store: SqlStore) -> None:
        (window,) = windows_of([mention(1)])
        batch = records(WINDOWS.name, window)
        assert store.apply(batch, {(WINDOWS.name, 0): 1}) == 1
        assert store.apply(batch, {(WINDOWS.name, 0): 1}) == 0
        store.restart(WINDOWS.name, 0)
        assert store.apply(batch, {(WINDOWS.name, 0): 1}) == 1
        assert posts(store, Size.DAY) == {START_MS: 1}

    def test_totals_of_any_span_are_the_sum_of_its_minutes(self, store: SqlStore) -> None:
        drawn = random.Random(7)
        mentions = [
            mention(n, START_MS + drawn.randrange(4 * DAY_MS), intents=(Objective.SOCIAL_SALES,))
            for n in range(3000)
        ]
        store.apply(records(WINDOWS.name, *windows_of(mentions)), {})
        for _ in range(50):
            edges = sorted(START_MS + drawn.randrange(4 * DAY_MS) for _ in range(2))
            first, last = (edge // MINUTE_MS * MINUTE_MS for edge in edges)
            expected = sum(first <= one.event_time_ms < last for one in mentions)
            found = store.totals(EVERYTHING, None, Span(first, last)).get("xiaomi")
            counts = dict(zip(COUNT_NAMES, found or [0] * len(COUNT_NAMES), strict=True))
            assert counts["posts"] == counts["intent_social_sales"] == expected

    def test_hours_and_days_stay_when_minutes_go(self, store: SqlStore) -> None:
        windows = windows_of([mention(1), mention(2, START_MS + 200 * DAY_MS)])
        store.apply(records(WINDOWS.name, *windows), {})
        store.prune(START_MS + 200 * DAY_MS)
        late = replace(windows[0], posts=9, revision=4)
        store.apply(records(WINDOWS.name, late, first=9), {})

        assert list(posts(store, Size.MINUTE)) == [START_MS + 200 * DAY_MS]
        assert list(posts(store, Size.DAY).values()) == [1, 1]
        fresh = store.freshness()
        assert fresh.minutes_from_ms == START_MS + 110 * DAY_MS
        assert fresh.closed_until_ms == START_MS + 200 * DAY_MS + MINUTE_MS
        half = Span(START_MS + 60_000, START_MS + 120_000)
        assert store.totals(EVERYTHING, None, half)["xiaomi"][0] == 1


class TestMentions:
    def test_come_back_as_they_were(self, store: SqlStore) -> None:
        given = mention(
            7,
            polarity=Polarity.NEGATIVE,
            sentiment_milli=-700,
            is_repost=True,
            channel=Channel.PAID,
            reach=12,
            terms=("手机", "#小米 发布#"),
            place=Place.CHAIN,
            intents=(Objective.CLIENT_MANAGEMENT, Objective.SOCIAL_SALES),
            spam=(SpamSign.BOT,),
            language="zh",
            original_author="阿明",
            is_newcomer=True,
            region="广东",
            text_hash=1 << 31,
        )
        store.apply(records(MENTIONS.name, given), {(MENTIONS.name, 0): 1})

        (row,) = store.mentions(EVERYTHING, ALL, MentionSort.TIME, None, 10)
        assert row.mention == given
        assert [row.mention for row in store.all_mentions(EVERYTHING, ALL)] == [given]
        assert store.freshness().newest_post_ms == START_MS

    def test_are_counted_once(self, store: SqlStore) -> None:
        one = mention(1)
        group = GroupMention(
            group="phones", brands=("xiaomi",), partition=0, offset=1, event_time_ms=START_MS
        )
        store.apply(records(MENTIONS.name, one, one, group), {(MENTIONS.name, 0): 2})
        store.apply(records(MENTIONS.name, one, first=2), {(MENTIONS.name, 0): 3})

        assert listed(store) == [1]
        assert listed(store, ALL._replace(words="手机")) == [1]

    def test_strange_text_is_kept(self, store: SqlStore) -> None:
        texts = ["a\0b", "'; DROP TABLE mentions; --", '"AND" OR NEAR(', "%_\\", "\u202e🦄" * 50]
        store.apply(
            records(
                MENTIONS.name, *(mention(n, text=text, post=text) for n, text in enumerate(texts))
            ),
            {},
        )
        rows = store.mentions(EVERYTHING, ALL, MentionSort.TIME, None, 10)
        assert [row.mention.text for row in reversed(rows)] == ["a\ufffdb", *texts[1:]]
        for text in texts:
            store.count_mentions(EVERYTHING, ALL._replace(words=text, author=text, term=text), 10)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("手机", [0, 1]),
            ("手機", [0, 1]),
            ("发布会", [1]),
            ("发布", [1]),
            ("车", [2]),
            ("MI", [1]),
            ("小米 手机", [0, 1]),
            ("手机 车", []),
            ("🦄", []),
            ("没有", []),
        ],
    )
    def test_are_found_by_words(self, store: SqlStore, query: str, found: list[int]) -> None:
        texts = ["小米手机真好用", "小米手機的发布会, Mi 14!", "小米的车 不错", "unrelated"]
        mentions = [mention(n, text=text, terms=()) for n, text in enumerate(texts)]
        store.apply(records(MENTIONS.name, *mentions), {})

        assert sorted(listed(store, ALL._replace(words=query))) == found

    def test_are_filtered(self, store: SqlStore) -> None:
        mentions = [
            mention(0, polarity=Polarity.NEGATIVE, region="广东", language="zh"),
            mention(1, polarity=Polarity.NEGATIVE, place=Place.CHAIN, channel=Channel.OWNED),
            mention(2, intents=(Objective.SOCIAL_SALES,), terms=("100%", "手机")),
            mention(3, is_edit=True),
            mention(4, spam=(SpamSign.BOT,), author="li", source="mastodon"),
            mention(5, is_repost=True, original_author="li", terms=("1000",)),
            mention(6, brand="oppo", is_address=True),
        ]
        store.apply(records(MENTIONS.name, *mentions), {})

        def chosen(**fields: object) -> list[int]:
            wanted = ALL._replace(**fields)  # type: ignore[arg-type]
            assert store.count_mentions(EVERYTHING, wanted, 100) == len(listed(store, wanted))
            return sorted(listed(store, wanted))

        assert chosen() == [0, 1, 2, 4, 5, 6]
        assert chosen(with_edits=True) == [0, 1, 2, 3, 4, 5, 6]
        assert chosen(polarity=Polarity.NEGATIVE) == [0]
        assert chosen(is_exposure=True) == [1]
        assert chosen(channel=Channel.OWNED) == [1]
        assert chosen(region="广东") == chosen(language="zh") == [0]
        assert chosen(intent=Objective.SOCIAL_SALES) == [2]
        assert chosen(term="100%") == [2]
        assert chosen(is_spam=True) == chosen(author="li") == chosen(source="mastodon") == [4]
        assert chosen(is_spam=False) == [0, 1, 2, 5, 6]
        assert chosen(original="li") == chosen(is_repost=True) == [5]
        assert chosen(is_address=True) == chosen(brands=("oppo",)) == [6]
        assert chosen(brands=("oppo", "xiaomi"), span=Span(0, START_MS)) == []
        assert listed(store, scope=OTHERS) == [6]
        assert listed(store, ALL._replace(brands=("xiaomi",)), OTHERS) == []

    @pytest.mark.parametrize("sort", list(MentionSort))
    def test_pages_hold_all_once_in_order(self, store: SqlStore, sort: MentionSort) -> None:
        drawn = random.Random(3)
        mentions = [
            mention(
                n,
                START_MS + drawn.randrange(5) * 1000,
                reach=drawn.randrange(5),
                sentiment_milli=drawn.randrange(-3, 4),
            )
            for n in range(100)
        ]
        store.apply(records(MENTIONS.name, *mentions), {})
        found: list[Mention] = []
        after = None
        while rows := store.mentions(EVERYTHING, ALL, sort, after, 7):
            found += [row.mention for row in rows]
            after = rows[-1].cursor

        keys = {
            MentionSort.TIME: lambda one: -one.event_time_ms,
            MentionSort.REACH: lambda one: -one.reach,
            MentionSort.MOOD: lambda one: one.sentiment_milli,
        }
        assert sorted(one.offset for one in found) == list(range(100))
        assert list(map(keys[sort], found)) == sorted(map(keys[sort], found))

    def test_are_added_up(self, store: SqlStore) -> None:
        mentions = [
            mention(1, author="li", reach=5, region="广东", polarity=Polarity.POSITIVE),
            mention(2, author="li", reach=9, region="广东", polarity=Polarity.NEGATIVE),
            mention(3, author="wu", is_repost=True, original_author="li", terms=("坏",)),
        ]
        store.apply(records(MENTIONS.name, *mentions), {})

        assert [tuple(row) for row in store.regions(EVERYTHING, ALL)] == [
            ("广东", 2, 1, 1),
            ("", 1, 0, 0),
        ]
        assert [tuple(row) for row in store.heard(EVERYTHING, ALL, 10)] == [
            ("li", "weibo", 2, 9, 1, 1),
            ("wu", "weibo", 1, 0, 0, 0),
        ]
        assert [tuple(row) for row in store.words(EVERYTHING, ALL, 2)] == [
            ("好用", 2, 1),
            ("手机", 2, 1),
        ]

    def test_old_ones_go(self, store: SqlStore) -> None:
        old, new = mention(1), mention(2, START_MS + 31 * DAY_MS)
        store.apply(records(MENTIONS.name, old, new), {})
        store.prune(START_MS + 31 * DAY_MS)

        assert listed(store) == listed(store, ALL._replace(words="手机")) == [2]
        assert store.freshness().mentions_from_ms == START_MS + DAY_MS


class TestDeletions:
    def gone(self, subject: str, scope: DeletionScope, at_ms: int = START_MS + DAY_MS) -> Deletion:
        return Deletion(scope=scope, source="weibo", subject=subject, at_ms=at_ms)

    @pytest.mark.parametrize("is_first", [True, False])
    def test_take_the_text_and_leave_the_counts(self, store: SqlStore, is_first: bool) -> None:
        mentions = [
            mention(1),
            mention(2),
            mention(3, START_MS + 2 * DAY_MS, author="u2"),
            mention(4, source="mastodon", post="p1", author="u2"),
        ]
        windows = records(WINDOWS.name, *windows_of(mentions))
        batches = [
            records(
                DELETIONS.name,
                self.gone("p1", DeletionScope.POST),
                self.gone("u2", DeletionScope.AUTHOR),
            ),
            records(MENTIONS.name, *mentions) + windows,
        ]
        for batch in batches if is_first else reversed(batches):
            store.apply(batch, {})

        rows = store.mentions(EVERYTHING, ALL, MentionSort.TIME, None, 10)
        held = {row.mention.offset: row for row in rows}
        assert [held[n].is_deleted for n in (1, 2, 3, 4)] == [True, True, False, False]
        for n in (1, 2):
            assert (held[n].mention.text, held[n].mention.terms, held[n].mention.author) == (
                "",
                (),
                "",
            )
        assert sorted(listed(store, ALL._replace(words="手机"))) == [3, 4]
        assert store.totals(EVERYTHING, None, ALWAYS)["xiaomi"][0] == 4
        streamed = store.all_mentions(EVERYTHING, ALL)
        assert sum(row.mention.text == "" and row.is_deleted for row in streamed) == 2

    def test_take_samples_and_influencers(self, store: SqlStore) -> None:
        sample = Sample(
            post="p1", source="weibo", author="u1", text="坏", reach=1, sentiment_milli=0,
            event_time_ms=START_MS,
        )  # fmt: skip
        kept = replace(sample, post="p9", author="u9")
        trend = Trend(
            brand="xiaomi", at_ms=START_MS, counted=1.0, usually_counted=1.0,
            top=(TrendTerm("手机", 2.0, 1.0, 3.0),), rising=(),
            influencers=(Influencer("u1", 1, 1.0, 0.0), Influencer("u9", 1, 1.0, 0.0)),
        )  # fmt: skip
        store.apply(
            [
                *records(ALERTS.name, alert(samples=(sample, kept))),
                *records(TRENDS.name, trend),
                *records(DELETIONS.name, self.gone("u1", DeletionScope.AUTHOR)),
            ],
            {},
        )
        found = store.alert(EVERYTHING, "a1")
        assert found is not None
        assert [one.text for one in found.samples] == ["", "坏"]
        held = store.trend(EVERYTHING, "xiaomi")
        assert held is not None
        assert [one.author for one in held.influencers] == ["u9"]
        assert store.trend(OTHERS, "xiaomi") is None


class TestAlerts:
    def test_the_highest_revision_holds(self, store: SqlStore) -> None:
        over = alert(revision=2, state=AlertState.RESOLVED, ended_at_ms=START_MS + HOUR_MS)
        store.apply(records(ALERTS.name, over, alert(revision=1)), {})
        store.apply(records(ALERTS.name, alert(), first=5), {})

        assert store.alerts(EVERYTHING, AlertFilter(), None, 10) == [over]
        assert store.alert(EVERYTHING, "a1") == over
        assert store.alert(OTHERS, "a1") is None
        assert store.alerts(OTHERS, AlertFilter(), None, 10) == []

    def test_are_filtered_and_paged(self, store: SqlStore) -> None:
        everywhere = [
            alert(1, severity=9, incident="a2"),
            alert(2, state=AlertState.RESOLVED, ended_at_ms=START_MS + 5 * MINUTE_MS),
            alert(3, brand="*", kind="drop", department="pr"),
        ]
        store.apply(records(ALERTS.name, *everywhere), {})

        def ids(**fields: object) -> list[str]:
            wanted = AlertFilter()._replace(**fields)  # type: ignore[arg-type]
            return [one.id for one in store.alerts(EVERYTHING, wanted, None, 10)]

        assert ids() == ["a3", "a2", "a1"]
        assert ids(state=AlertState.FIRING) == ["a3", "a1"]
        assert ids(incident="a2") == ["a2", "a1"]
        assert ids(least_severity=5) == ["a1"]
        assert ids(kind="drop") == ids(department="pr") == ["a3"]
        assert ids(span=Span(START_MS + HOUR_MS, START_MS + DAY_MS)) == ["a3", "a1"]
        after = (START_MS + 3 * MINUTE_MS, "a3")
        page = store.alerts(EVERYTHING, AlertFilter(), after, 1)
        assert [one.id for one in page] == ["a2"]


class TestTheRest:
    def test_actions_are_added_and_never_changed(self, store: SqlStore) -> None:
        def act(number: int, who: str, **fields: Any) -> Action:
            return Action(
                id=str(number), at_ms=START_MS, who=who, kind=ActionKind.TAKEN,
                on=ActionSubject(fields.pop("on", "post")),
                subject=fields.pop("subject", "weibo/p1"), **fields,
            )  # fmt: skip

        store.apply(
            [
                *records(MENTIONS.name, mention(1)),
                *records(ALERTS.name, alert()),
                *records(
                    ACTIONS.name,
                    act(1, "li"),
                    act(1, "wu"),
                    act(2, "wu"),
                    act(3, "wu", brand="oppo", on="alert", subject="other"),
                    act(4, "wu", on="alert", subject="a1"),
                ),
            ],
            {},
        )
        everything = store.actions(EVERYTHING, None, None, 10)
        assert [(one.id, one.who) for one in everything] == [
            ("1", "li"), ("2", "wu"), ("3", "wu"), ("4", "wu"),
        ]  # fmt: skip
        assert [one.id for one in store.actions(OTHERS, None, None, 10)] == ["3"]
        xiaomi = Scope(frozenset({"xiaomi"}))
        assert [one.id for one in store.actions(xiaomi, None, None, 10)] == ["1", "2", "4"]
        found = store.actions(EVERYTHING, ActionSubject.POST, ["weibo/p1"], 10)
        assert [one.id for one in found] == ["1", "2"]
        assert store.actions(EVERYTHING, ActionSubject.ALERT, [], 10) == []

    def test_definitions_come_and_go(self, store: SqlStore) -> None:
        brand = Brand(id="xiaomi", name="小米", aliases=("MI",), trade="phones")
        rule = SpikeRule(id="spike")
        topic = CATALOGUE.name
        store.apply(
            [Record(topic, 0, 0, "brand:xiaomi", brand), Record(topic, 0, 1, "rule:spike", rule)],
            {},
        )
        assert [one.key for one in store.definitions()] == ["brand:xiaomi", "rule:spike"]
        assert [one.name for one in store.brands(EVERYTHING).values()] == ["小米"]
        assert store.brands(OTHERS) == {}
        store.apply([Record(topic, 0, 2, "brand:xiaomi", None)], {})
        assert [one.key for one in store.definitions()] == ["rule:spike"]
        assert store.definitions("brand") == []

    def test_feeds_gaps_expectations_and_deliveries(self, store: SqlStore) -> None:
        gap = FeedGap(feed="jetstream", from_ms=10, to_ms=20, reason=GapReason.NO_RESUME)
        longer = replace(gap, to_ms=30)
        feed = FeedPosition(
            feed="jetstream", position="7", event_time_ms=1, at_ms=2, state=FeedState.LIVE
        )
        expected = Expectation(brand="xiaomi", start_ms=START_MS, level=0.5, limits={1: 9, 60: 50})
        told = Delivery(
            subscriber="ops", channel=ReceivingChannel.SLACK, alert="a1", brand="xiaomi",
            revision=0, outcome=Outcome.SENT, reason=Reason.SENT, at_ms=5, matched_at_ms=4,
        )  # fmt: skip
        store.apply(
            [
                *records(FEED_GAPS.name, gap, longer),
                Record(FEED_POSITIONS.name, 0, 0, "jetstream", feed),
                *records(EXPECTATIONS.name, expected),
                *records(DELIVERIES.name, replace(told, outcome=Outcome.HELD), told),
                Record(DELIVERIES.name, 0, 2, "ops", None),
            ],
            {},
        )
        assert store.gaps(Span(25, 26)) == [longer]
        assert store.gaps(Span(30, 40)) == []
        assert store.feeds() == [feed]
        assert store.expectations(EVERYTHING, ["xiaomi"], ALWAYS) == [expected]
        assert store.expectations(OTHERS, None, ALWAYS) == []
        assert store.deliveries(EVERYTHING, Deliveries(alert="a1"), 5) == [told]
        assert store.deliveries(EVERYTHING, Deliveries(outcome="held"), 5) == []
        assert store.deliveries(OTHERS, Deliveries(), 5) == []
        store.apply([Record(FEED_POSITIONS.name, 0, 1, "jetstream", None)], {})
        assert store.feeds() == []

    def test_a_rebuild_begins_anew(self, store: SqlStore) -> None:
        store.apply(records(MENTIONS.name, mention(1)), {(MENTIONS.name, 0): 1})
        store.rebuild()

        assert listed(store) == []
        assert store.offsets() == {}
        store.apply(records(MENTIONS.name, mention(1)), {(MENTIONS.name, 0): 1})
        assert listed(store, ALL._replace(words="手机")) == [1]

    def test_nothing_of_a_failed_batch_stays(self, store: SqlStore) -> None:
        batch = [*records(ALERTS.name, alert()), *records(MENTIONS.name, mention(1))]
        with pytest.raises(Exception, match=r"(?i)not.null"):
            store.apply(batch + _breaking(), {(MENTIONS.name, 0): 1})

        assert store.offsets() == {}
        assert store.alert(EVERYTHING, "a1") is None
        assert listed(store) == []

    def test_it_is_there_after_it_was_closed(self, store_url: str) -> None:
        first = open_store(store_url)
        first.apply(records(MENTIONS.name, mention(1)), {(MENTIONS.name, 0): 1})
        first.close()
        again = open_store(store_url)
        assert listed(again) == [1]
        assert again.offsets() == {(MENTIONS.name, 0): 1}
        again.close()


def _breaking() -> list[Record]:
    """A delivery without a brand: no column takes that."""
    one = Delivery(
        subscriber="ops", channel=ReceivingChannel.SLACK, alert="a1", brand=None,  # type: ignore[arg-type]
        revision=0, outcome=Outcome.SENT, reason=Reason.SENT, at_ms=5, matched_at_ms=4,
    )  # fmt: skip
    return records(DELIVERIES.name, one)


def test_an_address_that_is_no_store_is_refused() -> None:
    with pytest.raises(OperatorError, match="'mysql' is no store"):
        open_store("mysql://somewhere")


def test_no_folder_is_made_for_a_store(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no folder .*/none/dir; make it"):
        open_store(f"sqlite:///{tmp_path}/none/dir/center.db")
    assert list(tmp_path.iterdir()) == []


def test_newer_tables_are_refused(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/center.db"
    found = open_store(url)
    found._database._writer.execute("PRAGMA user_version = 99")  # type: ignore[union-attr]
    found.close()
    with pytest.raises(OperatorError, match="of version 99"):
        open_store(url)
