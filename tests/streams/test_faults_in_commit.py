"""Exactly once through faults inside the commit, where a blind kill seldom hits."""

import signal
from collections import Counter

import pytest

from tests.kafka_io import words

POINTS = ("begun", "sent", "flushed", "offsets sent", "committed")


async def test_counts_stay_exact_when_a_worker_kills_itself_at_each_point_of_the_commit(
    kafka_topics: str,
) -> None:
    config = words.settings(kafka_topics, "kill")
    truth: Counter[bytes] = Counter()
    async with words.feeding(kafka_topics) as sender:
        for seed, point in enumerate(POINTS):
            await words.feed(sender, truth, 4000, seed)
            with words.worker(kafka_topics, "kill", FAULT=f"{point}:kill:6") as hurt:
                await words.feed_until(lambda: hurt.poll() is not None, sender, truth)
                assert hurt.returncode == -signal.SIGKILL
        with words.worker(kafka_topics, "kill"):
            await words.settled(config, truth)


async def test_counts_stay_exact_when_a_worker_stops_inside_the_commit_beyond_its_session(
    kafka_topics: str,
) -> None:
    config = words.settings(kafka_topics, "stop")
    truth: Counter[bytes] = Counter()
    async with words.feeding(kafka_topics) as sender:
        for seed, point in enumerate(POINTS):
            await words.feed(sender, truth, 4000, seed)
            with words.worker(kafka_topics, "stop", FAULT=f"{point}:stop:6") as zombie:
                await words.feed_until(lambda: words.is_stopped(zombie), sender, truth)
                with words.worker(kafka_topics, "stop"):
                    await words.settled(config, truth)  # the next owner took over
                    zombie.send_signal(signal.SIGCONT)  # and the old one wakes up
                    await words.feed(sender, truth, 4000, seed + 100)
                    await words.settled(config, truth)


@pytest.mark.slow
async def test_the_idempotent_mode_is_seen_to_fail_this(kafka_topics: str) -> None:
    """Shows that the faults bite: without transactions a woken owner overwrites newer state."""
    config = words.settings(kafka_topics, "idem")
    truth: Counter[bytes] = Counter()
    wrong = 0
    async with words.feeding(kafka_topics) as sender:
        for seed in range(6):
            await words.feed(sender, truth, 4000, seed)
            with words.worker(kafka_topics, "idem", MODE="idempotent", FAULT="begun:stop:6") as old:
                await words.feed_until(lambda: words.is_stopped(old), sender, truth)
                with words.worker(kafka_topics, "idem", MODE="idempotent"):
                    await words.settled(config, truth)
                    await words.feed(sender, truth, 4000, seed + 100)
                    await words.settled(config, truth)
                    old.send_signal(signal.SIGCONT)
                    await words.feed(sender, truth, 500, seed + 200)
                    try:
                        await words.settled(config, truth, deadline_s=15)
                    except AssertionError:
                        wrong += 1
                        break
    assert wrong, "the faults left the idempotent mode exact: they test nothing"
