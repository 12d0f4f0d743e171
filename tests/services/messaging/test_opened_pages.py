"""A message opens its thing: the address in it is that thing's page, in the reader's language."""

import re

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Side, system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.domain.sites.own_pages import own_page
from portal_app.services.messaging.outbox import write_message
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.types import opened_page

ID = "0" * 32
# A code is typed where it was asked for; a warning asks for a call, and shows no page to whoever is not the person.
# Who is refused cannot sign in.
OPEN_NOTHING = {
    "sign_in_code",
    "join_code",
    "join_refused",
    "sign_in_attacked",
    "staff_sign_in_attacked",
    "second_code",
    "contact_code",
    "contact_changed",
    "contact_added",
    "password_changed",
    "second_factor_changed",
    "recovery_code_used",
    "passkey_added",
    "passkey_removed",
    "reset_cancelled",
    "staff_password_changed",
    "staff_app_changed",
    "dependent_unmarked",
}
VALUES = {"number": "7", "amount": "$1.00", "date": "today", "card": "Visa"}
OF_THEIR_OWN = {"pay_link": "{link}", "access_link": "{link}", "reset_started": "{cancel}"}


@pytest.mark.parametrize("kind", sorted(TEMPLATES.keys() - OPEN_NOTHING - OF_THEIR_OWN.keys()))
def test_a_message_opens_a_page_by_email_and_by_text(kind: str):
    template = TEMPLATES[kind]
    assert "{portal}" in template.body, kind
    assert "{portal}" in template.sms, kind
    page = opened_page(template, f"inv_{ID}")
    side = Side.STAFF if page.startswith("/staff") else Side.PATIENT
    assert own_page(page, side) == page, f"{kind} opens {page}: no page that one may land on"


def test_the_others_carry_a_link_of_their_own_or_open_nothing():
    for kind, place in OF_THEIR_OWN.items():
        assert place in TEMPLATES[kind].body
        assert place in TEMPLATES[kind].sms
    for kind in OPEN_NOTHING:
        assert "{portal}" not in TEMPLATES[kind].body + TEMPLATES[kind].sms, kind
    assert OPEN_NOTHING | OF_THEIR_OWN.keys() <= TEMPLATES.keys()


@pytest.mark.parametrize(("language", "prefix"), [("en", ""), ("es", "/es")])
@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("invoice_issued", f"/invoices/inv_{ID}"),
        ("overdue", f"/invoices/inv_{ID}"),
        ("payment_failed", f"/invoices/inv_{ID}"),
        ("receipt", f"/receipt?id=inv_{ID}"),
        ("card_expiring", "/payment-options"),
        ("sharing_changed", "/members/sharing"),
    ],
)
@pytest.mark.usefixtures("sample_people")
def test_the_address_is_in_the_readers_language(kind: str, page: str, language: str, prefix: str):
    with transaction(system_principal("test")) as tx:
        for channel, to in ((ContactKind.EMAIL, "kim@example.com"), (ContactKind.PHONE, "+12125550145")):
            write_message(
                tx,
                kind,
                once=new_id("say"),
                to_contact=(channel, to),
                language=language,
                values=VALUES,
                about=f"inv_{ID}",
            )
    with reading(system_principal("test")) as tx:
        bodies = [row.body for row in tx.exec(select(OutboxMessage)).all()]
    assert len(bodies) == 2
    for body in bodies:
        assert re.search(rf"https?://[^/\s]+{re.escape(prefix + page)}(\s|$|\.)", body), body


def test_what_is_about_several_things_opens_their_list():
    assert opened_page(TEMPLATES["payment_failed"], "") == "/invoices"
