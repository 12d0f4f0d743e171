"""How many examples the properties of the rules are tried with: a few at every check, a hundred in `make test`."""

import os

from hypothesis import settings

settings.register_profile("check", max_examples=int(os.environ.get("PORTAL_EXAMPLES", "30")), deadline=None)
settings.load_profile("check")
