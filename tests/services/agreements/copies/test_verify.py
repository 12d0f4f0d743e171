"""What is said of a file: genuine, changed or not ours, and the day; of every byte, and quickly (SEAL-1)."""

import contextlib
import io
import re
import shutil
import time
import tracemalloc
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from portal_app import clock
from portal_app.domain.access import nobody
from portal_app.gateways.pdf import typesetter
from portal_app.gateways.signing.types import SealOrder
from portal_app.services.agreements.copies.errors import (
    FileProtected,
    FileTooComplex,
    FileTooLarge,
    NotAPdf,
)
from portal_app.services.agreements.copies.files import copy_mark
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.copies.signing_keys import current_key, replace_key
from portal_app.services.agreements.copies.verify import (
    LARGEST,
    Verdict,
    Verification,
    count_upload,
    verify_upload,
)
from portal_app.services.sign_in.errors import TooManyAttempts
from tests.gateways.signing.pdf_edits import with_turned_page
from tests.gateways.signing.test_pades import pdfsig
from tests.gateways.test_pdf import MADE, facts
from tests.people import People
from tests.services.agreements.copies.helper import PORTAL, copy_row, file_of, later, sealer, sign

VISITOR = nobody("203.0.113.9", "en", "")
TODAY = date(2026, 6, 15)


@pytest.fixture
def copy(sample_people: People) -> bytes:
    assert sample_people
    return file_of(made())


def made() -> str:
    copy_id = sign()
    assert make_copies(PORTAL, sealer()) == (1, 0)
    return copy_id


def verdict(content: bytes) -> Verdict:
    return verify_upload(VISITOR, content).verdict


def test_a_copy_as_it_left_is_genuine_with_its_day(copy: bytes) -> None:
    assert verify_upload(VISITOR, copy) == Verification(Verdict.GENUINE, TODAY)


def test_the_answer_holds_nothing_but_verdict_and_day() -> None:
    assert {one.name for one in fields(Verification)} == {"verdict", "sealed_on"}


def test_every_changed_byte_is_told_as_changed_with_the_day(copy: bytes) -> None:
    for place in range(0, len(copy), len(copy) // 60):
        changed = bytearray(copy)
        changed[place] ^= 1
        assert verify_upload(VISITOR, bytes(changed)) == Verification(Verdict.CHANGED, TODAY), place


def test_a_byte_of_the_seals_own_room_is_told_as_changed(copy: bytes) -> None:
    digits = re.search(rb"<([0-9A-F]{6000})>", copy)
    assert digits
    padding = bytearray(copy)
    padding[digits.end(1) - 1] = ord("1")
    assert verdict(bytes(padding)) is Verdict.CHANGED
    assert verdict(copy.replace(digits[1], digits[1].lower())) is Verdict.CHANGED
    broken = copy.replace(digits[1][:200], b"x" * 200)
    assert verify_upload(VISITOR, broken) == Verification(Verdict.CHANGED, TODAY)


def test_seal_1_an_appended_edit_is_valid_for_pdfsig_and_changed_for_us(copy: bytes, tmp_path: Path) -> None:
    if shutil.which("pdfsig"):
        assert "Signature is Valid" in pdfsig(with_turned_page(copy), tmp_path)
    assert verify_upload(VISITOR, with_turned_page(copy)) == Verification(Verdict.CHANGED, TODAY)


@pytest.mark.parametrize("tail", [b"\n", b"\0", b"%%EOF\n", b"%PDF-1.7"])
def test_anything_appended_is_told_as_changed(copy: bytes, tail: bytes) -> None:
    assert verdict(copy + tail) is Verdict.CHANGED
    assert verdict(tail + copy) is Verdict.CHANGED


def test_cut_short_is_told_as_changed(copy: bytes) -> None:
    assert verdict(copy[:-1]) is Verdict.CHANGED


@pytest.mark.parametrize("ours", [True, False], ids=["our own", "somebody's"])
def test_a_second_seal_is_told_as_changed(copy: bytes, ours: bool) -> None:
    key = current_key(PORTAL, sealer()).pair if ours else sealer().make_key("Somebody", clock.now())
    second = sealer().seal(SealOrder(plain(), key, clock.now(), "x", "x", "x")).content
    assert verdict(copy + second) is Verdict.CHANGED


def plain() -> bytes:
    return typesetter().render_pdf("paper", facts("Ana"), MADE)


def test_a_file_that_was_saved_again_is_told_as_changed(copy: bytes) -> None:
    written = io.BytesIO()
    PdfWriter(clone_from=PdfReader(io.BytesIO(copy))).write(written)
    assert verify_upload(VISITOR, written.getvalue()) == Verification(Verdict.CHANGED, TODAY)


def test_a_file_that_was_saved_again_without_its_seal_is_told_as_changed(copy: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(copy)))
    del writer.root_object["/AcroForm"]
    writer.remove_annotations(None)
    written = io.BytesIO()
    writer.write(written)
    without = re.sub(rb"<[0-9a-fA-F]{1000,}>", b"<>", written.getvalue())
    without = re.sub(rb"/ByteRange", b"/Nothing", without)
    assert verify_upload(VISITOR, without) == Verification(Verdict.CHANGED, TODAY)


def test_a_seal_of_ours_over_a_file_that_was_never_kept_is_not_called_genuine(copy: bytes) -> None:
    key = current_key(PORTAL, sealer()).pair
    other = sealer().seal(SealOrder(plain(), key, clock.now(), "x", "x", "x")).content
    assert verify_upload(VISITOR, other) == Verification(Verdict.CHANGED, None)


def test_a_file_sealed_by_somebody_else_is_not_ours(copy: bytes) -> None:
    key = sealer().make_key("Riverside Family Dental", clock.now())
    other = sealer().seal(SealOrder(plain(), key, clock.now(), "x", "x", "x")).content
    assert verify_upload(VISITOR, other) == Verification(Verdict.NOT_OURS, None)
    assert verdict(plain()) is Verdict.NOT_OURS


def test_the_number_of_a_copy_and_a_guessed_mark_open_nothing(sample_people: People) -> None:
    assert sample_people
    copy_id = made()
    number = copy_row(copy_id).number
    assert verdict(f"%PDF-1.7 {number} {copy_id}".encode()) is Verdict.NOT_OURS
    mark = copy_mark(copy_id)
    guessed = mark[:-1] + ("0" if mark[-1] != "0" else "1")
    assert verdict(f"%PDF-1.7 {guessed}".encode()) is Verdict.NOT_OURS


def test_copies_stay_verifiable_after_a_new_key_and_after_the_certificates_end(sample_people: People) -> None:
    assert sample_people
    old = file_of(made())
    replace_key(PORTAL, sealer())
    new = file_of(made())
    with clock.held_at(later(days=365 * 11)):
        assert verdict(old) is verdict(new) is Verdict.GENUINE
        assert verdict(old + b"\n") is Verdict.CHANGED


def zeros() -> bytes:
    return b"%PDF-1.7\n" + b"0" * (LARGEST - 20)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", NotAPdf),
        (b"GIF89a" + b"\0" * 100, NotAPdf),
        (b"%PDF-1.7\n" + b"0" * LARGEST, FileTooLarge),
        (b"0" * 50_000_000, FileTooLarge),
        (b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n" % n for n in range(1_000_000)), FileTooComplex),
        (b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<</Encrypt 2 0 R>>", FileProtected),
    ],
    ids=["empty", "a picture", "too large", "50 MB", "a million objects", "encrypted"],
)
def test_what_is_no_copy_is_refused_quickly_in_little_memory(
    copy: bytes, content: bytes, refusal: type[Exception]
) -> None:
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(refusal):
        verify_upload(VISITOR, content)
    took = time.process_time() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 2
    assert most < 50_000_000


def test_an_encrypted_copy_of_ours_is_refused(copy: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(copy)))
    writer.encrypt("secret", algorithm="AES-256")
    written = io.BytesIO()
    writer.write(written)
    with contextlib.suppress(FileProtected):
        assert verdict(written.getvalue()) is Verdict.CHANGED  # its seal stayed in clear


def test_a_usual_file_is_answered_within_300_ms(copy: bytes) -> None:
    verdict(copy)
    began = time.process_time()
    for _ in range(10):
        verdict(copy)
    assert time.process_time() - began < 3
    began = time.process_time()
    assert verdict(zeros()) is Verdict.NOT_OURS
    assert time.process_time() - began < 1


def test_one_address_asks_a_few_times_a_minute() -> None:
    for _ in range(6):
        count_upload(VISITOR)
    with pytest.raises(TooManyAttempts):
        count_upload(VISITOR)
    count_upload(nobody("198.51.100.4", "en", ""))


def test_days_are_those_of_the_practice(sample_people: People) -> None:
    assert sample_people
    with clock.held_at(clock.now().replace(hour=3) + timedelta(days=1)):  # 23:00 in New York
        assert verify_upload(VISITOR, file_of(made())).sealed_on == TODAY
