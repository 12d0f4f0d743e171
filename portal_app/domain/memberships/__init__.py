"""Rules of plans and memberships (DOMAIN.md, Memberships): pure functions, standard library only."""
