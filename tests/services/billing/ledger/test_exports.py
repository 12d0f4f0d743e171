"""Export of ledger entries to the practice's own system: LEDG-5."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.billing import Payment, PostingExport
from portal_app.domain.access import system_principal
from portal_app.domain.billing.types import PaymentStatus
from portal_app.domain.money import Money
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.practice_system import ExportFolder
from portal_app.gateways.practice_system_fake import FakePracticeSystem
from portal_app.services.billing.ledger.entries import post_payment
from portal_app.services.billing.ledger.exports import TASK_AFTER_TRIES, deliver_exports
from tests.payments_helper import (
    balance,
    payment,
    set_practice,
    tasks,
)
from tests.people import (
    People,
)
from tests.services.billing.billing_helper import (
    PORTAL,
    paid,
    waiting_exports,
)


def test_ledg_5_an_unreachable_practice_system_gets_the_posting_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    system = FakePracticeSystem(away=True)
    row = paid(sample_people, processor, 25_00)
    assert payment(row).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(95_00)
    assert len(waiting_exports()) == 1
    assert deliver_exports(PORTAL, system=system) == 0
    assert deliver_exports(PORTAL, system=system) == 0  # its next try is in a minute
    assert len(system.asked) == 1
    system.away, system.forgets_to_answer = False, True
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        assert deliver_exports(PORTAL, system=system) == 0
    system.forgets_to_answer = False
    with clock.held_at(clock.now() + timedelta(hours=1)):
        assert deliver_exports(PORTAL, system=system) == 1
        assert deliver_exports(PORTAL, system=system) == 0
    assert len(set(system.asked)) == len(system.taken) == 1
    (entry,) = system.taken.values()
    assert (entry["amount"], entry["payment_id"], entry["guarantor_chart_number"]) == (
        "-25.00",
        row,
        "C-0001",
    )
    assert entry["receipt_number"] == payment(row).receipt_number


def test_ledg_5_staff_are_told_when_it_stays_unreachable(
    sample_people: People, processor: FakeProcessor
) -> None:
    system = FakePracticeSystem(away=True)
    paid(sample_people, processor, 25_00)
    for day in range(1, TASK_AFTER_TRIES + 1):
        with clock.held_at(clock.now() + timedelta(days=day)):
            deliver_exports(PORTAL, system=system)
    assert tasks() == ["export_stuck"]


def test_ledg_5_a_folder_receives_an_entry_once_and_whole(
    sample_people: People, processor: FakeProcessor, tmp_path: Path
) -> None:
    folder = ExportFolder(tmp_path / "exports")
    paid(sample_people, processor, 25_00)
    assert deliver_exports(PORTAL, system=folder) == 1
    with transaction(PORTAL) as tx:  # as after a crash between the file and our note of it
        for row in tx.exec(select(PostingExport)):
            row.sent_at, row.next_try_at = None, clock.now()
    assert deliver_exports(PORTAL, system=folder) == 1
    (file,) = folder.path.iterdir()
    assert file.read_text().count("\n") == 1
    assert '"amount": "-25.00"' in file.read_text()


def test_ledg_5_a_folder_that_cannot_be_written_loses_nothing(
    sample_people: People, processor: FakeProcessor, tmp_path: Path
) -> None:
    (tmp_path / "exports").write_text("not a folder")
    paid(sample_people, processor, 25_00)
    assert deliver_exports(PORTAL, system=ExportFolder(tmp_path / "exports")) == 0
    assert waiting_exports()[0].trouble


def test_entries_of_the_practices_own_import_are_not_exported(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    row = paid(sample_people, processor, 25_00)
    with transaction(system_principal("import")) as tx:
        assert post_payment(tx, tx.get_or_404(Payment, row, lock=True), from_practice_system=True)
    assert waiting_exports() == []
