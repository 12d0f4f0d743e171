"""What runs as long as the portal does, beside the outbox: chasing payments, and telling households each day."""

import asyncio
import logging

from portal_app.clock import now, zone
from portal_app.domain.access import the_portal
from portal_app.gateways import Gateways
from portal_app.gateways.payments import NoAnswer
from portal_app.services.billing.reconcile import reconcile
from portal_app.services.billing.reminding import CLOSES, OPENS, tell_households

_log = logging.getLogger(__name__)
EVERY = 60.0  # seconds


def chase_payments(gateways: Gateways) -> int:
    """One run of reconcile; how much it found. -1 when the processor did not answer."""
    try:
        findings = reconcile(the_portal("reconcile"), processor=gateways.payments)
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


def daily_money_messages() -> int:
    """What households are told of their money today; run again it tells nothing twice."""
    return tell_households(the_portal("notify"))


async def tell_daily_forever(*, every: float = EVERY) -> None:
    """For the server's lifespan: once a day of the practice, from nine in the morning; at night nobody is told."""
    told = None
    while True:
        here = now().astimezone(zone())
        if OPENS <= here.time() < CLOSES and told != here.date():
            try:
                await asyncio.to_thread(daily_money_messages)
                told = here.date()
            except Exception as bug:  # tried again with the next look
                _log.error("households could not be told (%s)", type(bug).__name__)
        await asyncio.sleep(every)
