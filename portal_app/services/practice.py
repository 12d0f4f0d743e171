"""The practice as everybody sees it, and who is looking."""

from dataclasses import dataclass, field

from portal_app.db.scope import Tx, reading
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Principal, the_portal


@dataclass(frozen=True, slots=True)
class PracticeView:
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""  # one line
    hours: dict[str, str] = field(default_factory=dict)  # language → words
    online_payments: bool = False


@dataclass(frozen=True, slots=True)
class FrameView:
    """What stands round the page of somebody who is signed in."""

    practice: PracticeView
    given_name: str
    full_name: str

    @property
    def initials(self) -> str:
        words = self.full_name.split()
        return "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def view_practice(principal: Principal) -> PracticeView:
    """Name and ways to reach it: public, so anybody may ask."""
    with reading(principal) as tx:
        return _practice(tx)


def view_frame(principal: Principal) -> FrameView:
    with reading(principal) as tx:
        practice = _practice(tx)
        if principal.patient_id:
            person = tx.find(Patient, principal.patient_id)
            return FrameView(practice, person.given_name, f"{person.given_name} {person.family_name}")
    return FrameView(practice, *_staff_name(principal))


def _staff_name(principal: Principal) -> tuple[str, str]:
    if not principal.staff_id:
        return "", ""
    with reading(the_portal("frame")) as tx:
        name = tx.find(StaffMember, principal.staff_id).name
        return name.partition(" ")[0], name


def _practice(tx: Tx) -> PracticeView:
    row = tx.get(Practice, "practice")
    if row is None:
        return PracticeView()
    town = " ".join(word for word in (row.city, row.region, row.postal_code) if word)
    address = ", ".join(part for part in (row.line1, row.line2, town) if part)
    return PracticeView(row.name, row.phone, row.email, address, row.opening_hours, row.online_payments)
