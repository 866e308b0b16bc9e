"""Posts that name the brand together with a crisis word, or complain."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from measures.brand_state import OpenAlert
from measures.buckets import Bucket
from measures.moment import Moment
from measures.rule_index import RuleIndex
from measures.rules.finding import Finding, severity_of
from schemas.counted import noun_of
from schemas.mention import Mention, Polarity
from schemas.rules import CrisisRule, Rule

HORIZON_MIN = 10
EXPOSURES_A_POST = 5
"""Accounts that pass a post with crisis words on, without any of their own, count as one post."""
_USUAL_TIMES = 3.0
"""Of the usual number of them, which count for nothing."""
_STILL = 0.5
_NEGATIVE = Polarity.NEGATIVE
_NAME = 40
"""Code points of an author that are told."""


class Crises:
    """The crisis rules that apply to a brand, ready to search texts."""

    def __init__(self, rules: Iterable[CrisisRule]) -> None:
        listed = list(rules)
        by_rule = tuple((rule.id, rule.words) for rule in listed if rule.words)
        self._by_objective = tuple(
            (rule.id, frozenset(rule.objectives)) for rule in listed if rule.objectives
        )
        self._searches = tuple((rule_id, pattern(words).search) for rule_id, words in by_rule)
        every = tuple(sorted({word for _, words in by_rule for word in words}))
        self._any = pattern(every).search if every else None
        self.exposed_by = lru_cache(maxsize=1024)(self.hit_by)
        """`hit_by`, of originals, which come again and again."""

    def hit(self, mention: Mention) -> list[str]:
        """Ids of the rules that a mention speaks for: by a word, or in anger by what it wants."""
        text, is_any = mention.text, self._any
        found = self._named(text) if text and is_any is not None and is_any(text) else []
        if self._by_objective and mention.polarity is _NEGATIVE:
            wanted = frozenset(mention.intents)
            found += [
                rule_id
                for rule_id, objectives in self._by_objective
                if wanted & objectives and rule_id not in found
            ]
        return found

    def hit_by(self, text: str) -> list[str]:
        """Ids of the rules that have a word in the text.

        >>> fire = CrisisRule(id="fire", words=("起火",))
        >>> Crises([fire]).hit_by("手机起火了")
        ['fire']
        """
        return [] if self._any is None or self._any(text) is None else self._named(text)

    def _named(self, text: str) -> list[str]:
        """Of a text with a word of any rule."""
        return [rule_id for rule_id, search in self._searches if search(text)]


class CrisesOf(dict[str, Crises]):
    """Brand -> the crisis rules that apply to it; brands with the same rules share them.

    Those of most brands are ready before the first post comes.
    """

    def __init__(self, index: RuleIndex) -> None:
        self._index = index
        self._shared: dict[tuple[str, ...], Crises] = {}
        self._of([rule for rule in index.rules if not rule.brands and not rule.trades])

    def __missing__(self, brand: str) -> Crises:
        found = self[brand] = self._of(self._index.rules_of(brand))
        return found

    def _of(self, rules: Iterable[Rule]) -> Crises:
        of_crises = [rule for rule in rules if isinstance(rule, CrisisRule)]
        key = tuple([rule.id for rule in of_crises])
        if key not in self._shared:
            self._shared[key] = Crises(of_crises)
        return self._shared[key]


@lru_cache(maxsize=256)
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all words, longest first; brands with the same rules share it."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)


def evaluate(moment: Moment, rule: CrisisRule, open_alert: OpenAlert | None) -> Finding | None:
    """Count hits over ten minutes, and who passes such posts on; one more keeps an alert going."""
    bucket, rule_id = moment.bucket, rule.id
    if bucket is None:
        return None
    is_hit = bucket.hits is not None and rule_id in bucket.hits
    if not is_hit and (bucket.exposed is None or rule_id not in bucket.exposed):
        return None
    buckets = moment.last(HORIZON_MIN)
    hits, exposed = _hits(rule_id, buckets), _exposed(rule_id, buckets)
    seen, least = _weight(moment, hits, exposed), rule.min_posts
    if open_alert is None:
        if seen < least or len(_accounts(rule_id, buckets)) < rule.min_authors:
            return None
    elif not is_hit and seen < _STILL * least:
        return None
    cause = f"{hits} {noun_of(hits, 'post')} with crisis words ({rule.id}) in {HORIZON_MIN} min"
    if exposed:
        usual = HORIZON_MIN * moment.state.usual_exposures(moment.start_ms)
        cause += _passed_on(exposed, usual, sum(bucket.exposed_to(rule.id).values()))
    return Finding(seen, 0, severity_of(seen, least), cause, horizon_min=HORIZON_MIN)


def weight_of(moment: Moment, rule: CrisisRule) -> int:
    """Posts that speak for it, and by the `EXPOSURES_A_POST` who passes such on beyond the usual.

    How many pass such posts on every day is not known in the first half hour.
    """
    buckets = moment.last(HORIZON_MIN)
    return _weight(moment, _hits(rule.id, buckets), _exposed(rule.id, buckets))


def _weight(moment: Moment, hits: int, exposed: Mapping[str, int]) -> int:
    if not exposed or not moment.baseline.is_warm():
        return hits
    exposures = sum(exposed.values())
    usual = HORIZON_MIN * moment.state.usual_exposures(moment.start_ms)
    return hits + max(0, int((exposures - _USUAL_TIMES * usual) / EXPOSURES_A_POST))


def _hits(rule: str, buckets: Iterable[Bucket]) -> int:
    return sum([one.hits[rule] for one in buckets if one.hits and rule in one.hits])


def _exposed(rule: str, buckets: Iterable[Bucket]) -> Mapping[str, int]:
    """Author of an original -> accounts that passed it on without words."""
    exposed: defaultdict[str, int] = defaultdict(int)
    for bucket in buckets:
        if bucket.exposed and rule in bucket.exposed:
            for author, accounts in bucket.exposed[rule].items():
                exposed[author] += accounts
    return exposed


def _accounts(rule: str, buckets: Sequence[Bucket]) -> set[int]:
    """Hashes of who wrote or passed on: at least so many."""
    found: set[int] = set()
    for one in buckets:
        for accounts in (one.hitters, one.exposers):
            if accounts and rule in accounts:
                found.update(accounts[rule])
    return found


def _passed_on(exposed: Mapping[str, int], usual: float, now: int) -> str:
    """Whose posts are passed on, and how fast."""
    whose = max(sorted(exposed), key=lambda author: exposed[author])
    total = sum(exposed.values())
    author = f" of {whose[:_NAME]}" if whose else ""
    return (
        f", and {total} {noun_of(total, 'account')} passed such posts on without a word "
        f"({usual:.0f} usual), "
        f"{now} in the last minute, {exposed[whose]} {noun_of(exposed[whose], 'time')} one{author}"
    )
