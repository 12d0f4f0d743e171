"""Services about agreements: texts and requests are those of staff who manage agreements, signing is the signers'."""

from datetime import date

from portal_app.domain.agreements.signing import SignatureForm
from portal_app.domain.agreements.types import AgreementKind, SignatureWay
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import AgreementRequestId
from portal_app.services.agreements.requests import ask, end, listing, memberships, paper, tell
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.signing import consent, countersign, decline, lists, sign, view, viewer
from portal_app.services.agreements.texts import draft, publish, read
from portal_app.services.documents import agreement_documents
from tests.attacks.matrix.lines import SEES_PATIENTS, Ask, Line
from tests.people import MARIA

LINES: list[Line] = []
MANAGES = "olga"
MARIA_SIGNS = "maria"
ACTS_FOR_EVA = "maria luis payer"  # payer is Luis, whom Maria lets pay
SIGNED_IN = "maria luis rosa nina oscar ivy kim payer"
EVERYBODY = ask.AskForm(Audience(status=PatientStatus.ACTIVE))
SCAN = paper.PaperForm(b"%PDF-1.7", date(2026, 6, 1), "Maria Rivera")
OLGA = countersign.CountersignForm(SignatureForm(SignatureWay.TYPED, "Olga Novak"))
TEXT = read.WrittenText("Policy", "For {{patient}}")


def line(what: str, whom: str, ask: Ask) -> None:
    LINES.append(Line(what, ask, frozenset(whom.split())))


# Texts
line(
    "agreements.create_agreement", MANAGES, lambda p, s: draft.create_agreement(p, "New", AgreementKind.OTHER)
)
line("agreements.rename_agreement", MANAGES, lambda p, s: draft.rename_agreement(p, s.agreement, "Other"))
line("agreements.retire_agreement", MANAGES, lambda p, s: draft.retire_agreement(p, s.agreement))
line(
    "agreements.save_draft",
    MANAGES,
    lambda p, s: draft.save_draft(p, s.agreement, draft.DraftForm(1, {"en": TEXT})),
)
line("agreements.publish_draft", MANAGES, lambda p, s: publish.publish_draft(p, s.agreement, changed=1))
line("agreements.check_draft", MANAGES, lambda p, s: publish.check_draft(p, s.agreement))
line("agreements.view_agreement", MANAGES, lambda p, s: read.view_agreement(p, s.agreement))
line("agreements.list_agreements", MANAGES, lambda p, s: read.list_agreements(p))
line("agreements.preview_text", MANAGES, lambda p, s: read.preview_text(p, "en", TEXT))
line("agreements.preview_facts", MANAGES, lambda p, s: read.preview_facts(p, MARIA.id))
line("agreements.view_version", MANAGES, lambda p, s: read.view_version(p, s.agreement_version, "en"))
line("agreements.compare_versions", MANAGES, lambda p, s: read.compare_versions(p, s.agreement, "en", 1))


def form(request: AgreementRequestId) -> sign.SignForm:
    return sign.SignForm(request, "0" * 64, "en", SignatureForm(SignatureWay.TYPED, "Maria Rivera"))


# Requests
line("agreements.preview_asking", MANAGES, lambda p, s: ask.preview_asking(p, s.agreement, EVERYBODY))
line("agreements.ask_to_sign", MANAGES, lambda p, s: ask.ask_to_sign(p, s.agreement, EVERYBODY))
line("agreements.send_again", MANAGES, lambda p, s: tell.send_again(p, s.marias_agreement))
line("agreements.tell_signers", MANAGES, lambda p, _: tell.tell_signers(p))
line("agreements.expire_requests", MANAGES, lambda p, _: end.expire_requests(p))
line("agreements.hand_over_to_patients", MANAGES, lambda p, _: end.hand_over_to_patients(p))
line("agreements.withdraw_request", MANAGES, lambda p, s: end.withdraw_request(p, s.marias_agreement))
line("agreements.list_requests", MANAGES, lambda p, s: listing.list_requests(p, s.agreement))
line("agreements.record_paper", MANAGES, lambda p, s: paper.record_paper(p, s.marias_agreement, SCAN))
line("agreements.set_plan_agreement", MANAGES, lambda p, s: memberships.set_plan_agreement(p, s.plan, None))

# Documents
line(
    "documents.agreement_copy_paper",
    f"{MARIA_SIGNS} {SEES_PATIENTS}",
    lambda p, s: agreement_documents.agreement_copy_paper(p, s.marias_copy, "en"),
)
line(
    "documents.agreement_text_paper",
    MARIA_SIGNS,
    lambda p, s: agreement_documents.agreement_text_paper(p, s.marias_agreement, "en"),
)
line(
    "documents.agreement_text_paper of Eva",
    ACTS_FOR_EVA,
    lambda p, s: agreement_documents.agreement_text_paper(p, s.evas_agreement, "en"),
)

# Signing
line("agreements.require_readable", MARIA_SIGNS, lambda p, s: viewer.require_readable(p, s.marias_agreement))
line("agreements.open_request", MARIA_SIGNS, lambda p, s: view.open_request(p, s.marias_agreement))
line("agreements.open_request of Eva", ACTS_FOR_EVA, lambda p, s: view.open_request(p, s.evas_agreement))
line(
    "agreements.view_changes",
    MARIA_SIGNS,
    lambda p, s: view.view_changes(p, s.marias_agreement, s.agreement_version, "en"),
)
line("agreements.sign_request", MARIA_SIGNS, lambda p, s: sign.sign_request(p, form(s.marias_agreement)))
line(
    "agreements.sign_request of Eva", ACTS_FOR_EVA, lambda p, s: sign.sign_request(p, form(s.evas_agreement))
)
line(
    "agreements.check_before_signing",
    MARIA_SIGNS,
    lambda p, s: sign.check_before_signing(p, form(s.marias_agreement)),
)
line(
    "agreements.decline_request",
    MARIA_SIGNS,
    lambda p, s: decline.decline_request(p, s.marias_agreement, "no"),
)
line(
    "agreements.decline_request of Eva",
    ACTS_FOR_EVA,
    lambda p, s: decline.decline_request(p, s.evas_agreement, "no"),
)
line("agreements.ask_for_paper", MARIA_SIGNS, lambda p, s: consent.ask_for_paper(p, s.marias_agreement))
line("agreements.give_consent", SIGNED_IN, lambda p, _: consent.give_consent(p, "en", can_open=True))
line("agreements.withdraw_consent", SIGNED_IN, lambda p, _: consent.withdraw_consent(p))
line("agreements.view_consent", SIGNED_IN, lambda p, _: consent.view_consent(p))
line("agreements.list_my_agreements", SIGNED_IN, lambda p, _: lists.list_my_agreements(p))
line("agreements.count_to_sign", SIGNED_IN, lambda p, _: lists.count_to_sign(p))
line(
    "agreements.list_agreements_of_patient",
    SEES_PATIENTS,
    lambda p, _: lists.list_agreements_of_patient(p, MARIA.id),
)
line(
    "agreements.countersign_requests",
    MANAGES,
    lambda p, s: countersign.countersign_requests(p, [s.marias_agreement], OLGA),
)
line("agreements.list_to_countersign", MANAGES, lambda p, _: countersign.list_to_countersign(p))
