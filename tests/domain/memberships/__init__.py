"""Rules of memberships."""
