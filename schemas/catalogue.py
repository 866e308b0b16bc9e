"""The definitions that the topic `catalogue` carries; rules are in `schemas.rules`."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import get_args

import msgspec

from schemas.mention import Objective
from schemas.rules import Rule, RuleKind


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Words that decide an ambiguous alias, looked for in the author's own words and the quote."""

    require: tuple[str, ...] = ()
    """Unless empty, one of these must stand within `window` code points of the alias."""
    exclude: tuple[str, ...] = ()
    """None of these may overlap or touch the alias, or stand within `window` of it."""
    query: str = ""
    """A boolean query over the text, see `analysis.queries`: it must hold."""
    window: int = 30


class Brand(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="brand"
):
    """One brand to watch."""

    id: str
    """Lower-case letters, digits and hyphens: the key everywhere."""
    name: str
    aliases: tuple[str, ...] = ()
    """Names that are looked for besides `name`."""
    ambiguous: tuple[str, ...] = ()
    """Those of `name` and `aliases` that are common words too: `context` applies to these alone.
    Where it is empty and `context` is given, `context` applies to all. Where `context` leaves it
    open, what is said around the name decides, by the words of the brand's `trade`."""
    context: Context = Context()
    accounts: tuple[str, ...] = ()
    """The brand's own accounts: screen names or ids."""
    campaigns: tuple[str, ...] = ()
    """Hashtags of its campaigns, without `#`: a post with one names the brand and is paid."""
    min_confidence: float = 0.5
    """Mentions that are less sure than this, 0 to 1, are dropped."""
    trade: str = ""
    competitors: tuple[str, ...] = ()
    """Ids of brands."""
    parent: str = ""
    """Id of the brand this one is a product line of: what names this one counts for that too."""
    department: str = ""
    """Where its alerts go unless the rule says otherwise."""


class Silence(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="silence"
):
    """Alerts that nobody wants to be told of for a while. They live on, marked with its id."""

    id: str
    reason: str
    until: str
    """End, as an ISO 8601 time with its zone: `2026-11-25T08:00+08:00`."""
    since: str = ""
    """Begin; empty: it is in force already."""
    brands: tuple[str, ...] = ()
    """Ids of brands; empty: of all."""
    rules: tuple[str, ...] = ()
    """Ids of rules; empty: of all."""
    by: str = ""
    """Who asked for it."""


class Holiday(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="holiday"
):
    """Days that are not like their weekday: what is usual then is expected."""

    id: str
    first: str = ""
    """First day, `2026-10-01`, in UTC; `10-01`: of each year. People post as on Sundays."""
    last: str = ""
    """Last day; empty: the first alone."""
    country: str = ""
    """In place of `first`: all public holidays of a country. `CN`: also the weekends that are
    worked to make up for them, on which people post as on working days."""
    is_sale: bool = False
    """It is no holiday but a day of big sales: its bursts are expected, and their alerts say so."""
    zone: str = ""
    """Of a day of big sales: in whose time it begins and ends, such as `Asia/Shanghai`; empty:
    UTC."""
    trades: tuple[str, ...] = ()
    """Of a day of big sales: the trades whose bursts are expected; empty: all."""


class Intent(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="intent"
):
    """What a post that mentions a brand may want, and which objective that serves."""

    id: str
    objective: Objective
    query: str
    """A boolean query over the own words, see `analysis.queries`."""


SECRET_NAME = re.compile(r"SUBSCRIBER_[A-Z0-9_]{1,100}")
"""Names of addresses and keys of subscribers. The prefix keeps whoever writes a catalogue from
naming the broker's password, or whatever else the environment holds."""


class ReceivingChannel(StrEnum):
    """How a subscriber is told."""

    WEBHOOK = "webhook"
    """Standard Webhooks, with a CloudEvents 1.0 body."""
    ALERTMANAGER = "alertmanager"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    FEISHU = "feishu"
    """Lark as well."""
    SLACK = "slack"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    TEAMS = "teams"
    EMAIL = "email"
    APPRISE = "apprise"
    """All that the library apprise reaches, as far as it can tell."""


FOR_PROGRAMS = frozenset({ReceivingChannel.WEBHOOK, ReceivingChannel.ALERTMANAGER})
"""Channels that programs read: they are told of each state of each alert."""


class Gather(StrEnum):
    """Which alerts a subscriber is told of in one message."""

    ALERT = "alert"
    """Each has its own."""
    BRAND = "brand"
    ALL = "all"


class DigestSpan(StrEnum):
    """What a digest looks back on: a day, or the week from Monday on."""

    DAY = "day"
    WEEK = "week"


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Wording(StrEnum):
    """Language of what people read."""

    ZH = "zh"
    EN = "en"


class Subscriber(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="subscriber"
):
    """Who is told of which alerts, how and when. Conditions that are given all have to hold."""

    id: str
    channel: ReceivingChannel
    address: str
    """Name of the file or environment variable that holds the URL, or the mail addresses. What it
    holds is never written to a topic."""
    secret: str = ""
    """Name of the one that holds the key for signatures, or the token of the bot."""
    old_secret: str = ""
    """`webhook`: name of the one that is being replaced; both sign meanwhile."""
    brands: tuple[str, ...] = ()
    """Ids of brands, whose products count as well; with neither these nor `groups`: all."""
    groups: tuple[str, ...] = ()
    """Ids of rules of kind `share`: alerts about these groups of rivals."""
    kinds: tuple[RuleKind, ...] = ()
    """Kinds of rules."""
    intents: tuple[Objective, ...] = ()
    """Objectives of which the posts behind the alert have one."""
    departments: tuple[str, ...] = ()
    min_severity: int = 1
    """Of 1 to 10."""
    hours: str = ""
    """When it may be disturbed, such as `09:00-21:00` in its zone; empty: always."""
    days: tuple[Weekday, ...] = ()
    """Days on which it may be disturbed; empty: all."""
    zone: str = "Asia/Shanghai"
    """IANA name of the time zone of its hours, days, and of the times in messages."""
    urgent_severity: int = 8
    """From this severity it is told outside of its hours too; the rest is kept until they begin."""
    per_minute: int = 0
    """Most messages in a minute; 0: what the channel takes."""
    wait_s: int = 0
    """An alert is told so long after it was seen, in its newest state."""
    interval_min: int = 10
    """An update is told so long after the message before, unless it is two severities worse."""
    gather: Gather = Gather.ALERT
    """Which alerts share a message: `wait_s` and `interval_min` are those of the group then."""
    every_alert: bool = False
    """Alerts of an incident, and of a product beside its parent, are told one by one. Programs
    always are."""
    escalate_to: tuple[str, ...] = ()
    """Ids of subscribers that are told in turn, while nobody acknowledges."""
    escalate_min: int = 15
    """So long after it, or the one before, was to be told."""
    digests: tuple[DigestSpan, ...] = ()
    digest_at: str = "08:00"
    """Time of its zone; the weekly one comes on Mondays."""
    rivals: tuple[str, ...] = ()
    """Ids of brands beside which the digests show its `brands`."""
    digests_only: bool = False
    """Is told of no alerts."""
    language: Wording = Wording.ZH


FEED_SECRET_NAME = re.compile(r"FEED_[A-Z0-9_]{1,100}")
"""Names of tokens of feeds; the prefix is there for the reason that `SECRET_NAME` has one."""


class FeedKind(StrEnum):
    """What a defined feed follows."""

    JETSTREAM = "jetstream"
    """Bluesky."""
    MASTODON = "mastodon"
    WEIBO = "weibo"
    """A subscription of Weibo's commercial push."""
    OWN = "own"
    """A feed that a package brings."""


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="feed"):
    """A live feed that `leimo feed run` runs. Its position is kept under its id."""

    id: str
    kind: FeedKind
    enabled: bool = True
    """False: it is defined, and does not run."""
    languages: tuple[str, ...] = ()
    """`jetstream`, `mastodon`: posts that name others are left out; empty: all."""
    sample: float = 1.0
    """Share of the authors whose posts are taken; 1: all."""
    endpoints: tuple[str, ...] = ()
    """`jetstream`: instances, asked in turn; empty: Bluesky's."""
    server: str = ""
    """`mastodon`: its name."""
    stream: str = ""
    """`mastodon`: `public:local` or `public:remote`; empty: both."""
    token: str = ""
    """`mastodon`: name of the file or variable with the token. What it holds is never written to a
    topic."""
    subscription: int = 0
    """`weibo`: its id."""
    comments: bool = False
    """`weibo`: comments are taken too."""
    entry: str = ""
    """`own`: as its package declares it in the entry points `leimo.feeds`."""
    options: tuple[str, ...] = ()
    """`own`: `KEY=VALUE`, handed to it. No place for secrets."""


Definition = Brand | Rule | Intent | Silence | Holiday | Subscriber | Feed


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All definitions together: the shape of `catalogue.yml` (there without tags)."""

    brands: tuple[Brand, ...] = ()
    rules: tuple[Rule, ...] = ()
    intents: tuple[Intent, ...] = ()
    silences: tuple[Silence, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    feeds: tuple[Feed, ...] = ()


def catalogue_of(definitions: Iterable[Definition]) -> Catalogue:
    """Definitions of all kinds, as one catalogue."""
    listed = list(definitions)
    return Catalogue(
        brands=tuple(item for item in listed if isinstance(item, Brand)),
        rules=tuple(item for item in listed if isinstance(item, Rule)),
        intents=tuple(item for item in listed if isinstance(item, Intent)),
        silences=tuple(item for item in listed if isinstance(item, Silence)),
        holidays=tuple(item for item in listed if isinstance(item, Holiday)),
        subscribers=tuple(item for item in listed if isinstance(item, Subscriber)),
        feeds=tuple(item for item in listed if isinstance(item, Feed)),
    )


def definitions_of(catalogue: Catalogue) -> tuple[Definition, ...]:
    """All definitions of a catalogue, brands first."""
    return (
        *catalogue.brands,
        *catalogue.rules,
        *catalogue.intents,
        *catalogue.silences,
        *catalogue.holidays,
        *catalogue.subscribers,
        *catalogue.feeds,
    )


def kind_of(definition: type[Definition] | Definition) -> str:
    """What a definition is: the tag it is written with, of a rule without the rule's own kind.

    >>> from schemas.rules import SpikeRule
    >>> kind_of(Brand(id="xiaomi", name="小米")), kind_of(SpikeRule(id="burst"))
    ('brand', 'rule')
    """
    return str(definition.__struct_config__.tag).partition("/")[0]


DEFINITION_KINDS = tuple(dict.fromkeys(kind_of(kind) for kind in get_args(Definition)))
"""Closed set: label of the metric."""


def definition_key(definition: Definition) -> bytes:
    """Key of a definition on the topic.

    >>> definition_key(Brand(id="xiaomi", name="小米"))
    b'brand:xiaomi'
    """
    return f"{kind_of(definition)}:{definition.id}".encode()
