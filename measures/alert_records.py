"""What becomes of a finding: the state of the alert changes, and a record says so.

The rules of an alert's life are those of `measures.alert_life`; whether it is told at all says
`measures.suppression`. The id of an alert is made of what it is about and when it began, so that
the same posts give the same ids.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from measures import alert_life
from measures.brand_state import BrandState, OpenAlert, PastAlert, Told
from measures.evidence import asked_for, evidence, moods_before
from measures.rules.finding import Finding
from measures.suppression import Circumstances, silence_over, suppressed_by
from schemas.alert import Alert, AlertState, SuppressedReason
from schemas.catalogue import Brand, Silence
from schemas.mention import GROUP_PREFIX
from schemas.rules import RULE_OF_KIND, Rule, RuleKind

_MINUTE_MS = 60_000
_NAMED = 3
"""Rising terms that a reason names."""
_NO_LIFE = frozenset({SuppressedReason.OUTSIDE_ACTIVE_HOURS, SuppressedReason.PLATFORM_WIDE_BURST})
"""Reasons for which a finding counts as none: it neither waits nor keeps an alert alive."""


class Subject(NamedTuple):
    """What an alert is about, and what is known of it."""

    state: BrandState
    rule: Rule
    brand: Brand
    silences: Sequence[Silence] = ()
    """Those in force now."""
    about: str = ""
    """Set where it is about another brand than the one whose state it is."""
    expected_burst: Callable[[Brand, int], str] = lambda brand, at_ms: ""
    """The day of big sales that it is for a brand at a time, if it is one."""

    @property
    def key(self) -> str:
        """Key of the alert in the state."""
        return f"{self.rule.id}/{self.about}" if self.about else self.rule.id


class Notice(NamedTuple):
    """What came of a finding."""

    alert: Alert | None = None
    """To be published."""
    suppressed: SuppressedReason | None = None
    """Why nobody is told: with `silence` the record is published nevertheless."""

    @property
    def is_kept(self) -> bool:
        """Whether it may have changed the state."""
        return self.suppressed not in _NO_LIFE


def fingerprint(rule: Rule, brand: str) -> str:
    """What is wrong: the same for every occurrence.

    >>> from schemas.rules import SpikeRule
    >>> fingerprint(SpikeRule(id="spike"), "xiaomi")
    'spike/xiaomi'
    """
    return f"{rule.id}/{brand}"


def alert_id(mark: str, started_at_ms: int) -> str:
    """Id of one occurrence."""
    return hashlib.sha256(f"{mark}@{started_at_ms}".encode()).hexdigest()[:20]


def rule_of(key: str) -> str:
    """Id of the rule of an alert, by its key in the state, see `Subject.key`."""
    return key.partition("/")[0]


def owner_of(alert: Alert) -> str:
    """Whose state keeps an alert: its brand's, or that of a group of rivals; `*`: of all."""
    if alert.kind == RuleKind.SHARE.value:
        return GROUP_PREFIX + alert.rule
    return alert.brand


def notice_of(
    subject: Subject,
    start_ms: int,
    finding: Finding,
    *,
    is_active: bool = True,
    is_platform_burst: bool = False,
) -> Notice:
    """The condition holds in the bucket at `start_ms`: fire, update, or say why nothing is told.

    `is_active` and `is_platform_burst`: see `Circumstances`.
    """
    state, rule, key = subject.state, subject.rule, subject.key
    open_alert, waits = state.alerts.get(key), state.pending.get(key)
    around = Circumstances(
        is_active,
        is_platform_burst,
        open_alert,
        None if waits is None else (waits[0], waits[1]),
        state.past.get(key),
        subject.brand.id,
        subject.silences,
    )
    reason = suppressed_by(rule, finding, start_ms, around)
    if reason in _NO_LIFE:
        return Notice(suppressed=reason)
    is_told = reason is None or reason is SuppressedReason.SILENCE
    if open_alert is not None:
        open_alert.true_at_ms = max(open_alert.true_at_ms, start_ms)
        if is_told:
            _update(open_alert, start_ms, finding)
    elif is_told:
        open_alert = _begin(subject, start_ms, finding, around.past)
    elif rule.pending_min:
        pending_ms = alert_life.pending_ms(rule)
        state.pending[key] = list(alert_life.waiting(around.pending, start_ms, pending_ms))
    if open_alert is None or not is_told:
        return Notice(suppressed=reason)
    return Notice(_told(subject, open_alert), reason)


def resolved(subject: Subject) -> Alert:
    """The condition is gone: end the alert."""
    open_alert = _ended(subject)
    minutes = (open_alert.true_at_ms - open_alert.started_at_ms) // _MINUTE_MS + 1
    reason = f"{subject.brand.name}: over after {minutes} min; {open_alert.cause}"
    ended_at_ms = open_alert.true_at_ms + alert_life.resolve_after_ms(subject.rule)
    return _record(subject, open_alert, reason, ended_at_ms)


def withdrawn(subject: Subject, now_ms: int) -> Alert:
    """No rule asks for it any more: end the alert at event time `now_ms`.

    Brand and rule may be gone from the catalogue; it ends as what was told, to whom it was told.
    """
    open_alert = _ended(subject)
    kind = RULE_OF_KIND[open_alert.kind]
    brand = Brand(
        id=subject.brand.id,
        name=open_alert.name or subject.brand.name,
        parent=open_alert.parent,
        department=open_alert.department,
        trade=subject.brand.trade,
    )
    subject = subject._replace(rule=kind(id=subject.rule.id), brand=brand)
    reason = f"{subject.brand.name}: no rule looks for this any more; {open_alert.cause}"
    return _record(subject, open_alert, reason, now_ms)


def _update(open_alert: OpenAlert, start_ms: int, finding: Finding) -> None:
    """It has grown: what is told is the worst so far."""
    open_alert.revision += 1
    open_alert.severity = max(open_alert.severity, finding.severity)
    open_alert.seen, open_alert.expected, open_alert.cause = (
        finding.seen,
        finding.expected,
        finding.cause,
    )
    open_alert.horizon_min, open_alert.unit = finding.horizon_min, finding.unit
    open_alert.probability = min(open_alert.probability, finding.probability)
    open_alert.told_at_ms = max(open_alert.told_at_ms, start_ms)


def _ended(subject: Subject) -> OpenAlert:
    """Take the alert out of the state, and note that there was one."""
    state = subject.state
    open_alert = state.alerts.pop(subject.key)
    open_alert.revision += 1
    state.past[subject.key] = PastAlert(open_alert.started_at_ms, open_alert.severity)
    return open_alert


def _begin(subject: Subject, start_ms: int, finding: Finding, past: PastAlert | None) -> OpenAlert:
    """It fires; what was noted of its waiting, and of a cool-down that is over, goes."""
    state, rule, key = subject.state, subject.rule, subject.key
    if past is not None and alert_life.is_cool(past, start_ms, alert_life.cool_down_ms(rule)):
        del state.past[key]
    state.pending.pop(key, None)
    negative, positive = moods_before(state)
    state.alerts[key] = open_alert = OpenAlert(
        id=alert_id(fingerprint(rule, subject.brand.id), start_ms),
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
        entry_thresholds=list(finding.entry_thresholds),
        about=subject.about,
        negative_before=negative,
        positive_before=positive,
        kind=rule.kind,
    )
    return open_alert


def _told(subject: Subject, open_alert: OpenAlert) -> Alert:
    """That it fires."""
    brand = subject.brand
    open_alert.name, open_alert.parent = brand.name, brand.parent
    open_alert.department = subject.rule.department or brand.department
    open_alert.told = told = _behind(subject, open_alert)
    rising = ", ".join([term.term for term in told.terms[:_NAMED]])
    reason = f"{brand.name}: {open_alert.cause}" + (f"; rising: {rising}" if rising else "")
    sale = told.evidence.expected_burst
    return _record(subject, open_alert, reason + (f"; bursts are expected: {sale}" if sale else ""))


def _behind(subject: Subject, open_alert: OpenAlert) -> Told:
    """What stands behind it now."""
    state, brand = subject.state, subject.brand
    return Told(
        evidence(state, open_alert, subject.expected_burst(brand, open_alert.started_at_ms)),
        state.talk.rising(),
        state.talk.telling(),
        subject.rule.department or brand.department or asked_for(state, open_alert),
    )


def _record(
    subject: Subject, open_alert: OpenAlert, reason: str, ended_at_ms: int | None = None
) -> Alert:
    """Of the alert as it was told last; `ended_at_ms`: it is over since then."""
    rule, brand = subject.rule, subject.brand
    told = open_alert.told or _behind(subject, open_alert)
    return Alert(
        id=open_alert.id,
        fingerprint=fingerprint(rule, brand.id),
        rule=rule.id,
        kind=rule.kind.value,
        brand=brand.id,
        state=AlertState.FIRING if ended_at_ms is None else AlertState.RESOLVED,
        revision=open_alert.revision,
        severity=open_alert.severity,
        started_at_ms=open_alert.started_at_ms,
        updated_at_ms=open_alert.true_at_ms,
        ended_at_ms=ended_at_ms,
        seen=open_alert.seen,
        expected=open_alert.expected,
        unit=open_alert.unit,
        reason=reason,
        department=rule.department or brand.department or told.department,
        parent=brand.parent,
        silenced_by=silence_over(subject.silences, rule.id, brand.id),
        evidence=told.evidence,
        terms=told.terms,
        samples=told.samples,
    )
