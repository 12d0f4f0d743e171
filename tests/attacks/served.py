"""The portal as it is served, a process of its own, with the cast in it and a session for everybody."""

import importlib
import inspect
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from reflex_base.registry import RegistrationContext
from sqlmodel import col, select, update

from portal_app import clock
from portal_app.db import engine as db_engine
from portal_app.db.scope import transaction
from portal_app.db.tables.credentials import GrantRequest
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.domain.access import Side
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import PlanId, new_id
from portal_app.domain.practice_settings import SETTINGS
from portal_app.domain.sign_in import session_ref
from portal_app.services.patients import access
from portal_app.services.practice import facts
from portal_app.settings import settings
from tests import people
from tests.attacks.everybody import (
    EVERYBODY,
    STAFF,
    TEST,
    open_sessions,
    scope_of,
    session,
    session_device,
    set_the_stage,
)
from tests.attacks.wire import ROOT, Caller
from tests.conftest import NOON
from tests.e2e.portal import KEY, Portal
from tests.memberships_helper import add_plan
from tests.people import People, add_invoice, add_payment, add_payment_method
from tests.services.credentials_helper import make_link

importlib.import_module("portal_app.pages")
ALL = RegistrationContext.get().event_handlers
EVIL = "evil@example.com"
JOINED_PLAN = "Open plan"


@dataclass(frozen=True)
class Things:
    """Ids of one person's things, as somebody may have come by them."""

    patient: str
    account: str
    invoice: str
    payment: str
    source: str
    contact: str
    link: str
    wish: str
    device: str
    task: str
    relation: str
    mark: str
    refund: str
    plan: str  # that anybody may join online

    def argument(self, name: str) -> str:
        """What a handler's argument of that name would be given."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        known |= {"mark_id": self.mark, "request": self.task, "message_id": "msg_" + "9" * 32, "on": True}
        return known.get(name, "x")

    def form(self) -> dict[str, str]:
        """Every field that any form has."""
        forms = "\n".join(path.read_text() for path in Path("portal_app/state").rglob("*.py"))
        names = set(re.findall(r'form(?:\.get\(|\[)"(\w+)"', forms)) - {"note", "reason"}
        assert len(names) > 30
        typed = {
            "amount": "20.00",
            "how_much": "part",
            "email": EVIL,
            "contact": EVIL,
        }
        born = {"born_day": "1", "born_month": "1", "born_year": "1990"}
        return {name: typed.get(name) or self.argument(name) for name in names} | born

    def path(self, handler: str, *, framed: bool) -> str:
        """The page that a handler is asked on, with these ids wherever a page has one."""
        pages = {
            "invoice_state": f"/invoices/{self.invoice}",
            "patient_state": f"/staff/patients/{self.patient}",
        }
        page = pages.get(state_of(handler), "/invoices")
        one = self.payment if "receipt" in handler else self.patient
        asked = f"id={one}&person={self.patient}&account={self.account}&patient={self.patient}"
        asked += f"&invoice={self.invoice}&payment={self.payment}"
        return f"{'/embed' if framed else ''}{page}?{asked}"


@dataclass(frozen=True)
class Stage:
    """The served portal, and what was put into it."""

    portal: Portal
    marias: Things
    kims: Things
    # What only somebody who may see that person's … would ever be told.
    invoices: dict[str, frozenset[str]]
    services: dict[str, frozenset[str]]
    contacts: dict[str, frozenset[str]]

    @property
    def database(self) -> str:
        return database_of(self.portal)

    @contextmanager
    def looked_into(self) -> Iterator[None]:
        """Its database and its secret key, bound to this process."""
        forget()
        db_engine.bind(self.database)
        before = os.environ["PORTAL_SECRET_KEY"]
        use_key(KEY)
        try:
            yield
        finally:
            use_key(before)
            db_engine.dispose()
            db_engine.unbind()
            forget()


def use_key(key: str) -> None:
    os.environ["PORTAL_SECRET_KEY"] = key
    settings.cache_clear()


def forget() -> None:
    access.forget()
    facts.forget()


def sign_in_again() -> None:
    """Whoever was signed out by somebody's button."""
    with transaction(TEST) as tx:
        tx.exec(update(PortalSession).values(revoked_at=None))


def caller(name: str) -> Caller:
    """Each from an address of their own, through the proxy that the portal trusts."""
    address = f"198.51.100.{1 + sorted(EVERYBODY).index(name)}"
    if name in ("nobody", "payer"):
        return Caller(address=address)
    side = Side.STAFF if name in STAFF else Side.PATIENT
    return Caller(f"cookie-of-{name}", side, scope_of(name), address)


def newcomer(name: str) -> Caller:
    """The same person anew: nothing that was tried before counts against them."""
    who = caller(name)
    if not who.cookie:
        return replace(who, address="203.0.113.200")
    again = replace(who, cookie=f"another-{secrets.token_hex(16)}")
    person = EVERYBODY[name]
    whose = {"staff_id": person.staff_id} if name in STAFF else {"patient_id": person.patient_id}
    with transaction(TEST) as tx, clock.held_at(NOON):
        tx.add(session(session_ref(again.cookie, who.scope), scope=who.scope, **whose))
    return again


def database_of(portal: Portal) -> str:
    return portal.settings.get("DATABASE_URL") or f"sqlite:///{portal.folder / 'portal.db'}"


def set_up(portal: Portal) -> Stage:
    """Into the migrated database of a portal that is not yet running."""
    forget()
    db_engine.bind(database_of(portal))
    with clock.held_at(NOON):
        People.create()
        first = set_the_stage()
        open_sessions(lambda name: session_ref(f"cookie-of-{name}", scope_of(name)))
        invoices, services = {}, {}
        for number, who in enumerate(
            (p for p in people.EVERYBODY if p.given_name not in ("Eva", "Tim", "Tom")), 2
        ):
            minor = 100_000 * number + 1_019
            invoice = add_invoice(
                who.account, (who, f"Zircon {who.given_name}", minor), number=f"CANARY-{number}"
            )
            invoices[who.given_name.lower()] = frozenset(
                {invoice, f"CANARY-{number}", f"{minor // 100:,}.{minor % 100}"}
            )
            services[who.given_name.lower()] = frozenset({f"Zircon {who.given_name}"})
        plan = _open_joining()
        marias = Things(
            people.MARIA.id, people.RIVERA, first.invoice, first.payment, people.VISA, first.contact, first.link,
            _wish(), first.device, first.task, first.relation, first.mark, first.refund, plan,
        )  # fmt: skip
        kims = _kims(plan)
        contacts = _contacts()
    db_engine.dispose()
    db_engine.unbind()
    forget()
    return Stage(portal, marias, kims, invoices, services, contacts)


def _open_joining() -> PlanId:
    """The practice lets anybody join a plan online: without that, all that joins says only that it is off."""
    with transaction(TEST) as tx:
        SETTINGS["membership_join_online"].write(tx.get_or_404(Practice, "practice"), True)
    return add_plan(JOINED_PLAN, joined_online=True)


def _wish() -> str:
    """Maria shares something with somebody the practice does not know."""
    wish = GrantRequest(
        id=new_id("shr"),
        patient_id=people.MARIA.id,
        kind=GrantKind.CONTACT,
        given_name="Uma",
        family_name="Quist",
        name_key="uma quist",
        birth_date=people.LUIS.birth_date,
        created_at=clock.now(),
    )
    with transaction(TEST) as tx:
        return tx.add(wish).id


def _kims(plan: PlanId) -> Things:
    invoice = people.KIM_INVOICE
    payment = add_payment(invoice, 10_00, posted=False)
    source = add_payment_method(people.OKAFOR)
    link = make_link(People.olga, Purpose.PAY, invoice).id
    with transaction(TEST) as tx:
        tx.add(session("kim-there", patient_id=people.KIM.id))
        mine = col(ContactPoint.patient_id) == people.KIM.id
        point = tx.exec(select(ContactPoint.id).where(mine)).first()
    assert point
    nothing = "9" * 32
    return Things(
        people.KIM.id, people.OKAFOR, invoice, payment, source, point, link, f"shr_{nothing}",
        session_device("kim-there"), f"tsk_{nothing}", f"rel_{nothing}", f"mrk_{nothing}", f"ref_{nothing}", plan,
    )  # fmt: skip


def _contacts() -> dict[str, frozenset[str]]:
    """An address of one's own, and the email and phone of one's family."""
    found = {}
    with transaction(TEST) as tx:
        for who in people.EVERYBODY:
            row = tx.get_or_404(Patient, who.id, lock=True)
            row.line1, row.city, row.region, row.postal_code = (
                f"7 {who.given_name} Alley",
                "Troy",
                "NY",
                "12180",
            )
            points = tx.exec(select(ContactPoint.value).where(col(ContactPoint.patient_id) == who.id)).all()
            found[who.given_name.lower()] = frozenset({row.line1, *points})
    return found


def changes(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Rows that came, went or changed (then twice), but for what Stripe's simulator tells meanwhile."""
    return [
        (table, row)
        for table in after
        if table != "received_webhook"
        for row in sorted(set(after[table]) ^ set(before[table]))
    ]


def state_of(handler: str) -> str:
    return handler.rsplit(".", 2)[-2].rpartition("____")[2]


def short(handler: str) -> str:
    return f"{state_of(handler)}.{handler.rpartition('.')[2]}"


def arguments(handler: str, things: Things) -> dict[str, Any]:
    """Of the right kinds, about somebody else's things."""
    inner = inspect.unwrap(ALL[handler].handler.fn)
    given: dict[str, Any] = {}
    for parameter in list(inspect.signature(inner).parameters.values())[1:]:
        kind = parameter.annotation
        given[parameter.name] = things.form() if "dict" in str(kind) else things.argument(parameter.name)
    return given


def said(deltas: dict[str, dict[str, Any]]) -> str:
    """All that a page was told, but for the address that it gave itself.

    In the demo everybody reads what was sent, which is what it is for; elsewhere the service refuses.
    """
    told = {
        state: {name: value for name, value in values.items() if not name.startswith("rx_router")}
        for state, values in deltas.items()
        if not (state == ROOT or state.endswith("outbox_state"))
    }
    return repr(told)
