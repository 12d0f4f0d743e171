"""Seals a PDF as PAdES B-B, or B-T with a time-stamp server: one certifying seal, its field named and hidden."""

# asn1crypto has no types, and pyhanko few.
# pyright: standard, reportMissingTypeStubs=false, reportIndexIssue=false

import hashlib
import io
import logging
import re
from datetime import UTC, datetime
from typing import Any

from asn1crypto import keys, pem, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from portal_app.gateways.signing.keys import make_key_pair
from portal_app.gateways.signing.time_stamps import HttpTimeStamper, NoTimeStamp
from portal_app.gateways.signing.types import KeyPair, SealedPdf, SealOrder

FIELD = "PracticeSeal"
# Hexadecimal digits kept for the seal. Without them pyhanko signs twice, once to see how long it gets.
_ROOM, _ROOM_WITH_TIME_STAMP = 6_000, 32_000
_HIDDEN = InvisSigSettings(set_print_flag=False, set_hidden_flag=True)
_log = logging.getLogger(__name__)


class PadesSealer:
    """`time_stamps` asks a server for the time; None for seals without."""

    def __init__(self, time_stamps: HttpTimeStamper | None = None) -> None:
        self._time_stamps = time_stamps

    def make_key(self, practice: str, at: datetime) -> KeyPair:
        return make_key_pair(practice, at)

    def seal(self, order: SealOrder) -> SealedPdf:
        """Seal a PDF, with a time stamp where a server is set and answers; else without, and why."""
        if self._time_stamps is None:
            return _sealed(_write(order, None), stamped=False)
        try:
            return _sealed(_write(order, self._time_stamps), stamped=True)
        except NoTimeStamp as none:
            _log.warning("a copy is sealed without a time stamp: %s", none)
            return _sealed(_write(order, None), stamped=False, missing=str(none))


class _SignerAt(PdfSigner):
    """Writes the portal's time, not the machine's, as the time of the seal."""

    def __init__(self, at: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = at.astimezone(UTC)

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._at
        return session


def _write(order: SealOrder, time_stamps: HttpTimeStamper | None) -> bytes:
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(_der(order.key.certificate)),
        signing_key=keys.PrivateKeyInfo.load(_der(order.key.private_key)),
        cert_registry=SimpleCertificateStore(),
    )
    about = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        name=order.practice,
        reason=order.reason,
    )
    field = SigFieldSpec(FIELD, readable_field_name=order.field_label, invis_sig_settings=_HIDDEN)
    writer = _SignerAt(order.at, about, signer=signer, timestamper=time_stamps, new_field_spec=field)
    sealed = io.BytesIO()
    room = _ROOM_WITH_TIME_STAMP if time_stamps else _ROOM
    writer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(order.pdf)), output=sealed, bytes_reserved=room)
    return sealed.getvalue()


def _sealed(content: bytes, *, stamped: bool, missing: str = "") -> SealedPdf:
    ranges = re.findall(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)", content)
    start, length, after, rest = map(int, ranges[-1])
    signed = content[start : start + length] + content[after : after + rest]
    return SealedPdf(content, hashlib.sha256(signed).hexdigest(), stamped, missing)


def _der(text: str) -> bytes:
    return pem.unarmor(text.encode())[2]
