"""Connections of questions: the last one again, few of a rush, none that broke."""

from contextlib import ExitStack

from center.store.readers import IDLE, Readers


class Connection:
    """Knows whether it was closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


def _open(connection: Connection) -> bool:
    return not connection.is_closed


def test_a_rush_leaves_few_and_closes_the_others() -> None:
    readers = Readers(Connection)
    with ExitStack() as rush:
        given = [rush.enter_context(readers.one()) for _ in range(3 * IDLE)]
        assert len(set(map(id, given))) == 3 * IDLE
    assert readers.idle == IDLE
    assert sum(one.is_closed for one in given) == 2 * IDLE
    readers.close()
    assert readers.idle == 0
    assert all(one.is_closed for one in given)


def test_the_one_that_was_used_last_comes_first_and_a_closed_one_not_again() -> None:
    readers = Readers(Connection, _open)
    with readers.one() as first, readers.one() as second:
        pass
    with readers.one() as again:
        assert again is first
        again.close()
    with readers.one() as other:
        assert other is second
