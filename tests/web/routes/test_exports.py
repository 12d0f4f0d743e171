"""The practice's CSV: for whom, and safe in a spreadsheet."""

import asyncio
import csv
import io
from datetime import date

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import PaymentStatus
from portal_app.visitor import Visitor
from portal_app.web.routes import exports
from tests.memberships_helper import add_membership, add_plan
from tests.people import INVOICE, KIM, KIM_INVOICE, MARIA, OKAFOR, RIVERA, People, add_payment
from tests.web.routes.test_documents import signed_in

PATH = "/staff/export/transactions.csv"
MEMBERSHIPS = "/staff/export/memberships.csv"


def get(query: str = "", *, patient: str = "", staff: str = "", path: str = PATH) -> httpx.Response:
    who = {"authorization": Visitor(patient, staff, "127.0.0.1").header()}

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=exports.routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path + query, headers=who)

    return asyncio.run(asked())


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_billing_takes_the_list_along_as_it_was_searched(sample_people: People) -> None:
    add_payment(INVOICE, 50_00)
    add_payment(KIM_INVOICE, 7_00, status=PaymentStatus.FAILED)
    answer = get("?kind=payment&q=rivera", staff=signed_in(staff=sample_people.nora.staff_id))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"].endswith('"transactions-2026-06-15.csv"')
    (row,) = rows(answer)
    assert (row["name"], row["amount"], row["credit"], row["debit"]) == ("Maria Rivera", "50.00", "50.00", "")
    assert (row["invoices"], row["status"], row["time"]) == ("INV-1001", "succeeded", "12:00")


def test_what_brought_no_money_is_in_no_sum(sample_people: People) -> None:
    add_payment(KIM_INVOICE, 7_00, status=PaymentStatus.FAILED)
    (row,) = rows(get("?kind=payment", staff=signed_in(staff=sample_people.nora.staff_id)))
    assert (row["amount"], row["credit"], row["debit"]) == ("7.00", "", "")


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("x")']
)
def test_no_cell_is_taken_for_a_formula(sample_people: People, evil: str) -> None:
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Patient, KIM.id, lock=True).given_name = evil
    found = rows(get("?kind=charge", staff=signed_in(staff=sample_people.nora.staff_id)))
    assert any(row["name"] == f"'{evil} Okafor" for row in found)
    for row in found:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


def test_nobody_without_the_permission_takes_it_along(sample_people: People) -> None:
    assert get().status_code == 401
    assert get(patient=signed_in(MARIA.id)).status_code == 401
    assert get(staff=signed_in(MARIA.id)).status_code == 401
    assert get(staff=signed_in(staff=sample_people.dana.staff_id)).status_code == 403


@pytest.mark.parametrize("query", ["?kind=x", "?status=x", "?account=x", "?from=yesterday", "?to=2026-13-01"])
def test_an_address_that_makes_no_sense_is_refused(sample_people: People, query: str) -> None:
    assert get(query, staff=signed_in(staff=sample_people.nora.staff_id)).status_code == 400


@pytest.mark.parametrize(
    "query", ["?q=%00rivera", "?q=%1b", "?from=0001-01-01&to=9999-12-31", "?q=%25", "?q=_"]
)
def test_an_odd_address_is_answered_on_every_database(sample_people: People, query: str) -> None:
    """PostgreSQL cannot keep a zero in a text, and no calendar has a day after its last."""
    add_payment(INVOICE, 50_00)
    answer = get(query, staff=signed_in(staff=sample_people.nora.staff_id))
    assert answer.status_code == 200
    assert bool(rows(answer)) is (query not in ("?q=%25", "?q=_"))


def test_the_list_of_memberships_is_taken_along_as_it_was_searched(sample_people: People) -> None:
    plan = add_plan("Care")
    add_membership(RIVERA, plan, [MARIA.id], start=date(2026, 7, 1))
    add_membership(OKAFOR, add_plan("Other"), [KIM.id])
    with transaction(system_principal("test")) as tx:
        tx.get_or_404(Patient, MARIA.id, lock=True).given_name = "=1+1"
    nora = signed_in(staff=sample_people.nora.staff_id)
    answer = get(f"?plan={plan}&status=active", staff=nora, path=MEMBERSHIPS)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('"memberships-2026-06-15.csv"')
    (row,) = rows(answer)
    assert (row["paid_by"], row["plan"], row["amount"], row["currency"]) == (
        "'=1+1 Rivera",
        "Care",
        "80.00",
        "USD",
    )
    assert (row["next_bill_date"], row["autopay"], row["last_invoice"]) == ("2026-07-01", "no", "")
    with reading(system_principal("test")) as tx:
        noted = tx.exec(select(AuditEntry).where(AuditEntry.action == "export:memberships")).one()
        assert noted.details == {"rows": 1}


def test_nobody_without_the_permission_takes_memberships_along(sample_people: People) -> None:
    assert get(path=MEMBERSHIPS).status_code == 401
    assert get(path=MEMBERSHIPS, patient=signed_in(MARIA.id)).status_code == 401
    assert get(path=MEMBERSHIPS, staff=signed_in(staff=sample_people.dana.staff_id)).status_code == 403


@pytest.mark.parametrize("query", ["?status=x", "?plan=x", "?last=x", "?until=2026-13-01", "?account=x"])
def test_a_search_of_memberships_that_makes_no_sense_is_refused(sample_people: People, query: str) -> None:
    nora = signed_in(staff=sample_people.nora.staff_id)
    assert get(query, staff=nora, path=MEMBERSHIPS).status_code == 400
