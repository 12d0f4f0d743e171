"""Addresses of the network, as they are told."""

import re
from ipaddress import IPv6Address, IPv6Network, ip_address

_WITH_PORT = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


def address_of(told: str) -> str:
    """One address in its one spelling, without a port; "" for anything else."""
    found = _WITH_PORT.fullmatch(told)
    try:
        return str(ip_address(found["six"] or found["four"] if found else told))
    except ValueError:
        return ""


def rate_limit_network(address: str) -> str:
    """Of an IPv6 address its network: each household has 2**64 of them, and may change at every try."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Network((read, 64), strict=False)) if isinstance(read, IPv6Address) else address
