"""What fills the placeholders of a text: facts without a language, and the same as a reader's language writes them."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import select

from portal_app.clock import local_date, today
from portal_app.db.scope import Tx
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.memberships import Membership
from portal_app.domain.errors import UserError
from portal_app.domain.ids import PatientId
from portal_app.domain.money import Money
from portal_app.i18n import full_date_text, money_text
from portal_app.services.memberships.autopay.standing import standings_of
from portal_app.services.memberships.load import LoadedMembership, load_membership
from portal_app.services.memberships.renewals.offer import view_renewal
from portal_app.services.practice.facts import practice

Facts = dict[str, str]


def read_facts(
    tx: Tx, patient_id: PatientId, membership_id: str, asked_at: datetime, *, renewing: bool = False
) -> Facts:
    """The facts of a patient, in a transaction that sees them, their guarantor and the members of the membership.

    The date is the day on which the agreement was asked for. Plan and price are missing without a membership.
    `renewing`: the price is that of the term that is offered.
    """
    person = tx.get_or_404(Patient, patient_id)
    account = tx.get_or_404(Account, person.account_id)
    facts = {
        "patient": person.full_name,
        "guarantor": tx.get_or_404(Patient, account.guarantor_id).full_name,
        "practice": practice(tx).name,
        "date": local_date(asked_at).isoformat(),
    }
    row = tx.exec(select(Membership).where(Membership.id == membership_id)).first() if membership_id else None
    return facts | _of_membership(tx, row, renewing=renewing) if row else facts


def _of_membership(tx: Tx, row: Membership, *, renewing: bool) -> Facts:
    """The plan, and what a period costs; no price where the rules give none."""
    membership = load_membership(tx, row)
    if renewing:
        offered = view_renewal(membership, standings_of(tx, [row])[row.id]).price
        price = offered.amount if offered else None
    else:
        price = _next_price(membership)
    facts = {"plan": membership.last_plan.name}
    return facts | {"price": f"{price.minor} {price.currency}"} if price else facts


def _next_price(membership: LoadedMembership) -> Money | None:
    """The price on the next bill date."""
    try:
        return membership.agreed.price_on(membership.next_bill_date(today()) or today()).amount
    except UserError:
        return None


def shown_values(language: str, facts: Mapping[str, str]) -> dict[str, str]:
    """The facts as a language writes them."""
    values = dict(facts)
    if "date" in facts:
        values["date"] = full_date_text(language, date.fromisoformat(facts["date"]))
    if "price" in facts:
        minor, _, currency = facts["price"].partition(" ")
        values["price"] = money_text(language, Money(int(minor), currency))
    return values
