"""Which addresses may show the portal in a frame."""

import re

from portal_app.domain.errors import Refused

MOST = 10
_ORIGIN = re.compile(
    r"https://(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
    r"(?::[1-9]\d{0,4})?"
)
_HERE = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::[1-9]\d{0,4})?")


def origins(text: str) -> tuple[str, ...]:
    """What a person typed, one address a line: https, a host, perhaps a port, and nothing else.

    A page of this very computer may be http, for trying it out.
    """
    found = tuple(dict.fromkeys(word.lower().rstrip("/") for word in text.replace(",", " ").split()))
    for one in found:
        if not (_ORIGIN.fullmatch(one) or _HERE.fullmatch(one)):
            raise Refused("{address} is no address of a website, like https://www.example.org", address=one)
    if len(found) > MOST:
        raise Refused("At most {n} addresses", n=MOST)
    return found
