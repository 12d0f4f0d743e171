"""Rules of credentials: passwords, codes, proofs, and the names that they are compared with."""
