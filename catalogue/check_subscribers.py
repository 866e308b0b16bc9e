"""What types cannot say about subscribers: references, names of secrets, hours, limits."""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from catalogue.findings import Findings, KeyPath, did_you_mean
from catalogue.yaml_reader import Raw
from schemas.catalogue import (
    FOR_PROGRAMS,
    SECRET_NAME,
    Gather,
    ReceivingChannel,
    Subscriber,
)
from schemas.rules import RuleKind

LOCAL_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)")
_NEED_SECRET = frozenset({ReceivingChannel.WEBHOOK, ReceivingChannel.TELEGRAM})
_MOST = {"per_minute": 6000, "wait_s": 3600, "interval_min": 7 * 24 * 60, "escalate_min": 1440}
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_MOST_BRANDS = 50
"""Of a digest, rivals included."""
_OF = {"brands": "brand", "rivals": "brand", "groups": "rule of kind share"}


def checked_subscribers(
    subscribers: Sequence[Raw],
    references: tuple[Sequence[str], Sequence[Raw]],
    findings: Findings,
) -> Iterator[Subscriber]:
    """Find all that is wrong; yields those that have what they need."""
    brand_ids, rules = references
    groups = [str(r["id"]) for r in rules if "id" in r and r.get("kind") is RuleKind.SHARE]
    ids = [str(raw["id"]) for raw in subscribers if "id" in raw]
    for index, raw in enumerate(subscribers):
        path: KeyPath = ("subscribers", index)
        _check_references(raw, path, "brands", brand_ids, findings)
        _check_references(raw, path, "rivals", brand_ids, findings)
        _check_references(raw, path, "groups", groups, findings)
        _check_escalation(raw, path, ids, findings)
        _check_digests(raw, path, findings)
        _check_secrets(raw, path, findings)
        _check_when(raw, path, findings)
        _check_numbers(raw, path, findings)
        if raw.keys() >= {"id", "channel", "address"}:
            yield Subscriber(**raw)


def _check_references(
    raw: Raw, path: KeyPath, key: str, known: Sequence[str], findings: Findings
) -> None:
    what = _OF[key]
    for at, given in enumerate(raw.get(key, ())):
        if given not in known:
            mend = did_you_mean(given, known, "write an id that stands in this file")
            findings.error((*path, key, at), f"{given!r} is the id of no {what} here; {mend}")


def _check_escalation(raw: Raw, path: KeyPath, ids: Sequence[str], findings: Findings) -> None:
    for at, given in enumerate(raw.get("escalate_to", ())):
        where = (*path, "escalate_to", at)
        if given not in ids:
            mend = did_you_mean(given, ids, "write the id of a subscriber of this file")
            findings.error(where, f"{given!r} is the id of no subscriber here; {mend}")
        elif given == raw.get("id"):
            findings.error(where, "it is told already; name somebody else")
    if raw.get("escalate_min") == 0:
        findings.error((*path, "escalate_min"), "0 leaves nobody time to acknowledge; write 5")


def _check_digests(raw: Raw, path: KeyPath, findings: Findings) -> None:
    is_program = raw.get("channel") in FOR_PROGRAMS
    if is_program and raw.get("digests"):
        findings.error((*path, "digests"), "programs get none; read `windows`, or remove it")
    if is_program and raw.get("gather", Gather.ALERT) is not Gather.ALERT:
        findings.error((*path, "gather"), "programs are told of each alert; remove it")
    if raw.get("digests") and not raw.get("brands"):
        findings.error((*path, "digests"), "a digest is about brands; name some with `brands`")
    if len(raw.get("brands", ())) + len(raw.get("rivals", ())) > _MOST_BRANDS and raw.get(
        "digests"
    ):
        findings.error((*path, "digests"), f"a digest shows at most {_MOST_BRANDS} brands")
    for key in ("rivals", "digest_at", "digests_only"):
        if raw.get(key) and not raw.get("digests"):
            findings.error((*path, key), "it is for digests; add `digests: [day]`, or remove it")
    at = raw.get("digest_at")
    if at is not None and not _CLOCK.fullmatch(at):
        findings.error((*path, "digest_at"), f"{at!r} is no time of the day; write such as 08:00")


def _check_secrets(raw: Raw, path: KeyPath, findings: Findings) -> None:
    for key in ("address", "secret", "old_secret"):
        given = raw.get(key)
        if given is not None and not SECRET_NAME.fullmatch(given):
            # What was written may be the secret itself, so it is not shown.
            findings.error(
                (*path, key),
                "is no name of a file or variable; write such as SUBSCRIBER_OPS_URL, and put the "
                "value there: what stands here can be read by all who read the topic",
            )
    channel = raw.get("channel")
    if channel in _NEED_SECRET and "secret" not in raw and not findings.knows((*path, "secret")):
        what = "the bot's token" if channel is ReceivingChannel.TELEGRAM else "the signing key"
        findings.error(path, f"a {channel} needs {what}; add `secret: SUBSCRIBER_…`")
    if "old_secret" in raw and channel not in (None, ReceivingChannel.WEBHOOK):
        findings.error((*path, "old_secret"), f"a {channel} does not use this; remove it")


def _check_when(raw: Raw, path: KeyPath, findings: Findings) -> None:
    hours = raw.get("hours")
    if hours is not None and not LOCAL_HOURS.fullmatch(hours):
        findings.error(
            (*path, "hours"),
            f"{hours!r} is no span of hours; write such as 09:00-21:00, in the hours of `zone`",
        )
    elif hours is not None and hours[:5] == hours[6:]:
        findings.error(
            (*path, "hours"), f"{hours!r} ends when it begins; leave it out for all hours"
        )
    zone = raw.get("zone")
    if zone is not None and not is_zone(zone):
        findings.error(
            (*path, "zone"), f"{zone!r} is no time zone; write an IANA name, such as Asia/Shanghai"
        )


def is_zone(name: str) -> bool:
    """Whether it is the IANA name of a time zone.

    >>> is_zone("Asia/Shanghai"), is_zone("CEST"), is_zone("../x")
    (True, False, False)
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _check_numbers(raw: Raw, path: KeyPath, findings: Findings) -> None:
    for key in ("min_severity", "urgent_severity"):
        if key in raw and not 1 <= raw[key] <= 10:
            findings.error((*path, key), f"{raw[key]} is no severity; they go from 1 to 10")
    for key, most in _MOST.items():
        if key in raw and not 0 <= raw[key] <= most:
            findings.error((*path, key), f"{raw[key]} is not from 0 to {most}")
