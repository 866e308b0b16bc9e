"""One minute of one brand, and the window that is published of it."""

import zlib
from collections.abc import Iterable

import msgspec

from measures.common_cause import note_said
from measures.post_samples import Kept, Sample, keep, kept_of, number_of
from measures.sketches import SIZE, Authors, Distinct
from schemas.mention import AnyMention, Channel, GroupMention, Mention, Objective, Place, Polarity
from schemas.window import Window

BUCKET_MS = 60_000
_POSITIVE, _NEGATIVE, _OWN = Polarity.POSITIVE, Polarity.NEGATIVE, Place.OWN
_OWNED, _PAID, _EARNED = Channel.OWNED, Channel.PAID, Channel.EARNED
_CLIENT_MANAGEMENT = Objective.CLIENT_MANAGEMENT
# A member of an enum costs more to look up than all else that is done with it.
UNPUBLISHED = -1


MOST_ORIGINALS = 8
"""Originals of one minute and crisis rule that are told apart."""


class Loud(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A post of a large account, as far as it has to be known."""

    reach: int
    number: int
    """See `measures.post_samples`."""
    kept: Kept
    is_negative: bool
    is_repost: bool


_encode = msgspec.msgpack.Encoder().encode
_decode_said = msgspec.msgpack.Decoder(dict[int, str]).decode
_decode_sample = msgspec.msgpack.Decoder(Sample).decode
_decode_loud = msgspec.msgpack.Decoder(Loud).decode

LARGEST_REACH = 300_000_000
"""Followers that an account may have: the largest have about two thirds of it. Of more, the number
is unknown: one false number of a source would hide all large accounts of a brand for weeks."""


def bucket_start_ms(event_time_ms: int) -> int:
    """Start of the minute.

    >>> bucket_start_ms(119_999)
    60000
    """
    return event_time_ms - event_time_ms % BUCKET_MS


def author_hash(mention: AnyMention) -> int:
    """32 bits that stand for the author of a mention."""
    return zlib.crc32(mention.author.encode())


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """Counts of one brand over one minute of event time."""

    posts: int = 0
    reposts: int = 0
    exposures: int = 0
    addresses: int = 0
    products: int = 0
    spam: int = 0
    edits: int = 0
    positive: int = 0
    negative: int = 0
    sentiment_milli: int = 0
    reach: int = 0
    owned: int = 0
    paid: int = 0
    newcomers: int = 0
    """Posts by accounts that have hardly written before."""
    attacks: int = 0
    """Negative posts that are addressed to the brand."""
    loudest: int = 0
    """Largest reach of a post that is neither spam nor the brand's own."""
    authors: Authors = msgspec.field(default_factory=Authors)
    texts: Distinct = msgspec.field(default_factory=Distinct)
    hits: dict[str, int] | None = None
    """Crisis rule -> posts with one of its words; None: there were none."""
    intents: dict[Objective, int] | None = None
    """Objective -> posts; None: there were none."""
    revision: int = UNPUBLISHED
    rivals: dict[str, int] | None = None
    """Of a group of rivals: brand -> posts without spam; None: this is no group."""
    published_effective_posts: int = -1
    """`effective_posts()` as of the last publication; -1: never published."""
    is_revised: bool = False
    """Whether late posts changed it since it was last published."""
    spam_spoken: int = 0
    """Of `spam`: those whose own words name the brand ..."""
    spam_positive: int = 0
    """... with this mood, ..."""
    spam_negative: int = 0
    """... and with that: rules leave them out."""
    regions: dict[str, int] | None = None
    """Province -> posts without spam; None: none is known."""
    hitters: dict[str, list[int]] | None = None
    """Crisis rule -> hashes of the authors of its posts, up to `sketches.SIZE`."""
    sample: Sample | msgspec.Raw | None = None
    """Of the posts without spam; see `rest`."""
    hit_posts: dict[str, Sample] | None = None
    """Crisis rule -> sample of its posts."""
    exposed: dict[str, dict[str, int]] | None = None
    """Crisis rule -> author of an original with its words -> accounts that passed it on without
    any of their own; empty author: of all beyond the first `MOST_ORIGINALS`."""
    exposers: dict[str, list[int]] | None = None
    """Crisis rule -> hashes of those accounts, up to `sketches.SIZE`."""
    loud: Loud | msgspec.Raw | None = None
    """The post of the largest account that names the brand in own words; see `rest`."""
    upset: Loud | None = None
    """The same among those that object, complain or ask."""
    loudest_before: float = -1.0
    """Largest reach that the brand was used to before this minute; -1: it is not learned yet."""
    said: dict[int, str] | msgspec.Raw = msgspec.field(default_factory=dict)
    """Hash of an author -> what a post without spam has in common with others, see
    `measures.common_cause`: of the authors with the smallest hashes. See `rest`."""
    published_authors: int = -1
    """Distinct authors as of the last publication; -1: never published."""
    largest_said: int = 0
    """Largest hash in `said`, once it is full: most posts of a busy minute are beyond it, ..."""
    largest_sampled: int = 0
    """... and beyond the largest number in `sample`, once that is full."""

    def add(self, mention: AnyMention, author: int) -> None:  # noqa: PLR0912 - calls cost more
        """Count a mention, of the author with this hash; of an edit, that there was one."""
        if mention.is_edit:
            self.edits += 1
            return
        self.posts += 1
        if mention.is_repost:
            self.reposts += 1
        is_own = mention.place is _OWN
        if not is_own:
            self.exposures += 1
        polarity, spam = mention.polarity, mention.spam
        is_negative = polarity is _NEGATIVE
        if is_negative:
            self.negative += 1
        elif polarity is _POSITIVE:
            self.positive += 1
        if mention.product:
            self.products += 1
        if spam:
            self.spam += 1
            self.spam_spoken += is_own
            self.spam_positive += polarity is _POSITIVE
            self.spam_negative += is_negative
        if mention.intents:
            intents = self.intents = self.intents or {}
            for objective in mention.intents:
                intents[objective] = intents.get(objective, 0) + 1
        region = mention.region
        if region and not spam:
            regions = self.regions = self.regions or {}
            regions[region] = regions[region] + 1 if region in regions else 1
        self.sentiment_milli += mention.sentiment_milli
        channel, reach = mention.channel, mention.reach
        if channel is not _EARNED:
            if channel is _OWNED:
                self.owned += 1
            else:
                self.paid += 1
        if mention.is_newcomer:
            self.newcomers += 1
        if mention.is_address:
            self.addresses += 1
            if is_negative and not spam:
                self.attacks += 1
        if self.loudest < reach <= LARGEST_REACH and channel is not _OWNED and not spam:
            self.loudest = reach
        self.reach += reach
        self.authors.add(author, is_counted=not spam)
        self.texts.add(mention.text_hash)

    def _note_loud(self, mention: Mention, number: int, kept: Kept | None) -> None:
        """Note the loudest that says something itself; of equals the one with the lower number."""
        match self.loud:
            case msgspec.Raw() as packed:
                loud: Loud | None = _decode_loud(packed)
            case loud:
                pass
        upset = self.upset
        reach, is_negative = mention.reach, mention.polarity is _NEGATIVE
        is_upset = is_negative or _CLIENT_MANAGEMENT in mention.intents
        if (loud is None or reach >= loud.reach) or (
            is_upset and (upset is None or reach >= upset.reach)
        ):
            kept = kept or kept_of(mention)
            one = Loud(reach, number, kept, is_negative, mention.is_repost)
            self.loud = _louder(loud, one)
            if is_upset:
                self.upset = _louder(upset, one)

    def rest(self) -> None:
        """Keep what posts say as the changelog writes it, in a quarter of the space, until the next
        post comes: of most minutes nobody asks for it again."""
        match self.said:
            case dict() as said if said:
                self.said = msgspec.Raw(_encode(said))
        match self.sample:
            case dict() as sample:
                self.sample = msgspec.Raw(_encode(sample))
        match self.loud:
            case Loud() as loud:
                self.loud = msgspec.Raw(_encode(loud))

    def said_by_author(self) -> dict[int, str]:
        """`said`, not to be changed."""
        match self.said:
            case msgspec.Raw() as packed:
                return _decode_said(packed)
            case said:
                return said

    def sampled(self) -> Sample:
        """`sample`, not to be changed; empty where there is none."""
        match self.sample:
            case msgspec.Raw() as packed:
                return _decode_sample(packed)
            case sample:
                return sample or {}

    def loudest_post(self) -> Loud | None:
        """`loud`."""
        match self.loud:
            case msgspec.Raw() as packed:
                return _decode_loud(packed)
            case loud:
                return loud

    @property
    def spoken(self) -> int:
        """Posts whose own words name the brand, and so have a mood."""
        return self.posts - self.exposures

    def moods(self) -> tuple[int, int, int]:
        """Posts with a mood, positive and negative ones, without spam."""
        return (
            self.posts - self.exposures - self.spam_spoken,
            self.positive - self.spam_positive,
            self.negative - self.spam_negative,
        )

    def effective_posts(self) -> int:
        """Posts without those that rules leave out: spam, and the bursts of single accounts."""
        if self.published_effective_posts >= 0 and not self.is_revised:
            return self.published_effective_posts
        return self.posts - self.spam - self.authors.bursts()

    def note_content(self, mention: Mention, author: int) -> None:
        """Take what a post without spam says into account."""
        number, largest = number_of(mention), self.largest_sampled
        kept: Kept | None = None
        if not largest or number < largest:
            match self.sample:  # `isinstance` would be a call for each post
                case None:
                    sample = self.sample = {}
                case msgspec.Raw() as packed:
                    sample = self.sample = _decode_sample(packed)
                case sample:
                    pass
            kept = kept_of(mention)
            self.largest_sampled = keep(sample, number, kept)
        largest = self.largest_said
        if not largest or author <= largest:
            match self.said:
                case msgspec.Raw() as packed:
                    said = self.said = _decode_said(packed)
                case said:
                    pass
            self.largest_said = note_said(said, largest, author, mention)
        is_known = 0 < mention.reach <= LARGEST_REACH
        if is_known and mention.channel is _EARNED and mention.place is _OWN:
            self._note_loud(mention, number, kept)

    def hit(self, rules: Iterable[str], mention: Mention, author: int) -> None:
        """Count a post that has a word of these crisis rules."""
        hits = self.hits = self.hits or {}
        hitters = self.hitters = self.hitters or {}
        posts = self.hit_posts = self.hit_posts or {}
        number, kept = number_of(mention), kept_of(mention)
        for rule in rules:
            keep(posts.setdefault(rule, {}), number, kept)
            hits[rule] = hits.get(rule, 0) + 1
            authors = hitters.setdefault(rule, [])
            if author not in authors and len(authors) < SIZE:
                authors.append(author)

    def expose(self, rules: Iterable[str], mention: Mention, author: int) -> None:
        """Count a repost without words of a post that has a word of these crisis rules; accounts
        count once a minute."""
        exposed = self.exposed = self.exposed or {}
        exposers = self.exposers = self.exposers or {}
        posts = self.hit_posts = self.hit_posts or {}
        whose = mention.original_author or mention.original
        for rule in rules:
            accounts = exposers.setdefault(rule, [])
            if author in accounts:
                continue
            if len(accounts) < SIZE:
                accounts.append(author)
            by = exposed.setdefault(rule, {})
            whose_now = whose if whose in by or len(by) < MOST_ORIGINALS else ""
            by[whose_now] = by.get(whose_now, 0) + 1
            keep(posts.setdefault(rule, {}), number_of(mention), kept_of(mention))

    def exposed_to(self, rule: str) -> dict[str, int]:
        """Author of an original -> accounts that passed it on without words."""
        return self.exposed.get(rule, {}) if self.exposed else {}

    def exposures_to_crises(self) -> int:
        """Of all crisis rules together."""
        return sum([sum(by.values()) for by in (self.exposed or {}).values()])

    def count_rivals(self, mention: GroupMention) -> None:
        """Count the brands of a group that a post names, see `analysis.groups`."""
        rivals = self.rivals = self.rivals or {}
        if not mention.spam:
            for brand in mention.brands:
                rivals[brand] = rivals.get(brand, 0) + 1

    def hits_of(self, rule: str) -> int:
        """Posts with a word of the crisis rule."""
        return self.hits.get(rule, 0) if self.hits else 0

    def publish(self, brand: str, start_ms: int, late: int) -> Window:
        """The next revision of the window."""
        self.revision += 1
        self.is_revised = False
        authors, texts = self.authors, self.texts
        bursts, spoken = authors.bursts() if authors.over else 0, self.posts - self.exposures
        self.published_effective_posts = self.posts - self.spam - bursts
        self.published_authors, texts_seen = authors.pack(), texts.pack()
        self.rest()
        return Window(
            brand=brand,
            start_ms=start_ms,
            size_ms=BUCKET_MS,
            revision=self.revision,
            posts=self.posts,
            originals=self.posts - self.reposts,
            reposts=self.reposts,
            exposures=self.exposures,
            addresses=self.addresses,
            products=self.products,
            positive=self.positive,
            negative=self.negative,
            neutral=spoken - self.positive - self.negative,
            sentiment_milli=self.sentiment_milli,
            reach=self.reach,
            authors=self.published_authors,
            texts=texts_seen,
            owned=self.owned,
            paid=self.paid,
            earned=self.posts - self.owned - self.paid,
            spam=self.spam,
            bursts=bursts,
            edits=self.edits,
            intents=dict(sorted(self.intents.items())) if self.intents else {},
            late=late,
        )


def _louder(one: Loud | None, other: Loud) -> Loud:
    if one is None or (other.reach, -other.number) > (one.reach, -one.number):
        return other
    return one
