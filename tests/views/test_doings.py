"""Who has what, from the actions in the order of the topic."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.action import Action, ActionKind, ActionSubject
from views.doings import KEPT_NOTES, NOTHING_DONE, Doings, after_action

KINDS = st.sampled_from(ActionKind)
PEOPLE = st.sampled_from(["li", "wang", "zhao"])


def did(number: int, kind: ActionKind, who: str = "li", **more: Any) -> Action:
    given: dict[str, Any] = {
        "id": f"a{number}", "at_ms": number, "who": who, "kind": kind,
        "on": ActionSubject.ALERT, "subject": "one",
    }  # fmt: skip
    return Action(**(given | more))


def test_the_last_who_acknowledged_has_it_and_the_first_who_took() -> None:
    doings = Doings([did(1, ActionKind.ACKNOWLEDGED), did(2, ActionKind.ACKNOWLEDGED, "wang")])
    assert doings.of_alert("one").holder == "wang"
    taken = Doings([did(1, ActionKind.TAKEN), did(2, ActionKind.TAKEN, "wang")])
    assert taken.of(ActionSubject.ALERT, "one").holder == "li"


def test_an_incident_holds_for_its_alerts_unless_one_is_seen_to_by_itself() -> None:
    whole = did(1, ActionKind.ACKNOWLEDGED, on=ActionSubject.INCIDENT, subject="head")
    doings = Doings([whole, did(2, ActionKind.ACKNOWLEDGED, "wang")])
    assert doings.of_alert("other", "head").holder == "li"
    assert doings.of_alert("one", "head").holder == "wang"
    assert not doings.of_alert("other").is_seen_to


def test_of_an_alert_and_its_incident_the_later_holds() -> None:
    whole = {"on": ActionSubject.INCIDENT, "subject": "head"}
    doings = Doings(
        [did(1, ActionKind.ACKNOWLEDGED), did(2, ActionKind.ACKNOWLEDGED, "wu", **whole)]
    )
    assert doings.of_alert("one", "head").holder == "wu"
    doings.add(did(3, ActionKind.FALSE_ALARM))
    both = doings.of_alert("one", "head")
    assert (both.holder, both.false_alarm_by) == ("wu", "li")
    doings.add(did(4, ActionKind.RELEASED))
    assert not doings.of_alert("one", "head").is_seen_to
    assert doings.of_alert("other", "head").holder == "wu"


def test_a_false_alarm_is_seen_to_and_a_release_takes_all_back() -> None:
    doings = Doings([did(1, ActionKind.FALSE_ALARM)])
    assert doings.of_alert("one").is_seen_to
    doings.add(did(2, ActionKind.RELEASED))
    assert not doings.of_alert("one").is_seen_to


def test_notes_are_kept_once_and_the_newest_of_them() -> None:
    notes = [did(n, ActionKind.NOTE, note=f"n{n}") for n in range(KEPT_NOTES + 5)]
    doing = Doings([*notes, notes[-2], notes[-1]]).of_alert("one")
    assert [note.text for note in doing.notes] == [f"n{n}" for n in range(5, KEPT_NOTES + 5)]


@settings(deadline=None)
@given(st.lists(st.tuples(KINDS, PEOPLE), max_size=12))
def test_writing_the_last_again_changes_nothing(history: list[tuple[ActionKind, str]]) -> None:
    doing = NOTHING_DONE
    for number, (kind, who) in enumerate(history):
        action = did(number, kind, who, assignee="zhao", note="x")
        doing = after_action(doing, action)
        assert after_action(doing, action) == doing


@settings(deadline=None)
@given(st.lists(PEOPLE, min_size=1, max_size=6), st.lists(PEOPLE, min_size=1, max_size=6))
def test_until_it_is_released_the_first_has_it(first: list[str], then: list[str]) -> None:
    actions = [did(n, ActionKind.TAKEN, who) for n, who in enumerate(first)]
    doings = Doings(actions)
    assert doings.of_alert("one").holder == first[0]
    doings.add(did(100, ActionKind.RELEASED))
    for number, who in enumerate(then, 200):
        doings.add(did(number, ActionKind.TAKEN, who))
    assert doings.of_alert("one").holder == then[0]


def post(number: int, kind: ActionKind, who: str = "li", **more: Any) -> Action:
    return did(number, kind, who, on=ActionSubject.POST, subject="weibo/1", **more)


def stands(*actions: Action) -> tuple[str, str, str]:
    doing = Doings(actions).of(ActionSubject.POST, "weibo/1")
    return doing.post_state.value, doing.answered_by or doing.holder, doing.department


def test_a_post_is_had_by_one_until_it_is_answered_or_released() -> None:
    taken = post(1, ActionKind.TAKEN, department="service")
    assert stands() == ("open", "", "")
    assert stands(taken, post(2, ActionKind.TAKEN, "wang")) == ("taken", "li", "service")
    answered = post(3, ActionKind.ANSWERED, "wang")
    assert stands(taken, answered) == ("answered", "wang", "service")
    assert stands(taken, answered, post(4, ActionKind.TAKEN, "zhao"))[:2] == ("answered", "wang")
    assert stands(taken, answered, post(4, ActionKind.RELEASED)) == ("open", "", "")
    assert stands(taken, post(2, ActionKind.NO_ANSWER_NEEDED))[0] == "none"


def test_a_post_that_was_given_to_somebody_can_be_taken_by_nobody_else() -> None:
    given = post(1, ActionKind.ASSIGNED, assignee="wu")
    assert stands(given, post(2, ActionKind.TAKEN, "wang"))[:2] == ("taken", "wu")


def test_who_acknowledged_and_to_whom_it_was_given() -> None:
    """Messages name the holder, screens the two: the last of them has it."""
    given = did(1, ActionKind.ASSIGNED, assignee="wu")
    held = Doings([given, did(2, ActionKind.ACKNOWLEDGED, "wang")]).of_alert("one")
    assert (held.holder, held.assignee, held.acknowledged_by) == ("wang", "", "wang")
    held = Doings([given, did(2, ActionKind.ACKNOWLEDGED, "wu")]).of_alert("one")
    assert (held.holder, held.assignee, held.acknowledged_by) == ("wu", "wu", "wu")
    both = [did(1, ActionKind.ACKNOWLEDGED), did(2, ActionKind.ASSIGNED, assignee="wu")]
    held = Doings(both).of_alert("one")
    assert held.holder == held.assignee == "wu"


def test_an_incident_is_seen_to_where_one_of_its_alerts_is() -> None:
    doings = Doings([did(1, ActionKind.ACKNOWLEDGED, subject="second")])
    assert doings.of_incident("head", ["one", "second"]).holder == "li"
    assert not doings.of_incident("head", ["one"]).is_seen_to


@settings(deadline=None)
@given(st.lists(st.tuples(KINDS, PEOPLE), max_size=12))
def test_the_holder_of_messages_is_the_one_that_screens_name(
    history: list[tuple[ActionKind, str]],
) -> None:
    doings = Doings(did(n, kind, who, assignee="zhao") for n, (kind, who) in enumerate(history))
    one = doings.of_alert("one")
    if not one.is_taken:
        assert one.holder == (one.assignee or one.acknowledged_by)
