"""Records of the topics and rows of the store, in the shapes of answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from center.api import answers
from center.steps import count, intent_column, net_sentiment
from center.store.protocol import COUNT_NAMES, INTENTS, Brand, Definition, MentionRow
from delivery.explanations import in_words
from measures.rule_index import time_ms
from schemas.action import Action
from schemas.alert import Alert, Sample
from schemas.catalogue import Silence, Wording
from schemas.delivery import Delivery
from schemas.feed import FeedGap, FeedPosition
from schemas.links import checked, link_to
from schemas.mention import Mention
from views.doings import Doing
from views.reasons import reason_in

_PLAIN = COUNT_NAMES[: -len(INTENTS)]


def _fields(record: msgspec.Struct, shape: type[answers.Answer]) -> dict[str, Any]:
    """What a record has of an answer's fields: it may have more."""
    names = set(record.__struct_fields__).intersection(shape.model_fields)
    return {name: getattr(record, name) for name in names}


def counts(row: Sequence[int] | None) -> answers.Counts:
    """Sums of windows; None: there were none."""
    if row is None:
        return answers.Counts()
    plain = dict(zip(_PLAIN, row, strict=False))
    intents = {one: n for one in INTENTS if (n := count(row, intent_column(one.value)))}
    net = net_sentiment(plain["positive"], plain["negative"])
    return answers.Counts(**plain, intents=intents, net_sentiment=net)


def mention_id(mention: Mention) -> str:
    """What tells it from all others."""
    return f"{mention.brand}~{mention.partition}~{mention.offset}"


def url_of(mention: Mention) -> str | None:
    """Where the post stands, as its source or its ids tell; the page may be gone.

    >>> url_of(Mention("a", 0, 0, 0, source="weibo", author="12", post="z0JH2lOMb"))
    'https://weibo.com/12/z0JH2lOMb'
    """
    built = link_to(mention.source, mention.post, mention.author, mention.original)
    return checked(mention.url) or built or None


def mention(row: MentionRow) -> answers.MentionAnswer:
    """One post that names a brand."""
    one = row.mention
    return answers.MentionAnswer(
        id=mention_id(one),
        brand=one.brand,
        at_ms=one.event_time_ms,
        polarity=one.polarity,
        sentiment_milli=one.sentiment_milli,
        is_repost=one.is_repost,
        channel=one.channel,
        reach=one.reach,
        author=one.author,
        post=one.post,
        source=one.source,
        subject=f"{one.source}/{one.post}",
        url=None if row.is_deleted else url_of(one),
        text=one.text,
        is_deleted=row.is_deleted,
        terms=list(one.terms),
        place=one.place,
        confidence_milli=one.confidence_milli,
        is_address=one.is_address,
        is_edit=one.is_edit,
        product=one.product,
        intents=list(one.intents),
        spam=list(one.spam),
        language=one.language,
        original_author=one.original_author,
        is_newcomer=one.is_newcomer,
        region=one.region,
    )


def action_fields(one: Action) -> dict[str, Any]:
    """Fields of an action's answer."""
    return _fields(one, answers.ActionAnswer)


def actions(found: Iterable[Action]) -> list[answers.ActionAnswer]:
    """In their order."""
    return [answers.ActionAnswer(**action_fields(one)) for one in found]


def gap_fields(one: FeedGap) -> dict[str, Any]:
    """Fields of a gap's answer."""
    return _fields(one, answers.Gap)


def gaps(found: Iterable[FeedGap]) -> list[answers.Gap]:
    """In their order."""
    return [answers.Gap(**gap_fields(one)) for one in found]


def feed(one: FeedPosition, now_ms: int) -> answers.Feed:
    """How a feed fares."""
    return answers.Feed(
        feed=one.feed,
        state=one.state,
        endpoint=one.endpoint,
        at_ms=one.at_ms,
        event_time_ms=one.event_time_ms,
        posts=one.posts,
        posts_per_s=one.posts_per_s,
        started_at_ms=one.started_at_ms,
        age_s=max(0, now_ms - one.at_ms) / 1000,
    )


def _sample(one: Sample) -> answers.SampleAnswer:
    return answers.SampleAnswer(
        **_fields(one, answers.SampleAnswer), is_deleted=not one.text and not one.author
    )


def alert_fields(one: Alert, brands: Mapping[str, Brand], doing: Doing) -> dict[str, Any]:
    """Fields of an alert's answer."""
    plain = (
        *("id", "fingerprint", "rule", "kind", "brand", "state", "revision", "severity"),
        *("started_at_ms", "updated_at_ms", "ended_at_ms", "seen", "expected", "unit", "reason"),
        *("department", "parent", "silenced_by"),
    )
    brand_name = brands[one.brand].name if one.brand in brands else one.brand
    return {
        **{name: getattr(one, name) for name in plain},
        "reason_zh": reason_in(Wording.ZH, one, brand_name),
        "acknowledged_by": doing.acknowledged_by,
        "assignee": doing.assignee,
        "is_false_alarm": bool(doing.false_alarm_by),
        "incident": one.incident or one.id,
        "brand_name": brand_name,
        "evidence": answers.EvidenceAnswer(**_fields(one.evidence, answers.EvidenceAnswer)),
        "terms": [answers.TermCount(term=term.term, count=term.count) for term in one.terms],
        "samples": [_sample(sample) for sample in one.samples],
    }


def alert_event(one: Alert) -> answers.AlertEvent:
    """What clients are told of a state of an alert."""
    names = set(answers.AlertEvent.model_fields) - {"incident"}
    fields = {name: getattr(one, name) for name in names}
    return answers.AlertEvent(**fields, incident=one.incident or one.id)


def delivery(one: Delivery) -> answers.DeliveryAnswer:
    """What a subscriber was told, without addresses: records hold none."""
    attempts = [
        answers.AttemptAnswer(
            **{name: getattr(each, name) for name in type(each).__struct_fields__}
        )
        for each in one.attempts
    ]
    fields = _fields(one, answers.DeliveryAnswer)
    fields |= {"channel": one.channel.value, "in_words": in_words(one), "attempts": attempts}
    return answers.DeliveryAnswer(**fields)


def definition_value(record: object) -> dict[str, object]:
    """Fields of a definition as a catalogue file writes them."""
    fields: dict[str, object] = msgspec.to_builtins(record)
    _, _, kind = str(fields.pop("type")).partition("/")
    if kind:
        fields["kind"] = kind
    return fields


def definition(one: Definition, record: object) -> answers.DefinitionAnswer:
    """One definition in force."""
    kind, _, found = one.key.partition(":")
    return answers.DefinitionAnswer(kind=kind, id=found, value=definition_value(record))


def silence(one: Silence) -> answers.SilenceAnswer:
    """A silence with its times."""
    return answers.SilenceAnswer(
        id=one.id,
        reason=one.reason,
        since_ms=_moment(one.since),
        until_ms=_moment(one.until) or 0,
        brands=list(one.brands),
        rules=list(one.rules),
        by=one.by,
    )


def _moment(text: str) -> int | None:
    try:
        return time_ms(text) if text else None
    except ValueError:
        return None
