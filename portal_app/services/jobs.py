"""What runs as long as the portal does, beside the outbox: chasing payments whose outcome is open."""

import asyncio
import logging

from portal_app.domain.access import the_portal
from portal_app.gateways import Gateways
from portal_app.gateways.payments import NoAnswer
from portal_app.services import billing

_log = logging.getLogger(__name__)
EVERY = 60.0  # seconds


def chase_payments(gateways: Gateways) -> int:
    """One run of reconcile; how much it found. -1 when the processor did not answer."""
    try:
        findings = billing.reconcile(the_portal("reconcile"), processor=gateways.payments)
    except NoAnswer:
        _log.warning("reconcile: the card processor did not answer")
        return -1
    for found in findings:
        _log.info("reconcile: %s %s %s", found.kind, found.payment_id, found.intent_id)
    return len(findings)


async def chase_payments_forever(gateways: Gateways, *, every: float = EVERY) -> None:
    """For the server's lifespan. Several processes may chase at once: settling counts once."""
    while True:
        await asyncio.sleep(every)
        try:
            await asyncio.to_thread(chase_payments, gateways)
        except Exception as bug:  # a database away for a minute must not end the loop
            _log.error("reconcile could not run (%s)", type(bug).__name__)
