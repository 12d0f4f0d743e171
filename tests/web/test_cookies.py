"""Our cookies are found among whatever else a browser sends: other programs set cookies on the same domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_app.domain.access import Side
from portal_app.domain.sign_in import SessionScope, session_ref
from portal_app.web.cookies import cookie_name, embed_ref, read_cookie, session_refs

OURS = b"8c5P-u3h_4sWn2Jm0q1vXk7rYt9zLbEaGdFiHoCjMpQ"
PATIENT = cookie_name(Side.PATIENT).encode()
STAFF = cookie_name(Side.STAFF).encode()
FRAME = cookie_name(Side.PATIENT, SessionScope.EMBED).encode()
NAMES = (PATIENT, STAFF, FRAME)
FOREIGN = [
    b'foo={"a":"b"}',
    b"x=a b",
    b"foo",
    "ü=1".encode(),
    "ü=1".encode("latin-1"),
    b"=",
    b"=value without a name",
    b";;;",
    b'quoted="no end',
    b"tab\t=\t1",
    b"a=b=c==",
    b"comma=1,2",
    b"[brackets]=1",
    b"expires=Thu, 01 Jan 1970 00:00:00 GMT",
    b"$Version=1",
    b"path",
    b"\x00\x01\xff=\xfe",
    b"demo-portalx=1",
    b"xdemo-portal=1",
    b"DEMO-PORTAL=upper",
    b"nested=demo-portal=stolen",
    b"large=" + b"x" * 8_000,
]


def of(*headers: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", header) for header in headers]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_cookie_keeps_nobody_from_signing_in(foreign: bytes, name: bytes):
    ours = name + b"=" + OURS
    for headers in (
        of(foreign + b"; " + ours),
        of(ours + b"; " + foreign),
        of(foreign + b";" + ours + b";" + foreign),
        of(foreign, ours),  # HTTP/2 may send one header for each
        [(b"COOKIE", foreign), (b"x-other", b"1"), (b"Cookie", ours)],
    ):
        assert read_cookie(headers, name.decode()) == OURS.decode(), headers


def test_all_three_are_read_through_the_same_function():
    headers = of(b"; ".join([FOREIGN[0], *(name + b"=" + OURS for name in NAMES), FOREIGN[1]]))
    plain = session_ref(OURS.decode())
    assert session_refs(headers) == (plain, plain)
    assert session_refs(iter(headers)) == (plain, plain)
    assert embed_ref(headers) == session_ref(OURS.decode(), SessionScope.EMBED)


def test_no_other_name_and_no_other_header_is_taken_for_ours():
    for header in (*FOREIGN, b"", b"demo-portal", b"demo-portal=", b"demo-portal =x", b'v="; demo-portal'):
        assert session_refs(of(header)) == ("", "")
    assert session_refs([(b"x-cookie", PATIENT + b"=" + OURS)]) == ("", "")


def test_an_empty_one_hides_none_that_has_a_value():
    assert read_cookie(of(PATIENT + b"=; " + PATIENT + b"=" + OURS), PATIENT.decode()) == OURS.decode()


JUNK = st.binary(max_size=60).filter(
    lambda junk: all(pair.strip(b" \t").partition(b"=")[0] not in NAMES for pair in junk.split(b";"))
)


@given(
    st.lists(JUNK, max_size=6),
    st.lists(JUNK, max_size=6),
    st.booleans(),
    st.sampled_from([b";", b"; ", b" ;\t"]),
)
def test_whatever_surrounds_our_cookie_it_is_found(
    before: list[bytes], after: list[bytes], split: bool, between: bytes
):
    pairs = [*before, PATIENT + b"=" + OURS, *after]
    headers = of(*pairs) if split else of(between.join(pairs))
    assert session_refs(headers) == (session_ref(OURS.decode()), "")


@given(st.lists(JUNK, max_size=8))
def test_whatever_is_sent_without_our_cookie_is_nobodys(junk: list[bytes]):
    assert session_refs(of(*junk)) == ("", "")
    assert embed_ref(of(*junk)) == ""
