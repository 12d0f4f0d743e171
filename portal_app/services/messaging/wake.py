"""The loop that delivers is woken by whoever writes a message."""

from portal_app.services.wake_up import WakeUp

OUTBOX = WakeUp()
