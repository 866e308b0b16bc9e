"""Posts, their edits and their repeats, by what came before."""

import msgspec

from schemas.post import Post, PostEvent, Source
from sources.repeats import Repeats
from sources.versions import first_sight, identities_of

POST = Post(source=Source.WEIBO, id="1", text="小米手机", event_time_ms=1)


def edit(number: int) -> Post:
    return msgspec.structs.replace(POST, event=PostEvent.EDIT, edit=number)


def events(*posts: Post, distance: int = 10) -> list[str | None]:
    repeats = Repeats(distance)
    found = [first_sight(post, repeats, offset) for offset, post in enumerate(posts)]
    return [None if post is None else post.event.value for post in found]


def test_an_edit_of_a_post_that_was_read_is_an_edit_and_comes_once() -> None:
    assert events(POST, edit(1), edit(1), edit(2), POST) == ["add", "edit", None, "edit", None]


def test_an_edit_of_a_post_that_was_not_read_is_the_first_of_it() -> None:
    assert events(edit(1), edit(2), POST) == ["add", "edit", None]


def test_what_is_remembered_makes_a_new_owner_judge_alike() -> None:
    first, second = Repeats(10), Repeats(10)
    for post in (POST, edit(1)):
        first_sight(post, first, 0)
    for identity in (*identities_of(POST), *identities_of(edit(1))):
        second.seen(identity, 0)
    for post in (POST, edit(1), edit(2)):
        assert first_sight(post, first, 1) == first_sight(post, second, 1)
