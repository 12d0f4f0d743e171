"""The practice's facts and settings, and what the layout of a page shows of its viewer."""

from dataclasses import dataclass, field, replace

from portal_app.db.scope import Tx, reading
from portal_app.db.select import columns
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Principal, system_principal
from portal_app.domain.errors import NotFound
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import SETTINGS


@dataclass(frozen=True, slots=True)
class PracticeView:
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""  # one line
    hours: dict[str, str] = field(default_factory=dict)  # language → words
    online_payments: bool = False
    joins_online: bool = False  # people without an account may join on the page for it


@dataclass(frozen=True, slots=True)
class FrameView:
    """What stands round the page of somebody who is signed in."""

    practice: PracticeView
    given_name: str
    full_name: str
    sees: tuple[str, ...] = ()  # given names of those they act for, the eldest first

    @property
    def initials(self) -> str:
        words = self.full_name.split()
        return "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


_OTHERS = columns(Patient.id, Patient.given_name).order_by(Patient.birth_date, Patient.given_name)


def view_practice(principal: Principal) -> PracticeView:
    """Name and ways to reach it: public, so anybody may ask."""
    with reading(principal) as tx:
        return _practice(tx)


def view_frame(principal: Principal) -> FrameView:
    """What the frame of every page shows: the practice, and whom the viewer acts for."""
    with reading(principal) as tx:
        practice = _practice(tx)
        if principal.patient_id:
            person = tx.get_or_404(Patient, principal.patient_id)
            sees = tuple(name for id_, name in tx.exec(_OTHERS) if id_ != person.id)
            return FrameView(practice, person.given_name, person.full_name, sees)
    return FrameView(practice, *_staff_name(principal))


def _staff_name(principal: Principal) -> tuple[str, str]:
    if not principal.staff_id:
        return "", ""
    with reading(system_principal("frame")) as tx:
        name = tx.get_or_404(StaffMember, principal.staff_id).name
        return name.partition(" ")[0], name


def _practice(tx: Tx) -> PracticeView:
    row = tx.get(Practice, "practice")
    if row is None:
        return PracticeView()
    town = " ".join(word for word in (row.city, row.region, row.postal_code) if word)
    address = ", ".join(part for part in (row.line1, row.line2, town) if part)
    return PracticeView(
        row.name,
        row.phone,
        row.email,
        address,
        row.opening_hours,
        row.online_payments,
        joins_online(row),
    )


def joins_online(practice: Practice) -> bool:
    """Whether people without an account may join: the practice turned it on, and takes online payments."""
    return practice.online_payments and bool(SETTINGS["membership_join_online"].read(practice))


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


def forget() -> None:
    """Remember nothing of any database: it was replaced by another under the same address."""
    _known.clear()


_FRESH = columns(
    Practice.version, Practice.online_payments, Practice.post_automatically, Practice.minimum_payment
).where(Practice.id == "practice")


def practice(tx: Tx) -> PracticeFacts:
    """Facts as of now; what decides about money is read each time, the rest once a version."""
    fresh = tx.exec(_FRESH).first()
    if fresh is None:
        raise NotFound
    version, online, automatic, minimum = fresh
    address = str(tx.get_bind())
    known = _known.get(address)
    if known is None or known.version != version:
        known = _known[address] = _facts(tx.get_or_404(Practice, "practice"))
    if (known.online_payments, known.post_automatically, known.minimum_payment) != (
        online,
        automatic,
        minimum,
    ):
        known = replace(known, online_payments=online, post_automatically=automatic, minimum_payment=minimum)
    return known


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
