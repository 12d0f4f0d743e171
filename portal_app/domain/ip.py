"""IP addresses of visitors."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_WITH_PORT = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")
# An IPv4 address as seen through a translator, in the last 32 bits: RFC 6052, RFC 8215 (an operator's own), RFC 7915.
_TRANSLATED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))


def parse_ip(text: str) -> str:
    """The IP address in a header's text, in its standard spelling and without a port; "" for anything else.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`, `64:ff9b::192.0.2.1`) is that IPv4 address.
    """
    match = _WITH_PORT.fullmatch(text)
    found = _address(match["six"] or match["four"] if match else text)
    return str(found) if found else ""


def rate_limit_network(address: str) -> str:
    """What a rate limit counts by: the /64 network of an IPv6 address; any other text as it is.

    One home or office has a whole /64 network, 2**64 addresses, and may use another one for each try. An IPv4
    address written as IPv6 counts as itself: otherwise all of IPv4 would share one network.
    """
    found = _tunnelled(_address(address))
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return str(found) if found else address


def home_network(address: str) -> str:
    """The network that a person is known by: /24 of IPv4, /56 of IPv6; "" for what is no address.

    A home or an office keeps its network while its addresses change, and one subscriber has a whole /56 of IPv6.
    """
    if (found := _tunnelled(_address(address))) is None:
        return ""
    return str(ip_network((found, 56 if isinstance(found, IPv6Address) else 24), strict=False))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.partition("%")[0])  # without the interface: fe80::1%eth0
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return parsed.ipv4_mapped
        if any(parsed in network for network in _TRANSLATED):
            return IPv4Address(int(parsed) & 0xFFFF_FFFF)
    return parsed


def _tunnelled(found: IPv4Address | IPv6Address | None) -> IPv4Address | IPv6Address | None:
    """Whoever comes through a tunnel over IPv4 (6to4, Teredo), by the IPv4 address at its end.

    One address has 65,536 networks of 6to4 to itself; everybody on one server of Teredo shares a single network.
    """
    if isinstance(found, IPv6Address):
        return found.sixtofour or (found.teredo[1] if found.teredo else found)
    return found
