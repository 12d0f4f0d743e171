"""The demo lets people join online; one has paid and waits for an answer."""

from datetime import date

from portal_app.clock import now, today
from portal_app.db.scope import reading, transaction
from portal_app.db.select import columns
from portal_app.db.tables.memberships import JoinRequest, Plan
from portal_app.domain.access import Principal
from portal_app.domain.billing.types import Method
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import AccountId, InvoiceId, PaymentId, new_id
from portal_app.domain.memberships.types import JoinStatus
from portal_app.domain.money import Money
from portal_app.services.billing.staff.record_payment import record_payment
from portal_app.services.memberships.joining.draft import JoinChoice, JoinOwner, store_choice, store_owner
from portal_app.services.memberships.joining.first_invoice import make_first_invoice
from portal_app.services.memberships.joining.people import keep_people
from portal_app.services.memberships.joining.price import price_choice
from portal_app.services.memberships.members.person import NewPerson
from portal_app.services.patients.contact_details import Address
from portal_app.services.practice.settings import change_setting
from portal_app.services.sign_in.codes import contact_hash

_OFFERED = ("CARE", "YEAR")  # keys in plans.csv
JOINED = "grace.lindqvist@example.com"


def open_joining(principal: Principal) -> None:
    """Turn joining on, offer two plans, and let Grace Lindqvist and her daughter wait; done once."""
    with reading(principal) as tx:
        if tx.exec(columns(JoinRequest.id)).first() is not None:
            return
    change_setting(principal, "membership_join_online", True)
    with transaction(principal) as tx:
        plans = [tx.exec(columns(Plan).where(Plan.practice_key == key)).first() for key in _OFFERED]
        for plan in plans:
            if plan is not None:
                plan.joined_online = True
    care = plans[0]
    if care is not None:
        _grace_waits(principal, care)


def _grace_waits(principal: Principal, plan: Plan) -> None:
    born = date(today().year - 38, 9, 12)
    daughter = NewPerson("Ella", "Lindqvist", date(today().year - 7, 2, 3), "female", "child")
    choice = JoinChoice(plan.id, owner_is_member=True, owner_birth_date=born, members=(daughter,))
    address = Address("48 Maple Avenue", "Apt 3", "New York", "NY", "10011", "US")
    owner = JoinOwner("Grace", "Lindqvist", born, "female", address)
    with transaction(principal) as tx:
        request = tx.add(
            JoinRequest(
                id=new_id("jrq"),
                contact_hash=contact_hash(ContactKind.EMAIL, JOINED),
                contact_kind=ContactKind.EMAIL,
                contact_value=JOINED,
                contact_shown=JOINED,
                created_at=now(),
                changed_at=now(),
            )
        )
        store_choice(request, choice)
        store_owner(request, owner)
        tx.flush()
        keep_people(tx, request, owner, choice)
        invoice = make_first_invoice(tx, request, price_choice(tx, choice))
        request.status = JoinStatus.PAYING
        account, invoice_id, amount = invoice.account_id, invoice.id, invoice.total
    _pay(principal, account, invoice_id, amount)


def _pay(principal: Principal, account: AccountId, invoice: InvoiceId, amount: Money) -> None:
    payment = PaymentId(new_id("pay"))
    record_payment(principal, payment, account, amount, method=Method.TERMINAL, invoice_ids=[invoice])
