"""The rules of money (DOMAIN.md, Money; PART, ALL, CRED, LEDG, REF, SRC, STMT cases)."""
