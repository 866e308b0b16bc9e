"""Feeds, gaps, and what subscribers were told."""

from fastapi import APIRouter

from center.api import answers, forms
from center.api.alerts import alert_of
from center.api.asking import Asker, From, Limit, TaggedRoute, Text, TheCenter, To, span_of
from center.api.definitions import decoded
from center.store.protocol import DAY_MS, Deliveries
from delivery.explanations import IN_WORDS
from delivery.history import why_not
from schemas.catalogue import Subscriber
from schemas.delivery import Outcome

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["feeds"])


@router.get("/feeds")
def feeds(center: TheCenter, asker: Asker) -> answers.Feeds:
    """Live feeds as they said last."""
    now_ms = center.clock_ms()
    return answers.Feeds(items=[forms.feed(one, now_ms) for one in center.store.feeds()])


@router.get("/gaps")
def gaps(center: TheCenter, asker: Asker, from_ms: From = None, to: To = None) -> answers.Gaps:
    """Stretches that a feed could not give."""
    span = span_of(center, from_ms, to, 7 * DAY_MS)
    return answers.Gaps(items=forms.gaps(center.store.gaps(span)))


@router.get("/deliveries")
def deliveries(
    center: TheCenter,
    asker: Asker,
    alert: Text = "",
    subscriber: Text = "",
    outcome: Outcome | None = None,
    limit: Limit = 100,
) -> answers.Deliveries:
    """What was told to whom, the newest first."""
    wanted = Deliveries(alert, subscriber, outcome.value if outcome else "")
    found = center.store.deliveries(asker.scope, wanted, limit)
    return answers.Deliveries(items=[forms.delivery(one) for one in found])


@router.get("/deliveries/explain")
def explain(
    center: TheCenter, asker: Asker, alert: Text, subscriber: Text = ""
) -> answers.Explained:
    """For each subscriber: what was told of an alert, or why nothing was."""
    one = alert_of(center, asker, alert)
    held = {
        each.subscriber: each
        for each in center.store.deliveries(asker.scope, Deliveries(alert=one.id), 500)
    }
    defined = {
        record.id: record
        for each in center.store.definitions("subscriber")
        if isinstance(record := decoded(each), Subscriber)
    }
    items = []
    for name in sorted({*held, *defined}):
        if subscriber and name != subscriber:
            continue
        if name in held:
            told = forms.delivery(held[name])
            item = answers.WhyNot(
                subscriber=name, delivery=told, reason=told.reason, in_words=told.in_words
            )
        else:
            reason = why_not(defined[name], [one])
            item = answers.WhyNot(
                subscriber=name, delivery=None, reason=reason, in_words=IN_WORDS[reason]
            )
        items.append(item)
    return answers.Explained(alert=one.id, items=items)
