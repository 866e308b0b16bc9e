"""The life of an alert, as pure functions: pending → firing → updated → resolved → cool-down.

One open alert for a rule and a brand. Nothing here changes a state or makes a record: the board
does (`measures.alert_records`), and so does the detector of series (`measures.series`).
"""

from measures.brand_state import OpenAlert, PastAlert
from measures.buckets import BUCKET_MS
from measures.rules.finding import Finding
from schemas.rules import USUAL_COOL_DOWN_MIN, USUAL_RESOLVE_AFTER_MIN, Rule, RuleKind

UPDATE_EVERY_MS = 3 * BUCKET_MS
GROWN = 1.5
MUCH_WORSE = 3
"""An alert that is so many severities worse is told at once."""
MUCH_WORSE_IN_COOL_DOWN = 5
"""An alert that is so many severities worse than the last one begins in its cool-down."""
WORSE_VOLUME_IN_COOL_DOWN = 1
"""The same of alerts about more posts: that a volume which was back to usual rises beyond the last
peak is another event."""
_MINUTE_MS = 60_000
USUAL_COOL_DOWN_MS = USUAL_COOL_DOWN_MIN * _MINUTE_MS
USUAL_RESOLVE_AFTER_MS = USUAL_RESOLVE_AFTER_MIN * _MINUTE_MS
_SHORTEST_GAP_MS = 5 * _MINUTE_MS
"""A condition that waits may be gone for so long at least, and goes on waiting."""


def pending_ms(rule: Rule) -> int:
    """How long the condition has to hold before an alert begins."""
    return rule.pending_min * _MINUTE_MS


def cool_down_ms(rule: Rule) -> int:
    """How long after the begin of an alert no new one begins."""
    return rule.cool_down_min * _MINUTE_MS


def resolve_after_ms(rule: Rule) -> int:
    """How long after the begin of the last bucket in which it held an alert is over."""
    return BUCKET_MS + rule.resolve_after_min * _MINUTE_MS


def waiting(pending: tuple[int, int] | None, start_ms: int, pending_ms: int) -> tuple[int, int]:
    """First and newest bucket in which the condition held, with the one at `start_ms`.

    A gap that is longer than the time to wait begins it anew.

    >>> waiting((0, 120_000), 180_000, 240_000), waiting((0, 0), 900_000, 240_000)
    ((0, 180000), (900000, 900000))
    """
    longest_gap_ms = max(pending_ms, _SHORTEST_GAP_MS)
    if pending is None or start_ms - pending[1] > longest_gap_ms:
        return start_ms, start_ms
    return pending[0], max(pending[1], start_ms)


def is_pending(pending: tuple[int, int] | None, start_ms: int, pending_ms: int) -> bool:
    """Whether the condition, which holds at `start_ms`, has not held for long enough.

    >>> is_pending(None, 0, 0), is_pending((0, 0), 60_000, 240_000)
    (False, True)
    """
    if not pending_ms:
        return False
    return start_ms - waiting(pending, start_ms, pending_ms)[0] < pending_ms


def is_cooling_down(
    past: PastAlert | None,
    start_ms: int,
    severity: int,
    cool_down_ms: int,
    worse: int = MUCH_WORSE_IN_COOL_DOWN,
) -> bool:
    """Whether no alert begins so soon after the last one; what is `worse` severities worse does.

    >>> last = PastAlert(started_at_ms=0, severity=2)
    >>> [is_cooling_down(last, at_ms, 2, 60_000) for at_ms in (0, 30_000, 60_000)]
    [True, True, False]
    >>> is_cooling_down(last, 30_000, 7, 60_000)
    False
    """
    if past is None:
        return False
    if start_ms <= past.started_at_ms:
        # Nothing new; it would have the same id.
        return True
    if is_cool(past, start_ms, cool_down_ms):
        return False
    return severity < past.severity + worse


def worse_in_cool_down(rule: Rule) -> int:
    """How many severities worse than the last one an alert begins in its cool-down."""
    if rule.kind is RuleKind.SPIKE:
        return WORSE_VOLUME_IN_COOL_DOWN
    return MUCH_WORSE_IN_COOL_DOWN


def is_cool(past: PastAlert, start_ms: int, cool_down_ms: int) -> bool:
    """Whether the cool-down of the last alert is over: nothing has to be known of it any more."""
    return start_ms > past.started_at_ms and start_ms >= past.started_at_ms + cool_down_ms


def has_news(open_alert: OpenAlert, start_ms: int, finding: Finding) -> bool:
    """Whether an alert that fires is worth another record: it has grown, or is much worse."""
    if finding.severity >= open_alert.severity + MUCH_WORSE:
        return True
    return start_ms - open_alert.told_at_ms >= UPDATE_EVERY_MS and _has_grown(open_alert, finding)


def is_over(true_at_ms: int, resolve_after_ms: int, now_ms: int) -> bool:
    """Whether a condition that last held at `true_at_ms` has been gone long enough at `now_ms`.

    >>> [is_over(0, 180_000, now_ms) for now_ms in (120_000, 180_000)]
    [False, True]
    """
    return now_ms >= true_at_ms + resolve_after_ms


def _has_grown(open_alert: OpenAlert, finding: Finding) -> bool:
    """Whether it is worse than was told; of what is less than expected, by severity alone."""
    is_more = finding.seen > finding.expected
    return finding.severity > open_alert.severity or (
        is_more and finding.seen >= open_alert.seen * GROWN
    )
