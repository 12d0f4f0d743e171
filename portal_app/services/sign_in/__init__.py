"""Signing in: who is here, codes for patients, passwords and second factors for staff."""
