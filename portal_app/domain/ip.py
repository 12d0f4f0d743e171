"""IP addresses of visitors."""

import re
from ipaddress import IPv6Address, IPv6Network, ip_address

_WITH_PORT = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


def parse_ip(text: str) -> str:
    """The IP address in a header's text, in its standard spelling and without a port; "" for anything else."""
    match = _WITH_PORT.fullmatch(text)
    try:
        return str(ip_address(match["six"] or match["four"] if match else text))
    except ValueError:
        return ""


def rate_limit_network(address: str) -> str:
    """What a rate limit counts by: the /64 network of an IPv6 address; any other text as it is.

    One home or office has a whole /64 network, 2**64 addresses, and may use another one for each try.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
