"""The practice's own facts and settings, remembered per process until its version changes."""

from dataclasses import dataclass, replace

from sqlmodel import select

from portal_app.db.engine import engine
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal, the_portal
from portal_app.domain.errors import NotFound
from portal_app.domain.money import Money


@dataclass(frozen=True, slots=True)
class PracticeFacts:
    name: str
    phone: str
    email: str
    website: str
    address: tuple[str, ...]  # lines, as on an envelope
    paper: str  # "us-letter" or "a4"
    timezone: str
    currency: str
    locale: str
    dependent_age: int
    online_payments: bool
    post_automatically: bool
    minimum_payment: Money | None
    version: int


_known: dict[str, PracticeFacts] = {}  # by the database's address
_FRESH = select(
    Practice.version, Practice.online_payments, Practice.post_automatically, Practice.minimum_payment
).where(Practice.id == "practice")


def practice(tx: Tx | None = None) -> PracticeFacts:
    """Facts as of now; what decides about money is read each time, the rest once a version."""
    if tx is None:
        with reading(the_portal("practice")) as own:
            return practice(own)
    fresh = tx.exec(_FRESH).first()
    if fresh is None:
        raise NotFound
    version, online, automatic, minimum = fresh
    address = str(engine().url)
    known = _known.get(address)
    if known is None or known.version != version:
        known = _known[address] = _facts(tx.find(Practice, "practice"))
    if (known.online_payments, known.post_automatically, known.minimum_payment) != (
        online,
        automatic,
        minimum,
    ):
        known = replace(known, online_payments=online, post_automatically=automatic, minimum_payment=minimum)
    return known


def change_money_settings(
    principal: Principal,
    *,
    online_payments: bool,
    post_automatically: bool,
    minimum_payment: Money | None,
) -> PracticeFacts:
    """Who changed it is in the audit trail, under the row's name."""
    principal.require(Permission.MANAGE_SETTINGS)
    errand = replace(the_portal("settings"), name=principal.name, session_ref=principal.session_ref)
    with transaction(errand) as tx:
        row = tx.find(Practice, "practice", lock=True)
        row.online_payments = online_payments
        row.post_automatically = post_automatically
        row.minimum_payment = minimum_payment
        row.version += 1
    return practice()


def _facts(row: Practice) -> PracticeFacts:
    town = " ".join(
        part for part in (f"{row.city}," if row.city else "", row.region, row.postal_code) if part
    )
    return PracticeFacts(
        name=row.name,
        phone=row.phone,
        email=row.email,
        website=row.website,
        address=tuple(line for line in (row.line1, row.line2, town) if line),
        paper=row.paper,
        timezone=row.timezone,
        currency=row.currency,
        locale=row.locale,
        dependent_age=row.dependent_age,
        online_payments=row.online_payments,
        post_automatically=row.post_automatically,
        minimum_payment=row.minimum_payment,
        version=row.version,
    )
