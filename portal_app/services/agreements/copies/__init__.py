"""The sealed copy of a signed agreement: made, sent, verified, compared with the audit trail."""
