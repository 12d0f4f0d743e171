"""The portal's own jobs: each does its work through its row, and says what it did."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from portal_app import clock
from portal_app.db.scope import transaction
from portal_app.db.tables.drafts import Draft
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.domain.jobs import LEASE, Every
from portal_app.gateways.payments import NoAnswer
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.i18n import translate
from portal_app.services import audit
from portal_app.services.jobs.base import JobGateways
from portal_app.services.jobs.registry import JOBS
from portal_app.services.jobs.runner import run_job_now
from portal_app.services.jobs.view import JobView, list_jobs
from portal_app.services.messaging import outbox
from tests.people import MARIA, People
from tests.services.jobs.helpers import PORTAL, fake_gateways, row


class SilentProcessor(FakeProcessor):
    """Answers nothing."""

    def charges_since(self, *_: object, **__: object):
        raise NoAnswer


def run(name: str, gateways: JobGateways | None = None) -> JobView:
    run_job_now(PORTAL, name, gateways=gateways or fake_gateways())
    return next(job for job in list_jobs(PORTAL) if job.name == name)


@pytest.mark.parametrize("name", JOBS)
def test_each_job_does_its_work_and_says_so(sample_people: People, name: str):
    ended = run(name)
    assert (row(name).error, ended.failures) == ("", 0)
    assert ended.succeeded_at
    told = translate("en", ended.message, **(ended.values or {}))
    assert told and "{" not in told
    assert translate("es", ended.message, **(ended.values or {})) != told


@pytest.mark.parametrize("name", JOBS)
def test_no_job_fails_before_there_is_a_practice(db: str, name: str):
    assert db
    assert run(name).failures == 0


def test_names_are_words_for_the_command_line():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in JOBS)


def test_an_idle_server_asks_less_than_once_a_second():
    """A run costs four statements at most (claim, its own question and what follows, the result), a look one."""
    runs_a_minute = sum(60 / job.schedule.seconds for job in JOBS.values() if isinstance(job.schedule, Every))
    assert runs_a_minute * 4 + 60 / 5 < 60
    assert all(job.lease == LEASE for job in JOBS.values())


def test_a_waiting_message_is_sent_by_the_sweep(sample_people: People):
    with transaction(PORTAL) as tx:
        outbox.write_message(
            tx,
            "sign_in_code",
            once="code",
            to_contact=(ContactKind.EMAIL, "maria@example.com"),
            to_patient=MARIA.id,
            values={"code": "123456", "reference": "KX", "minutes": 15},
        )
    assert run("deliver").values == {"count": 1}
    with transaction(PORTAL) as tx:
        assert tx.exec(select(OutboxMessage.sent_at)).one() is not None


def test_a_silent_processor_is_a_failure_that_is_tried_again(sample_people: People):
    ended = run("reconcile", fake_gateways()._replace(payments=SilentProcessor()))
    assert (ended.message, ended.failures) == ("The card processor did not answer.", 1)


def test_audit_entries_are_chained(sample_people: People):
    run("audit-chain")
    found = audit.verify_chain(PORTAL)
    assert found.whole and found.sealed and not found.waiting


def test_drafts_that_nobody_came_back_to_are_deleted(sample_people: People):
    with transaction(PORTAL) as tx:
        for days in (1, 15):
            saved = clock.now() - timedelta(days=days)
            tx.add(
                Draft(
                    id=new_id("drf"),
                    owner_name=sample_people.olga.name,
                    form="f",
                    subject=str(days),
                    saved_at=saved,
                )
            )
    assert run("drafts").values == {"count": 1}
