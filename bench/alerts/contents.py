"""What simulated posts are about: contents of real posts, in bursts and in usual talk.

Usual talk has clumps of content by chance, as real talk has. Posts come as conversations, by the
fleet's own law. A conversation is a piece of a real cascade: neighbouring reposts of one original,
with their words and copies. Four of ten conversations go back to an original of the last six hours,
the more likely the more did before, so that a few are popular; the others have one of their own. A
post that nobody answers is a repost in one of two cases, and else somebody's own words. In four of
ten posts stands one of the words that are common with the brand.

The posts of a burst are drawn from one real cascade, four of five of them; the others are talk of
nothing in common. In every second burst they are reposts of its original. In the others they are
posts of their own, each with own words of the cascade and three of the eight first words of the
original: a piece of news that everybody puts in words of their own.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from analysis.shipped import analyser_of
from bench.alerts.bursts import Burst
from bench.alerts.rhythms import Floats
from schemas.catalogue import Brand, Catalogue
from schemas.mention import Mention, Place
from sources.parsing import parse

MINUTE_MS = 60_000
ANSWER_MIN = 2.0
AGAIN = 0.4
"""Part of the conversations that go back to an original of the last hours."""
AGAIN_MIN = 6 * 60
ABOUT = 0.8
"""Part of a burst's posts that are about its cause."""
_COMMON, _COMMON_WORDS = 0.4, 30
_NEWS_WORDS, _NEWS_WORDS_EACH = 8, 3
_FEWEST_REPOSTS = 40
_AT_ONCE = 500
_READ_MS = 1_700_000_000_000
_ANY = Brand(id="any", name="leimo-any")


class Cascade(NamedTuple):
    """Reposts of one real original, by time."""

    original: Mention
    reposts: list[Mention]


class Timed(NamedTuple):
    """A post of a simulated brand."""

    at_ms: int
    """Since the begin of the series."""
    content: Mention


def cascades_of(posts: Sequence[bytes]) -> list[Cascade]:
    """The cascades among real statuses, each post analysed as if it named a brand."""
    analyser = analyser_of(Catalogue((_ANY,)))
    originals: dict[str, Mention] = {}
    reposts: defaultdict[str, list[Mention]] = defaultdict(list)
    for first in range(0, len(posts), _AT_ONCE):
        # A card names the brand: the own words, and what is known of copies, stay as they are.
        parsed = [
            msgspec.structs.replace(parse("weibo", line, _READ_MS), card=_ANY.name)
            for line in posts[first : first + _AT_ONCE]
        ]
        numbers = range(first, first + len(parsed))
        for post, found in zip(parsed, analyser.mentions_many(parsed, 0, numbers), strict=True):
            for mention in found:
                content = msgspec.structs.replace(mention, place=Place.OWN, spam=(), reach=0)
                if post.is_repost and post.quoted is not None:
                    reposts[post.quoted.id].append(content)
                else:
                    originals[post.id] = content
    return [
        Cascade(originals[identity], of_one)
        for identity, of_one in reposts.items()
        if identity in originals and len(of_one) >= _FEWEST_REPOSTS
    ]


class Talk:
    """The talk about one brand."""

    def __init__(self, rng: np.random.Generator, cascades: Sequence[Cascade]) -> None:
        self._rng = rng
        self._cascades = cascades
        self._posts = 0
        self._originals = 0
        words = sorted({term for one in self._some(20) for term in one.original.terms})
        self._common = [str(word) for word in rng.permutation(words)[:_COMMON_WORDS]]
        weights = 1 / np.arange(1, len(self._common) + 1)
        self._up_to = np.cumsum(weights / weights.sum())[:-1]

    def usual(self, rate: Floats, fano: float) -> list[Timed]:
        """Posts of minutes with these rates, by time: `fleet.conversations`, with contents."""
        rng = self._rng
        mean = (fano + 1) / 2
        starts = np.repeat(np.arange(len(rate)), rng.poisson(rate / mean))
        found: list[Timed] = []
        lately: deque[tuple[int, Cascade, str]] = deque()
        for start in starts.tolist():
            size = int(rng.geometric(1 / mean)) if mean > 1 else 1
            while lately and lately[0][0] <= start - AGAIN_MIN:
                lately.popleft()
            if lately and rng.random() < AGAIN:
                # Each conversation stands there, so that what many go back to is gone back to.
                _, cascade, author = lately[int(rng.integers(len(lately)))]
            else:
                cascade, author = self._some(1)[0], self._new_original()
            lately.append((start, cascade, author))
            first = int(rng.integers(len(cascade.reposts)))
            for number in range(size):
                content = cascade.reposts[(first + number) % len(cascade.reposts)]
                is_own = size == 1 and rng.random() < 0.5
                later = 0.0 if not number else float(rng.exponential(ANSWER_MIN))
                at_ms = int((start + rng.random() + int(later)) * MINUTE_MS)
                found.append(Timed(at_ms, self._post(content, "" if is_own else author)))
        end_ms = len(rate) * MINUTE_MS
        return sorted((one for one in found if one.at_ms < end_ms), key=lambda one: one.at_ms)

    def of_burst(self, burst: Burst, *, is_cascade: bool) -> list[Timed]:
        """The posts of a burst in minutes, by time."""
        rng = self._rng
        cascade, author = self._some(1)[0], self._new_original()
        news = list(cascade.original.terms[:_NEWS_WORDS])
        found = []
        for minute in np.repeat(np.arange(len(burst.posts)), burst.posts).tolist():
            at_ms = int((burst.start + minute + rng.random()) * MINUTE_MS)
            if rng.random() >= ABOUT:
                other = self._some(1)[0]
                content = other.reposts[int(rng.integers(len(other.reposts)))]
                found.append(Timed(at_ms, self._post(content, "")))
                continue
            content = cascade.reposts[int(rng.integers(len(cascade.reposts)))]
            if is_cascade:
                found.append(Timed(at_ms, self._post(content, author)))
                continue
            said = rng.permutation(news)[:_NEWS_WORDS_EACH].tolist()
            found.append(Timed(at_ms, self._post(content, "", said)))
        return sorted(found, key=lambda one: one.at_ms)

    def _post(self, content: Mention, original_author: str, said: Sequence[str] = ()) -> Mention:
        """A post by somebody new; own posts are no copies, unless somebody said just that."""
        rng = self._rng
        self._posts += 1
        terms = [*said, *content.terms]
        if self._common and rng.random() < _COMMON:
            terms.insert(0, self._common[int(np.searchsorted(self._up_to, rng.random()))])
        own = not original_author and not content.terms
        return msgspec.structs.replace(
            content,
            author=f"u{self._posts}",
            original_author=original_author,
            original=original_author,
            is_repost=bool(original_author),
            terms=tuple(dict.fromkeys(terms))[:12],
            text_hash=self._posts if own else content.text_hash,
        )

    def _some(self, count: int) -> list[Cascade]:
        numbers = self._rng.integers(len(self._cascades), size=count)
        return [self._cascades[int(number)] for number in numbers]

    def _new_original(self) -> str:
        self._originals += 1
        return f"o{self._originals}"
