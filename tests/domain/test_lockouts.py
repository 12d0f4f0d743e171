"""How long one device or network is locked out of one account."""

from datetime import timedelta

from portal_app.domain.credentials.lockouts import lock_after


def test_four_mistakes_are_free_then_the_lock_doubles_up_to_an_hour():
    locks = [lock_after(failures) for failures in range(20)]
    assert locks[:7] == [timedelta()] * 5 + [timedelta(minutes=1), timedelta(minutes=2)]
    assert locks == sorted(locks)
    assert locks[11:] == [timedelta(hours=1)] * 9


def test_from_the_twentieth_failure_on_it_is_a_day_however_many_there_are():
    assert {lock_after(failures) for failures in (20, 46, 1_100, 10**6)} == {timedelta(days=1)}
