"""Stripe's API and Stripe.js, simulated for the demo practice and for tests; never with live keys."""
