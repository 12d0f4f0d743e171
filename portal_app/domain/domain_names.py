"""Names of internet domains, as browsers and mail servers write them."""

import idna


def ascii_domain(name: str) -> str:
    """The name in lower-case ASCII: "straße.example" is "xn--strae-oqa.example", as in every browser (UTS 46).

    Python's own codec still has the rule of 2003 and says "strasse.example", which is somebody else's.

    Raises:
        UnicodeError: no domain can have this name. It is a ValueError.
    """
    if name.isascii():
        return name.lower()
    return idna.encode(name, uts46=True).decode()
