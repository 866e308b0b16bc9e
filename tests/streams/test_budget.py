"""Work that takes too long is stopped, wherever it is."""

import re
import threading
import time
from itertools import count

import pytest

from streams.budget import Budget, OverBudgetError

BACKTRACKING = re.compile(r"(?:a|aa)+b")
LONG_S = 60
"""What is stopped after a twentieth of a second is stopped long before."""


def loop_for_ever() -> None:
    for _ in count():
        pass


def backtrack_for_ever() -> None:
    BACKTRACKING.match("a" * 200)


def swallow_all() -> None:
    while True:
        try:
            loop_for_ever()
        except Exception:
            continue


@pytest.mark.parametrize("work", [loop_for_ever, backtrack_for_ever, swallow_all])
def test_it_is_stopped(work: object) -> None:
    started_s = time.process_time()
    with pytest.raises(OverBudgetError):
        Budget(0.05).run(work)  # type: ignore[arg-type]
    assert time.process_time() - started_s < LONG_S


def test_what_comes_afterwards_is_not_stopped() -> None:
    budget = Budget(0.05)
    with pytest.raises(OverBudgetError):
        budget.run(loop_for_ever)
    assert budget.run(sum, [1, 2]) == 3
    ends_s = time.process_time() + 0.2
    while time.process_time() < ends_s:
        pass


def test_an_error_of_the_work_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        Budget(5).run(lambda: 1 // 0)


def test_time_that_others_take_does_not_count() -> None:
    Budget(0.05).run(threading.Event().wait, 0.2)


def test_another_thread_gets_its_result_too() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(Budget(5).run(sum, [1, 2])))
    thread.start()
    thread.join()
    assert found == [3]
