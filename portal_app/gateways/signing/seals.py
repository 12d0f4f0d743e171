"""Finds our seals in a file of any kind, without reading it as a PDF.

Whoever uploads a file decides what it holds: a million objects, loops, compressed bombs. So nothing is parsed but
the seals themselves, which are long hexadecimal strings; the rest of the file is only hashed. That also makes the
check stricter than a PDF reader's: an edit that is appended leaves the first seal valid for pdfsig, and is found
here because a seal covers all of the file or not (SEAL-1).
"""

# asn1crypto has no types, and pyhanko few.
# pyright: standard, reportMissingTypeStubs=false, reportIndexIssue=false

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from portal_app.gateways.signing.types import FoundSeal

_SEAL = re.compile(rb"[0-9A-Fa-f]{800,200000}")  # ours have 6,000 or 32,000 digits
_RANGE = re.compile(rb"/ByteRange\s{0,9}\[\s{0,9}(\d{1,9})\s{1,9}(\d{1,9})\s{1,9}(\d{1,9})\s{1,9}(\d{1,9})")
_MOST_SEALS, _MOST_RANGES = 20, 5
_TAIL = 200_000  # bytes: the seal and the object table after it
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class _Gap:
    """What a seal leaves out of its hash: its own digits, between two angle brackets."""

    start: int
    end: int
    file_end: int  # where the signed part ends


def find_seals(content: bytes, certificates: Sequence[str]) -> list[FoundSeal]:
    """The seals that one of these certificates (PEM) proves, whatever else the file holds."""
    public = [x509.load_pem_x509_certificate(text.encode()).public_key() for text in certificates]
    found = []
    for match in islice(_SEAL.finditer(content), _MOST_SEALS):
        for key, one in enumerate(public):
            digest = _signed_digest(match.group(), one)
            if digest is not None:
                whole = _Gap(match.start() - 1, match.end() + 1, len(content))
                covers_all = whole in _last_gaps(content) and _digest(content, whole) == digest
                found.append(FoundSeal(key, digest, covers_all))
                break
    return found


def signed_digests(content: bytes) -> set[str]:
    """The hashes of what the file says that seals cover: they name the copy when the seal itself was changed."""
    possible = (gap for gap in _gaps(content) if gap.file_end <= len(content))
    return {_digest(content, gap) for gap in islice(possible, _MOST_RANGES)}


def _last_gaps(content: bytes) -> list[_Gap]:
    """Of the last part of the file, where a seal stands that covers all of it."""
    return list(islice(_gaps(content[-_TAIL:]), _MOST_RANGES))


def _gaps(content: bytes) -> Iterator[_Gap]:
    for match in _RANGE.finditer(content):
        start, length, after, rest = map(int, match.groups())
        if start == 0 and length < after:
            yield _Gap(length, after, after + rest)


def _digest(content: bytes, gap: _Gap) -> str:
    view = memoryview(content)
    hashed = hashlib.sha256(view[: gap.start])
    hashed.update(view[gap.end : gap.file_end])
    return hashed.hexdigest()


def _signed_digest(digits: bytes, public: object) -> str | None:
    """The hash that the seal signs; None unless this key made it."""
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return None
    try:
        raw = bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
        signer = cms.ContentInfo.load(raw)["content"]["signer_infos"][0]
        signed = signer["signed_attrs"]
        public.verify(signer["signature"].native, signed.untag().dump(), ec.ECDSA(hashes.SHA256()))
        digests = [one["values"][0].native for one in signed if one["type"].native == "message_digest"]
        return digests[0].hex()
    except (InvalidSignature, *_MALFORMED):
        return None
