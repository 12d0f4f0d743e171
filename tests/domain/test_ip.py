"""A visitor's address, and the network that a rate limit counts by."""

import pytest

from portal_app.domain.ip import home_network, parse_ip, rate_limit_network


@pytest.mark.parametrize(
    "written",
    [
        "192.0.2.7",
        "192.0.2.7:4711",
        "::ffff:192.0.2.7",
        "::FFFF:c000:207",
        "[::ffff:192.0.2.7]:443",
        "0:0:0:0:0:ffff:192.0.2.7",
        "64:ff9b::192.0.2.7",
        "64:ff9b::c000:207",
        "[64:ff9b::c000:207]",
        "64:ff9b:1::192.0.2.7",
        "64:ff9b:1:fffe:ffff::192.0.2.7",
        "::ffff:0:192.0.2.7",
    ],
)
def test_an_ipv4_address_written_as_ipv6_is_that_address(written: str):
    assert parse_ip(written) == "192.0.2.7"
    assert rate_limit_network(parse_ip(written)) == "192.0.2.7"


def test_two_ipv4_addresses_written_as_ipv6_do_not_share_a_network():
    """All of IPv4 lies in ::ffff:0:0/96, and so within one /64."""
    assert rate_limit_network("::ffff:192.0.2.7") != rate_limit_network("::ffff:192.0.2.8")
    assert rate_limit_network("64:ff9b::c000:207") == rate_limit_network("::ffff:192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("2002:c000:207::1", "2002:c000:207:ffff::1", "2002:c000:208::1"),
        (
            "2001:0:6440:1:8000:f227:3fff:fdf8",
            "2001:0:6440:2:0:1:3fff:fdf8",
            "2001:0:6440:1:8000:f227:3fff:fdf7",
        ),
    ],
    ids=["6to4", "Teredo"],
)
def test_who_comes_through_a_tunnel_is_the_address_at_its_end(one: str, same: str, other: str):
    """One address of 6to4 would have 65,536 networks, and all of Teredo's clients would share one."""
    assert parse_ip(one) == one
    assert rate_limit_network(one) == rate_limit_network(same) == "192.0.2.7"
    assert home_network(one) == "192.0.2.0/24"
    assert rate_limit_network(other) == "192.0.2.8"


def test_a_home_on_ipv6_is_one_network():
    assert rate_limit_network("2001:db8:1:1::1") == rate_limit_network("2001:db8:1:1:ffff::1")
    assert rate_limit_network("2001:db8:1:1::1") != rate_limit_network("2001:db8:1:2::1")
    assert rate_limit_network("fe80::1%eth0") == "fe80::/64"


@pytest.mark.parametrize(
    "text", ["", "?", "unknown", "1.2.3", "1.2.3.4;p=x", "::ffff:1.2.3.4.5", "1.2.3.4.5"]
)
def test_what_is_no_address_is_none_and_counts_by_its_text(text: str):
    assert parse_ip(text) == ""
    assert rate_limit_network(text) == text
