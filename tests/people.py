"""The people every test knows.

The Riveras share one family file, one email and one phone:
  Maria, 45, guarantor of herself and of Eva (9) and the twins Tim and Tom (12);
  Luis, 47, his own guarantor, recorded father of the three.
Rosa Park, 44, is guarantor of herself and of Nina, 16, whose chart is Nina's own.
Oscar Hill, 50, pays for Ivy, 19, and may not read a thing of hers.
Kim Okafor, 38, is a stranger to all of them.
At the practice: Dana at the front desk, Nora in billing, Olga who owns it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.billing import (
    Account,
    Allocation,
    IntendedAllocation,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
    PaymentMethod,
)
from portal_app.db.tables.families import ContactPoint, Family, Patient, Relation
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import (
    EVERYONE,
    PATIENT_PERMISSIONS,
    ROLES,
    Permission,
    Principal,
    Role,
    Side,
    system_principal,
)
from portal_app.domain.billing.types import RECEIVED, EntryKind, InvoiceStatus, Method, Origin, PaymentStatus
from portal_app.domain.families import ContactKind, RelationKind
from portal_app.domain.ids import (
    AccountId,
    EntryId,
    FamilyId,
    InvoiceId,
    LineId,
    PatientId,
    PaymentId,
    PaymentMethodId,
    StaffId,
    new_id,
)
from portal_app.domain.money import Money, total
from portal_app.services.billing.ledger.person_shares import store_shares


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{number:032x}"


@dataclass(frozen=True)
class Person:
    id: PatientId
    given_name: str
    family_name: str
    birth_date: date
    account: AccountId  # who answers for what this person owes


RIVERA, LUIS_S, PARK, HILL, OKAFOR = (AccountId(_id("acc", n)) for n in range(1, 6))
_MARIA = (1, "Maria", "Rivera", date(1981, 4, 12), RIVERA)
_PEOPLE = (
    _MARIA,
    (2, "Luis", "Rivera", date(1979, 2, 3), LUIS_S),
    (3, "Eva", "Rivera", date(2017, 3, 9), RIVERA),
    (4, "Tim", "Rivera", date(2014, 5, 20), RIVERA),
    (5, "Tom", "Rivera", date(2014, 5, 20), RIVERA),
    (6, "Rosa", "Park", date(1982, 1, 30), PARK),
    (7, "Nina", "Park", date(2010, 5, 10), PARK),
    (8, "Oscar", "Hill", date(1976, 3, 1), HILL),
    (9, "Ivy", "Hill", date(2007, 2, 14), HILL),
    (10, "Kim", "Okafor", date(1988, 5, 5), OKAFOR),
)
MARIA, LUIS, EVA, TIM, TOM, ROSA, NINA, OSCAR, IVY, KIM = (
    Person(PatientId(_id("pat", n)), given, family, born, account)
    for n, given, family, born, account in _PEOPLE
)
EVERYBODY = (MARIA, LUIS, EVA, TIM, TOM, ROSA, NINA, OSCAR, IVY, KIM)
_FAMILIES = {"Rivera": 1, "Park": 2, "Hill": 3, "Okafor": 4}
_GUARANTORS = {RIVERA: MARIA, LUIS_S: LUIS, PARK: ROSA, HILL: OSCAR, OKAFOR: KIM}
_CONTACTS: dict[str, tuple[str, str]] = {
    "Rivera": ("maria@example.com", "+12125550142"),
    "Park": ("rosa@example.com", "+12125550143"),
    "Hill": ("oscar@example.com", "+12125550144"),
    "Okafor": ("kim@example.com", "+12125550145"),
}
IVY_EMAIL = "ivy@example.com"

# Maria's bill of 120.00 with her saved Visa: what most tests of paying begin with.
INVOICE = InvoiceId(_id("inv", 1))
LUIS_INVOICE = InvoiceId(_id("inv", 2))
KIM_INVOICE = InvoiceId(_id("inv", 3))
VISA = PaymentMethodId(_id("src", 1))


def patient(who: Person, *also: Person, accounts: tuple[AccountId, ...] | None = None) -> Principal:
    """A patient's session: themself and those they act for, the accounts they answer for."""
    theirs = (who.account,) if accounts is None else accounts
    return Principal(
        name=f"patient:{who.id}",
        side=Side.PATIENT,
        permissions=PATIENT_PERMISSIONS,
        accounts=frozenset(theirs),
        patients=frozenset(person.id for person in (who, *also)),
        patient_id=who.id,
        session_ref=f"session-of-{who.given_name.lower()}",
    )


def staff(number: int, role: Role) -> Principal:
    allowed = ROLES[role]
    return Principal(
        name=f"staff:{_id('stf', number)}",
        side=Side.STAFF,
        permissions=allowed,
        accounts=EVERYONE if Permission.VIEW_BILLING in allowed else frozenset(),
        patients=EVERYONE if Permission.VIEW_PATIENTS in allowed else frozenset(),
        staff_id=StaffId(_id("stf", number)),
        session_ref=f"session-of-staff-{number}",
    )


class People:
    """Their sessions, on the day of the tests."""

    maria = patient(MARIA, EVA, TIM, TOM)
    luis = patient(LUIS, EVA, TIM, TOM)
    rosa = patient(ROSA)  # pays for Nina, reads "Services" (DEP-4)
    nina = patient(NINA, accounts=())
    oscar = patient(OSCAR)  # pays for Ivy and may not read
    ivy = patient(IVY, accounts=())
    kim = patient(KIM)
    dana = staff(1, Role.FRONT_DESK)
    nora = staff(2, Role.BILLING)
    olga = staff(3, Role.OWNER)

    @classmethod
    def create(cls) -> "People":
        """Write them into the bound database, each adult of the first five with a bill of their own."""
        with transaction(system_principal("test")) as tx:
            tx.add(Practice(id="practice", name="Riverside Family Dental", phone="+12125550100"))
            _keep_people(tx)
            _keep_staff(tx)
        add_invoice(RIVERA, (MARIA, "Crown, lower left", 120_00), id_=INVOICE, number="INV-1001")
        add_invoice(LUIS_S, (LUIS, "Consultation", 60_00), id_=LUIS_INVOICE, number="INV-1002")
        add_invoice(OKAFOR, (KIM, "Cleaning", 90_00), id_=KIM_INVOICE, number="INV-1003")
        add_payment_method(RIVERA, id_=VISA)
        return cls()


def _keep_people(tx: Tx) -> None:
    for name, number in _FAMILIES.items():
        tx.add(Family(id=FamilyId(_id("fam", number)), practice_key=f"F-{name}"))
    for account, who in _GUARANTORS.items():
        tx.add(Account(id=account, guarantor_id=who.id, created_at=clock.now()))
    tx.flush()
    for number, who in enumerate(EVERYBODY, 1):
        tx.add(
            Patient(
                id=who.id,
                chart_number=f"C-{number:04d}",
                family_id=FamilyId(_id("fam", _FAMILIES[who.family_name])),
                account_id=who.account,
                given_name=who.given_name,
                family_name=who.family_name,
                birth_date=who.birth_date,
                created_at=clock.now(),
            )
        )
    tx.flush()
    for who in EVERYBODY:
        email, phone = (IVY_EMAIL, "+12125550146") if who is IVY else _CONTACTS[who.family_name]
        for kind, value in ((ContactKind.EMAIL, email), (ContactKind.PHONE, phone)):
            tx.add(ContactPoint(id=new_id("con"), patient_id=who.id, kind=kind, value=value, shown=value))
    for child in (EVA, TIM, TOM):
        tx.add(
            Relation(
                id=new_id("rel"),
                patient_id=child.id,
                adult_id=LUIS.id,
                kind=RelationKind.PARENT,
                created_at=clock.now(),
            )
        )


def _keep_staff(tx: Tx) -> None:
    people = (
        (1, "Dana Lee", Role.FRONT_DESK),
        (2, "Nora Cohen", Role.BILLING),
        (3, "Olga Novak", Role.OWNER),
    )
    for number, name, role in people:
        email = f"{name.split()[0].lower()}@riverside.example"
        tx.add(
            StaffMember(
                id=StaffId(_id("stf", number)), email=email, name=name, role=role, created_at=clock.now()
            )
        )


def add_account(guarantor: Person) -> AccountId:
    """One more account that this person answers for."""
    id_ = AccountId(new_id("acc"))
    with transaction(system_principal("test")) as tx:
        tx.add(Account(id=id_, guarantor_id=guarantor.id, created_at=clock.now() + timedelta(minutes=1)))
    return id_


def answering_for(principal: Principal, *accounts: AccountId) -> Principal:
    return replace(principal, accounts=frozenset(accounts))


def add_invoice(
    account: AccountId,
    *lines: tuple[Person, str, int],
    id_: InvoiceId | None = None,
    number: str = "",
    issued: date | None = None,
    due: date | None = None,
    status: InvoiceStatus = InvoiceStatus.OPEN,
) -> InvoiceId:
    """A bill with lines (whose, what, minor units) and, unless a draft, its charge in the ledger."""
    issued = issued or clock.today() - timedelta(days=10)
    id_ = id_ or InvoiceId(new_id("inv"))
    sums = total(Money(minor) for _, _, minor in lines)
    with transaction(system_principal("test")) as tx:
        tx.add(
            Invoice(
                id=id_,
                account_id=account,
                number=number or f"INV-{id_[-8:]}",
                status=status,
                issue_date=issued,
                due_date=due or issued + timedelta(days=30),
                total=sums,
                adjusted=sums.zero(),
                allocated=sums.zero(),
                created_at=clock.now(),
                issued_at=clock.now(),
            )
        )
        tx.flush()
        for position, (who, what, minor) in enumerate(lines):
            tx.add(
                InvoiceLine(
                    id=LineId(new_id("lin")),
                    account_id=account,
                    invoice_id=id_,
                    patient_id=who.id,
                    position=position,
                    description=what,
                    unit_amount=Money(minor),
                    amount=Money(minor),
                    service_date=issued,
                    provider="Dr. Ada Osei",
                )
            )
        if status is not InvoiceStatus.DRAFT:
            _post(tx, EntryKind.CHARGE, account, sums, source=id_, invoice_id=id_, on=issued)
    return id_


def add_payment(
    invoice: InvoiceId,
    minor: int,
    *,
    status: PaymentStatus = PaymentStatus.SUCCEEDED,
    at: datetime | None = None,
    posted: bool = True,
    method: Method = Method.CARD,
) -> PaymentId:
    """An attempt to pay `minor` of a bill; a received one is allocated and, if `posted`, in the ledger."""
    at, id_, amount = at or clock.now(), PaymentId(new_id("pay")), Money(minor)
    received = status in RECEIVED
    with transaction(system_principal("test")) as tx:
        this_invoice = tx.get_or_404(Invoice, invoice, lock=True)
        tx.add(
            Payment(
                id=id_,
                account_id=this_invoice.account_id,
                amount=amount,
                refunded=amount.zero(),
                allocated=amount if received else amount.zero(),
                status=status,
                method=method,
                origin=Origin.PORTAL,
                invoice_id=invoice,
                paid_with="Visa ending in 4242" if method is Method.CARD else "",
                processor_intent_id=f"pi_{id_}",
                receipt_number=f"R-{id_[-8:]}" if received else None,
                posted=received and posted,
                created_at=at,
                settled_at=at if received else None,
            )
        )
        tx.flush()
        part = {
            "account_id": this_invoice.account_id,
            "payment_id": id_,
            "invoice_id": invoice,
            "amount": amount,
        }
        tx.add(IntendedAllocation(id=new_id("par"), **part))
        if received:
            tx.add(Allocation(id=new_id("alc"), made_at=at, **part))
            this_invoice.allocated += amount
            this_invoice.status = InvoiceStatus.PARTLY_PAID if this_invoice.due else InvoiceStatus.PAID
        if received and posted:
            day = clock.local_date(at)
            _post(
                tx,
                EntryKind.PAYMENT,
                this_invoice.account_id,
                -amount,
                source=f"pi_{id_}",
                payment_id=id_,
                on=day,
            )
    return id_


def add_payment_method(
    account: AccountId, *, id_: PaymentMethodId | None = None, default: bool = True
) -> PaymentMethodId:
    """A saved Visa that ends in 4242."""
    id_ = id_ or PaymentMethodId(new_id("src"))
    with transaction(system_principal("test")) as tx:
        tx.add(
            PaymentMethod(
                id=id_,
                account_id=account,
                processor_id=f"pm_{id_}",
                brand="visa",
                last4="4242",
                exp_month=12,
                exp_year=2030,
                is_default=default,
                created_at=clock.now(),
            )
        )
    return id_


def _post(
    tx: Tx,
    kind: EntryKind,
    account: AccountId,
    amount: Money,
    *,
    source: str,
    on: date,
    invoice_id: InvoiceId | None = None,
    payment_id: PaymentId | None = None,
) -> None:
    entry = tx.add(
        LedgerEntry(
            id=EntryId(new_id("ent")),
            account_id=account,
            kind=kind,
            amount=amount,
            source=source,
            invoice_id=invoice_id,
            payment_id=payment_id,
            happened_on=on,
            posted_on=on,
            posted_at=clock.now(),
            posted_by="portal:test",
        )
    )
    tx.flush()
    store_shares(tx, [entry])
