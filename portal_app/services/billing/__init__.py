"""Billing services: read, pay, settle, refund, post, reconcile. The rules are in domain.billing."""
