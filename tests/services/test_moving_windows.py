"""The counters of rate limits in one process: exact with many threads, and nothing is kept for ever."""

import threading
from collections.abc import Iterator

import pytest
import time_machine
from limits import parse
from limits.strategies import MovingWindowRateLimiter

from portal_app.services.moving_windows import MovingWindowMemory

TEN = parse("10/hour")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(1_800_000_000, tick=False) as traveller:
        yield traveller


def test_an_attempt_counts_for_exactly_the_length_of_the_window(clock: time_machine.Traveller):
    storage = MovingWindowMemory()
    limiter = MovingWindowRateLimiter(storage)
    assert [limiter.hit(TEN, "a") for _ in range(5)] == [True] * 5
    clock.shift(1_800)
    assert [limiter.hit(TEN, "a") for _ in range(6)] == [True] * 5 + [False]
    assert not limiter.test(TEN, "a")
    assert limiter.get_window_stats(TEN, "a") == (1_800_003_600, 0)
    clock.shift(1_799)
    assert not limiter.hit(TEN, "a")
    clock.shift(1)  # the first five are an hour old: what is said and what is done agree
    assert limiter.test(TEN, "a")
    assert [limiter.hit(TEN, "a") for _ in range(6)] == [True] * 5 + [False]
    assert limiter.hit(TEN, "b"), "another key has a window of its own"


def test_windows_in_which_nothing_counts_are_dropped(clock: time_machine.Traveller):
    storage = MovingWindowMemory()
    limiter = MovingWindowRateLimiter(storage)
    for n in range(2_000):
        limiter.hit(TEN, f"flood{n}")
    clock.shift(3_601)
    limiter.hit(TEN, "one more")
    assert storage.reset() == 1


def test_many_threads_get_exactly_what_the_limit_allows(clock: time_machine.Traveller):
    """Windows end and are dropped meanwhile, and no thread runs but those that count."""
    limiter = MovingWindowRateLimiter(MovingWindowMemory())
    threads, hours = 16, 40
    allowed: list[list[bool]] = [[] for _ in range(hours)]
    gate = threading.Barrier(threads, action=lambda: clock.shift(3_601))
    troubles: list[BaseException] = []

    def guess() -> None:
        try:
            for hour in range(hours):
                gate.wait(30)
                for _ in range(20):
                    allowed[hour].append(limiter.hit(TEN, "contact"))
        except BaseException as trouble:
            troubles.append(trouble)
            gate.abort()

    before = threading.active_count()
    running = [threading.Thread(target=guess) for _ in range(threads)]
    for each in running:
        each.start()
    most = threading.active_count()
    for each in running:
        each.join(60)
    assert not troubles
    assert most <= before + threads
    assert [sum(hour) for hour in allowed] == [10] * hours
    assert {len(hour) for hour in allowed} == {threads * 20}
