"""Services about people: contact details, signing in, links, relations."""

from typing import Any

from portal_app.domain.credentials.types import Locked
from portal_app.domain.families import ContactKind, RelationKind
from portal_app.domain.money import Money
from portal_app.services.credentials import desk_codes, devices, passkeys, passwords, resets
from portal_app.services.links import action_links, pay_links
from portal_app.services.patients import change_requests, contact_details, grants, relations, search
from portal_app.services.patients.contact_details import Address
from portal_app.services.staff import tasks
from tests.attacks.everybody import TODAY
from tests.attacks.matrix.lines import (
    ACTS_FOR_EVA,
    ACTS_FOR_MARIA,
    EDITS,
    HAS_A_SIGN_IN,
    NOBODY,
    SEES_BILLING,
    SEES_PATIENTS,
    SHARES,
    Ask,
    Line,
)
from tests.payments_helper import new_payment
from tests.people import EVA, IVY, MARIA, NINA, OSCAR

FIRST, LAST = TODAY.replace(day=1), TODAY
AMOUNT = Money(20_00)


AMOUNT = Money(20_00)
LINES: list[Line] = []


def line(what: str, whom: str, ask: Ask) -> None:
    LINES.append(Line(what, ask, frozenset(whom.split())))


# Contact details, of Maria, of a child, of who is old enough to have their own
_ADDRESS = Address(line1="1 Evil Lane")


def change_contact(of: Any) -> Ask:
    return lambda p, s: contact_details.change_contact(p, of.id, ContactKind.EMAIL, "evil@example.com")


line("patients.change_contact", ACTS_FOR_MARIA, change_contact(MARIA))
line("patients.change_contact of Eva", ACTS_FOR_EVA, change_contact(EVA))
line("patients.change_contact of Nina", "nina", change_contact(NINA))
line("patients.change_contact of Ivy", "ivy", change_contact(IVY))
line(
    "patients.remove_contact",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.remove_contact(p, s.contact),
)
line(
    "patients.change_address",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.change_address(p, MARIA.id, _ADDRESS),
)
line(
    "patients.change_address of Nina",
    "nina",
    lambda p, s: contact_details.change_address(p, NINA.id, _ADDRESS),
)
line(
    "patients.set_preferences",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.set_preferences(p, MARIA.id, by_email=True, by_text=False, language="es"),
)
line(
    "patients.ask_for_change",
    ACTS_FOR_MARIA,
    lambda p, s: contact_details.ask_for_change(p, MARIA.id, Locked.NAME, "Marie"),
)
line("patients.contacts_of", ACTS_FOR_MARIA, lambda p, s: grants.contacts_of(p, MARIA.id))
line("patients.contacts_of Eva", ACTS_FOR_EVA, lambda p, s: grants.contacts_of(p, EVA.id))
line("patients.stop_sharing", NOBODY, lambda p, s: grants.stop_sharing(p, "wsh_" + "9" * 32))
line(
    "patients.apply_change",
    EDITS,
    lambda p, s: change_requests.apply_change(p, s.task, given_name="Mary", family_name="Rivera"),
)
line("patients.dismiss_change", EDITS, lambda p, s: change_requests.dismiss_change(p, s.task))
line("staff.finish_task", SEES_PATIENTS, lambda p, s: tasks.finish_task(p, s.task))
line("patients.find_patient", SEES_PATIENTS, lambda p, s: search.find_patient(p, MARIA.id))


# Signing in as Maria
line("credentials.end_device", ACTS_FOR_MARIA, lambda p, s: devices.end_device(p, s.device))
line("credentials.rename_passkey", NOBODY, lambda p, s: passkeys.rename_passkey(p, "psk_x", "x"))
line("credentials.remove_passkey", HAS_A_SIGN_IN, lambda p, s: passkeys.remove_passkey(p, "psk_x"))
line("credentials.unlock_sign_in", EDITS, lambda p, s: passwords.unlock_sign_in(p, MARIA.id, "seen"))
line("credentials.start_reset", EDITS, lambda p, s: resets.start_reset(p, MARIA.id, "seen"))
line("credentials.waiting_reset", EDITS, lambda p, s: resets.waiting_reset(p, MARIA.id))
line("credentials.stop_reset", NOBODY, lambda p, s: resets.stop_reset(p, MARIA.id))
line("credentials.print_desk_code", SHARES, lambda p, s: desk_codes.print_desk_code(p, MARIA.id))
line("links.list_links", SHARES, lambda p, s: action_links.list_links(p, MARIA.id))
line("links.revoke_link", SEES_BILLING, lambda p, s: action_links.revoke_link(p, s.link))
line("links.make_pay_link", SEES_BILLING, lambda p, s: pay_links.make_pay_link(p, s.invoice))
line("links.send_pay_link", SEES_BILLING, lambda p, s: pay_links.send_pay_link(p, s.invoice))
line("links.open_pay_links", SEES_BILLING, lambda p, s: pay_links.open_pay_links(p, s.invoice))
line(
    "links.pay_linked_invoice",
    NOBODY,  # but a session of an open link: tests/services/links/test_pay_links.py
    lambda p, s: pay_links.pay_linked_invoice(
        p, new_payment(), AMOUNT, token="ctoken_visa", processor=s.processor
    ),
)
line(
    "links.confirm_linked_payment",
    NOBODY,
    lambda p, s: pay_links.confirm_linked_payment(p, s.payment, processor=s.processor),
)
line(
    "links.cancel_linked_payment",
    NOBODY,
    lambda p, s: pay_links.cancel_linked_payment(p, s.payment, processor=s.processor),
)
line("links.view_linked_receipt", NOBODY, lambda p, s: pay_links.view_linked_receipt(p, s.payment))
line("links.send_access_link", SHARES, lambda p, s: action_links.send_access_link(p, MARIA.id))


# Who acts for whom
line("patients.view_family", "olga", lambda p, s: relations.view_family(p, MARIA.id))
line(
    "patients.add_relation",
    "olga",
    lambda p, s: relations.add_relation(p, NINA.id, OSCAR.id, RelationKind.PARENT),
)
line("patients.end_relation", "olga", lambda p, s: relations.end_relation(p, s.relation))
line(
    "patients.mark_dependent",
    "olga",
    lambda p, s: relations.mark_dependent(p, IVY.id, OSCAR.id, "he pays"),
)
line("patients.unmark_dependent", "olga", lambda p, s: relations.unmark_dependent(p, s.mark))
