"""Everybody who might try a handler, and a database in which each thing has an owner."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlmodel import SQLModel, col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementRequest
from portal_app.db.tables.billing import Payment
from portal_app.db.tables.credentials import ActionLink, PatientLogin
from portal_app.db.tables.families import ContactPoint, DependentMark, Relation
from portal_app.db.tables.memberships import Coupon, JoinRequest, MembershipInvoice, MembershipPause
from portal_app.db.tables.sign_in import PortalSession
from portal_app.db.tables.staff import StaffMember, Task
from portal_app.domain.access import (
    EMBED_PERMISSIONS,
    Permission,
    Principal,
    Role,
    Side,
    nobody,
    system_principal,
)
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import (
    AgreementCopyId,
    AgreementId,
    AgreementRequestId,
    AgreementVersionId,
    InvoiceId,
    MembershipId,
    PaymentId,
    PlanId,
    RefundId,
    StaffId,
    new_id,
)
from portal_app.domain.memberships.types import InvoiceKind, JoinStatus, MembershipStatus
from portal_app.domain.money import Money
from portal_app.domain.sign_in import SessionScope
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.agreements.requests.paper import PaperForm, record_paper
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.sign_in.sessions import principal_of
from tests import people
from tests.memberships_helper import add_membership, add_plan, enrol
from tests.payments_helper import fake_processor
from tests.people import EVA, INVOICE, MARIA, RIVERA, People, add_invoice, add_payment, staff
from tests.services.agreements_helper import add_agreement, ask
from tests.services.credentials_helper import make_link

TEST = system_principal("test")
TODAY = date(2026, 6, 15)

PATIENTS = {
    "maria": People.maria,
    "luis": People.luis,
    "rosa": People.rosa,
    "nina": People.nina,
    "oscar": People.oscar,
    "ivy": People.ivy,
    "kim": People.kim,
}
STAFF = {"dana": People.dana, "nora": People.nora, "olga": People.olga, "cleo": staff(4, Role.CLINICAL)}
EVERYBODY = {
    **PATIENTS,
    **STAFF,
    "nobody": nobody("203.0.113.7"),
    # Somebody who came by a link to pay Maria's bill, and may use it for that alone.
    "link": Principal("link:x", Side.PATIENT, frozenset({Permission.ACTION_LINK}), session_ref="link"),
    # Maria in a frame, and Kim in one.
    "embed": replace(People.maria, permissions=EMBED_PERMISSIONS),
    "embed_kim": replace(People.kim, permissions=EMBED_PERMISSIONS),
    # Luis, whom Maria lets pay for her.
    "payer": replace(People.luis, granted_accounts=frozenset({RIVERA})),
}


@dataclass(frozen=True)
class Stage:
    """Maria's things; Nina's and Ivy's are found by their persons."""

    processor: FakeProcessor
    payment: PaymentId
    refund: RefundId
    draft: InvoiceId
    contact: str
    task: str
    relation: str
    mark: str
    link: str
    device: str
    plan: PlanId
    coupon: str
    membership: MembershipId  # Maria's, with Eva on it
    enrolment: str  # Eva's
    pause: str  # of July 2027
    billed: MembershipId  # Kim's, whose invoice of May 2026 was voided
    agreement: AgreementId  # asked of Maria and of Eva
    agreement_version: AgreementVersionId
    marias_agreement: AgreementRequestId
    evas_agreement: AgreementRequestId
    marias_copy: AgreementCopyId  # a scan of hers
    joined: str  # Kim's request to join, which waits for staff's answer

    @property
    def invoice(self) -> InvoiceId:
        return INVOICE


def set_the_stage() -> Stage:
    """After `Cast.create()`: everything Maria can own."""
    processor = fake_processor()
    payment = add_payment(INVOICE, 50_00, posted=False)
    refund = RefundId(new_id("ref"))
    with transaction(TEST) as tx:
        row = tx.get_or_404(Payment, payment, lock=True)
        row.processor_intent_id = None  # given back at the desk
        tx.add(
            StaffMember(
                id=StaffId(f"stf_{4:032x}"),
                email="cleo@riverside.example",
                name="Cleo Wade",
                role=Role.CLINICAL,
                created_at=clock.now(),
            )
        )
    refund_payment(People.olga, refund, payment, Money(5_00), processor=processor)
    draft = add_invoice(RIVERA, (EVA, "Sealant", 30_00), status=InvoiceStatus.DRAFT)
    made = make_link(People.olga, Purpose.PAY, INVOICE)
    with transaction(TEST) as tx:
        task = tx.add(
            Task(
                id=new_id("tsk"),
                once=new_id("say"),
                kind="change_request",
                message="A patient asks to change the {what}: {wish}",
                values={"what": "name", "wish": "Marie"},
                patient_id=MARIA.id,
                created_at=clock.now(),
            )
        )
        mark = tx.add(
            DependentMark(
                id=new_id("mrk"),
                patient_id=people.OSCAR.id,
                adult_id=people.ROSA.id,
                reason="a letter of the court",
                marked_by="test",
                created_at=clock.now(),
            )
        )
        tx.add(PatientLogin(patient_id=MARIA.id, created_at=clock.now()))
        for ref in ("here", "there"):
            tx.add(session(ref, patient_id=MARIA.id))
        point = tx.exec(select(ContactPoint.id).where(col(ContactPoint.patient_id) == MARIA.id)).first()
        relation = tx.exec(select(Relation.id).where(col(Relation.patient_id) == EVA.id)).first()
    assert point and relation
    return Stage(
        processor=processor,
        payment=payment,
        refund=refund,
        draft=draft,
        contact=point,
        task=task.id,
        relation=relation,
        mark=mark.id,
        link=made.id,
        device=session_device("there"),
        **add_memberships(),
        **add_agreements(),
    )


def add_agreements() -> dict[str, Any]:
    """An agreement, asked of Maria and of Eva, and one that Maria signed on paper."""
    agreement = add_agreement()
    marias, evas = ask(agreement, MARIA), ask(agreement, EVA)
    signed = PaperForm(b"%PDF-1.7 scan", date(2026, 6, 1), "Maria Rivera")
    copy = record_paper(People.olga, ask(add_agreement(), MARIA), signed)
    with reading(TEST) as tx:
        version = tx.get_or_404(AgreementRequest, marias).version_id
    return {
        "agreement": agreement,
        "agreement_version": version,
        "marias_agreement": marias,
        "evas_agreement": evas,
        "marias_copy": copy,
    }


def add_memberships() -> dict[str, Any]:
    """A plan, a coupon, Maria's membership with Eva and a pause ahead, and Kim's with a voided invoice."""
    plan, coupon, pause = add_plan("Family care"), new_id("cpn"), new_id("mpa")
    membership = add_membership(RIVERA, plan, [MARIA.id])
    enrolment = enrol(membership, RIVERA, EVA.id, start=date(2026, 6, 1))
    may = date(2026, 5, 1)
    billed = add_membership(people.OKAFOR, add_plan("Solo"), [people.KIM.id], start=may)
    voided = add_invoice(people.OKAFOR, (people.KIM, "Solo", 80_00), status=InvoiceStatus.VOID)
    with transaction(TEST) as tx:
        tx.add(Coupon(id=coupon, code="TEN-OFF", percent=10, created_at=clock.now()))
        shared = {"account_id": RIVERA, "membership_id": membership}
        july = {"first_day": date(2027, 7, 1), "last_day": date(2027, 7, 31)}
        tx.add(MembershipPause(id=pause, created_at=clock.now(), **july, **shared))
        tx.add(
            MembershipInvoice(
                id=new_id("miv"),
                account_id=people.OKAFOR,
                membership_id=billed,
                kind=InvoiceKind.PERIOD,
                period_start=may,
                period_end=date(2026, 5, 31),
                due_day=may,
                invoice_id=voided,
                amount=Money(80_00),
            )
        )
    return {
        "plan": plan,
        "coupon": coupon,
        "membership": membership,
        "enrolment": enrolment,
        "pause": pause,
        "billed": billed,
        "joined": add_waiting_join(),
    }


def add_waiting_join() -> str:
    """As if Kim had joined online; returns the request's id."""
    plan, id_ = add_plan("Joined"), new_id("jrq")
    pending = add_membership(people.OKAFOR, plan, [people.KIM.id], status=MembershipStatus.PENDING)
    with transaction(TEST) as tx:
        tx.add(
            JoinRequest(
                id=id_,
                status=JoinStatus.WAITING,
                contact_hash="kim",
                contact_kind=ContactKind.EMAIL,
                contact_value="kim@example.com",
                plan_id=plan,
                account_id=people.OKAFOR,
                owner_id=people.KIM.id,
                member_ids=[people.KIM.id],
                membership_id=pending,
                created_at=clock.now(),
                changed_at=clock.now(),
                paid_at=clock.now(),
            )
        )
    return id_


def session(ref: str, **whose: Any) -> PortalSession:
    scope = whose.pop("scope", SessionScope.FULL)
    side = Side.STAFF if whose.get("staff_id") else Side.PATIENT
    return PortalSession(
        ref=ref, side=side, scope=scope, created_at=clock.now(), seen_at=clock.now(), **whose
    )


def session_device(ref: str) -> str:
    from portal_app.services.credentials import devices  # noqa: PLC0415  (its name for a session is its own)

    with reading(TEST) as tx:
        return devices._id(tx.get_or_404(PortalSession, ref))


def scope_of(name: str) -> SessionScope:
    if name.startswith("embed"):
        return SessionScope.EMBED
    return SessionScope.LINK if name == "link" else SessionScope.FULL


def open_sessions(ref_of: Callable[[str], str] = lambda name: f"{name:0<64}") -> dict[str, str]:
    """A session in the database for everybody: their names and its reference."""
    refs = {}
    with transaction(TEST) as tx:
        link = tx.exec(select(ActionLink.id)).first()
        for name, who in EVERYBODY.items():
            if name in ("nobody", "payer"):
                continue
            refs[name] = ref_of(name)
            whose: dict[str, Any] = {"patient_id": who.patient_id, "staff_id": who.staff_id}
            if name == "link":
                whose = {"patient_id": MARIA.id, "link_id": link}
            kept = {k: v for k, v in whose.items() if v}
            tx.add(session(refs[name], scope=scope_of(name), **kept))
    return refs


def as_the_portal_sees(refs: dict[str, str]) -> dict[str, Principal]:
    sides = {name: Side.STAFF if name in STAFF else Side.PATIENT for name in refs}
    return {name: principal_of(ref, sides[name]) for name, ref in refs.items()}


def everything_written() -> dict[str, list[str]]:
    """Every row of every table but the trail."""
    with reading(TEST) as tx:
        connection = tx.connection()
        return {
            name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
            for name in SQLModel.metadata.tables
            if name != "audit_entry"
        }
