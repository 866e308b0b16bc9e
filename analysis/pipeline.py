"""A post in, its brand mentions out.

A post mentions a brand when its own words, its repost chain, what is shown beside the text (its
card) or its quoted original names it. Own words carry a mood; the others carry volume alone. A
brand that is named counts for the brand whose product it is, too. `mentions` depends on nothing but
the post and the catalogue: the same post gives the same mentions in any order and any batch.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from analysis import spam
from analysis.brands import Kind
from analysis.context import context_words
from analysis.families import Families
from analysis.filler import FillerModel
from analysis.filler import shipped as shipped_filler
from analysis.han_forms import simplified
from analysis.intents import IntentRules, intent_words
from analysis.languages import CHINESE, language_of
from analysis.lexicon import Clue, Lexicon
from analysis.naming import NO_QUOTE, Named, Namer, Quote, Reading
from analysis.senses import Senses
from analysis.stances import (
    Sentiment,
    SentimentScorer,
    Stance,
    mean_mood,
    one_by_one,
    one_text_at_a_time,
    stances_in_order,
    stances_of,
)
from analysis.terms import Word, content_words, top_terms
from analysis.tokens import Tokenizer
from schemas.catalogue import Brand, Intent
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign, Span
from schemas.post import Post, PostEvent
from sources import words

MAX_SAMPLE = 140
"""Code points of own words that a mention carries."""

MAX_SPANS = 16
"""Occurrences of a brand in a post that are looked at; what repeats a name more often is spam."""

MAX_SPANS_IN_ALL = 256
"""Occurrences of all brands in a post; of brands that are named beyond them, the first one."""

QUOTES_KEPT = 16_384
"""Quoted originals whose brands are remembered: a cascade repeats one by the thousand."""

MAX_KEPT = 2_000
"""Code points of the longest quoted text that is remembered."""

_PAID = re.compile(
    r"[#＃]\s*(?:广告|廣告)|[\[【［(（]\s*(?:广告|廣告)\s*[\]】］)）]"
    r"|(?<![\w#])[#＃](?:ad|advert|sponsored)(?![\w])",
    re.IGNORECASE,
)


class Occurrence(msgspec.Struct, frozen=True):
    """A brand named at [start, end) of a text, code points."""

    brand: str
    alias: str
    start: int
    end: int
    polarity: Polarity
    score: float
    confidence: float = 1.0
    place: Place = Place.OWN


class Analysis(msgspec.Struct, frozen=True):
    """A text as the analysis sees it, for people who tune a catalogue."""

    tokens: list[str]
    own_words: str
    polarity: Polarity
    score: float
    language: str
    intents: list[str]
    """Ids of the catalogue's intents that hold of the own words."""
    spam: list[SpamSign]
    occurrences: list[Occurrence]


class _Original(NamedTuple):
    """What is remembered of a quoted original."""

    quote: Quote
    signs: tuple[SpamSign, ...]


_NO_ORIGINAL = _Original(NO_QUOTE, ())


class _Own(NamedTuple):
    """The own words of a post, made ready once for all its mentions."""

    text: str
    sample: str
    content: Sequence[Word]
    text_hash: int
    is_paid: bool
    objectives: tuple[Objective, ...]
    signs: tuple[SpamSign, ...]
    language: str


class _Draft(NamedTuple):
    """The brands that a post names, in order, with where; moods are still to come."""

    own: _Own
    spans: dict[int, Sequence[Named]]
    products: Mapping[int, int]
    """Brand -> the product that is named in its place."""
    stances: Sequence[Stance]
    """What the sentiment model is asked, in the order of the spans in own words."""
    card: frozenset[int] = frozenset()
    """The brands that are named beside the text."""


class Analyser:
    """The analysis under one catalogue; build a new one when the catalogue changes."""

    def __init__(
        self,
        brands: Iterable[Brand],
        sentiment: SentimentScorer,
        tokenizer: Tokenizer,
        intents: Iterable[Intent] = (),
        senses: Senses | None = None,
        filler: FillerModel | None = None,
    ) -> None:
        """`senses` and `filler` left out: the shipped models, read when they are needed."""
        self.brands: tuple[Brand, ...] = tuple(sorted(brands, key=lambda brand: brand.id))
        listed = tuple(sorted(intents, key=lambda intent: intent.id))
        lexicon = Lexicon(chain(context_words(self.brands), intent_words(listed)))
        self._lexicon = lexicon
        self.namer = Namer(self.brands, tokenizer, lexicon, senses)
        self._find = self.namer.find
        self.intents = IntentRules(listed, lexicon)
        self._sentiment = sentiment
        self._towards_many: Callable[[Sequence[Stance]], Sequence[Sentiment]] = getattr(
            sentiment, "towards_many", one_by_one(sentiment)
        )
        self._score_many: Callable[[Sequence[str]], Sequence[Sentiment]] = getattr(
            sentiment, "score_many", one_text_at_a_time(sentiment)
        )
        self._filler = filler
        self._cut = tokenizer.cut
        self._accounts = [
            frozenset(account.lstrip("@＠") for account in brand.accounts) for brand in self.brands
        ]
        self._families = Families(self.brands)
        aliases: list[set[str]] = [set() for _ in self.brands]
        matcher = self.namer.matcher
        for pattern, targets in zip(matcher.patterns, matcher.targets, strict=True):
            for target in targets:
                aliases[target.brand].add(simplified(pattern))
        self._aliases = [frozenset(spelled) for spelled in aliases]
        self._original = lru_cache(maxsize=QUOTES_KEPT)(self._read_original)
        self._original_hash = lru_cache(maxsize=QUOTES_KEPT)(_original_hash)

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
        stances: list[Stance] = []
        for index, post in enumerate(posts):
            draft = self._draft(post)
            if draft is not None:
                drafts.append((index, draft))
                stances += draft.stances
        mentions: list[list[Mention]] = [[] for _ in posts]
        moods = iter(self._towards_many(stances) if stances else ())
        fillers = self._are_filler([(own.text, own.language) for _, (own, *_) in drafts])
        for (index, unsigned), is_filler in zip(drafts, fillers, strict=True):
            draft = _signed(unsigned) if is_filler else unsigned
            place = (partition, offsets[index])
            found = mentions[index]
            for brand, named in draft.spans.items():
                found.append(self._mention(posts[index], place, brand, named, draft, moods))
        return mentions

    def _are_filler(self, posts: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether each (own words, language) is filler; the model reads Chinese alone."""
        asked = [text for text, language in posts if language == CHINESE]
        found = iter((self._filler or shipped_filler()).are_filler(asked) if asked else ())
        return [language == CHINESE and next(found) for _, language in posts]

    def _draft(self, post: Post) -> _Draft | None:
        """The brands that the post names, in order, with where; None where it names none."""
        quoted = post.quoted
        if quoted is None or not quoted.text:
            original = _NO_ORIGINAL
        else:
            text = quoted.text
            original = self._original(text) if len(text) <= MAX_KEPT else self._read_original(text)
        quote, card = original.quote, NO_QUOTE
        if post.card:
            card = self.namer.quote(post.card)
            quote = Quote(quote.brands | card.brands, quote.clues | card.clues)
        found = self._find(post.text)
        if (found is None and not quote.brands) or post.event is PostEvent.DELETE:
            return None
        end = words.own_end(post.text)
        reading = self.namer.read(found) if found is not None else None
        named = self._named(reading, quote, end) if reading is not None else ()
        if not named and not quote.brands:
            return None
        spans: dict[int, Sequence[Named]] = dict.fromkeys(quote.brands, ())
        for number, name in enumerate(named):
            there = spans.get(name.brand, ())
            if len(there) < (MAX_SPANS if number < MAX_SPANS_IN_ALL else 1):
                spans[name.brand] = [*there, name]
        products = self._families.roll_up(spans, MAX_SPANS)
        if len(spans) > 1:
            spans = dict(sorted(spans.items()))
        own = self._own(post, reading, end, original.signs)
        stances = stances_of(own.text, spans) if named else ()
        return _Draft(own, spans, products, stances, card.brands)

    def _named(self, reading: Reading, quote: Quote, end: int) -> Sequence[Named]:
        """The names in a text; handles in the chain name who wrote there, not who is meant."""
        named = self.namer.named(reading, quote)
        if any(name.kind is Kind.ACCOUNT and name.start >= end for name in named):
            return [name for name in named if name.kind is not Kind.ACCOUNT or name.start < end]
        return named

    def occurrences(self, text: str) -> list[Occurrence]:
        """Every place at which a text names a brand, and the mood there."""
        return self.analyse(text).occurrences

    def analyse(self, text: str) -> Analysis:
        """All there is to say about one text."""
        return self.analyse_many((text,))[0]

    def analyse_many(self, texts: Sequence[str]) -> list[Analysis]:
        """What `analyse` says of each text; the model is asked once for all of them."""
        ends = [words.own_end(text) for text in texts]
        own = [text[:end] for text, end in zip(texts, ends, strict=True)]
        whole = self._score_many(own)
        named = [
            self._named(self.namer.read(found), NO_QUOTE, end) if found is not None else ()
            for text, end in zip(texts, ends, strict=True)
            for found in [self._find(text)]
        ]
        asked = [
            stance for pair in zip(own, named, strict=True) for stance in stances_in_order(*pair)
        ]
        moods = iter(self._towards_many(asked) if asked else ())
        analyses = [
            self._analysis(text, own_words, mood, names, moods)
            for text, own_words, mood, names in zip(texts, own, whole, named, strict=True)
        ]
        fillers = self._are_filler(
            [(a.own_words, "" if words.is_wordless(a.own_words) else a.language) for a in analyses]
        )
        return [
            msgspec.structs.replace(analysis, spam=list(spam.with_filler(analysis.spam)))
            if is_filler
            else analysis
            for analysis, is_filler in zip(analyses, fillers, strict=True)
        ]

    def _analysis(
        self,
        text: str,
        own_words: str,
        whole: Sentiment,
        named: Sequence[Named],
        moods: Iterator[Sentiment],
    ) -> Analysis:
        masked = simplified(words.mask(words.fold(own_words)))
        occurrences = []
        for name in named:
            mood = next(moods) if name.end <= len(own_words) else None
            occurrences.append(
                Occurrence(
                    brand=self.brands[name.brand].id,
                    alias=name.alias,
                    start=name.start,
                    end=name.end,
                    polarity=Polarity.NEUTRAL if mood is None else mood.polarity,
                    score=0.0 if mood is None else mood.score,
                    confidence=name.confidence_milli / 1000,
                    place=Place.CHAIN if mood is None else Place.OWN,
                )
            )
        return Analysis(
            tokens=self._cut(text),
            own_words=own_words,
            polarity=whole.polarity,
            score=whole.score,
            language=language_of(masked),
            intents=self.intents.named_by(self._lexicon.clues(masked)),
            spam=list(spam.signs_of(masked, "")),
            occurrences=occurrences,
        )

    def _read_original(self, text: str) -> _Original:
        masked = simplified(words.mask(words.fold(text)))
        return _Original(self.namer.quote(text), spam.quoted_signs_of(masked))

    def _own(
        self, post: Post, reading: Reading | None, end: int, signs: tuple[SpamSign, ...]
    ) -> _Own:
        text = post.text
        own_words = text if end == len(text) else text[:end]
        if own_words in words.REPOST_PHRASES:
            masked = bare = ""
        else:
            masked = (
                reading.found.masked[:end]
                if reading is not None
                else simplified(words.mask(words.fold(own_words)))
            )
            bare = words.letters(masked)
        is_bot = post.author.is_bot
        if bare in words.REPOST_PHRASES:
            if is_bot or post.app:
                signs = spam.signs_of("", post.app, is_bot=is_bot, quoted_signs=signs)
            text_hash = self._shown_hash(post)
            return _Own(own_words, "", (), text_hash, _is_paid(own_words), (), signs, "")
        clues: Sequence[Clue]
        if reading is not None:
            found, clues = reading.found, reading.clues
            tokens = found.tokens if found.tokens is not None else self._cut(masked)
            if end < len(text):
                tokens = _until(tokens, end)
                clues = [clue for clue in clues if clue.end <= end]
        else:
            tokens, clues = self._cut(masked), self._lexicon.clues(masked)
        return _Own(
            text=own_words,
            sample=own_words.strip()[:MAX_SAMPLE],
            content=content_words(masked, tokens),
            text_hash=words.text_hash(bare),
            is_paid=_is_paid(own_words),
            objectives=self.intents.objectives(clues) if clues else (),
            signs=spam.signs_of(masked, post.app, is_bot=is_bot, quoted_signs=signs),
            language=language_of(masked),
        )

    def _shown_hash(self, post: Post) -> int:
        """Of a post without words: all that show the same original, or card, are copies."""
        shown = post.card if post.quoted is None else post.quoted.text
        return self._original_hash(shown[:MAX_KEPT]) if shown or post.quoted is not None else 0

    def _mention(
        self,
        post: Post,
        place: tuple[int, int],
        brand: int,
        named: Sequence[Named],
        draft: _Draft,
        moods: Iterator[Sentiment],
    ) -> Mention:
        author, own = post.author, draft.own
        end = len(own.text)
        said = [name for name in named if name.end <= end] if named else named
        polarity, milli = (
            mean_mood(list(islice(moods, len(said)))) if said else (Polarity.NEUTRAL, 0)
        )
        accounts = self._accounts[brand]
        if accounts and (author.name in accounts or author.id in accounts):
            channel = Channel.OWNED
        elif own.is_paid or any(name.kind is Kind.CAMPAIGN for name in said):
            channel = Channel.PAID
        else:
            channel = Channel.EARNED
        product = draft.products.get(brand)
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
            Place.OWN if said else _elsewhere(brand, named, draft),
            max([name.confidence_milli for name in named]) if named else 1000,
            any(name.kind is Kind.ACCOUNT for name in said),
            post.event is PostEvent.EDIT,
            "" if product is None else self.brands[product].id,
            own.objectives,
            own.signs,
            own.language,
            post.quoted.author.id if post.is_repost and post.quoted is not None else "",
            author.is_new,
            author.region,
        )


def _signed(draft: _Draft) -> _Draft:
    """The draft of a post that is filler."""
    return draft._replace(own=draft.own._replace(signs=spam.with_filler(draft.own.signs)))


def _elsewhere(brand: int, named: Sequence[Named], draft: _Draft) -> Place:
    """Where a brand is named that own words do not name."""
    if named:
        return Place.CHAIN
    return Place.CARD if draft.products.get(brand, brand) in draft.card else Place.QUOTED


def _is_paid(own_words: str) -> bool:
    return ("#" in own_words or "＃" in own_words or "告" in own_words) and _PAID.search(
        own_words
    ) is not None


def _until(tokens: Sequence[str], end: int) -> list[str]:
    """The tokens before a position that is a token edge: own words end before `//`."""
    kept, position = [], 0
    for token in tokens:
        position += len(token)
        if position > end:
            break
        kept.append(token)
    return kept


def _original_hash(text: str) -> int:
    return words.text_hash(words.letters(simplified(words.mask(words.fold(text)))))
