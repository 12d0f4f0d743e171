"""From when on the processor is asked. Its clock is the real one, ours may be held or shifted."""

from datetime import datetime, timedelta

from portal_app.clock import now, real_now

KEY_LIFE = timedelta(hours=24)  # afterwards a key is forgotten: look, never charge again


def lookback_start(moment: datetime) -> datetime:
    """`moment` of our clock, an hour earlier for clocks that differ, in the processor's time."""
    return real_now() - (now() - moment) - timedelta(hours=1)
