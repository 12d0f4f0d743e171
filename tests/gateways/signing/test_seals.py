"""Our seals are found in whatever file holds them, and whether they cover all of it."""

import hashlib
import io
import re
import time
import tracemalloc

import pytest
from pypdf import PdfReader, PdfWriter

from portal_app.gateways.signing.pades import PadesSealer
from portal_app.gateways.signing.seals import find_seals, signed_digests
from portal_app.gateways.signing.types import SealOrder
from tests.gateways.signing.pdf_edits import with_turned_page
from tests.gateways.signing.test_pades import AT, key, needs_pdfsig, pdfsig, plain, sealed

OURS = key().certificate


def test_a_copy_as_it_left_has_one_seal_that_covers_all_of_it() -> None:
    made = sealed()
    (found,) = find_seals(made.content, [OURS])
    assert found.covers_all
    assert found.signed_digest == made.signed_digest
    assert signed_digests(made.content) == {made.signed_digest}


def test_a_seal_of_another_practice_is_not_ours() -> None:
    other = PadesSealer().make_key("Cedar Clinic", AT).certificate
    assert find_seals(sealed().content, [other]) == []
    assert find_seals(sealed().content, []) == []
    (found,) = find_seals(sealed().content, [other, OURS])
    assert found.key == 1


def test_every_changed_byte_shows_in_the_seal_or_in_what_it_covers() -> None:
    """Wherever it stands, one of the two names the copy."""
    made = sealed()
    for place in range(0, len(made.content), 211):
        changed = bytearray(made.content)
        changed[place] ^= 1
        seals = find_seals(bytes(changed), [OURS])
        by_seal = {one.signed_digest for one in seals}
        assert made.signed_digest in by_seal | signed_digests(bytes(changed)), place
        inside = re.search(rb"[0-9A-F]{6000}", made.content)
        assert inside
        if not inside.start() <= place < inside.end():
            assert not any(one.covers_all for one in seals), place


@needs_pdfsig
def test_seal_1_an_appended_edit_is_valid_for_pdfsig_and_does_not_cover_all_for_us(tmp_path) -> None:
    assert "Signature is Valid" in pdfsig(with_turned_page(sealed().content), tmp_path)
    (found,) = find_seals(with_turned_page(sealed().content), [OURS])
    assert not found.covers_all


@pytest.mark.parametrize("tail", [b"\n", b" ", b"%%EOF\n", b"\x00"])
def test_a_byte_after_the_end_is_not_covered(tail: bytes) -> None:
    (found,) = find_seals(sealed().content + tail, [OURS])
    assert not found.covers_all


def test_bytes_before_the_beginning_are_not_covered() -> None:
    (found,) = find_seals(b"\n" + sealed().content, [OURS])
    assert not found.covers_all


def test_a_second_seal_leaves_ours_found_and_not_whole() -> None:
    """Somebody else's, and one more of our own over it."""
    for second in (PadesSealer().make_key("Somebody", AT), key()):
        changed = PadesSealer().seal(SealOrder(plain(), second, AT, "x", "x", "x")).content
        both = sealed().content + changed
        (first, *_) = find_seals(both, [OURS])
        assert not first.covers_all


def test_a_file_that_is_saved_again_keeps_the_seal_without_covering_it() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(sealed().content)))
    written = io.BytesIO()
    writer.write(written)
    (found,) = find_seals(written.getvalue(), [OURS])
    assert found.signed_digest == sealed_digest_of(written.getvalue())
    assert not found.covers_all


def sealed_digest_of(content: bytes) -> str:
    (found,) = find_seals(content, [OURS])
    return found.signed_digest


def test_our_seal_inside_a_file_of_somebody_else_proves_nothing_about_that_file() -> None:
    digits = re.search(rb"<([0-9A-F]{6000})>", sealed().content)
    assert digits
    forged = b"%PDF-1.7\n(something else)\n/ByteRange [0 0 0 0]\n/Contents " + digits.group()
    place, end = forged.index(b"<"), len(forged)
    forged = forged.replace(b"[0 0 0 0]", f"[0 {place} {end} 0]".encode())
    assert not any(one.covers_all for one in find_seals(forged, [OURS]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"0" * 50_000_000,
        b"<" + b"30" * 100_000 + b">" * 1000,
        b"".join(b"%d 0 obj<<>>endobj\n" % n for n in range(1_000_000)),
        b"/ByteRange [0 1 2 3]" * 500_000,
        b"/ByteRange [" + b" " * 5_000_000,
        (b"ab" * 500 + b"\n") * 20_000,
    ],
    ids=["empty", "a header", "50 MB of zeros", "deep", "a million objects", "ranges", "spaces", "seals"],
)
def test_a_file_made_to_be_slow_is_read_quickly_in_little_memory(content: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()
    assert find_seals(content, [OURS]) == []
    signed_digests(content)
    took = time.process_time() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 2
    assert most < 60_000_000


def test_a_copy_is_read_in_a_moment() -> None:
    began = time.process_time()
    for _ in range(10):
        assert find_seals(sealed_once(), [OURS])
    assert time.process_time() - began < 3


def sealed_once() -> bytes:
    return sealed().content


def test_the_digest_is_of_all_bytes_but_the_seal() -> None:
    made = sealed()
    digits = re.search(rb"<[0-9A-F]{6000}>", made.content)
    assert digits
    rest = made.content[: digits.start()] + made.content[digits.end() :]
    assert hashlib.sha256(rest).hexdigest() == made.signed_digest
