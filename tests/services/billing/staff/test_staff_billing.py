"""What the desk does with money: finds, posts, refunds, records, bills; what it may not; who is told."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.audit import AuditEntry
from portal_app.db.tables.billing import Invoice, LedgerEntry, Payment, PostingExport
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.billing.types import EntryKind, InvoiceStatus, Method, PaymentStatus, RefundStatus
from portal_app.domain.errors import NotFound, PermissionDenied, UserError
from portal_app.domain.ids import InvoiceId, PatientId, PaymentId, RefundId, new_id
from portal_app.domain.money import Money
from portal_app.gateways.payments import Outcome, RefundFacts
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.gateways.practice_system import ExportFolder
from portal_app.gateways.practice_system_fake import FakePracticeSystem
from portal_app.services.billing.accounts import use_credit
from portal_app.services.billing.invoices.issue import create_invoice, send_invoice, void_invoice, write_off
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.ledger.entries import adjust_allocation, allocations_of
from portal_app.services.billing.ledger.exports import TELL_AFTER, deliver_exports
from portal_app.services.billing.payments.pay import pay_invoice
from portal_app.services.billing.payments.receipts import todays_payments
from portal_app.services.billing.payments.refunds import refund_payment, settle_refund
from portal_app.services.billing.staff.patient_billing import (
    find_patients,
    view_patient_billing,
    view_payment,
)
from portal_app.services.billing.staff.record_payment import post_payments, record_payment
from portal_app.services.billing.staff.transaction_rows import Kind
from portal_app.services.billing.staff.transactions import (
    PAGE,
    Search,
    State,
    export_transactions,
    search_transactions,
)
from portal_app.services.billing.views import NewLine
from portal_app.services.messaging.practice_templates import change_practice_template, view_practice_template
from portal_app.services.messaging.rendering import render_template
from portal_app.services.practice.embedding import framed_by
from portal_app.services.practice.facts import practice
from portal_app.services.practice.settings import change_setting, view_settings
from portal_app.services.staff.tasks import finish_task, list_tasks, who_can_allow
from tests.payments_helper import (
    balance,
    books_agree,
    fake_processor,
    invoice,
    new_payment,
    payment,
    set_practice,
    tasks,
)
from tests.people import (
    EVA,
    INVOICE,
    KIM,
    KIM_INVOICE,
    MARIA,
    OKAFOR,
    RIVERA,
    People,
    add_invoice,
    add_payment,
)

PORTAL = system_principal("test")


@pytest.fixture
def processor(sample_people: People) -> Iterator[FakeProcessor]:
    yield fake_processor()
    books_agree()


def paid(sample_people: People, processor: FakeProcessor, minor: int) -> PaymentId:
    outcome = pay_invoice(
        sample_people.maria,
        new_payment(),
        INVOICE,
        Money(minor),
        processor=processor,
        token=processor.token("pm_card_visa"),
    )
    return outcome.payment_id


def found(who: Principal, **search: object) -> list[str]:
    page = search_transactions(who, Search(**search))  # type: ignore[arg-type]
    return [f"{row.kind.value} {row.who} {row.amount.minor}" for row in page.rows]


def trail() -> list[tuple[str, str]]:
    with reading(PORTAL) as tx:
        rows = tx.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))
        return [(row.actor, row.action) for row in rows if ":" in row.action]


# --- Transactions ------------------------------------------------------------------------------
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
    assert found(sample_people.nora, account_id=RIVERA, kind=Kind.CHARGE) == ["charge Maria Rivera 12000"]


def test_it_is_found_by_name_chart_invoice_and_receipt_number(
    sample_people: People, processor: FakeProcessor
) -> None:
    receipt = payment(paid(sample_people, processor, 50_00)).receipt_number or ""
    assert "payment Maria Rivera 5000" in found(sample_people.nora, text="rivera MAR")
    assert "payment Maria Rivera 5000" in found(sample_people.nora, text="c-0001")
    assert found(sample_people.nora, text="INV-1001", kind=Kind.PAYMENT) == ["payment Maria Rivera 5000"]
    assert found(sample_people.nora, text=receipt) == ["payment Maria Rivera 5000"]
    assert found(sample_people.nora, text=receipt[2:7].lower()) == ["payment Maria Rivera 5000"]
    assert found(sample_people.nora, text="rivera kim") == []


@pytest.mark.parametrize("text", ["%", "_", "INV_1001", "%Rivera%", "\\", "R-%", "'; drop table payment; --"])
def test_percent_and_underline_mean_themselves(
    sample_people: People, processor: FakeProcessor, text: str
) -> None:
    paid(sample_people, processor, 50_00)
    assert found(sample_people.nora, text=text) == []


def test_it_is_narrowed_by_state_person_and_the_practices_days(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    paid(sample_people, processor, 20_00)
    add_payment(KIM_INVOICE, 5_00, status=PaymentStatus.FAILED)
    late = datetime(2026, 6, 14, 23, 30, tzinfo=clock.zone())  # the 15th in UTC
    add_payment(KIM_INVOICE, 7_00, at=late)
    assert found(sample_people.nora, state=State.TO_POST) == ["payment Maria Rivera 2000"]
    assert found(sample_people.nora, state=State.FAILED) == ["payment Kim Okafor 500"]
    assert found(sample_people.nora, account_id=OKAFOR, kind=Kind.PAYMENT, first=date(2026, 6, 15)) == [
        "payment Kim Okafor 500"
    ]
    assert found(sample_people.nora, kind=Kind.PAYMENT, last=date(2026, 6, 14)) == ["payment Kim Okafor 700"]
    assert found(sample_people.nora, kind=Kind.CHARGE, state=State.RECEIVED) == []
    assert search_transactions(sample_people.nora, Search()).to_post == 1


def test_it_comes_page_by_page(sample_people: People) -> None:
    for number in range(PAGE + 3):
        add_payment(KIM_INVOICE, 10 + number, at=clock.now() - timedelta(minutes=number))
    first = search_transactions(sample_people.nora, Search(kind=Kind.PAYMENT))
    last = search_transactions(sample_people.nora, Search(kind=Kind.PAYMENT), page=99)
    assert (len(first.rows), first.pages, first.count) == (PAGE, 2, PAGE + 3)
    assert (len(last.rows), last.page) == (3, 2)
    assert not {row.id for row in first.rows} & {row.id for row in last.rows}


def test_who_may_not_see_billing_sees_none_of_it(sample_people: People) -> None:
    for who in (
        sample_people.maria,
        Principal("staff:x", sample_people.nora.side, frozenset({Permission.STAFF_SIGNED_IN})),
    ):
        with pytest.raises(PermissionDenied):
            search_transactions(who, Search())
        with pytest.raises(PermissionDenied):
            find_patients(who, "rivera")
        with pytest.raises(PermissionDenied):
            view_patient_billing(who, MARIA.id)
        with pytest.raises(PermissionDenied):
            export_transactions(who, Search())


def test_an_export_needs_its_permission_and_leaves_a_line(
    sample_people: People, processor: FakeProcessor
) -> None:
    paid(sample_people, processor, 20_00)
    with pytest.raises(PermissionDenied):
        export_transactions(sample_people.dana, Search())
    rows = export_transactions(sample_people.nora, Search(kind=Kind.PAYMENT))
    assert [row.amount for row in rows] == [Money(20_00)]
    assert (sample_people.nora.name, "export:transactions") in trail()


# --- posting (LEDG) ----------------------------------------------------------------------------
def test_ledg_2_one_or_all_selected_are_posted_and_it_says_how_many(
    sample_people: People, processor: FakeProcessor
) -> None:
    set_practice(post_automatically=False)
    rows = [paid(sample_people, processor, minor) for minor in (20_00, 21_00, 22_00)]
    assert balance() == Money(120_00)
    with pytest.raises(PermissionDenied):
        post_payments(sample_people.dana, rows)
    assert post_payments(sample_people.nora, rows[:1]) == 1
    assert post_payments(sample_people.nora, rows) == 2
    assert balance() == Money(57_00)
    assert found(sample_people.nora, state=State.TO_POST) == []


def waiting() -> list[PostingExport]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(PostingExport).where(col(PostingExport.sent_at).is_(None))))


def test_ledg_5_the_practices_system_is_away_and_gets_the_posting_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    system = FakePracticeSystem(away=True)
    row = paid(sample_people, processor, 25_00)
    assert payment(row).status is PaymentStatus.SUCCEEDED
    assert balance() == Money(95_00)
    assert len(waiting()) == 1
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


def test_ledg_5_staff_are_told_when_it_stays_away(sample_people: People, processor: FakeProcessor) -> None:
    system = FakePracticeSystem(away=True)
    paid(sample_people, processor, 25_00)
    for day in range(1, TELL_AFTER + 1):
        with clock.held_at(clock.now() + timedelta(days=day)):
            deliver_exports(PORTAL, system=system)
    assert tasks() == ["export_stuck"]


def test_ledg_5_a_folder_takes_an_entry_once_and_whole(
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
    assert waiting()[0].trouble


def test_what_the_practices_own_import_posts_is_not_sent_back(
    sample_people: People, processor: FakeProcessor
) -> None:
    from portal_app.services.billing.ledger.entries import post_payment  # noqa: PLC0415

    set_practice(post_automatically=False)
    row = paid(sample_people, processor, 25_00)
    with transaction(system_principal("import")) as tx:
        from portal_app.db.tables.billing import Payment  # noqa: PLC0415

        assert post_payment(tx, tx.get_or_404(Payment, row, lock=True), told_by_practice=True)
    assert waiting() == []


# --- refunds (REF) -----------------------------------------------------------------------------
def test_ref_1_the_desk_sees_what_may_still_be_given_back(
    sample_people: People, processor: FakeProcessor
) -> None:
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

    with pytest.raises(UserError):
        give_back(100_01)
    give_back(30_00)
    detail = view_payment(sample_people.nora, row)
    assert (detail.refundable, detail.refunded) == (Money(70_00), Money(30_00))
    assert [(r.amount, r.status) for r in detail.refunds] == [(Money(30_00), RefundStatus.SUCCEEDED)]
    with pytest.raises(UserError):
        give_back(70_01)
    give_back(70_00)
    assert view_payment(sample_people.nora, row).refundable == Money(0)
    assert ("staff:" + str(sample_people.nora.staff_id), "read:payment") in trail()


def test_a_refund_that_fails_days_later_is_a_task(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 100_00)
    id_ = RefundId(new_id("ref"))
    refund_payment(sample_people.nora, id_, row, Money(40_00), processor=processor)
    settle_refund(PORTAL, id_, RefundFacts(Outcome.DECLINED))
    (task,) = list_tasks(sample_people.nora).rows
    assert (task.kind, task.values["amount"], task.who) == ("refund_failed", Money(40_00), "Maria Rivera")
    assert finish_task(sample_people.nora, task.id) is True
    assert finish_task(sample_people.nora, task.id) is False
    assert list_tasks(sample_people.nora).rows == ()
    with reading(PORTAL) as tx:
        assert tx.exec(select(Task.done_by)).one() == sample_people.nora.name


def test_a_task_about_money_is_not_for_who_may_not_see_billing(sample_people: People) -> None:
    with transaction(PORTAL) as tx:
        for number, account in ((1, RIVERA), (2, None)):
            tx.add(
                Task(id=f"tsk_{number}", once=str(number), kind="x", message="x", account_id=account)
                if account
                else Task(id=f"tsk_{number}", once=str(number), kind="x", message="x")
            ).created_at = clock.now()
    clinical = Principal(
        "staff:c", sample_people.nora.side, frozenset({Permission.STAFF_SIGNED_IN, Permission.VIEW_PATIENTS})
    )
    assert [task.id for task in list_tasks(clinical).rows] == ["tsk_2"]
    with pytest.raises(NotFound):
        finish_task(clinical, "tsk_1")
    assert len(list_tasks(sample_people.nora).rows) == 2


def test_only_an_owner_can_allow_more(sample_people: People) -> None:
    assert who_can_allow(sample_people.dana) == ("Olga Novak",)


# --- at the desk -------------------------------------------------------------------------------
@pytest.mark.parametrize("method", [Method.CASH, Method.CHECK, Method.TERMINAL])
def test_what_is_paid_at_the_desk_is_recorded_once(
    sample_people: People, processor: FakeProcessor, method: Method
) -> None:
    id_ = new_payment()
    for _ in range(2):
        record_payment(sample_people.dana, id_, RIVERA, Money(20_00), method=method, note="1183")
    assert balance() == Money(100_00)
    detail = view_payment(sample_people.dana, id_)
    assert (detail.method, detail.at_processor, detail.note) == (method, False, "1183")
    with pytest.raises(PermissionDenied):
        record_payment(sample_people.maria, new_payment(), RIVERA, Money(1_00), method=method)


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


def test_a_look_at_a_patients_account_is_in_the_trail(sample_people: People) -> None:
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


def test_cred_2_staff_use_an_accounts_credit(sample_people: People, processor: FakeProcessor) -> None:
    row = paid(sample_people, processor, 120_00)
    refund_payment(
        sample_people.nora, RefundId(new_id("ref")), row, Money(1_00), processor=processor, void_charge=True
    )
    this_invoice = add_invoice(OKAFOR, (KIM, "X-ray", 50_00))
    receipt = record_payment(
        sample_people.dana, new_payment(), OKAFOR, Money(30_00), method=Method.CASH, invoice_ids=[KIM_INVOICE]
    )
    with transaction(PORTAL) as tx:  # the bill it paid is taken off it: what it brought is credit
        (part,) = allocations_of(tx, receipt.payment_id)
        old, given = (
            tx.get_or_404(Invoice, KIM_INVOICE, lock=True),
            tx.get_or_404(Payment, receipt.payment_id, lock=True),
        )
        adjust_allocation(part, given, old, -part.amount, clock.now())
    taken = todays_payments(sample_people.nora).received
    assert view_patient_billing(sample_people.dana, KIM.id).credit == Money(30_00)
    assert use_credit(sample_people.dana, OKAFOR, invoice_ids=[this_invoice]) == Money(30_00)
    assert (invoice(this_invoice).status, invoice(this_invoice).due) == (
        InvoiceStatus.PARTLY_PAID,
        Money(20_00),
    )
    assert view_patient_billing(sample_people.dana, KIM.id).credit == Money(0)
    assert todays_payments(sample_people.nora).received == taken


# --- invoices ----------------------------------------------------------------------------------
def drafted(sample_people: People) -> InvoiceId:
    lines = [
        NewLine(MARIA.id, "Office visit", Money(40_00), quantity=2, service_date=date(2026, 6, 1)),
        NewLine(EVA.id, "Cleaning", Money(15_00)),
    ]
    id_ = InvoiceId(new_id("inv"))
    return create_invoice(sample_people.nora, id_, RIVERA, lines, due_date=date(2026, 7, 15))


def messages(kind: str) -> list[OutboxMessage]:
    with reading(PORTAL) as tx:
        return list(tx.exec(select(OutboxMessage).where(OutboxMessage.kind == kind)))


def test_all_14_a_draft_is_sent_once_charged_once_and_said_once(
    sample_people: People, processor: FakeProcessor
) -> None:
    id_ = drafted(sample_people)
    with pytest.raises(NotFound):
        view_invoice(sample_people.maria, id_)
    with pytest.raises(UserError):
        record_payment(
            sample_people.nora, new_payment(), RIVERA, Money(1_00), method=Method.CASH, invoice_ids=[id_]
        )
    assert balance() == Money(120_00)
    send_invoice(sample_people.nora, id_)
    send_invoice(sample_people.nora, id_)
    assert balance() == Money(215_00)
    assert invoice(id_).status is InvoiceStatus.OPEN
    said = messages("invoice_issued")
    assert len({message.channel for message in said}) == len(said) > 0, "once by each of the chosen ways"
    for message in said:
        assert "$95.00" in message.body
        assert "July 15" in message.body
        assert "visit" not in message.body.lower()


def test_all_14_what_is_void_or_written_off_takes_no_money(
    sample_people: People, processor: FakeProcessor
) -> None:
    first, second = drafted(sample_people), drafted(sample_people)
    for id_ in (first, second):
        send_invoice(sample_people.nora, id_)
    void_invoice(sample_people.nora, first, reason="Wrong patient")
    with pytest.raises(PermissionDenied):
        write_off(sample_people.dana, second, reason="Small")
    write_off(sample_people.nora, second, reason="Small")
    assert balance() == Money(120_00)
    for id_ in (first, second):
        with pytest.raises(UserError):
            record_payment(
                sample_people.nora, new_payment(), RIVERA, Money(1_00), method=Method.CASH, invoice_ids=[id_]
            )
    with reading(PORTAL) as tx:
        kinds = [row.kind for row in tx.exec(select(LedgerEntry).where(LedgerEntry.account_id == RIVERA))]
    assert kinds.count(EntryKind.ADJUSTMENT) == 2


# --- settings ----------------------------------------------------------------------------------
def test_settings_say_who_changed_them_and_are_valid_in_every_process(sample_people: People) -> None:
    with reading(PORTAL) as tx:
        before = practice(tx).version
    assert change_setting(sample_people.olga, "online_payments", False) is True
    assert change_setting(sample_people.olga, "online_payments", False) is False
    assert change_setting(sample_people.olga, "minimum_payment", Money(5_00)) is True
    assert change_setting(sample_people.olga, "dependent_age", 15) is True
    assert change_setting(sample_people.olga, "embed_origins", ["https://juniper.example"]) is True
    seen = view_settings(sample_people.olga)
    assert (seen.online_payments, seen.minimum_payment, seen.dependent_age) == (False, Money(5_00), 15)
    assert (seen.changed["online_payments"].by, seen.changed["post_automatically"].by) == ("Olga Novak", "")
    with reading(PORTAL) as tx:
        facts = practice(tx)
    assert (facts.version, facts.online_payments, facts.dependent_age) == (before + 4, False, 15)


def test_messages_and_pay_links_are_settings_too(sample_people: People) -> None:
    changes = {"reminders": False, "announce_imported": True, "link_in_messages": True, "pay_link_days": 30}
    for name, value in changes.items():
        assert change_setting(sample_people.olga, name, value) is True
    seen = view_settings(sample_people.olga)
    assert {name: getattr(seen, name) for name in changes} == changes
    assert {seen.changed[name].by for name in changes} == {"Olga Novak"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pay_link_days", 0),
        ("pay_link_days", 91),
        ("pay_link_days", True),
        ("reminders", "off"),
        ("dependent_age", 11),
        ("dependent_age", 19),
        ("dependent_age", True),
        ("minimum_payment", Money(0)),
        ("minimum_payment", "5"),
        ("online_payments", 1),
        ("embed_origins", [f"https://site{n}.example" for n in range(11)]),
        ("embed_origins", "https://juniper.example"),
        ("embed_origins", [7]),
        ("wording", {"due_soon": {"en": {"subject": "Hello"}}}),
        ("wording:due_soon:en", {"body": "no amount"}),
        ("wording:due_soon:fr", {"body": "{amount}"}),
        ("wording:sign_in_code:en", {"body": "{code}"}),
        ("due_soon:en", {"body": "{amount}"}),
        ("name", "Mine"),
        ("version", 1),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(sample_people: People, name: str, value: object) -> None:
    with pytest.raises(UserError):
        change_setting(sample_people.olga, name, value)


def test_settings_are_for_who_may_manage_them(sample_people: People) -> None:
    for who in (sample_people.nora, sample_people.dana, sample_people.maria):
        with pytest.raises(PermissionDenied):
            change_setting(who, "online_payments", False)
        with pytest.raises(PermissionDenied):
            view_settings(who)
    with reading(PORTAL) as tx:
        assert tx.get_or_404(Practice, "practice").online_payments


def test_online_payments_off_is_refused_by_the_server(
    sample_people: People, processor: FakeProcessor
) -> None:
    change_setting(sample_people.olga, "online_payments", False)
    with pytest.raises(UserError):
        paid(sample_people, processor, 10_00)


@pytest.mark.parametrize(
    "text",
    [
        "juniper.example",
        "http://juniper.example",
        "https://juniper.example/pay",
        "https://*.example",
        "https://user@juniper.example",
        "https://juniper",
        "javascript:alert(1)",
        "https://juniper.example;script-src *",
        "'self'",
        "https://juniper.example?x",
        "null",
    ],
)
def test_an_address_that_is_no_website_may_not_frame_the_portal(sample_people: People, text: str) -> None:
    with pytest.raises(UserError):
        change_setting(sample_people.olga, "embed_origins", [text])
    assert framed_by(PORTAL) == ()


def test_addresses_of_websites_are_kept_as_browsers_send_them(sample_people: People) -> None:
    typed = ["https://Juniper.Example/", "https://www.juniper.example:8443", "http://localhost:8000"]
    change_setting(sample_people.olga, "embed_origins", [*typed, "https://juniper.example"])
    assert framed_by(PORTAL) == (
        "https://juniper.example",
        "https://www.juniper.example:8443",
        "http://localhost:8000",
    )


# --- the practice's own words --------------------------------------------------------------------
def test_the_practices_own_words_are_kept_with_who_wrote_them_and_used(sample_people: People) -> None:
    own = {"subject": "From {practice}", "body": "Please pay {amount} by {date}: {portal}", "sms": ""}
    assert change_practice_template(sample_people.olga, "due_soon", "en", **own) is True
    assert change_practice_template(sample_people.olga, "due_soon", "en", **own) is False
    seen = view_practice_template(sample_people.olga, "due_soon", "en")
    assert (seen.own["body"], seen.changed.by, seen.needs) == (own["body"], "Olga Novak", ("amount",))
    assert view_practice_template(sample_people.olga, "due_soon", "es").own == {
        "subject": "",
        "body": "",
        "sms": "",
    }
    with reading(PORTAL) as tx:
        practice = tx.get_or_404(Practice, "practice")
        values = {"practice": "Cedar", "amount": Money(5_00), "date": date(2026, 6, 18), "portal": "p"}
        said = render_template(practice, "due_soon", "email", "en", values | {"number": "A-1"})
    assert said.subject == "From Cedar" and said.body.startswith("Please pay $5.00 by June 18")
    change_practice_template(sample_people.olga, "due_soon", "en", subject="", body="", sms="")
    assert view_practice_template(sample_people.olga, "due_soon", "en").own["body"] == ""


@pytest.mark.parametrize(
    ("kind", "language", "own"),
    [
        ("due_soon", "en", {"body": "Please pay soon."}),
        ("due_soon", "en", {"body": "{amount} for {service}"}),
        ("due_soon", "en", {"sms": "{amount} " + "x" * 300}),
        ("pay_link", "es", {"sms": "Pague {amount}"}),
        ("sign_in_code", "en", {"body": "{code} {reference}"}),
        ("due_soon", "fr", {"body": "{amount}"}),
        # A subject is kept as it was sent, where staff read it; what opens something must not be.
        ("pay_link", "en", {"subject": "Pay here: {link}"}),
        ("due_soon", "en", {"subject": "{amount} due, see {portal}"}),
    ],
)
def test_words_that_would_be_of_no_use_are_refused(
    sample_people: People, kind: str, language: str, own: dict[str, str]
) -> None:
    with pytest.raises(UserError):
        change_practice_template(
            sample_people.olga, kind, language, **{"subject": "", "body": "", "sms": "", **own}
        )


def test_the_words_are_for_who_may_manage_settings(sample_people: People) -> None:
    for who in (sample_people.nora, sample_people.dana, sample_people.maria):
        with pytest.raises(PermissionDenied):
            view_practice_template(who, "due_soon", "en")
        with pytest.raises(PermissionDenied):
            change_practice_template(who, "due_soon", "en", subject="", body="{amount}", sms="")
