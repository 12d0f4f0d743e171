"""Stripe's API and Stripe.js, simulated for the demo practice and for tests; never with live keys."""

from portal_app.stripe_simulator.app import deliver_webhooks, make_app

__all__ = ["deliver_webhooks", "make_app"]
