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
from analysis.brands import Found, Kind
from analysis.disambiguation import context_words
from analysis.families import Families
from analysis.filler import FillerModel
from analysis.filler import shipped as shipped_filler
from analysis.han_forms import simplified
from analysis.intents import IntentRules, intent_words
from analysis.languages import CHINESE, language_of
from analysis.lexicon import Clue, Lexicon
from analysis.naming import NO_QUOTE, SURE_MILLI, Named, Namer, Quote, Reading
from analysis.senses import Senses
from analysis.stances import (
    NOTHING_ASKED,
    Asked,
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
from analysis.tokens import Tokenizer, cut_many
from schemas.catalogue import Brand, Intent
from schemas.links import checked
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

# By name, members of enums cost as much as a call: Python looks them up in a slow way.
_DELETE, _EDIT = PostEvent.DELETE, PostEvent.EDIT
_ACCOUNT, _CAMPAIGN = Kind.ACCOUNT, Kind.CAMPAIGN
_OWNED, _PAID_FOR, _EARNED = Channel.OWNED, Channel.PAID, Channel.EARNED
_IN_OWN, _IN_CHAIN, _ON_CARD, _IN_QUOTE = Place.OWN, Place.CHAIN, Place.CARD, Place.QUOTED
_NEUTRAL = Polarity.NEUTRAL

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
    spans: Mapping[int, Sequence[Named]]
    """The brands of the quote, and those whose products they are, in order; no places."""
    products: Mapping[int, int]


_NO_ORIGINAL = _Original(NO_QUOTE, (), {}, {})


class _Draft(msgspec.Struct, gc=False):
    """The brands that a post names, in order, with where; its own words are still to be read."""

    post: Post
    place: tuple[int, int]
    """Partition and offset."""
    own_text: str
    reading: Reading | None
    spans: Mapping[int, Sequence[Named]]
    products: Mapping[int, int]
    """Brand -> the product that is named in its place."""
    quoted_signs: tuple[SpamSign, ...]
    asked: Asked
    """What the sentiment model is asked, in the order of the spans in own words."""
    card: frozenset[int]
    """The brands that are named beside the text."""


class _Prose(msgspec.Struct, gc=False):
    """Own words folded, masked and in simplified characters; empty where nobody wrote any."""

    masked: str
    bare: str
    """Its letters."""


_NO_PROSE = _Prose("", "")


class _Own(msgspec.Struct, gc=False):
    """The own words of a post, made ready once for all its mentions."""

    sample: str
    content: Sequence[Word]
    text_hash: int
    is_paid: bool
    objectives: tuple[Objective, ...]
    signs: tuple[SpamSign, ...]
    language: str


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
        self._find_many = self.namer.matcher.find_many
        self.intents = IntentRules(listed, lexicon)
        self._sentiment = sentiment
        self._towards_many: Callable[[Sequence[Stance]], Sequence[Sentiment]] = getattr(
            sentiment, "towards_many", one_by_one(sentiment)
        )
        self._score_many: Callable[[Sequence[str]], Sequence[Sentiment]] = getattr(
            sentiment, "score_many", one_text_at_a_time(sentiment)
        )
        self._filler = filler
        self._cut: Callable[[str], list[str]] = tokenizer.cut
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
        """What `mentions` gives for each post, in far less time: many are looked at in one go."""
        mentions: list[list[Mention]] = [[] for _ in posts]
        drafts: list[_Draft] = []
        numbers: list[int] = []
        for number, found in enumerate(self._find_many([post.text for post in posts])):
            post = posts[number]
            original = _NO_ORIGINAL
            if post.quoted is not None:
                text = post.quoted.text
                read = self._original if len(text) <= MAX_KEPT else self._read_original
                original = read(text)
            card = NO_QUOTE
            if post.card:
                card = self.namer.quote(post.card)
                original = self._beside(original, card)
            if found is None and not original.spans:
                continue
            draft = self._draft(post, (partition, offsets[number]), found, original, card.brands)
            if draft.spans and post.event is not _DELETE:
                drafts.append(draft)
                numbers.append(number)
        stances = [stance for draft in drafts for stance in draft.asked.stances]
        moods = iter(self._towards_many(stances) if stances else ())
        for number, draft, own in zip(numbers, drafts, self._signed(drafts), strict=True):
            mentions[number] = self._mentions(draft, own, moods)
        return mentions

    def _signed(self, drafts: Sequence[_Draft]) -> Iterator[_Own]:
        """The own words of each post, those that are filler signed as such."""
        own_words = list(self._own_words(drafts))
        fillers = self._are_filler(
            [(draft.own_text, own.language) for draft, own in zip(drafts, own_words, strict=True)]
        )
        for own, is_filler in zip(own_words, fillers, strict=True):
            if is_filler:
                own.signs = spam.with_filler(own.signs)
            yield own

    def _are_filler(self, posts: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether each (own words, language) is filler; the model reads Chinese alone."""
        asked = [text for text, language in posts if language == CHINESE]
        found = iter((self._filler or shipped_filler()).are_filler(asked) if asked else ())
        return [language == CHINESE and next(found) for _, language in posts]

    def _draft(
        self,
        post: Post,
        place: tuple[int, int],
        found: Found | None,
        original: _Original,
        card: frozenset[int],
    ) -> _Draft:
        """The brands that the post names, in order, with where; maybe none."""
        text, quote, signs = post.text, original.quote, original.signs
        end = words.own_end(text)
        own_text = text if end == len(text) else text[:end]
        reading = self.namer.read(found) if found is not None else None
        named = self._named(reading, quote, end) if reading is not None else ()
        if not named:
            spans, products = original.spans, original.products
            asked = NOTHING_ASKED
            return _Draft(post, place, own_text, reading, spans, products, signs, asked, card)
        spans, products = self._rolled_up(quote, named)
        asked = stances_of(own_text, spans)
        return _Draft(post, place, own_text, reading, spans, products, signs, asked, card)

    def _rolled_up(
        self, quote: Quote, named: Sequence[Named]
    ) -> tuple[Mapping[int, Sequence[Named]], Mapping[int, int]]:
        """Brands with where they are named, in order; and brand -> the product in its place."""
        spans: dict[int, Sequence[Named]] = dict.fromkeys(quote.brands, ())
        for number, name in enumerate(named):
            there = spans.get(name.brand, ())
            if len(there) < (MAX_SPANS if number < MAX_SPANS_IN_ALL else 1):
                spans[name.brand] = [*there, name]
        products = self._families.roll_up(spans, MAX_SPANS)
        return dict(sorted(spans.items())) if len(spans) > 1 else spans, products

    def _named(self, reading: Reading, quote: Quote, end: int) -> Sequence[Named]:
        """The names in a text; handles in the chain name who wrote there, not who is meant."""
        named = self.namer.named(reading, quote)
        # By `for`: a generator costs more than the few names that there are.
        for name in named:
            if name.kind is _ACCOUNT and name.start >= end:
                return [name for name in named if name.kind is not _ACCOUNT or name.start < end]
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
        asked = [stances_in_order(*pair) for pair in zip(own, named, strict=True)]
        stances = [stance for of_text in asked for stance in of_text.stances]
        moods = iter(self._towards_many(stances) if stances else ())
        analyses = [
            self._analysis(text, own_words, mood, names, (moods, of_text.end))
            for text, own_words, mood, names, of_text in zip(
                texts, own, whole, named, asked, strict=True
            )
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
        asked: tuple[Iterator[Sentiment], int],
    ) -> Analysis:
        moods, asked_to = asked
        masked = simplified(words.mask(words.fold(own_words)))
        occurrences = []
        for name in named:
            mood = next(moods) if name.end <= asked_to else None
            occurrences.append(
                Occurrence(
                    brand=self.brands[name.brand].id,
                    alias=name.alias,
                    start=name.start,
                    end=name.end,
                    polarity=Polarity.NEUTRAL if mood is None else mood.polarity,
                    score=0.0 if mood is None else mood.score,
                    confidence=name.confidence_milli / 1000,
                    place=Place.OWN if name.end <= len(own_words) else Place.CHAIN,
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
        quote = self.namer.quote(text)
        return _Original(quote, spam.quoted_signs_of(masked), *self._rolled_up(quote, ()))

    def _beside(self, original: _Original, card: Quote) -> _Original:
        """The original, with what is named and said on the card."""
        quote = Quote(original.quote.brands | card.brands, original.quote.clues | card.clues)
        return _Original(quote, original.signs, *self._rolled_up(quote, ()))

    def _own_words(self, drafts: Sequence[_Draft]) -> Iterator[_Own]:
        """The own words of each post."""
        prose = [_prose(draft.own_text, draft.reading) for draft in drafts]
        tokens = iter(cut_many(self._cut, [said.masked for said in prose if said.masked]))
        for said, draft in zip(prose, drafts, strict=True):
            yield self._own(draft, said, next(tokens)) if said.masked else self._wordless(draft)

    def _own(self, draft: _Draft, prose: _Prose, tokens: Sequence[str]) -> _Own:
        post, own_text, masked = draft.post, draft.own_text, prose.masked
        clues: Sequence[Clue]
        if draft.reading is None:
            clues = self._lexicon.clues(masked)
        else:
            clues, end = draft.reading.clues, len(own_text)
            if end < len(post.text):
                clues = [clue for clue in clues if clue.end <= end]
        return _Own(
            own_text.strip()[:MAX_SAMPLE],
            content_words(masked, tokens),
            words.text_hash(prose.bare),
            _is_paid(own_text),
            self.intents.objectives(clues) if clues else (),
            spam.signs_of(
                masked, post.app, is_bot=post.author.is_bot, quoted_signs=draft.quoted_signs
            ),
            language_of(masked),
        )

    def _wordless(self, draft: _Draft) -> _Own:
        """Of who wrote nothing, or what clients write then."""
        post, signs = draft.post, draft.quoted_signs
        is_bot = post.author.is_bot
        if is_bot or post.app:
            signs = spam.signs_of("", post.app, is_bot=is_bot, quoted_signs=signs)
        text_hash, is_paid = self._shown_hash(post), _is_paid(draft.own_text)
        return _Own("", (), text_hash, is_paid, (), signs, "")

    def _shown_hash(self, post: Post) -> int:
        """Of a post without words: all that show the same original, or card, are copies."""
        shown = post.card if post.quoted is None else post.quoted.text
        return self._original_hash(shown[:MAX_KEPT]) if shown or post.quoted is not None else 0

    def _mentions(self, draft: _Draft, own: _Own, moods: Iterator[Sentiment]) -> list[Mention]:
        """A mention for each brand, by brand id."""
        post, (partition, offset), products = draft.post, draft.place, draft.products
        author, source, is_edit = post.author, post.source._value_, post.event is _EDIT
        quoted = post.quoted if post.is_repost else None
        original_author = original = original_text = ""
        if quoted is not None:
            original_author, original = quoted.author.id, quoted.id
            if not own.sample:
                original_text = quoted.text[:MAX_SAMPLE]
        depth = words.chain_levels(post.text) if len(draft.own_text) < len(post.text) else 0
        url = post.url and checked(post.url)
        end, asked_to = len(draft.own_text), draft.asked.end
        found = []
        for brand, named in draft.spans.items():
            said: Sequence[Named] = ()
            spans: tuple[Span, ...] = ()
            polarity, milli, confidence_milli = _NEUTRAL, 0, SURE_MILLI
            is_address = is_campaign = False
            if named:
                said = [name for name in named if name.end <= end]
                asked = sum([name.end <= asked_to for name in said])
                polarity, milli = mean_mood(list(islice(moods, asked)))
                spans = tuple([Span(name.start, name.end, name.alias) for name in named])
                confidence_milli = max([name.confidence_milli for name in named])
                kinds = [name.kind for name in said]
                is_address = _ACCOUNT in kinds
                is_campaign = _CAMPAIGN in kinds
            accounts = self._accounts[brand]
            if accounts and (author.name in accounts or author.id in accounts):
                channel = _OWNED
            elif own.is_paid or is_campaign:
                channel = _PAID_FOR
            else:
                channel = _EARNED
            product = products.get(brand) if products else None
            # By position, in the order of the record's fields: half the time of keywords.
            found.append(
                Mention(
                    self.brands[brand].id,
                    partition,
                    offset,
                    post.event_time_ms,
                    polarity,
                    milli,
                    post.is_repost,
                    channel,
                    author.followers,
                    author.id,
                    post.id,
                    source,
                    spans,
                    own.sample,
                    top_terms(
                        own.content,
                        self._aliases[brand],
                        [(name.start, name.end) for name in said] if said else (),
                    ),
                    own.text_hash,
                    _IN_OWN if said else _elsewhere(brand, named, draft),
                    confidence_milli,
                    is_address,
                    is_edit,
                    "" if product is None else self.brands[product].id,
                    own.objectives,
                    own.signs,
                    own.language,
                    original_author,
                    author.is_new,
                    author.region,
                    original,
                    depth,
                    url,
                    original_text,
                )
            )
        return found


def _prose(own_text: str, reading: Reading | None) -> _Prose:
    """Own words made ready; a phrase that clients write for those who wrote nothing is none."""
    if own_text in words.REPOST_PHRASES:
        return _NO_PROSE
    if reading is None:
        masked = simplified(words.mask(words.fold(own_text)))
    else:
        masked = reading.found.masked[: len(own_text)]
    bare = words.letters(masked)
    return _NO_PROSE if bare in words.REPOST_PHRASES else _Prose(masked, bare)


def _elsewhere(brand: int, named: Sequence[Named], draft: _Draft) -> Place:
    """Where a brand is named that own words do not name."""
    if named:
        return _IN_CHAIN
    if not draft.card:
        return _IN_QUOTE
    return _ON_CARD if draft.products.get(brand, brand) in draft.card else _IN_QUOTE


def _is_paid(own_words: str) -> bool:
    return ("#" in own_words or "＃" in own_words or "告" in own_words) and _PAID.search(
        own_words
    ) is not None


def _original_hash(text: str) -> int:
    return words.text_hash(words.letters(simplified(words.mask(words.fold(text)))))
