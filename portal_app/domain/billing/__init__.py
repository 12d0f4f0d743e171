"""The rules of billing (DOMAIN.md, Money; PART, ALL, CRED, LEDG, REF, SRC, STMT cases)."""
