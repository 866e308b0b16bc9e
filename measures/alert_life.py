"""The life of an alert: pending → firing → updated when it grows → resolved, then a cool-down.

One open alert for a rule and a brand. Its id is made of what it is about and when it began, so
that the same posts give the same ids.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from measures.brand_state import BrandState, OpenAlert, PastAlert
from measures.buckets import BUCKET_MS
from measures.evidence import asked_for, evidence, moods_before
from measures.rules.finding import Finding
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Rule, RuleKind, Silence

UPDATE_EVERY_MS = 3 * BUCKET_MS
GROWN = 1.5
MUCH_WORSE = 3
"""An alert that is so many severities worse is told at once."""
MUCH_WORSE_IN_COOL_DOWN = 5
"""An alert that is so many severities worse than the last one begins in its cool-down."""
COOL_DOWN_MIN = {RuleKind.CRISIS: 0, RuleKind.SILENCE: 0}
"""Kinds whose alerts have another cool-down than the usual one."""
USUAL_COOL_DOWN_MIN = 9 * 60
_MINUTE_MS = 60_000


class Subject(NamedTuple):
    """What an alert is about, and what is known of it."""

    state: BrandState
    rule: Rule
    brand: Brand
    silences: Iterable[Silence] = ()
    """Those in force now."""
    about: str = ""
    """Set where it is about another brand than the one whose state it is."""

    @property
    def key(self) -> str:
        """Key of the alert in the state."""
        return f"{self.rule.id}/{self.about}" if self.about else self.rule.id


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


def cool_down_ms(rule: Rule) -> int:
    """How long after the begin of an alert no new one begins."""
    minutes = rule.cool_down_min
    if minutes < 0:
        minutes = COOL_DOWN_MIN.get(rule.kind, USUAL_COOL_DOWN_MIN)
    return minutes * _MINUTE_MS


def found(subject: Subject, start_ms: int, finding: Finding) -> Alert | None:
    """The condition holds in the bucket at `start_ms`: fire, update, or say nothing new."""
    state = subject.state
    held = state.alerts.get(subject.key)
    if held is None:
        if _is_pending(subject, start_ms) or _is_cooling_down(subject, start_ms, finding):
            return None
        state.alerts[subject.key] = held = _begin(subject, start_ms, finding)
        state.pending.pop(subject.key, None)
        return _record(subject, held, AlertState.FIRING)
    held.true_at_ms = max(held.true_at_ms, start_ms)
    is_due = start_ms - held.told_at_ms >= UPDATE_EVERY_MS
    has_grown = finding.severity > held.severity or finding.seen >= held.seen * GROWN
    if not (has_grown and is_due) and finding.severity < held.severity + MUCH_WORSE:
        return None
    held.revision += 1
    held.severity = max(held.severity, finding.severity)
    held.seen, held.expected, held.cause = finding.seen, finding.expected, finding.cause
    held.horizon_min, held.unit = finding.horizon_min, finding.unit
    held.probability = min(held.probability, finding.probability)
    held.told_at_ms = start_ms
    return _record(subject, held, AlertState.FIRING)


def resolved(subject: Subject) -> Alert:
    """End the alert."""
    state, rule = subject.state, subject.rule
    held = state.alerts.pop(subject.key)
    held.revision += 1
    ended_at_ms = held.true_at_ms + rule.resolve_after_min * _MINUTE_MS
    if cool_down_ms(rule):
        state.past[subject.key] = PastAlert(held.started_at_ms, held.severity)
    return _record(subject, held, AlertState.RESOLVED, ended_at_ms)


def is_over(held: OpenAlert, rule: Rule, now_ms: int) -> bool:
    """Whether the condition has been gone long enough at event time `now_ms`."""
    return now_ms >= held.true_at_ms + rule.resolve_after_min * _MINUTE_MS


def _begin(subject: Subject, start_ms: int, finding: Finding) -> OpenAlert:
    negative, positive = moods_before(subject.state)
    return OpenAlert(
        id=alert_id(fingerprint(subject.rule, subject.brand.id), start_ms),
        started_at_ms=start_ms,
        true_at_ms=start_ms,
        revision=0,
        severity=finding.severity,
        seen=finding.seen,
        expected=finding.expected,
        unit=finding.unit,
        cause=finding.cause,
        told_at_ms=start_ms,
        horizon_min=finding.horizon_min,
        probability=finding.probability,
        bars=list(finding.bars),
        about=subject.about,
        negative_before=negative,
        positive_before=positive,
    )


def _is_pending(subject: Subject, start_ms: int) -> bool:
    """Whether the condition has not held for long enough; a gap begins it anew."""
    rule = subject.rule
    if not rule.pending_min:
        return False
    pending = subject.state.pending
    since = pending.get(subject.key)
    longest_gap_ms = max(rule.pending_min, 5) * _MINUTE_MS
    if since is None or start_ms - since[1] > longest_gap_ms:
        since = pending[subject.key] = [start_ms, start_ms]
    since[1] = max(since[1], start_ms)
    return start_ms - since[0] < rule.pending_min * _MINUTE_MS


def _is_cooling_down(subject: Subject, start_ms: int, finding: Finding) -> bool:
    past = subject.state.past.get(subject.key)
    if past is None:
        return False
    if start_ms >= past.started_at_ms + cool_down_ms(subject.rule):
        del subject.state.past[subject.key]
        return False
    return finding.severity < past.severity + MUCH_WORSE_IN_COOL_DOWN


def _record(
    subject: Subject, held: OpenAlert, alert_state: AlertState, ended_at_ms: int | None = None
) -> Alert:
    state, rule, brand = subject.state, subject.rule, subject.brand
    terms = state.talk.rising()
    rising = ", ".join(term.term for term in terms[:3])
    reason = f"{brand.name}: {held.cause}" + (f"; rising: {rising}" if rising else "")
    if alert_state is AlertState.RESOLVED:
        minutes = (held.true_at_ms - held.started_at_ms) // _MINUTE_MS + 1
        reason = f"{brand.name}: over after {minutes} min; {held.cause}"
    silence = next((one for one in subject.silences if covers(one, rule.id, brand.id)), None)
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
        department=rule.department or brand.department or asked_for(state, held),
        parent=brand.parent,
        silenced_by=silence.id if silence else "",
        evidence=evidence(state, held),
        terms=terms,
        samples=state.talk.telling(),
    )


def covers(silence: Silence, rule: str, brand: str) -> bool:
    """Whether the silence is about alerts of this rule and brand.

    >>> covers(Silence(id="s", reason="launch", until="", brands=("xiaomi",)), "spike", "xiaomi")
    True
    """
    return (not silence.brands or brand in silence.brands) and (
        not silence.rules or rule in silence.rules
    )
