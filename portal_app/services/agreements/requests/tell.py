"""Messages to those who are asked to sign: the first one, reminders, and once more when staff say so.

One message for each person and time, however many agreements they are asked to sign.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, or_, select

from portal_app.clock import now, today, zone
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.agreements import AgreementRequest, AgreementSigner
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.agreements.types import RequestStatus, SignerPart, SignerStatus
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import UserError
from portal_app.domain.families import Person as FamilyPerson
from portal_app.domain.families import is_child
from portal_app.domain.ids import AgreementRequestId, PatientId
from portal_app.domain.practice_settings import SETTINGS
from portal_app.services.agreements.requests.open import lock_waiting_request
from portal_app.services.agreements.requests.people import Person, read_persons
from portal_app.services.as_system import as_system, note
from portal_app.services.billing.notify.reminders import SENDING_ENDS, SENDING_STARTS
from portal_app.services.links import action_links
from portal_app.services.links.errors import NoContactOnFile
from portal_app.services.messaging import outbox

_BATCH = 200  # requests in one transaction


@dataclass(frozen=True, slots=True)
class _Settings:
    dependent_age: int
    reminder_days: int
    reminders: int
    link_in_messages: bool


def tell_signers(principal: Principal) -> int:
    """Write the messages that are due, by day only; returns how many. Run by the job.

    A request is announced once and then reminded of; reminders that were missed are one message.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    if not SENDING_STARTS <= now().astimezone(zone()).time() < SENDING_ENDS:
        return 0
    written, after = 0, ""
    while True:
        with transaction(as_system(principal)) as tx:
            settings = _settings(tx)
            rows = _due(tx, settings, after)
            written += _tell(tx, settings, rows)
        if len(rows) < _BATCH:
            return written
        after = rows[-1].id


def send_again(principal: Principal, request_id: AgreementRequestId, *, by_link: bool = False) -> int:
    """Tell the signers of one request once more, now; returns how many messages were written.

    Args:
        by_link: with a sign link of its own for each signer, which opens this agreement after the date of birth.

    Raises: NotFound; why it cannot be signed any more (`ElsewhereAnswered`); NoContactOnFile.
    """
    principal.require(Permission.MANAGE_AGREEMENTS)
    with transaction(as_system(principal)) as tx:
        request = lock_waiting_request(tx, request_id)
        settings = _settings(tx)
        people = read_persons(tx, [request.patient_id])
        written = 0
        for signer in _waiting_signers(tx, [request.id]):
            for person in people_to_tell(people[request.patient_id], signer, settings.dependent_age):
                written += _write(tx, person, [(request, signer)], by_link=by_link, again=True)
        if not written:
            raise NoContactOnFile
        request.told_at = now()
        note(tx, "send_again:agreement", request.patient_id, request=request.id, count=written)
        return written


def people_to_tell(patient: Person, signer: AgreementSigner, dependent_age: int) -> tuple[PatientId, ...]:
    """Who is told that a signature is asked of them: the named one, the patient, or a child's responsible adults."""
    if signer.part is SignerPart.PRACTICE:
        return ()
    if signer.signer_id is not None:
        return (signer.signer_id,)
    person = FamilyPerson(patient.asked.id, patient.asked.birth_date)
    if is_child(person, dependent_age, today()):
        return patient.asked.adults
    return tuple(dict.fromkeys([patient.asked.id, *patient.marked]))


def _settings(tx: Tx) -> _Settings:
    practice = tx.get_or_404(Practice, "practice")
    return _Settings(
        practice.dependent_age,
        int(SETTINGS["agreement_reminder_days"].read(practice)),
        int(SETTINGS["agreement_reminders"].read(practice)),
        practice.link_in_messages,
    )


def _due(tx: Tx, settings: _Settings, after: str) -> Sequence[AgreementRequest]:
    """Requests that nobody was told of yet, and those to remind of; locked, by id."""
    reminded_before = now() - timedelta(days=settings.reminder_days)
    wanted = (
        select(AgreementRequest)
        .where(
            col(AgreementRequest.status) == RequestStatus.WAITING,
            col(AgreementRequest.id) > after,
            or_(col(AgreementRequest.expires_on).is_(None), col(AgreementRequest.expires_on) >= today()),
            or_(
                col(AgreementRequest.told_at).is_(None),
                (col(AgreementRequest.told_at) <= reminded_before)
                & (col(AgreementRequest.reminders) < settings.reminders),
            ),
        )
        .order_by(col(AgreementRequest.id))
        .limit(_BATCH)
        .with_for_update()
    )
    return tx.exec(wanted).all()


def _tell(tx: Tx, settings: _Settings, rows: Sequence[AgreementRequest]) -> int:
    requests = {row.id: row for row in rows}
    people = read_persons(tx, {row.patient_id for row in rows})
    news: dict[tuple[PatientId, bool], list[tuple[AgreementRequest, AgreementSigner]]] = defaultdict(list)
    for signer in _waiting_signers(tx, list(requests)):
        request = requests[signer.request_id]
        for person in people_to_tell(people[request.patient_id], signer, settings.dependent_age):
            news[person, request.told_at is not None].append((request, signer))
    written = 0
    for (person, again), asked in news.items():
        needs_link = any(_cannot_see(people[r.patient_id], s, settings.dependent_age) for r, s in asked)
        written += _write(tx, person, asked, by_link=needs_link or settings.link_in_messages, again=again)
    for row in rows:
        row.reminders += row.told_at is not None
        row.told_at = now()
    return written


def _cannot_see(patient: Person, signer: AgreementSigner, dependent_age: int) -> bool:
    """Whether a named signer may not act for the patient: they come by a link that shows this document alone."""
    person = FamilyPerson(patient.asked.id, patient.asked.birth_date)
    acts = is_child(person, dependent_age, today()) and signer.signer_id in patient.asked.adults
    return signer.signer_id not in (None, patient.asked.id, *patient.marked) and not acts


def _waiting_signers(tx: Tx, ids: Iterable[AgreementRequestId]) -> Sequence[AgreementSigner]:
    return tx.exec(
        select(AgreementSigner)
        .where(
            col(AgreementSigner.request_id).in_(list(ids)),
            col(AgreementSigner.status) == SignerStatus.WAITING,
        )
        .order_by(col(AgreementSigner.id))
    ).all()


def _write(
    tx: Tx,
    person: PatientId,
    asked: Sequence[tuple[AgreementRequest, AgreementSigner]],
    *,
    by_link: bool,
    again: bool,
) -> int:
    """One message to a person about all of these; a link where it is about one of them."""
    days: list[date] = [request.expires_on for request, _ in asked if request.expires_on]
    last_day = min(days, default=today())
    values: dict[str, object] = {"count": len(asked), "date": last_day}
    kind = "agreement_reminder" if again else "agreement_to_sign" if len(asked) == 1 else "agreements_to_sign"
    if by_link and len(asked) == 1 and (address := _link(tx, person, asked[0][1], last_day)):
        values |= {"portal": address}
    return outbox.write_each_way(
        tx,
        kind,
        once=f"{kind}:{person}:{asked[0][0].id}:{now().isoformat()}",
        to_patient=person,
        about=asked[0][0].id if len(asked) == 1 else "",
        values=values,
    )


def _link(tx: Tx, person: PatientId, signer: AgreementSigner, last_day: date) -> str:
    """The address of a new sign link that works until the request's last day; "" where nobody could open it."""
    ends = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), zone())
    try:
        made = action_links.create_link(
            tx, Purpose.SIGN, signer.id, patient_id=person, life=ends - now(), made_by=tx.principal.name
        )
    except UserError:
        return ""
    return made.address
