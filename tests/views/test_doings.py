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
