"""The receipt for the year of memberships, as PDF, in the reader's language, with the figures of the page."""

from typing import Any

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Principal
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, PatientId
from portal_app.i18n import full_date_text, money_text, translate
from portal_app.services.documents.document import Document, note_staff, render
from portal_app.services.documents.letterhead import address_of, column, letterhead, table_of
from portal_app.services.memberships.receipts.year import (
    MembershipYear,
    PersonYear,
    membership_payments_of_year,
)


def membership_year_paper(
    principal: Principal,
    year: int,
    language: str,
    *,
    account_id: AccountId | None = None,
    patient_id: PatientId | None = None,
) -> Document:
    """The PDF of what was paid for memberships in a year, for everybody or for one person.

    Raises: NotFound for an account that is absent or not theirs, and for a person for whom nothing was paid.
    """
    view = membership_payments_of_year(principal, year, account_id=account_id)
    people = [one for one in view.people if patient_id in (None, one.patient_id)]
    if patient_id is not None and not people:
        raise NotFound
    with reading(principal) as tx:
        facts = letterhead(tx.get_or_404(Practice, "practice"), language)
        payer = tx.get(Patient, tx.get_or_404(Account, view.account_id).guarantor_id)
        facts["to"] = address_of(payer) if payer else []
    note_staff(principal, "read:membership_year", view.account_id)
    return render(f"membership-{year}", facts | membership_year_facts(view, people, language))


def membership_year_facts(view: MembershipYear, people: list[PersonYear], language: str) -> dict[str, Any]:
    """The PDF's data besides letterhead and address: a table for each person."""
    heading = translate(language, "Paid for memberships in {year}", year=str(view.year))
    only = [(translate(language, "Only for"), one.name) for one in people if len(people) < len(view.people)]
    paid = sum((one.paid for one in people), view.paid.zero())
    nothing = translate(language, "Nothing was paid for memberships in this year.")
    keep = translate(
        language, "Keep this for your health savings or flexible spending account, or your insurer."
    )
    return {
        "title": heading,
        "heading": heading,
        "facts": only,
        "tables": [_table(one, language) for one in people],
        "totals": [(heading, money_text(language, paid), True)],
        "notes": [keep if people else nothing],
    }


def _table(person: PersonYear, language: str) -> dict[str, Any]:
    columns = [
        column(translate(language, "Invoice")),
        column(translate(language, "Period"), wide=True),
        column(translate(language, "Amount paid"), right=True),
    ]
    rows = [
        [
            period.number,
            translate(
                language,
                "{first} to {last}",
                first=full_date_text(language, period.first),
                last=full_date_text(language, period.last),
            ),
            money_text(language, period.paid),
        ]
        for period in person.periods
    ]
    return table_of(f"{person.name}: {money_text(language, person.paid)}", columns, rows)
