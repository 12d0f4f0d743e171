"""Agreements for tests: published, asked for and signed."""

from collections.abc import Mapping
from typing import Any

from portal_app.domain.access import Principal
from portal_app.domain.agreements.points import POINTS
from portal_app.domain.agreements.signing import Relationship, SignatureForm
from portal_app.domain.agreements.types import AgreementKind, SignatureRules, SignatureWay, SignerPart
from portal_app.domain.ids import AgreementId, AgreementRequestId
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.signing.consent import give_consent
from portal_app.services.agreements.signing.sign import SignedResult, SignForm, sign_request
from portal_app.services.agreements.signing.view import SigningView, open_request
from portal_app.services.agreements.texts.draft import DraftForm, WrittenText, create_agreement, save_draft
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.services.agreements.texts.read import view_agreement
from tests.people import People, Person

TEXT = "For {{patient}}, dated {{date}}.\n\nThe practice {{practice}} does **all** of it."
TEXT_ES = "Para {{patient}}, con fecha del {{date}}.\n\nEl consultorio {{practice}} hace **todo**."


def write_text(
    agreement: AgreementId,
    markdown: str = TEXT,
    spanish: str = "",
    rules: SignatureRules | None = None,
    staff: Principal = People.olga,
) -> int:
    """Save a draft; returns its number."""
    editor = view_agreement(staff, agreement)
    texts = {"en": WrittenText("Policy", markdown)} | (
        {"es": WrittenText("Política", spanish)} if spanish else {}
    )
    form = DraftForm(editor.changed, texts, rules or SignatureRules(), POINTS[editor.kind])
    return save_draft(staff, agreement, form)


def add_agreement(
    markdown: str = TEXT,
    spanish: str = "",
    *,
    kind: AgreementKind = AgreementKind.OTHER,
    **rules: bool,
) -> AgreementId:
    """A published agreement."""
    agreement = create_agreement(People.olga, "Policy", kind)
    changed = write_text(agreement, markdown, spanish, SignatureRules(**rules))
    publish_draft(People.olga, agreement, changed=changed)
    return agreement


def ask(
    agreement: AgreementId, *people: Person, named: Mapping[SignerPart, Person] | None = None, **more: Any
) -> AgreementRequestId:
    """Ask for the signature of an agreement of these patients; returns the first request."""
    audience = Audience(patients=tuple(who.id for who in people))
    parts = {part: who.id for part, who in (named or {}).items()}
    return ask_to_sign(People.olga, agreement, AskForm(audience, parts, **more)).request_ids[0]


def sign_form(view: SigningView, name: str = "", **more: Any) -> SignForm:
    """The form of a typed signature of what was opened."""
    relationship = Relationship.PARENT if view.for_another else ""
    signature = SignatureForm(SignatureWay.TYPED, name or view.name_on_file)
    values = {"signature": signature, "relationship": relationship, "intent": True} | more
    return SignForm(view.request_id, view.text_sha256, view.language, **values)


def sign(who: Principal, request: AgreementRequestId | None = None, **more: Any) -> SignedResult:
    """Consent, read and sign by typing."""
    give_consent(who, "en", can_open=True)
    return sign_request(who, sign_form(open_request(who, request), **more))
