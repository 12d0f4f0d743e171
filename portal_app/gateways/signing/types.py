"""What sealing takes and gives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key for seals, both parts as PEM. The certificate is public and is kept for ever; the key is a secret."""

    certificate: str
    private_key: str


@dataclass(frozen=True, slots=True)
class SealOrder:
    """A PDF to seal, and what its seal says."""

    pdf: bytes
    key: KeyPair
    at: datetime
    practice: str
    field_label: str  # read aloud by screen readers, in the PDF's language
    reason: str


@dataclass(frozen=True, slots=True)
class SealedPdf:
    content: bytes
    signed_digest: str  # SHA-256 of all bytes except the seal's own, hexadecimal
    time_stamped: bool
    missing_time_stamp: str = ""  # why there is none although an address is set


@dataclass(frozen=True, slots=True)
class FoundSeal:
    """A seal in a file that was made with one of the keys that were asked about."""

    key: int  # its place among the certificates that were given
    signed_digest: str
    covers_all: (
        bool  # the file's other bytes are those that were sealed, and nothing stands before or after them
    )


class Sealer(Protocol):
    def make_key(self, practice: str, at: datetime) -> KeyPair:
        """A new key with a certificate of its own."""
        ...

    def seal(self, order: SealOrder) -> SealedPdf:
        """The PDF with the practice's certifying seal, the last thing that is added to it."""
        ...
