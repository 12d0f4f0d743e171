"""From which moment on the processor's lists are read.

The processor runs on the real clock; the portal's may be held or shifted (demo, tests).
"""

from datetime import datetime, timedelta

from portal_app.clock import now, real_now

KEY_LIFE = timedelta(hours=24)  # then the processor forgets an idempotency key: look up, never charge again


def lookback_start(moment: datetime) -> datetime:
    """`moment` in the processor's time, an hour earlier because clocks differ."""
    return real_now() - (now() - moment) - timedelta(hours=1)
