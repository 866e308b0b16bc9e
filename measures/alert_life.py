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
        return _told(subject, held)
    held.true_at_ms = max(held.true_at_ms, start_ms)
    is_due = start_ms - held.told_at_ms >= UPDATE_EVERY_MS
    if not (is_due and _has_grown(held, finding)) and (
        finding.severity < held.severity + MUCH_WORSE
    ):
        return None
    held.revision += 1
    held.severity = max(held.severity, finding.severity)
    held.seen, held.expected, held.cause = finding.seen, finding.expected, finding.cause
    held.horizon_min, held.unit = finding.horizon_min, finding.unit
    held.probability = min(held.probability, finding.probability)
    held.told_at_ms = max(held.told_at_ms, start_ms)
    return _told(subject, held)


def resolved(subject: Subject) -> Alert:
    """The condition is gone: end the alert."""
    held = _ended(subject)
    minutes = (held.true_at_ms - held.started_at_ms) // _MINUTE_MS + 1
    reason = f"{subject.brand.name}: over after {minutes} min; {held.cause}"
    ended_at_ms = _over_ms(held, subject.rule)
    return _record(subject, held, AlertState.RESOLVED, reason, ended_at_ms)


def withdrawn(subject: Subject, now_ms: int) -> Alert:
    """No rule looks for it any more: end the alert at event time `now_ms`."""
    held = _ended(subject)
    reason = f"{subject.brand.name}: no rule looks for this any more; {held.cause}"
    return _record(subject, held, AlertState.RESOLVED, reason, now_ms)


def is_over(held: OpenAlert, rule: Rule, now_ms: int) -> bool:
    """Whether the condition has been gone long enough at event time `now_ms`."""
    return now_ms >= _over_ms(held, rule)


def rule_of(key: str) -> str:
    """Id of the rule of an alert, by its key in the state, see `Subject.key`."""
    return key.partition("/")[0]


def _over_ms(held: OpenAlert, rule: Rule) -> int:
    """Event time at which the condition has been gone long enough: after its last minute."""
    return held.true_at_ms + BUCKET_MS + rule.resolve_after_min * _MINUTE_MS


def _ended(subject: Subject) -> OpenAlert:
    """Take the alert out of the state, and note that there was one."""
    state = subject.state
    held = state.alerts.pop(subject.key)
    held.revision += 1
    state.past[subject.key] = PastAlert(held.started_at_ms, held.severity)
    return held


def _has_grown(held: OpenAlert, finding: Finding) -> bool:
    """Whether it is worse than was told; of what is less than expected, by severity alone."""
    is_more = finding.seen > finding.expected
    return finding.severity > held.severity or (is_more and finding.seen >= held.seen * GROWN)


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
        kind=subject.rule.kind,
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
    if start_ms <= past.started_at_ms:
        # Nothing new; it would have the same id.
        return True
    if start_ms >= past.started_at_ms + cool_down_ms(subject.rule):
        del subject.state.past[subject.key]
        return False
    return finding.severity < past.severity + MUCH_WORSE_IN_COOL_DOWN


def _told(subject: Subject, held: OpenAlert) -> Alert:
    """That it fires."""
    rising = ", ".join(term.term for term in subject.state.talk.rising(3))
    reason = f"{subject.brand.name}: {held.cause}" + (f"; rising: {rising}" if rising else "")
    return _record(subject, held, AlertState.FIRING, reason)


def _record(
    subject: Subject,
    held: OpenAlert,
    alert_state: AlertState,
    reason: str,
    ended_at_ms: int | None = None,
) -> Alert:
    state, rule, brand = subject.state, subject.rule, subject.brand
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
        terms=state.talk.rising(),
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
