"""The transactions page: search, filters, pages, export."""

from datetime import date, datetime, timedelta

import pytest

from portal_app import clock
from portal_app.domain.access import Permission, Principal
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.errors import PermissionDenied
from portal_app.domain.ids import RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.patient_billing import (
    find_patients,
    view_patient_billing,
)
from portal_app.services.billing.staff.transaction_rows import TransactionKind
from portal_app.services.billing.staff.transactions import (
    PAGE,
    TransactionFilter,
    TransactionSearch,
    export_transactions,
    search_transactions,
)
from tests.payments_helper import (
    payment,
    set_practice,
)
from tests.people import (
    KIM_INVOICE,
    MARIA,
    OKAFOR,
    RIVERA,
    People,
    add_payment,
)
from tests.services.billing.billing_helper import found, paid, trail


def test_every_kind_is_listed_newest_first(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 100_00)
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        refund_payment(
            sample_people.nora,
            RefundId(new_id("ref")),
            row,
            Money(30_00),
            processor=processor,
            void_charge=True,
        )
    rows = found(sample_people.nora, account_id=RIVERA)
    assert sorted(rows[:2]) == ["adjustment Maria Rivera -3000", "refund Maria Rivera -3000"]
    assert sorted(rows[2:]) == ["charge Maria Rivera 12000", "payment Maria Rivera 10000"]
    assert found(sample_people.nora, account_id=RIVERA, kind=TransactionKind.CHARGE) == [
        "charge Maria Rivera 12000"
    ]


def test_transactions_are_found_by_name_chart_invoice_and_receipt_number(
    sample_people: People, processor: FakeProcessor
) -> None:
    receipt = payment(paid(sample_people, processor, 50_00)).receipt_number or ""
    assert "payment Maria Rivera 5000" in found(sample_people.nora, text="rivera MAR")
    assert "payment Maria Rivera 5000" in found(sample_people.nora, text="c-0001")
    assert found(sample_people.nora, text="INV-1001", kind=TransactionKind.PAYMENT) == [
        "payment Maria Rivera 5000"
    ]
    assert found(sample_people.nora, text=receipt) == ["payment Maria Rivera 5000"]
    assert found(sample_people.nora, text=receipt[2:7].lower()) == ["payment Maria Rivera 5000"]
    assert found(sample_people.nora, text="rivera kim") == []


@pytest.mark.parametrize("text", ["%", "_", "INV_1001", "%Rivera%", "\\", "R-%", "'; drop table payment; --"])
def test_percent_and_underscore_are_searched_literally(
    sample_people: People, processor: FakeProcessor, text: str
) -> None:
    paid(sample_people, processor, 50_00)
    assert found(sample_people.nora, text=text) == []


def test_transactions_are_filtered_by_status_person_and_the_practices_days(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    paid(sample_people, processor, 20_00)
    add_payment(KIM_INVOICE, 5_00, status=PaymentStatus.FAILED)
    late = datetime(2026, 6, 14, 23, 30, tzinfo=clock.zone())  # the 15th in UTC
    add_payment(KIM_INVOICE, 7_00, at=late)
    assert found(sample_people.nora, state=TransactionFilter.TO_POST) == ["payment Maria Rivera 2000"]
    assert found(sample_people.nora, state=TransactionFilter.FAILED) == ["payment Kim Okafor 500"]
    assert found(
        sample_people.nora, account_id=OKAFOR, kind=TransactionKind.PAYMENT, first=date(2026, 6, 15)
    ) == ["payment Kim Okafor 500"]
    assert found(sample_people.nora, kind=TransactionKind.PAYMENT, last=date(2026, 6, 14)) == [
        "payment Kim Okafor 700"
    ]
    assert found(sample_people.nora, kind=TransactionKind.CHARGE, state=TransactionFilter.RECEIVED) == []
    assert search_transactions(sample_people.nora, TransactionSearch()).to_post == 1


def test_transactions_are_listed_page_by_page(sample_people: People) -> None:
    for number in range(PAGE + 3):
        add_payment(KIM_INVOICE, 10 + number, at=clock.now() - timedelta(minutes=number))
    first = search_transactions(sample_people.nora, TransactionSearch(kind=TransactionKind.PAYMENT))
    last = search_transactions(sample_people.nora, TransactionSearch(kind=TransactionKind.PAYMENT), page=99)
    assert (len(first.rows), first.pages, first.count) == (PAGE, 2, PAGE + 3)
    assert (len(last.rows), last.page) == (3, 2)
    assert not {row.id for row in first.rows} & {row.id for row in last.rows}


def test_transactions_need_the_permission_to_view_billing(sample_people: People) -> None:
    for who in (
        sample_people.maria,
        Principal("staff:x", sample_people.nora.side, frozenset({Permission.STAFF_SIGNED_IN})),
    ):
        with pytest.raises(PermissionDenied):
            search_transactions(who, TransactionSearch())
        with pytest.raises(PermissionDenied):
            find_patients(who, "rivera")
        with pytest.raises(PermissionDenied):
            view_patient_billing(who, MARIA.id)
        with pytest.raises(PermissionDenied):
            export_transactions(who, TransactionSearch())


def test_an_export_needs_its_permission_and_is_in_the_audit_trail(
    sample_people: People, processor: FakeProcessor
) -> None:
    paid(sample_people, processor, 20_00)
    with pytest.raises(PermissionDenied):
        export_transactions(sample_people.dana, TransactionSearch())
    rows = export_transactions(sample_people.nora, TransactionSearch(kind=TransactionKind.PAYMENT))
    assert [row.amount for row in rows] == [Money(20_00)]
    assert (sample_people.nora.name, "export:transactions") in trail()
