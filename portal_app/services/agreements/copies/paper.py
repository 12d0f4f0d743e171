"""What is printed on a copy, in the language of who signed first. Everything is on it before it is sealed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal_app.db.tables.agreements import Signature
from portal_app.domain.agreements.types import IdentityCheck, SignatureWay, SignerPart
from portal_app.gateways.signing.keys import fingerprint
from portal_app.i18n import LANGUAGES, gettext_noop, paper_language, translate
from portal_app.services.agreements.copies.printed_blocks import printed_blocks
from portal_app.services.agreements.copies.read import CopyFacts, SignedText
from portal_app.services.documents.letterhead import letterhead
from portal_app.settings import settings

PARTS = {
    SignerPart.PATIENT: gettext_noop("Patient"),
    SignerPart.GUARDIAN: gettext_noop("Responsible adult"),
    SignerPart.SECOND_GUARDIAN: gettext_noop("Second responsible adult"),
    SignerPart.PRACTICE: gettext_noop("For the practice"),
}
CHECKS = {
    IdentityCheck.CODE: gettext_noop("Code to a verified email or phone, and date of birth"),
    IdentityCheck.PASSWORD: gettext_noop("Username and password"),
    IdentityCheck.PASSKEY: gettext_noop("Passkey"),
    IdentityCheck.DESK_CODE: gettext_noop("Code from the front desk, and date of birth"),
    IdentityCheck.LINK: gettext_noop("Link sent to a verified email or phone, and date of birth"),
    IdentityCheck.STAFF: gettext_noop("Staff sign-in with password and authenticator app"),
    IdentityCheck.OTHER: gettext_noop("Signed in to the portal"),
}
_WHAT_IT_IS = (
    gettext_noop(
        "The people named above signed electronically. After the last signature the practice put its own electronic seal"
        " on this file. The seal shows that the file has not been changed since. It is the practice's seal over the"
        " signatures, not an advanced or qualified electronic signature of the people who signed."
    ),
    gettext_noop(
        "PDF programs say that the issuer of the seal is unknown: the practice made its key itself. To check this file,"
        " open {address} and choose the file as you received it. A printed or scanned page cannot be checked."
    ),
)
Pairs = list[tuple[str, str]]


def copy_language(facts: CopyFacts) -> str:
    """The language that the first signer read."""
    return facts.signatures[0].language


def copy_facts(facts: CopyFacts, *, mark: str, certificate: str) -> dict[str, Any]:
    """The data of the template `agreement`. `mark` goes into the file's properties and names the copy there."""
    language = copy_language(facts)
    title = facts.texts[0].title
    return letterhead(facts.practice, language) | {
        "title": title,
        "heading": title,
        "keywords": [mark],
        "facts": _heading_facts(facts, language),
        "texts": [_text(facts, one, language) for one in facts.texts],
        "signatures_heading": translate(language, "Signatures"),
        "signatures": [_signature(one, language) for one in facts.signatures],
        "trail": _trail(facts, language),
        "about": _about(facts, language, certificate),
    }


def _heading_facts(facts: CopyFacts, language: str) -> Pairs:
    published = two_times(facts.version.published_at, facts.signatures[0].zone)
    return [
        (translate(language, "Patient"), facts.patient_name),
        (
            translate(language, "Version"),
            translate(language, "{number}, published {when}", number=facts.version.number, when=published),
        ),
        (translate(language, "Number of this copy"), facts.copy.number),
    ]


def _text(facts: CopyFacts, text: SignedText, language: str) -> dict[str, Any]:
    heading = ""
    if len(facts.texts) > 1:
        names = ", ".join(one.name_on_file for one in text.signatures)
        heading = translate(language, "Text signed by {names}", names=names)
    return {
        "heading": heading,
        "lang": paper_language(text.language).partition("-")[0],
        "blocks": printed_blocks(text.blocks, text.signatures, language),
    }


def _signature(one: Signature, language: str) -> dict[str, Any]:
    drawn = one.way is SignatureWay.DRAWN
    return {
        "name": one.name_on_file,
        "typed": "" if drawn else one.typed_name,
        "strokes": one.strokes if drawn else [],
        "alt": translate(language, "Drawn signature of {name}", name=one.name_on_file) if drawn else "",
        "facts": [pair for pair in _signature_facts(one, language) if pair[1]],
    }


def _signature_facts(one: Signature, language: str) -> Pairs:
    drawn = one.way is SignatureWay.DRAWN
    consent = two_times(one.consent_at, one.zone) if one.consent_at else ""
    return [
        (translate(language, "Signed"), two_times(one.signed_at, one.zone)),
        (
            translate(language, "Signature"),
            translate(language, "Drawn") if drawn else translate(language, "Typed") + f": {one.typed_name}",
        ),
        (translate(language, "Signed as"), translate(language, PARTS[one.part])),
        (translate(language, "Relationship"), one.relationship),
        (translate(language, "On behalf of"), one.on_behalf_of),
        (translate(language, "Language of the text"), LANGUAGES.get(one.language, one.language)),
        (translate(language, "Agreed to electronic records"), consent),
        (translate(language, "Text of that consent"), one.consent_version),
        (translate(language, "How identity was checked"), translate(language, CHECKS[one.identity_check])),
        (translate(language, "IP address"), one.ip),
        (translate(language, "Device"), one.device),
        (translate(language, "Text (SHA-256)"), one.text_sha256),
        (translate(language, "Answers (SHA-256)"), one.answers_sha256),
    ]


def _trail(facts: CopyFacts, language: str) -> dict[str, Any]:
    events = sorted(_events(facts, language), key=lambda event: event[0])
    zone = facts.signatures[0].zone
    return {
        "heading": translate(language, "What happened"),
        "columns": [translate(language, "When"), translate(language, "What")],
        "rows": [(two_times(when, zone), what) for when, what in events],
    }


def _events(facts: CopyFacts, language: str) -> Iterator[tuple[datetime, str]]:
    yield facts.version.published_at, translate(language, "This version was published")
    yield facts.request.asked_at, translate(language, "Signatures were asked for")
    by_signer = {one.signer_row_id: one for one in facts.signatures}
    for signer in facts.signers:
        signature = by_signer.get(signer.id)
        name = signature.name_on_file if signature else ""
        if signer.opened_at:
            yield signer.opened_at, translate(language, "Opened by {name}", name=name)
        if signature and signature.consent_at:
            yield (
                signature.consent_at,
                translate(language, "{name} agreed to electronic records", name=name),
            )
        if signature:
            yield signature.signed_at, translate(language, "Signed by {name}", name=name)


def _about(facts: CopyFacts, language: str, certificate: str) -> dict[str, Any]:
    address = f"{settings().public_url}/verify"
    trail = f"{facts.trail_number} {facts.trail_hash}".strip()
    return {
        "heading": translate(language, "About this copy"),
        "paragraphs": [translate(language, words, address=address) for words in _WHAT_IT_IS],
        "facts": [
            (translate(language, "Newest line of the audit trail"), trail),
            (translate(language, "Certificate of the seal (SHA-256)"), fingerprint(certificate)),
        ],
    }


def two_times(when: datetime, zone: str) -> str:
    """In the practice's zone and in UTC, each with its name: "2026-06-15 12:00:05 EDT (America/New_York) = …"."""
    there = when.astimezone(ZoneInfo(zone))
    universal = when.astimezone(UTC)
    return f"{there:%Y-%m-%d %H:%M:%S %Z} ({zone}) = {universal:%Y-%m-%d %H:%M:%S} UTC"
