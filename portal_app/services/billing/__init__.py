"""Billing, as the portal does it: look, pay, settle, refund, post, reconcile. Rules are in domain.billing."""
