"""What patients read of their bills."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Invoice
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import InvoiceStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AccountId, new_id
from portal_app.domain.money import Money
from portal_app.services.billing.invoices.read import list_invoices, view_invoice
from portal_app.services.billing.invoices.shared_invoices import list_shared_invoices
from tests import people
from tests.people import People, add_invoice


def test_maria_sees_her_own_and_her_childrens_invoices_and_none_of_luis(sample_people: People) -> None:
    add_invoice(people.RIVERA, (people.EVA, "Sealant", 40_00), (people.TIM, "Sealant", 40_00), number="INV-2")
    seen = list_invoices(sample_people.maria)
    assert [row.number for row in seen.rows] == ["INV-2", "INV-1001"]
    assert seen.rows[0].people == ("Eva", "Tim")
    assert seen.rows[0].more_lines == 1
    assert (seen.owed, seen.owed_count) == (Money(200_00), 2)
    assert {name for _, name in seen.people} == {"Maria", "Eva", "Tim", "Tom"}


def test_all_14_a_draft_is_no_invoice_yet(sample_people: People) -> None:
    draft = add_invoice(people.RIVERA, (people.EVA, "X", 40_00), status=InvoiceStatus.DRAFT)
    assert list_invoices(sample_people.maria).count == 1
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, draft)


def test_dep_4_lines_of_somebody_she_may_not_see_read_services(sample_people: People) -> None:
    invoice = add_invoice(people.PARK, (people.NINA, "Consultation", 80_00))
    row = list_invoices(sample_people.rosa).rows[0]
    assert (row.title, row.people, row.due) == ("", (), Money(80_00))
    view = view_invoice(sample_people.rosa, invoice)
    assert view.lines[0].description == view.lines[0].person == view.provider == ""
    assert view.lines[0].service_date is None
    assert view.payability.payable == Money(80_00)


def test_what_waits_is_listed_as_it_is_paid_9_before_10(sample_people: People) -> None:
    days = {"issued": date(2026, 5, 1), "due": date(2026, 5, 20)}
    for number in ("INV-10", "INV-9"):
        add_invoice(people.RIVERA, (people.MARIA, "Visit", 10_00), number=number, **days)
    waiting = [row.number for row in list_invoices(sample_people.maria).waiting]
    assert waiting == ["INV-9", "INV-10", "INV-1001"]
    helper = replace(sample_people.kim, granted_accounts=frozenset({people.RIVERA}))
    assert [invoice.number for invoice in list_shared_invoices(helper)] == waiting


def test_all_15_luis_invoice_does_not_exist_for_maria(sample_people: People) -> None:
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, people.LUIS_INVOICE)


def test_the_list_goes_page_by_page_and_filters_by_person_and_state(sample_people: People) -> None:
    for n in range(25):
        add_invoice(people.RIVERA, (people.EVA, "Visit", 10_00), number=f"E-{n:02}")
    first = list_invoices(sample_people.maria)
    assert (len(first.rows), first.pages, first.count) == (20, 2, 26)
    assert len(list_invoices(sample_people.maria, page=2).rows) == 6
    assert list_invoices(sample_people.maria, patient_id=people.EVA.id).count == 25
    assert list_invoices(sample_people.maria, patient_id=people.LUIS.id).count == 0
    assert list_invoices(sample_people.maria, show="paid").count == 0


def test_what_waits_stands_first_oldest_due_first_and_says_how_many_there_are(sample_people: People) -> None:
    for n in range(25):
        add_invoice(
            people.RIVERA, (people.EVA, "Visit", 10_00), number=f"E-{n:02}", due=date(2025, 9, 30 - n)
        )
    every = list_invoices(sample_people.maria, show="settled")
    assert [row.number for row in every.waiting[:2]] == ["E-24", "E-23"]
    assert (len(every.waiting), every.waiting_count, every.rows) == (20, 26, ())
    of_eva = list_invoices(sample_people.maria, patient_id=people.EVA.id)
    assert (len(of_eva.waiting), of_eva.waiting_count) == (20, 25)
    of_tim = list_invoices(sample_people.maria, patient_id=people.TIM.id)
    assert (of_tim.waiting, of_tim.waiting_count) == ((), 0)


@pytest.mark.loose_rows
def test_a_list_of_thousands_is_not_counted_to_its_end(sample_people: People) -> None:
    add_many(people.OKAFOR, 560)
    first = list_invoices(sample_people.kim)
    assert (len(first.rows), first.page, first.pages) == (20, 1, 26)  # 25 and more
    assert list_invoices(sample_people.kim, page=4).pages == 29  # all of them are within sight
    last = list_invoices(sample_people.kim, page=1000)
    assert (len(last.rows), last.page, last.pages, last.count) == (1, 29, 29, 561)
    waiting = list_invoices(sample_people.kim, show="to_pay")
    assert (waiting.owed_count, waiting.pages) == (561, 26)
    assert list_invoices(sample_people.kim, show="settled").count == 0


def add_many(account: AccountId, invoices: int) -> None:
    day = clock.today()
    facts = {"account_id": account, "status": InvoiceStatus.OPEN, "issue_date": day, "due_date": day}
    facts |= {"total": Money(10_00), "adjusted": Money(0), "allocated": Money(0), "note": ""}
    rows = [
        facts | {"id": new_id("inv"), "number": f"M-{n:04}", "created_at": clock.now(), "issued_at": None}
        for n in range(invoices)
    ]
    with transaction(system_principal("test")) as tx:
        tx.bulk_insert(Invoice, rows)


@pytest.mark.loose_rows
def test_each_filter_shows_what_its_name_says(sample_people: People) -> None:
    invoices = {status: add_invoice(people.OKAFOR, (people.KIM, "Visit", 10_00)) for status in InvoiceStatus}
    with transaction(system_principal("test")) as tx:
        for status, id_ in invoices.items():
            tx.get_or_404(Invoice, id_).status = status
    names = {id_: status for status, id_ in invoices.items()}

    def shown(show: str) -> set[InvoiceStatus]:
        return {names[row.id] for row in list_invoices(sample_people.kim, show=show).rows if row.id in names}

    drafts, waiting = {InvoiceStatus.DRAFT}, {InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID}
    assert shown("all") == set(InvoiceStatus) - drafts
    assert shown("to_pay") == waiting
    assert shown("paid") == {InvoiceStatus.PAID}
    assert shown("settled") == set(InvoiceStatus) - drafts - waiting


def test_the_same_question_asked_by_many_at_once_shows_each_their_own(sample_people: People) -> None:
    askers = {"INV-1001": sample_people.maria, "INV-1002": sample_people.luis, "INV-1003": sample_people.kim}

    def look(n: int) -> bool:
        number = sorted(askers)[n % 3]
        return [row.number for row in list_invoices(askers[number]).rows] == [number]

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(look, range(90)))
    assert list_invoices(sample_people.nora).count == 3
    assert list_invoices(sample_people.oscar).count == 0
