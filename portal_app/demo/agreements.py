"""Agreements of the demo: to sign, half signed, signed in two versions, declined, and a scan from before the portal."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from portal_app.clock import now, today
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.agreements import Agreement, AgreementCopy, AgreementCopyFile
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import PATIENT_PERMISSIONS, Principal, Side
from portal_app.domain.agreements.points import POINTS
from portal_app.domain.agreements.signing import Relationship, SignatureForm
from portal_app.domain.agreements.types import (
    AgreementKind,
    CopyOrigin,
    CopyStatus,
    SignatureRules,
    SignatureWay,
)
from portal_app.domain.ids import AgreementCopyId, AgreementId, AgreementRequestId, PatientId, new_id
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.people import Audience
from portal_app.services.agreements.signing.consent import give_consent
from portal_app.services.agreements.signing.decline import decline_request
from portal_app.services.agreements.signing.sign import SignForm, sign_request
from portal_app.services.agreements.signing.view import open_request
from portal_app.services.agreements.texts.draft import DraftForm, WrittenText, create_agreement, save_draft
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.services.agreements.texts.read import view_agreement
from portal_app.services.documents.document import render
from portal_app.services.documents.letterhead import letterhead

_TEXTS = Path(__file__).parent / "agreement_texts"
_MARIA, _LUIS, _EVA, _TIM, _TOM, _NADIA, _HAL = "1001", "1002", "1003", "1004", "1005", "1010", "1015"
_CHILDREN, _PICK_UP, _PHOTOS = "Care of children", "Picking up a child", "Photos"
_PLAN, _POLICY, _PRIVACY = "Payment plan", "Financial policy of the demo", "Privacy of the demo"
NAMES = frozenset({_CHILDREN, _PICK_UP, _PHOTOS, _PLAN, _POLICY, _PRIVACY})
_CHANGED = "\n\nSince this version a copy of each payment is kept in the portal.\n"


def add_agreements(principal: Principal) -> None:
    """Publish the demo's agreements, ask for signatures, and sign some of them; done once."""
    with reading(principal) as tx:
        if tx.exec(columns(Agreement.id)).first() is not None:
            return
    people = _people(principal)
    _to_sign(principal, people)
    _half_signed(principal, people)
    _signed(principal, people)
    _declined(principal, people)
    _add_scan(principal, people[_MARIA].patient_id)


def _people(principal: Principal) -> dict[str, Principal]:
    """Sessions of the demo's patients, by chart number; a parent acts for the children of their family."""
    with reading(principal) as tx:
        rows = {row.chart_number: row for row in tx.exec(columns(Patient)).all()}
    children = [rows[chart].id for chart in (_EVA, _TIM, _TOM)]
    return {
        chart: Principal(
            name=f"patient:{row.id}",
            side=Side.PATIENT,
            permissions=PATIENT_PERMISSIONS,
            patients=frozenset([row.id, *(children if chart in (_MARIA, _LUIS) else ())]),
            patient_id=row.id,
            language=row.language,
        )
        for chart in (_MARIA, _LUIS, _EVA, _TIM, _TOM, _NADIA, _HAL)
        if (row := rows.get(chart))
    }


def _to_sign(principal: Principal, people: Mapping[str, Principal]) -> None:
    """One for Maria herself, one for the twins at once."""
    _ask(principal, _publish(principal, _PRIVACY, AgreementKind.PRIVACY), people[_MARIA])
    children = _publish(principal, _CHILDREN, AgreementKind.OTHER, "children")
    _ask(principal, children, people[_TIM], people[_TOM])
    eva = _ask(principal, children, people[_EVA])
    _sign(people[_MARIA], eva, {"initials-1": "MA", "choice-1": "Text me"})


def _half_signed(principal: Principal, people: Mapping[str, Principal]) -> None:
    """One waits for the other parent, one for the practice."""
    both = SignatureRules(second_guardian=True)
    pick_up = _publish(principal, _PICK_UP, AgreementKind.OTHER, "pick_up", both)
    _sign(people[_MARIA], _ask(principal, pick_up, people[_EVA]), {"initials-1": "MA"})
    countersigned = SignatureRules(countersigned=True)
    plan = _publish(principal, _PLAN, AgreementKind.OTHER, "payment_plan", countersigned)
    _sign(people[_HAL], _ask(principal, plan, people[_HAL]))


def _signed(principal: Principal, people: Mapping[str, Principal]) -> None:
    """Maria signed the version before, Nadia the one of now."""
    policy = _publish(principal, _POLICY, AgreementKind.FINANCIAL_POLICY)
    _sign(people[_MARIA], _ask(principal, policy, people[_MARIA]), {"initials-1": "MA"})
    editor = view_agreement(principal, policy)
    texts = {
        language: replace(text, markdown=text.markdown + _CHANGED) for language, text in editor.texts.items()
    }
    form = DraftForm(editor.changed, texts, editor.rules, POINTS[editor.kind])
    publish_draft(principal, policy, changed=save_draft(principal, policy, form))
    _sign(people[_NADIA], _ask(principal, policy, people[_NADIA]), {"initials-1": "NB"})


def _declined(principal: Principal, people: Mapping[str, Principal]) -> None:
    photos = _publish(principal, _PHOTOS, AgreementKind.OTHER, "photos")
    asked = _ask(principal, photos, people[_MARIA])
    open_request(people[_MARIA], asked)
    decline_request(people[_MARIA], asked, "I would rather not be on the website.")


def _publish(
    principal: Principal, name: str, kind: AgreementKind, text: str = "", rules: SignatureRules | None = None
) -> AgreementId:
    """A published agreement with the demo's own text, or the built-in one of its kind."""
    agreement = create_agreement(principal, name, kind)
    editor = view_agreement(principal, agreement)
    texts = {**editor.texts, **_written(text)} if text else editor.texts
    form = DraftForm(editor.changed, texts, rules or editor.rules, POINTS[kind])
    publish_draft(principal, agreement, changed=save_draft(principal, agreement, form))
    return agreement


def _written(text: str) -> dict[str, WrittenText]:
    found: dict[str, WrittenText] = {}
    for file in sorted(_TEXTS.glob(f"{text}.*.md")):
        title, _, markdown = file.read_text("utf-8").partition("\n")
        found[file.suffixes[0][1:]] = WrittenText(title.removeprefix("# "), markdown.strip() + "\n")
    return found


def _ask(principal: Principal, agreement: AgreementId, *people: Principal) -> AgreementRequestId:
    """Ask for these patients; returns the first request."""
    patients = tuple(who.patient_id for who in people if who.patient_id)
    return ask_to_sign(principal, agreement, AskForm(Audience(patients=patients))).request_ids[0]


def _sign(who: Principal, request: AgreementRequestId, answers: Mapping[str, str] | None = None) -> None:
    give_consent(who, who.language, can_open=True)
    view = open_request(who, request)
    sign_request(
        who,
        SignForm(
            request,
            view.text_sha256,
            view.language,
            SignatureForm(SignatureWay.TYPED, view.name_on_file),
            answers=answers or {},
            relationship=Relationship.PARENT if view.for_another else "",
            intent=True,
        ),
    )


def _add_scan(principal: Principal, patient_id: PatientId | None) -> None:
    """As an import leaves a scan of a paper that was signed before there was the portal."""
    if patient_id is None:
        return
    signed_on, copy = today() - timedelta(days=700), AgreementCopyId(new_id("agc"))
    title = "Membership contract"
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), "en")
    nothing = {"to": [], "facts": [], "tables": [], "totals": []}
    printed = {"title": title, "heading": title, "notes": ["Signed: Maria Alvarez"]}
    scan = render("scan", facts | nothing | printed)
    with transaction(principal) as tx:
        tx.add(
            AgreementCopy(
                id=copy,
                patient_id=patient_id,
                origin=CopyOrigin.IMPORT,
                status=CopyStatus.SCAN,
                title=title,
                signed_on=signed_on,
                signed_by="Maria Alvarez",
                created_at=now(),
                size=len(scan.content),
            )
        )
        tx.flush()
        tx.add(AgreementCopyFile(copy_id=copy, pdf=scan.content))
