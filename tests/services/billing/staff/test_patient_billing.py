"""Billing of a patient as staff see it: search, account, one payment."""

import pytest

from portal_app.domain.access import Principal
from portal_app.domain.billing.errors import RefundTooLarge
from portal_app.domain.billing.types import RefundStatus
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PatientId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.refunds import refund_payment
from portal_app.services.billing.staff.patient_billing import (
    find_patients,
    view_patient_billing,
    view_payment,
)
from tests.people import (
    EVA,
    People,
)
from tests.services.billing.billing_helper import paid, trail


def test_ref_1_staff_see_what_may_still_be_refunded(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 100_00)
    assert view_payment(sample_people.nora, row).refundable == Money(100_00)

    def give_back(minor: int) -> None:
        refund_payment(
            sample_people.nora,
            RefundId(new_id("ref")),
            row,
            Money(minor),
            processor=processor,
            reason="Paid twice",
        )

    with pytest.raises(RefundTooLarge):
        give_back(100_01)
    give_back(30_00)
    detail = view_payment(sample_people.nora, row)
    assert (detail.refundable, detail.refunded) == (Money(70_00), Money(30_00))
    assert [(r.amount, r.status) for r in detail.refunds] == [(Money(30_00), RefundStatus.SUCCEEDED)]
    with pytest.raises(RefundTooLarge):
        give_back(70_01)
    give_back(70_00)
    assert view_payment(sample_people.nora, row).refundable == Money(0)
    assert ("staff:" + str(sample_people.nora.staff_id), "read:payment") in trail()


def test_patients_are_found_by_name_or_chart_number(sample_people: People) -> None:
    def names(who: Principal, text: str) -> list[str]:
        return [row.name for row in find_patients(who, text).rows]

    riveras = [f"{name} Rivera" for name in ("Eva", "Luis", "Maria", "Tim", "Tom")]
    assert names(sample_people.dana, "rivera") == riveras
    assert names(sample_people.dana, "C-0003") == ["Eva Rivera"]
    assert (
        names(sample_people.dana, "%")
        == names(sample_people.dana, "_")
        == names(sample_people.dana, " ")
        == []
    )
    eva = find_patients(sample_people.dana, "eva").rows[0]
    assert (eva.guarantor, eva.balance, eva.birth_date) == ("Maria Rivera", Money(120_00), EVA.birth_date)
    assert names(sample_people.nora, "rivera") == [
        "Luis Rivera",
        "Maria Rivera",
    ]  # guarantors: she reads no chart
    assert find_patients(sample_people.nora, "maria").rows[0].birth_date is None
    assert (sample_people.dana.name, "search:patients") in trail()


def test_reading_a_patients_account_is_in_the_audit_trail(sample_people: People) -> None:
    view = view_patient_billing(sample_people.dana, EVA.id)
    assert (view.guarantor, view.balance, view.owed) == ("Maria Rivera", Money(120_00), Money(120_00))
    assert [name for _, name in view.people] == ["Maria Rivera", "Tim Rivera", "Tom Rivera", "Eva Rivera"]
    assert (sample_people.dana.name, "read:billing") in trail()
    before = trail()
    view_patient_billing(sample_people.dana, EVA.id, note=False)
    assert trail() == before
    with pytest.raises(NotFound):
        view_patient_billing(sample_people.nora, EVA.id)
    with pytest.raises(NotFound):
        view_patient_billing(sample_people.dana, PatientId("pat_" + "9" * 32))
