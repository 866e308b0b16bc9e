"""The life of an alert: firing → updated when it grows → resolved.

One open alert for a rule and a brand. Its id is made of what it is about and when it began, so
that the same posts give the same ids.
"""

import hashlib
from collections import Counter

from measures.brand_state import BrandState, OpenAlert
from measures.buckets import BUCKET_MS
from measures.rules.finding import Finding
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Rule

UPDATE_EVERY_MS = 3 * BUCKET_MS
GROWN = 1.5
MUCH_WORSE = 3
"""An alert that is so many severities worse is told at once."""
_MINUTE_MS = 60_000
_HOUR_MIN = 60


def fingerprint(rule: Rule, brand: str) -> str:
    """What is wrong: the same for every occurrence.

    >>> from schemas.catalogue import RuleKind
    >>> fingerprint(Rule(id="spike", kind=RuleKind.SPIKE), "xiaomi")
    'spike/xiaomi'
    """
    return f"{rule.id}/{brand}"


def alert_id(mark: str, started_at_ms: int) -> str:
    """Id of one occurrence."""
    return hashlib.sha256(f"{mark}@{started_at_ms}".encode()).hexdigest()[:20]


def found(
    state: BrandState, rule: Rule, brand: Brand, start_ms: int, finding: Finding
) -> Alert | None:
    """The condition holds in the bucket at `start_ms`: fire, update, or say nothing new."""
    held = state.alerts.get(rule.id)
    if held is None:
        mark = fingerprint(rule, brand.id)
        held = state.alerts[rule.id] = OpenAlert(
            id=alert_id(mark, start_ms),
            started_at_ms=start_ms,
            true_at_ms=start_ms,
            revision=0,
            severity=finding.severity,
            seen=finding.seen,
            expected=finding.expected,
            unit=finding.unit,
            cause=finding.cause,
            told_at_ms=start_ms,
        )
        return _record(state, held, rule, brand, AlertState.FIRING)
    held.true_at_ms = max(held.true_at_ms, start_ms)
    is_due = start_ms - held.told_at_ms >= UPDATE_EVERY_MS
    has_grown = finding.severity > held.severity or finding.seen >= held.seen * GROWN
    if not (has_grown and is_due) and finding.severity < held.severity + MUCH_WORSE:
        return None
    held.revision += 1
    held.severity = max(held.severity, finding.severity)
    held.seen, held.expected, held.cause = finding.seen, finding.expected, finding.cause
    held.told_at_ms = start_ms
    return _record(state, held, rule, brand, AlertState.FIRING)


def resolved(state: BrandState, rule: Rule, brand: Brand) -> Alert:
    """End the rule's alert."""
    held = state.alerts.pop(rule.id)
    held.revision += 1
    ended_at_ms = held.true_at_ms + rule.resolve_after_min * _MINUTE_MS
    return _record(state, held, rule, brand, AlertState.RESOLVED, ended_at_ms)


def is_over(held: OpenAlert, rule: Rule, now_ms: int) -> bool:
    """Whether the condition has been gone long enough at event time `now_ms`."""
    return now_ms >= held.true_at_ms + rule.resolve_after_min * _MINUTE_MS


def _asked_for(state: BrandState, held: OpenAlert) -> str:
    """The objective that most posts of the alert's last hour have: whose work it is."""
    asked: Counter[str] = Counter()
    for bucket in state.recent(held.true_at_ms, _HOUR_MIN):
        asked.update(bucket.intents or {})
    return min(asked, key=lambda name: (-asked[name], name)) if asked else ""


def _record(
    state: BrandState,
    held: OpenAlert,
    rule: Rule,
    brand: Brand,
    alert_state: AlertState,
    ended_at_ms: int | None = None,
) -> Alert:
    terms = state.talk.rising()
    rising = ", ".join(term.term for term in terms[:3])
    reason = f"{brand.name}: {held.cause}" + (f"; rising: {rising}" if rising else "")
    if alert_state is AlertState.RESOLVED:
        minutes = (held.true_at_ms - held.started_at_ms) // _MINUTE_MS + 1
        reason = f"{brand.name}: over after {minutes} min; {held.cause}"
    return Alert(
        id=held.id,
        fingerprint=fingerprint(rule, brand.id),
        rule=rule.id,
        kind=rule.kind.value,
        brand=brand.id,
        state=alert_state,
        revision=held.revision,
        severity=held.severity,
        started_at_ms=held.started_at_ms,
        updated_at_ms=held.true_at_ms,
        ended_at_ms=ended_at_ms,
        seen=held.seen,
        expected=held.expected,
        unit=held.unit,
        reason=reason,
        department=rule.department or brand.department or _asked_for(state, held),
        terms=terms,
        samples=state.talk.telling(),
    )
