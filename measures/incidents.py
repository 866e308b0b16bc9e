"""Which alerts tell of one event: those that share their posts, or what these say, within minutes.

Each board learns of the begin of every alert, of its own at once and of the others' by signals in
`mentions`. Whether two alerts are one event depends on their two signals alone, an incident is what
hangs together by that, and its head the first by an order of all. Those that have most in common
are joined first, and none where that would join two that are known to be different: so a spike over
two events that begin at once is put to the one of which it says more, and makes no one event of
them. Then alerts of one brand of which it is not known what they have in common count as one event
too, the nearest first, under the same condition: so does the mood of an hour.
Whoever has taken in the same signals finds the same incidents, in whatever order they came.
An alert is published at once, with the incident that is known then; when an earlier head becomes
known it is published again.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from measures.buckets import BUCKET_MS
from schemas.alert import Alert
from schemas.rules import RuleKind
from schemas.signal import Signal

SAME_BRAND_MS = 60 * BUCKET_MS
"""Alerts of one brand that begin within so long may be one event."""
OTHER_BRAND_MS = 15 * BUCKET_MS
KEPT_MS = 6 * SAME_BRAND_MS
"""Signals that began so long before the newest are forgotten."""
MOST_SIGNALS = 512
MOST_TOLD = 128
SHARED = 0.5
"""Part of the one alert's posts that the other has too, ..."""
SHARED_BACK = 0.2
"""... and of the other's that the one has."""
COMMON = 2
"""Leading terms that two brands' alerts have in common ..."""
LEADING = 0.4
"""... each in so large a part of the posts of both."""
_QUIET = frozenset({RuleKind.DROP.value, RuleKind.SILENCE.value})
"""Kinds about posts that are missing: no posts tell what they are about."""


class IncidentState(msgspec.Struct, array_like=True):
    """What a partition keeps of incidents, in an entry of its own."""

    signals: dict[str, Signal] = msgspec.field(default_factory=dict)
    """Alert -> its begin; of all partitions."""
    told: dict[str, Alert] = msgspec.field(default_factory=dict)
    """The last published records of this partition's own alerts."""


class Incidents:
    """The incidents, as one partition knows them."""

    def __init__(self, state: IncidentState | None = None) -> None:
        self.state = state or IncidentState()
        self._linked: dict[str, dict[str, bool]] = {}
        """Alert -> those that tell of the same, and whether they have something in common."""
        self._differing: dict[str, set[str]] = {}
        """Alert -> those of its brand that are known to tell of something else."""
        self._heads: dict[str, str] = {}
        """Alert -> head of its incident, as far as it was asked for since the last signal."""
        self._is_settled = False
        """Whether own alerts have the heads that are known, see `moved`."""
        for signal in self.state.signals.values():
            self._link(signal)

    def add(self, signal: Signal) -> bool:
        """Take a signal into account, once; returns whether it is a new one."""
        signals = self.state.signals
        if signal.alert in signals:
            return False
        newest_ms = max((one.started_at_ms for one in signals.values()), default=0)
        if signal.started_at_ms < newest_ms - KEPT_MS:
            return False
        signals[signal.alert] = signal
        self._is_settled = False
        self._heads.clear()
        self._link(signal)
        self._forget()
        return True

    def head_of(self, alert: Alert) -> str:
        """Id of the alert that is the head of its incident."""
        signals, told = self.state.signals, self.state.told.get(alert.id)
        if told is not None and (alert.id not in signals or told.incident not in signals):
            return told.incident  # it is long ago, and stays as it was told
        if alert.id not in signals:
            return alert.id
        if alert.id not in self._heads:
            together = self._together(alert.id)
            head = min(together, key=lambda each: _order(signals[each]))
            self._heads |= dict.fromkeys(together, head)
        return self._heads[alert.id]

    def placed(self, alert: Alert) -> Alert:
        """The record with its incident, noted as the last one of the alert."""
        placed = msgspec.structs.replace(alert, incident=self.head_of(alert))
        self._note(placed)
        return placed

    def moved(self) -> Iterator[Alert]:
        """New records of own alerts whose incident has another head by now."""
        if self._is_settled:
            return
        for alert in list(self.state.told.values()):
            head = self.head_of(alert)
            if head != alert.incident:
                again = msgspec.structs.replace(alert, incident=head, revision=alert.revision + 1)
                self._note(again)
                yield again
        self._is_settled = True

    def renew(self, alert: Alert) -> bool:
        """An own alert was published anew with other content; returns whether it is one of those
        that are kept."""
        if alert.id not in self.state.told:
            return False
        self.state.told[alert.id] = alert
        self._is_settled = False
        return True

    def _note(self, alert: Alert) -> None:
        told = self.state.told
        told.pop(alert.id, None)
        told[alert.id] = alert
        if len(told) > MOST_TOLD:
            del told[min(told, key=lambda each: (told[each].started_at_ms, each))]

    def _together(self, alert: str) -> set[str]:
        linked = self._linked
        found = _hanging(linked, [alert], known_alone=False)
        group_of: dict[str, set[str]] = {}
        for each in found:
            if each not in group_of:
                known = _hanging(linked, [each], known_alone=True)
                if self._differing and self._differ(known, known):
                    group_of |= self._parted(known)
                else:
                    group_of |= dict.fromkeys(known, known)
        self._join(group_of, self._supposed(found))
        return group_of[alert]

    def _parted(self, alerts: set[str]) -> dict[str, set[str]]:
        """Groups of alerts that hang together, where some of them are known to differ."""
        signals = self.state.signals

        def order(pair: tuple[str, str]) -> tuple[float, int, tuple[int, str], tuple[int, str]]:
            one, other = (signals[each] for each in pair)
            apart_ms = abs(one.started_at_ms - other.started_at_ms)
            return -_in_common(one, other), apart_ms, _age(one), _age(other)

        group_of = {each: {each} for each in alerts}
        self._join(group_of, sorted(self._ties(alerts, are_known=True), key=order))
        return group_of

    def _supposed(self, alerts: set[str]) -> list[tuple[str, str]]:
        """Pairs of which it is not known what they have in common, those nearest in time first."""
        signals = self.state.signals

        def order(pair: tuple[str, str]) -> tuple[int, tuple[int, str], tuple[int, str]]:
            one, other = (signals[each] for each in pair)
            return abs(one.started_at_ms - other.started_at_ms), _age(one), _age(other)

        return sorted(self._ties(alerts, are_known=False), key=order)

    def _ties(self, alerts: set[str], *, are_known: bool) -> list[tuple[str, str]]:
        signals = self.state.signals
        return [
            (one, other)
            for one in alerts
            for other, is_known in self._linked[one].items()
            if is_known is are_known and _age(signals[one]) < _age(signals[other])
        ]

    def _join(self, group_of: dict[str, set[str]], pairs: Iterable[tuple[str, str]]) -> None:
        """Make one group of the two of each pair, unless alerts of them are known to differ."""
        for one, other in pairs:
            mine, others = group_of[one], group_of[other]
            if mine is not others and not self._differ(mine, others):
                mine |= others
                group_of |= dict.fromkeys(others, mine)

    def _differ(self, some: Iterable[str], others: set[str]) -> bool:
        """Whether one of these is known to tell of something else than one of the others."""
        differing = self._differing
        for each in some:  # noqa: SIM110 - a generator is a call for each
            if each in differing and not differing[each].isdisjoint(others):
                return True
        return False

    def _link(self, signal: Signal) -> None:
        linked, alert = self._linked, signal.alert
        mine = linked.setdefault(alert, {})
        for other in self.state.signals.values():
            if other.alert not in linked or other.alert == alert:
                continue
            if are_one(signal, other):
                is_known = is_known_as_one(signal, other)
                mine[other.alert] = linked[other.alert][alert] = is_known
            elif (
                signal.brand == other.brand
                and -SAME_BRAND_MS <= signal.started_at_ms - other.started_at_ms <= SAME_BRAND_MS
                and _are_known_to_differ(signal, other)
            ):
                self._differing.setdefault(alert, set()).add(other.alert)
                self._differing.setdefault(other.alert, set()).add(alert)

    def _forget(self) -> None:
        signals = self.state.signals
        oldest_ms = max(one.started_at_ms for one in signals.values()) - KEPT_MS
        gone = [each for each, one in signals.items() if one.started_at_ms < oldest_ms]
        spare = len(signals) - len(gone) - MOST_SIGNALS
        if spare > 0:
            left = sorted(signals.keys() - set(gone), key=lambda each: _age(signals[each]))
            gone += left[:spare]
        for each in gone:
            del signals[each]
            for other in self._linked.pop(each):
                del self._linked[other][each]
            for other in self._differing.pop(each, ()):
                self._differing[other].discard(each)


def _hanging(
    linked: Mapping[str, Mapping[str, bool]], alerts: Iterable[str], *, known_alone: bool
) -> set[str]:
    """What hangs together with these alerts."""
    waiting = list(alerts)
    found = set(waiting)
    while waiting:
        for other, is_known in linked[waiting.pop()].items():
            if other not in found and (is_known or not known_alone):
                found.add(other)
                waiting.append(other)
    return found


def _age(signal: Signal) -> tuple[int, str]:
    return signal.started_at_ms, signal.alert


def _order(signal: Signal) -> tuple[bool, int, bool, int, str]:
    """Who is head: whom somebody is told of, the first, the parent, the worst."""
    return (
        signal.is_silenced,
        signal.started_at_ms,
        bool(signal.parent),
        -signal.severity,
        signal.alert,
    )


def are_one(one: Signal, other: Signal) -> bool:
    """Whether two alerts tell of one event, by what was known when they began.

    >>> fire = Signal(alert="a", brand="x", kind="crisis", started_at_ms=0, severity=1)
    >>> many = Signal(alert="b", brand="x", kind="spike", started_at_ms=60_000, severity=1)
    >>> are_one(fire, many), are_one(fire, msgspec.structs.replace(many, brand="y"))
    (True, False)
    """
    if (one.kind in _QUIET) is not (other.kind in _QUIET):
        return False
    if one.brand == other.brand:
        return _is_near(one, other) and not _tells_of_something_else(one, other)
    apart_ms = abs(one.started_at_ms - other.started_at_ms)
    if apart_ms > OTHER_BRAND_MS or not one.posts or not other.posts:
        return False
    return _share_posts(one, other) or _say_the_same(one, other)


def is_known_as_one(one: Signal, other: Signal) -> bool:
    """Of two that are one: whether they have posts or words in common, or are about posts that
    are missing; of one brand nothing may speak for it but that nothing speaks against it."""
    return (
        one.brand != other.brand
        or one.kind in _QUIET
        or not one.terms.keys().isdisjoint(other.terms)
        or not frozenset(one.posts.values()).isdisjoint(other.posts.values())
    )


def _in_common(one: Signal, other: Signal) -> float:
    """How much of their posts is of one thing: a term of both, or posts of the same threads.

    >>> fire = {"alert": "a", "brand": "x", "kind": "crisis", "started_at_ms": 0, "severity": 1}
    >>> of_one, of_both = {"battery": 0.9}, {"battery": 0.5, "milk": 0.4}
    >>> _in_common(Signal(**fire, terms=of_one), Signal(**fire, terms=of_both))
    0.5
    """
    of_terms, theirs = 0.0, other.terms
    for term, share in one.terms.items():  # a generator is a call for each term
        if term in theirs:
            both = share if share < theirs[term] else theirs[term]
            of_terms = both if both > of_terms else of_terms
    if not one.posts or not other.posts:
        return of_terms
    return max(of_terms, min(_part_in(one, other), _part_in(other, one)))


def _is_near(one: Signal, other: Signal) -> bool:
    """Whether they are about one brand, and begin within an hour."""
    apart_ms = abs(one.started_at_ms - other.started_at_ms)
    return one.brand == other.brand and apart_ms <= SAME_BRAND_MS


def _share_posts(one: Signal, other: Signal) -> bool:
    if frozenset(one.posts.values()).isdisjoint(other.posts.values()):
        return False
    there, back = _part_in(one, other), _part_in(other, one)
    return max(there, back) >= SHARED and min(there, back) >= SHARED_BACK


def _part_in(one: Signal, other: Signal) -> float:
    """The part of one's posts whose threads the other has.

    Where the other is a sample, posts that would not be in it say nothing, unless too few are left.
    """
    posts: Mapping[int, int] = one.posts
    if not other.is_whole:
        largest = max(other.posts)
        comparable = {number: thread for number, thread in posts.items() if number <= largest}
        posts = comparable if len(comparable) >= _COMPARABLE else posts
    threads = frozenset(other.posts.values())
    shared = 0
    for thread in posts.values():  # a generator is a call for each post
        if thread in threads:
            shared += 1
    return shared / len(posts)


_COMPARABLE = 3


def _say_the_same(one: Signal, other: Signal) -> bool:
    common = [
        term
        for term, share in one.terms.items()
        if share >= LEADING and other.terms.get(term, 0.0) >= LEADING
    ]
    return len(common) >= COMMON


def _tells_of_something_else(one: Signal, other: Signal) -> bool:
    """Of one brand: all posts are known, and nothing of them speaks for one event.

    That two events reach their limits in one minute is so rare that posts which differ are no
    reason yet.
    """
    if _are_known_to_differ(one, other):
        return True
    is_known = one.is_whole and other.is_whole and one.posts and other.posts
    if not is_known or one.started_at_ms == other.started_at_ms:
        return False
    return not is_known_as_one(one, other)


def _are_known_to_differ(one: Signal, other: Signal) -> bool:
    """Of one brand: each says what it is about, and that is something else."""
    if not one.posts or not other.posts or not one.terms.keys().isdisjoint(other.terms):
        return False
    if one.is_single or other.is_single:
        return min(_part_in(one, other), _part_in(other, one)) < SHARED_BACK
    if not frozenset(one.posts.values()).isdisjoint(other.posts.values()):
        return False
    return _has_a_cause(one) and _has_a_cause(other)


def _has_a_cause(signal: Signal) -> bool:
    """Whether many of its posts are about one thing: they share a term, or an original.

    Two of four that share a word do so by chance.
    """
    leading = max(signal.terms.values(), default=0.0)
    if leading >= LEADING and round(leading * len(signal.posts)) >= _COMPARABLE:
        return True
    posts_of: dict[int, int] = {}
    for thread in signal.posts.values():  # a generator is a call for each post
        posts_of[thread] = posts_of[thread] + 1 if thread in posts_of else 1
    return max(posts_of.values()) >= max(_COMPARABLE, LEADING * len(signal.posts))
