"""Names of what agreements, requests and signers are, as staff read them."""

from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, RequestStatus, SignerStatus
from portal_app.i18n import LANGUAGES, gettext_noop
from portal_app.services.agreements.requests.listing import Delivery, RequestFilter

PATH = "/staff/agreements"
KINDS = {
    AgreementKind.MEMBERSHIP: gettext_noop("Membership contract"),
    AgreementKind.FINANCIAL_POLICY: gettext_noop("Financial policy"),
    AgreementKind.PRIVACY: gettext_noop("Privacy acknowledgement"),
    AgreementKind.OTHER: gettext_noop("Another agreement"),
}
STATUSES = {
    AgreementStatus.DRAFT: ("due", gettext_noop("Draft")),
    AgreementStatus.ACTIVE: ("paid", gettext_noop("Published")),
    AgreementStatus.RETIRED: ("quiet", gettext_noop("Retired")),
}
# What the law asks for, or what readers of such a text look for, by the point's name.
POINTS = {
    "not_insurance": gettext_noop("It says that this is not insurance."),
    "services": gettext_noop("It says which services are included, and which are not."),
    "fee": gettext_noop("It says what is paid, and when."),
    "term": gettext_noop("It says how long it runs."),
    "renewal": gettext_noop("It says how it is renewed."),
    "ending": gettext_noop("It says how each side ends it."),
    "refund": gettext_noop("It says what is refunded when it ends."),
    "due": gettext_noop("It says when payment is due."),
    "late": gettext_noop("It says what happens when payment is late."),
    "methods": gettext_noop("It says how one can pay."),
    "estimates": gettext_noop("It says how to ask for an estimate."),
    "questions": gettext_noop("It says whom to ask about an invoice."),
    "notice_received": gettext_noop("The patient confirms to have received the notice of privacy practices."),
    "uses": gettext_noop("It says how health information is used and shared."),
    "rights": gettext_noop("It says which rights the patient has."),
    "contact": gettext_noop("It says whom to contact about privacy."),
}
RULES = {
    "second_guardian": gettext_noop("A second responsible adult signs for a child"),
    "countersigned": gettext_noop("The practice signs too"),
    "adult_until_18": gettext_noop("A responsible adult signs beside the patient until 18"),
    "drawn_only": gettext_noop("Signatures are drawn, not typed"),
}
PLACEHOLDERS = {
    "patient": gettext_noop("Name of the patient"),
    "guarantor": gettext_noop("Name of who pays"),
    "plan": gettext_noop("Name of the plan"),
    "price": gettext_noop("Price of a period"),
    "practice": gettext_noop("Name of the practice"),
    "date": gettext_noop("Day on which signatures are asked for"),
}
REQUEST_STATUSES = {
    RequestStatus.WAITING: ("due", gettext_noop("Not signed yet")),
    RequestStatus.COMPLETE: ("paid", gettext_noop("Signed")),
    RequestStatus.DECLINED: ("late", gettext_noop("Declined to sign")),
    RequestStatus.WITHDRAWN: ("quiet", gettext_noop("Request withdrawn")),
    RequestStatus.EXPIRED: ("quiet", gettext_noop("Request expired")),
    RequestStatus.SUPERSEDED: ("quiet", gettext_noop("Replaced by another request")),
    RequestStatus.PAPER: ("paid", gettext_noop("Signed on paper")),
}
SIGNER_STATUSES = {
    SignerStatus.WAITING: ("due", gettext_noop("Waiting")),
    SignerStatus.SIGNED: ("paid", gettext_noop("Signed")),
    SignerStatus.DECLINED: ("late", gettext_noop("Declined to sign")),
}
DELIVERIES = {
    Delivery.NOT_YET: gettext_noop("Message not sent yet"),
    Delivery.SENT: gettext_noop("Message sent"),
    Delivery.CAME_BACK: gettext_noop("Message came back"),
    Delivery.NO_CONTACT: gettext_noop("No email or phone on file"),
}
FILTERS = {
    RequestFilter.ALL: gettext_noop("All requests"),
    RequestFilter.WAITING: gettext_noop("Not signed"),
    RequestFilter.NOT_OPENED: gettext_noop("Not opened"),
    RequestFilter.CAME_BACK: gettext_noop("Message came back"),
    RequestFilter.PAPER_ASKED: gettext_noop("Paper asked for"),
    RequestFilter.SIGNED: gettext_noop("Signed"),
    RequestFilter.DECLINED: gettext_noop("Declined to sign"),
    RequestFilter.ENDED: gettext_noop("Ended unsigned"),
}


def language_name(code: str) -> str:
    """A language by its own name."""
    return LANGUAGES.get(code, code)
