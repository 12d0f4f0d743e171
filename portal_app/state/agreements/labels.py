"""What pages say of an agreement: who has signed, who is waited for, as what one signs."""

from collections.abc import Sequence

from portal_app.clock import local_date, now
from portal_app.domain.agreements.signing import Relationship
from portal_app.domain.agreements.types import RequestStatus, SignerPart, SignerStatus
from portal_app.i18n import date_text, gettext_noop, translate
from portal_app.services.agreements.signing.view import SignerView

RELATIONSHIPS = {
    Relationship.PARENT: gettext_noop("Parent"),
    Relationship.GUARDIAN: gettext_noop("Legal guardian"),
    Relationship.GUARANTOR: gettext_noop("I pay for them"),
    Relationship.REPRESENTATIVE: gettext_noop("Representative, by a power of attorney or a court"),
    Relationship.OTHER: gettext_noop("Something else"),
}
_UNNAMED = {
    SignerPart.GUARDIAN: gettext_noop("waiting for a responsible adult"),
    SignerPart.SECOND_GUARDIAN: gettext_noop("waiting for another responsible adult"),
    SignerPart.PRACTICE: gettext_noop("waiting for the practice"),
}
STATUSES = {
    RequestStatus.WAITING: ("due", gettext_noop("To sign")),
    RequestStatus.COMPLETE: ("paid", gettext_noop("Signed")),
    RequestStatus.PAPER: ("paid", gettext_noop("Signed on paper")),
    RequestStatus.DECLINED: ("late", gettext_noop("Declined")),
    RequestStatus.WITHDRAWN: ("quiet", gettext_noop("Withdrawn by the practice")),
    RequestStatus.EXPIRED: ("quiet", gettext_noop("Expired")),
    RequestStatus.SUPERSEDED: ("quiet", gettext_noop("Replaced by a newer one")),
}


def signers_text(language: str, signers: Sequence[SignerView], patient: str) -> str:
    """ "Signed by you on May 3, waiting for Luis Rivera": who signed first, in their order; "" without signers."""
    signed = [one for one in signers if one.signed_at is not None]
    signed.sort(key=lambda one: one.signed_at or now())
    waiting = [one for one in signers if one.signed_at is None]
    said = ", ".join(_signer_text(language, one, patient) for one in (*signed, *waiting))
    return said[:1].upper() + said[1:]


def relationship_text(language: str, relationship: str, words: str) -> str:
    """ "Parent"; of "other" what was typed."""
    if relationship == Relationship.OTHER:
        return " ".join(words.split())
    return (
        translate(language, RELATIONSHIPS[Relationship(relationship)])
        if relationship in set(Relationship)
        else ""
    )


def _signer_text(language: str, signer: SignerView, patient: str) -> str:
    if signer.status is SignerStatus.SIGNED and signer.signed_at is not None:
        day = date_text(language, local_date(signer.signed_at))
        if signer.me:
            return translate(language, "signed by you on {day}", day=day)
        return translate(language, "signed by {name} on {day}", name=signer.name, day=day)
    if signer.status is SignerStatus.DECLINED:
        if signer.me:
            return translate(language, "declined by you")
        return translate(language, "declined by {name}", name=signer.name or patient)
    if signer.me:
        return translate(language, "waiting for you")
    if not signer.name and signer.part in _UNNAMED:
        return translate(language, _UNNAMED[signer.part])
    return translate(language, "waiting for {name}", name=signer.name or patient)
