"""What people do: posts to answer, actions, silences."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from statistics import median
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query

from catalogue.silences import LONGEST_MS, iso, silence_id
from center.api import answers, forms
from center.api.alerts import alert_of
from center.api.asking import (
    LATEST_MS,
    Asker,
    Brands,
    Cursor,
    From,
    Limit,
    Operator,
    TaggedRoute,
    Text,
    TheCenter,
    To,
    cursor_of,
    cursor_text,
    span_of,
)
from center.api.definitions import decoded
from center.api.problems import ApiProblem
from center.api.waiting import until_held
from center.context import Center
from center.principal import Principal, Role
from center.store.protocol import DAY_MS, AlertFilter, MentionFilter, MentionRow, MentionSort
from schemas.action import Action, ActionKind, ActionSubject
from schemas.catalogue import Silence, definition_key
from schemas.mention import Objective
from schemas.topics import ACTIONS, CATALOGUE
from views.doings import Doings, PostState

router = APIRouter(prefix="/api", route_class=TaggedRoute, tags=["people"])

_MOST_POSTS = 1_000
_LONGEST_NOTE = 2_000
_ON: dict[ActionSubject, frozenset[ActionKind]] = {
    ActionSubject.POST: frozenset(
        {
            *(ActionKind.TAKEN, ActionKind.RELEASED, ActionKind.ANSWERED, ActionKind.ASSIGNED),
            *(ActionKind.NO_ANSWER_NEEDED, ActionKind.NOTE),
        }
    ),
    **dict.fromkeys(
        (ActionSubject.ALERT, ActionSubject.INCIDENT),
        frozenset(
            {
                *(ActionKind.ACKNOWLEDGED, ActionKind.ASSIGNED, ActionKind.NOTE),
                *(ActionKind.FALSE_ALARM, ActionKind.RELEASED, ActionKind.SILENCED),
            }
        ),
    ),
    ActionSubject.DEFINITION: frozenset({ActionKind.NOTE}),
}


class Queue(StrEnum):
    """Which posts."""

    ALL = "all"
    OPEN = "open"
    TAKEN = "taken"
    ANSWERED = "answered"
    NONE = "none"


@router.get("/engage")
def engage(
    center: TheCenter,
    asker: Asker,
    brand: Brands = None,
    department: Text = "",
    state: Queue = Queue.ALL,
    intent: Objective | None = None,
    from_ms: From = None,
    to: To = None,
    sort: MentionSort = MentionSort.TIME,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> answers.Engage:
    """Posts that ask for an answer, of the newest thousand of the span (three days)."""
    span = span_of(center, from_ms, to, 3 * DAY_MS)
    wanted = MentionFilter(
        tuple(dict.fromkeys(brand or ())), span, intent=intent, asks_for_answer=True
    )
    rows = center.store.mentions(asker.scope, wanted, sort, None, _MOST_POSTS)
    posts = _posts(center, asker, rows)
    if department:
        posts = [one for one in posts if one.department == department]
    chosen = [one for one in posts if state is Queue.ALL or one.state.value == state.value]
    after = cursor_of(cursor, tuple[int])
    begin = max(0, after[0]) if after else 0
    more = begin + limit < len(chosen)
    return answers.Engage(
        items=chosen[begin : begin + limit],
        next=cursor_text(begin + limit) if more else None,
        departments=_times(posts),
    )


def _posts(
    center: Center, asker: Principal, rows: Sequence[MentionRow]
) -> list[answers.EngagePost]:
    """Each post once, with what was done about it."""
    brands = center.store.brands(asker.scope)
    shown = {answer.subject: answer for answer in map(forms.mention, reversed(rows))}
    by_post: dict[str, list[Action]] = defaultdict(list)
    found = center.store.actions(asker.scope, ActionSubject.POST, list(shown), 10 * _MOST_POSTS)
    for action in found:
        by_post[action.subject].append(action)
    done = Doings(found)
    posts = []
    for answer in reversed(shown.values()):
        actions = by_post.get(answer.subject, [])
        held = done.of(ActionSubject.POST, answer.subject)
        state = held.post_state
        posts.append(
            answers.EngagePost(
                mention=answer,
                state=state,
                who=held.answered_by or held.holder,
                at_ms=held.since_ms or None,
                department=held.department
                or (brands[answer.brand].department if answer.brand in brands else ""),
                answered_after_s=(
                    (held.since_ms - answer.at_ms) / 1000 if state is PostState.ANSWERED else None
                ),
                actions=forms.actions(actions),
            )
        )
    return posts


def _times(posts: Sequence[answers.EngagePost]) -> list[answers.DepartmentTime]:
    groups: dict[str, list[answers.EngagePost]] = defaultdict(list)
    for one in posts:
        groups[one.department].append(one)
    found = []
    for department, group in sorted(groups.items()):
        times = [one.answered_after_s for one in group if one.answered_after_s is not None]
        found.append(
            answers.DepartmentTime(
                department=department,
                answered=len(times),
                median_s=median(times) if times else None,
                open=sum(one.state is PostState.OPEN for one in group),
            )
        )
    return found


@router.get("/actions")
def actions(
    center: TheCenter,
    asker: Asker,
    subject: Annotated[list[str] | None, Query(max_length=100)] = None,
    on: ActionSubject | None = None,
    limit: Limit = 100,
) -> answers.Actions:
    """What people did, in order: to some subjects, or the newest."""
    found = center.store.actions(asker.scope, on, subject, limit)
    return answers.Actions(items=forms.actions(found))


@router.post("/actions", status_code=HTTPStatus.CREATED)
async def act(
    center: TheCenter, asker: Operator, wanted: answers.ActionWanted
) -> answers.ActionAnswer:
    """Record what the asker did. 409: somebody else has the post."""
    possible = _ON.get(wanted.on, frozenset())
    if wanted.kind not in possible:
        allowed = ", ".join(sorted(possible)) or "nothing, here"
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, f"{wanted.kind} is not done to {wanted.on}: {allowed}", "kind"
        )
    for key, most in (("note", _LONGEST_NOTE), ("assignee", 100), ("department", 100)):
        if len(getattr(wanted, key)) > most:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"longer than {most} characters", key)
    if wanted.until_ms is not None and not 0 <= wanted.until_ms <= LATEST_MS:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "until_ms is no time in ms", "until_ms")
    brand = await asyncio.to_thread(_brand_of, center, asker, wanted)
    if wanted.on is ActionSubject.POST:
        await asyncio.to_thread(_refuse_of_others, center, asker, wanted)
    action = Action(
        id=uuid.uuid4().hex,
        at_ms=center.clock_ms(),
        who=asker.name,
        kind=wanted.kind,
        on=wanted.on,
        subject=wanted.subject,
        via="center",
        brand=brand,
        assignee=wanted.assignee,
        department=wanted.department,
        until_ms=wanted.until_ms,
        note=wanted.note,
    )
    offset = await center.topics.act(action)
    await until_held(center, ACTIONS.name, offset)
    if action.kind is ActionKind.TAKEN:  # two at once: the first of the topic has it
        await asyncio.to_thread(_refuse_of_others, center, asker, wanted)
    return answers.ActionAnswer(**forms.action_fields(action))


def _brand_of(center: Center, asker: Principal, wanted: answers.ActionWanted) -> str:
    """The brand of the subject, which has to be held and seen; 404 where it is not."""
    match wanted.on:
        case ActionSubject.ALERT:
            return alert_of(center, asker, wanted.subject).brand
        case ActionSubject.INCIDENT:
            same = AlertFilter(incident=wanted.subject)
            found = center.store.alerts(asker.scope, same, None, 1)
            if wanted.subject and found:
                return found[0].brand
        case ActionSubject.POST:
            source, _, post = wanted.subject.partition("/")
            mine = MentionFilter((wanted.brand,) if wanted.brand else (), source=source, post=post)
            rows = center.store.mentions(asker.scope, mine, MentionSort.TIME, None, 1)
            if source and post and rows:
                return rows[0].mention.brand
        case ActionSubject.DEFINITION:
            held = center.store.definitions()
            if asker.scope.brands is None and any(one.key == wanted.subject for one in held):
                return ""
    raise ApiProblem(HTTPStatus.NOT_FOUND, f"{wanted.on} {wanted.subject!r} is not held", "subject")


def _refuse_of_others(center: Center, asker: Principal, wanted: answers.ActionWanted) -> None:
    if wanted.kind is ActionKind.NOTE:
        return
    found = center.store.actions(asker.scope, ActionSubject.POST, [wanted.subject], 1000)
    held = Doings(found).of(ActionSubject.POST, wanted.subject)
    if held.post_state is PostState.TAKEN and held.holder != asker.name:
        if asker.role is Role.ADMIN and wanted.kind is not ActionKind.TAKEN:
            return
        raise ApiProblem(HTTPStatus.CONFLICT, f"{held.holder} has this post", "subject")


@router.get("/silences")
def silences(center: TheCenter, asker: Asker) -> answers.Silences:
    """Silences in force or to come, the next to end first."""
    now_ms = center.clock_ms()
    found = [
        forms.silence(one)
        for record in center.store.definitions("silence")
        if isinstance(one := decoded(record), Silence) and all(map(asker.scope.allows, one.brands))
    ]
    left = [one for one in found if one.until_ms > now_ms]
    return answers.Silences(items=sorted(left, key=lambda one: (one.until_ms, one.id)))


@router.post("/silences", status_code=HTTPStatus.CREATED)
async def silence(
    center: TheCenter, asker: Operator, wanted: answers.SilenceWanted
) -> answers.SilenceAnswer:
    """Silence alerts of brands and rules for a while. They live on, and nobody is told."""
    now_ms = center.clock_ms()
    if not now_ms < wanted.until_ms <= now_ms + LONGEST_MS:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, "until_ms has to be to come, within a year", "until_ms"
        )
    if wanted.since_ms is not None and not 0 <= wanted.since_ms < wanted.until_ms:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "since_ms is not before until_ms", "since_ms")
    if not wanted.reason.strip() or len(wanted.reason) > _LONGEST_NOTE:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "say why, for those who wonder", "reason")
    if not wanted.brands and not (wanted.rules and asker.scope.brands is None):
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "name brands, or rules of all brands", "brands")
    made = await asyncio.to_thread(_silence, center, asker, wanted)
    offset = await center.topics.define(definition_key(made).decode(), msgspec.json.encode(made))
    await _note_definition(center, asker, ActionKind.DEFINED, made, wanted.until_ms)
    await until_held(center, CATALOGUE.name, offset)
    return forms.silence(made)


def _silence(center: Center, asker: Principal, wanted: answers.SilenceWanted) -> Silence:
    held = {one.key for one in center.store.definitions()}
    for kind, names in (("brand", wanted.brands), ("rule", wanted.rules)):
        for name in names:
            is_seen = kind == "rule" or asker.scope.allows(name)
            if f"{kind}:{name}" not in held or not is_seen:
                raise ApiProblem(
                    HTTPStatus.BAD_REQUEST, f"{name!r} is no {kind} in force", f"{kind}s"
                )
    taken = {key.removeprefix("silence:") for key in held if key.startswith("silence:")}
    return Silence(
        id=silence_id(wanted.brands, wanted.rules, wanted.until_ms, taken),
        reason=wanted.reason.strip(),
        until=iso(wanted.until_ms),
        since="" if wanted.since_ms is None else iso(wanted.since_ms),
        brands=tuple(dict.fromkeys(wanted.brands)),
        rules=tuple(dict.fromkeys(wanted.rules)),
        by=asker.name,
    )


@router.delete("/silences/{name}", status_code=HTTPStatus.NO_CONTENT)
async def end_silence(
    center: TheCenter, asker: Operator, name: Annotated[str, Path(max_length=200)]
) -> None:
    """End a silence now."""
    found = None
    for record in await asyncio.to_thread(center.store.definitions, "silence"):
        one = decoded(record)
        if record.key == f"silence:{name}" and isinstance(one, Silence):
            found = one
    is_mine = found is not None and (
        asker.scope.brands is None
        or (bool(found.brands) and all(map(asker.scope.allows, found.brands)))
    )
    if found is None or not is_mine:
        raise ApiProblem(HTTPStatus.NOT_FOUND, f"no silence {name!r} is in force", "name")
    offset = await center.topics.define(f"silence:{name}", None)
    await _note_definition(center, asker, ActionKind.REMOVED, found, None)
    await until_held(center, CATALOGUE.name, offset)


async def _note_definition(
    center: Center, asker: Principal, kind: ActionKind, one: Silence, until_ms: int | None
) -> None:
    """Each change is an action with its author."""
    action = Action(
        id=uuid.uuid4().hex,
        at_ms=center.clock_ms(),
        who=asker.name,
        kind=kind,
        on=ActionSubject.DEFINITION,
        subject=f"silence:{one.id}",
        via="center",
        brand=one.brands[0] if len(one.brands) == 1 else "",
        until_ms=until_ms,
        note=one.reason,
    )
    await center.topics.act(action)
