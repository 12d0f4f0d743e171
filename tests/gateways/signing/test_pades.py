"""The seal: what pyhanko and pdfsig say of it, what it leaves of the PDF's tags, and its time stamp."""

import io
import shutil
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from portal_app.gateways.pdf import typesetter
from portal_app.gateways.signing.keys import ends_at
from portal_app.gateways.signing.pades import FIELD, PadesSealer
from portal_app.gateways.signing.time_stamps import HttpTimeStamper
from portal_app.gateways.signing.types import KeyPair, SealedPdf, SealOrder
from tests.gateways.signing.time_stamp_server import (
    Respond,
    answer_to_something_else,
    refusal,
    time_stamp_server,
)
from tests.gateways.test_pdf import MADE, facts, is_ua, root_of

AT = datetime(2026, 6, 15, 16, tzinfo=UTC)
needs_pdfsig = pytest.mark.skipif(not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is missing")


@cache
def plain() -> bytes:
    return typesetter().render_pdf("paper", facts("Ana Rivera", "Luis"), MADE)


@cache
def key() -> KeyPair:
    return PadesSealer().make_key("Cedar Clinic", AT)


def sealed(time_stamps: HttpTimeStamper | None = None, pdf: bytes = b"") -> SealedPdf:
    order = SealOrder(pdf or plain(), key(), AT, "Cedar Clinic", "Seal of the practice", "Signed agreement")
    return PadesSealer(time_stamps).seal(order)


def status_of(content: bytes) -> Any:
    """What pyhanko says, trusting the practice's own certificate."""
    reader = PdfFileReader(io.BytesIO(content))
    (seal,) = reader.embedded_signatures
    trusted = ValidationContext(trust_roots=[seal.signer_cert], moment=AT, allow_fetching=False)
    return validate_pdf_signature(seal, trusted)


def pdfsig(content: bytes, folder: Path) -> str:
    file = folder / "copy.pdf"
    file.write_bytes(content)
    found = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=False)
    return found.stdout


def test_the_key_is_p256_and_commits_to_content() -> None:
    made = x509.load_pem_x509_certificate(key().certificate.encode())
    public = made.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert isinstance(public.curve, ec.SECP256R1)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert made.subject == made.issuer
    assert ends_at(key().certificate).year == 2036


def test_a_practice_with_a_long_name_has_a_key_too() -> None:
    assert x509.load_pem_x509_certificate(PadesSealer().make_key("ñ" * 300, AT).certificate.encode())
    assert x509.load_pem_x509_certificate(PadesSealer().make_key("", AT).certificate.encode())


def test_pyhanko_calls_it_valid_and_whole() -> None:
    status = status_of(sealed().content)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.docmdp_ok
    assert status.signer_reported_dt == AT


@needs_pdfsig
def test_pdfsig_calls_it_valid_by_an_issuer_it_does_not_know(tmp_path: Path) -> None:
    said = pdfsig(sealed().content, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "issuer is unknown" in said
    assert said.count("Signature #") == 1


def test_the_sealed_pdf_is_tagged_and_pdf_ua_and_its_field_is_named_and_hidden() -> None:
    document = PdfReader(io.BytesIO(sealed().content))
    root = root_of(document)
    assert is_ua(document)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "es-US"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/StructTreeRoot"]
    (field,) = root["/AcroForm"]["/Fields"]
    widget = field.get_object()
    assert widget["/T"] == FIELD
    assert widget["/TU"] == "Seal of the practice"
    assert int(widget["/F"]) & 2  # hidden: no tag is needed for it (ISO 14289-1, 7.18.1)
    assert [float(side) for side in widget["/Rect"]] == [0, 0, 0, 0]
    assert root["/Perms"]["/DocMDP"]["/Reason"] == "Signed agreement"
    pages = [page for page in document.pages if "/Annots" in page]
    assert all(page["/Tabs"] == "/S" for page in pages)
    before = PdfReader(io.BytesIO(plain()))
    assert [page.extract_text() for page in document.pages] == [p.extract_text() for p in before.pages]


def test_a_time_stamp_server_makes_it_b_t(tmp_path: Path) -> None:
    with time_stamp_server() as url:
        made = sealed(HttpTimeStamper(url))
    assert made.time_stamped
    status = status_of(made.content)
    assert status.timestamp_validity
    assert status.timestamp_validity.intact
    assert status.timestamp_validity.valid
    if shutil.which("pdfsig"):
        assert "Signature is Valid" in pdfsig(made.content, tmp_path)


@pytest.mark.parametrize(
    ("respond", "status", "why"),
    [
        (refusal, 200, "refused"),
        (answer_to_something_else, 200, "something else"),
        (lambda asked: b"<html>not found</html>", 200, "unreadable"),
        (lambda asked: b"0" * 200_000, 200, "unreadable"),
        (lambda asked: b"", 503, "refused"),
    ],
    ids=["refused", "of other bytes", "a page", "too long", "an error"],
)
def test_without_a_true_time_stamp_it_is_sealed_and_the_reason_noted(
    respond: Respond, status: int, why: str
) -> None:
    with time_stamp_server(respond, status) as url:
        made = sealed(HttpTimeStamper(url))
    assert not made.time_stamped
    assert why in made.missing_time_stamp
    assert status_of(made.content).bottom_line


def test_a_silent_server_is_waited_for_once_and_not_for_long() -> None:
    began = time.monotonic()
    with time_stamp_server(lambda asked: None) as url:
        made = sealed(HttpTimeStamper(url, seconds=0.5))
        waited = time.monotonic() - began
    assert made.missing_time_stamp == "silent"
    assert waited < 4
    assert status_of(made.content).bottom_line


def test_an_address_where_nobody_listens_costs_no_seal() -> None:
    made = sealed(HttpTimeStamper("http://127.0.0.1:9/tsa"))
    assert not made.time_stamped
    assert "unreachable" in made.missing_time_stamp
