"""A post in, its brand mentions out.

A post mentions a brand when its own words, its repost chain or its quoted original names it. Own
words carry a mood; chain and quote carry volume alone. `mentions` depends on nothing but the
post and the catalogue: the same post gives the same mentions in any order and any batch.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec

from analysis import words
from analysis.brands import Found, Matcher
from analysis.context import ContextRules, Verdict
from analysis.terms import Word, content_words, top_terms
from analysis.tokens import Tokenizer
from schemas.catalogue import Brand
from schemas.mention import Channel, Mention, Polarity, Span
from schemas.post import Post, PostEvent

MAX_SAMPLE = 140
"""Code points of own words that a mention carries."""

MAX_SPANS = 16
"""Occurrences of a brand in a post that are looked at; what repeats a name more often is spam."""

QUOTES_KEPT = 16_384
"""Quoted originals whose brands are remembered: a cascade repeats one by the thousand."""

MAX_KEPT = 2_000
"""Code points of the longest quoted text that is remembered."""

MIXED_FROM = 0.1
"""Occurrences that disagree make a mood only when their mean is at least so far from zero."""

_PAID = re.compile(
    r"[#＃]\s*(?:广告|廣告)|[\[【［(（]\s*(?:广告|廣告)\s*[\]】］)）]"
    r"|(?<![\w#])[#＃](?:ad|advert|sponsored)(?![\w])",
    re.IGNORECASE,
)


class Sentiment(Protocol):
    """What a sentiment model says: `score` from -1 to 1, and its name."""

    @property
    def polarity(self) -> Polarity: ...

    @property
    def score(self) -> float: ...


Place = tuple[str, int, int]
"""Own words, and the span [start, end) of a brand in them."""


class SentimentScorer(Protocol):
    """A model: of a whole text, or of what is said about the span [start, end) in it.

    One that has `towards_many(places)` as well is asked once for many posts.
    """

    def score(self, text: str) -> Sentiment: ...

    def towards(self, text: str, start: int, end: int) -> Sentiment: ...


class Occurrence(msgspec.Struct, frozen=True):
    """A brand named at [start, end) of a text, code points."""

    brand: str
    alias: str
    start: int
    end: int
    polarity: Polarity
    score: float


class Analysis(msgspec.Struct, frozen=True):
    """A text as the analysis sees it, for people who tune a catalogue."""

    tokens: list[str]
    own_words: str
    polarity: Polarity
    score: float
    occurrences: list[Occurrence]


class _Named(NamedTuple):
    """An alias that stands in a text for a brand."""

    start: int
    end: int
    brand: int
    alias: str


class _Quote(NamedTuple):
    """What is remembered of a quoted original."""

    brands: frozenset[int]
    clues: frozenset[int]
    """Context words in it, by number."""


_NO_QUOTE = _Quote(frozenset(), frozenset())


class _Own(NamedTuple):
    """The own words of a post, made ready once for all its mentions."""

    text: str
    sample: str
    content: Sequence[Word]
    text_hash: int
    is_paid: bool


class Analyser:
    """The analysis under one catalogue; build a new one when the catalogue changes."""

    def __init__(
        self, brands: Iterable[Brand], sentiment: SentimentScorer, tokenizer: Tokenizer
    ) -> None:
        self.brands: tuple[Brand, ...] = tuple(sorted(brands, key=lambda brand: brand.id))
        self._matcher = Matcher(self.brands, tokenizer)
        self._find = self._matcher.find
        self._rules = ContextRules(self.brands)
        self._sentiment = sentiment
        self._towards_many: Callable[[Sequence[Place]], Sequence[Sentiment]] = getattr(
            sentiment, "towards_many", _one_by_one(sentiment)
        )
        self._cut = tokenizer.cut
        self._accounts = [
            frozenset(account.lstrip("@＠") for account in brand.accounts) for brand in self.brands
        ]
        aliases: list[set[str]] = [set() for _ in self.brands]
        for pattern, targets in zip(self._matcher.patterns, self._matcher.targets, strict=True):
            for target in targets:
                aliases[target.brand].add(pattern)
        self._aliases = [frozenset(spelled) for spelled in aliases]
        self._quote = lru_cache(maxsize=QUOTES_KEPT)(self._read_quote)
        self._quote_hash = lru_cache(maxsize=QUOTES_KEPT)(_quote_hash)

    def mentions(self, post: Post, partition: int, offset: int) -> list[Mention]:
        """One mention for each brand that the post names, by brand id.

        `partition` and `offset` are those of the post in `posts.raw`.
        """
        return self.mentions_many((post,), partition, (offset,))[0]

    def mentions_many(
        self, posts: Sequence[Post], partition: int, offsets: Sequence[int]
    ) -> list[list[Mention]]:
        """What `mentions` gives for each post, in far less time: one question to the model."""
        drafts = []
        places: list[Place] = []
        for index, post in enumerate(posts):
            draft = self._draft(post)
            if draft is not None:
                drafts.append((index, draft))
                own, spans = draft
                for named in spans.values():
                    for start, end, *_ in named:
                        if end <= len(own.text):
                            places.append((own.text, start, end))
        mentions: list[list[Mention]] = [[] for _ in posts]
        moods = iter(self._towards_many(places) if places else ())
        for index, (own, spans) in drafts:
            place = (partition, offsets[index])
            found = mentions[index]
            for brand, named in spans.items():
                found.append(self._mention(posts[index], place, brand, named, own, moods))
        return mentions

    def _draft(self, post: Post) -> tuple[_Own, dict[int, list[_Named]]] | None:
        """The brands that the post names, in order, with where; None where it names none."""
        quoted = post.quoted
        if quoted is None or not quoted.text:
            quote = _NO_QUOTE
        else:
            text = quoted.text
            quote = self._quote(text) if len(text) <= MAX_KEPT else self._read_quote(text)
        found = self._find(post.text)
        if found is None and not quote.brands:
            return None
        named = self._decide(found, quote) if found is not None else ()
        if (not named and not quote.brands) or post.event is PostEvent.DELETE:
            return None
        spans: dict[int, list[_Named]] = {brand: [] for brand in quote.brands}
        for name in named:
            there = spans.setdefault(name.brand, [])
            if len(there) < MAX_SPANS:
                there.append(name)
        if len(spans) > 1:
            spans = dict(sorted(spans.items()))
        return self._own(post, found), spans

    def occurrences(self, text: str) -> list[Occurrence]:
        """Every place at which a text names a brand, and the mood there."""
        end = words.own_end(text)
        own_words = text[:end]
        named = self._named(text)
        own = [(own_words, name.start, name.end) for name in named if name.end <= end]
        moods = iter(self._towards_many(own) if own else ())
        found = []
        for name in named:
            mood = next(moods) if name.end <= end else None
            found.append(
                Occurrence(
                    brand=self.brands[name.brand].id,
                    alias=name.alias,
                    start=name.start,
                    end=name.end,
                    polarity=Polarity.NEUTRAL if mood is None else mood.polarity,
                    score=0.0 if mood is None else mood.score,
                )
            )
        return found

    def analyse(self, text: str) -> Analysis:
        """All there is to say about one text."""
        own_words = text[: words.own_end(text)]
        mood = self._sentiment.score(own_words)
        return Analysis(
            tokens=self._cut(text),
            own_words=own_words,
            polarity=mood.polarity,
            score=mood.score,
            occurrences=self.occurrences(text),
        )

    def _named(self, text: str) -> Sequence[_Named]:
        found = self._find(text)
        return () if found is None else self._decide(found, _NO_QUOTE)

    def _decide(self, found: Found, quote: _Quote) -> Sequence[_Named]:
        """The aliases found that stand for a brand, context considered, in order."""
        rules, targets = self._rules, self._matcher.targets
        clues = None
        accepted: list[_Named] = []
        still_open: list[_Named] = []
        for start, end, pattern in found.hits:
            for brand, alias in targets[pattern]:
                name = _Named(start, end, brand, alias)
                if not rules.is_ambiguous(brand, alias):
                    accepted.append(name)
                    continue
                if clues is None:
                    clues = rules.clues(found.masked)
                verdict = rules.verdict(brand, start, end, clues)
                if verdict is Verdict.ACCEPTED:
                    accepted.append(name)
                elif verdict is Verdict.OPEN:
                    still_open.append(name)
        if not still_open:
            return accepted
        sure = quote.brands | {name.brand for name in accepted}
        accepted += [
            name
            for name in still_open
            if name.brand in sure or rules.requires(name.brand, quote.clues)
        ]
        return sorted(accepted)

    def _read_quote(self, text: str) -> _Quote:
        brands = frozenset(name.brand for name in self._named(text))
        return _Quote(brands, self._rules.words_in(text))

    def _own(self, post: Post, found: Found | None) -> _Own:
        text = post.text
        end = words.own_end(text)
        own_words = text if end == len(text) else text[:end]
        if own_words in words.REPOST_PHRASES:
            masked = bare = ""
        else:
            masked = found.masked[:end] if found is not None else words.mask(words.fold(own_words))
            bare = words.letters(masked)
        if bare in words.REPOST_PHRASES:
            quoted = post.quoted
            text_hash = 0 if quoted is None else self._quote_hash(quoted.text[:MAX_KEPT])
            return _Own(own_words, "", (), text_hash, _is_paid(own_words))
        if found is not None and found.tokens is not None:
            tokens: Iterable[str] = _until(found.tokens, end)
        else:
            tokens = self._cut(masked)
        return _Own(
            text=own_words,
            sample=own_words.strip()[:MAX_SAMPLE],
            content=content_words(masked, tokens),
            text_hash=words.text_hash(bare),
            is_paid=_is_paid(own_words),
        )

    def _mention(
        self,
        post: Post,
        place: tuple[int, int],
        brand: int,
        named: Sequence[_Named],
        own: _Own,
        moods: Iterator[Sentiment],
    ) -> Mention:
        author = post.author
        accounts = self._accounts[brand]
        if accounts and (author.name in accounts or author.id in accounts):
            channel = Channel.OWNED
        else:
            channel = Channel.PAID if own.is_paid else Channel.EARNED
        said = [name for name in named if name.end <= len(own.text)] if named else named
        polarity, milli = (
            _mean_mood(list(islice(moods, len(said)))) if said else (Polarity.NEUTRAL, 0)
        )
        # By position, in the order of the record's fields: half the time of keywords.
        return Mention(
            self.brands[brand].id,
            place[0],
            place[1],
            post.event_time_ms,
            polarity,
            milli,
            post.is_repost,
            channel,
            author.followers,
            author.id,
            post.id,
            post.source._value_,
            tuple([Span(name.start, name.end, name.alias) for name in named]) if named else (),
            own.sample,
            top_terms(own.content, self._aliases[brand], [(name.start, name.end) for name in said]),
            own.text_hash,
        )


def _mean_mood(moods: Sequence[Sentiment]) -> tuple[Polarity, int]:
    """Mean of what the clauses around a brand say, and in thousandths."""
    score = sum(mood.score for mood in moods) / len(moods)
    polarities = {mood.polarity for mood in moods}
    if len(polarities) == 1:
        polarity = polarities.pop()
    elif abs(score) < MIXED_FROM:
        polarity = Polarity.NEUTRAL
    else:
        polarity = Polarity.POSITIVE if score > 0 else Polarity.NEGATIVE
    return polarity, min(max(round(score * 1000), -1000), 1000)


def _one_by_one(sentiment: SentimentScorer) -> Callable[[Sequence[Place]], Sequence[Sentiment]]:
    return lambda places: [sentiment.towards(*place) for place in places]


def _is_paid(own_words: str) -> bool:
    return ("#" in own_words or "＃" in own_words or "告" in own_words) and _PAID.search(
        own_words
    ) is not None


def _until(tokens: list[str], end: int) -> Iterator[str]:
    """The tokens before a position that is a token edge: own words end before `//`."""
    position = 0
    for token in tokens:
        position += len(token)
        if position > end:
            return
        yield token


def _quote_hash(text: str) -> int:
    return words.text_hash(words.letters(words.mask(words.fold(text))))
