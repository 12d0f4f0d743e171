"""What all sign-in methods of patients share: the login row, contacts for codes, and counted failures."""

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx
from portal_app.db.tables.credentials import Passkey, PatientLogin, RecoveryCode
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.staff import Task
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.passwords import LOCKED_AFTER, delay_after
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.domain.families import ContactKind, Person, may_sign_in
from portal_app.domain.ids import PatientId, new_id
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import note
from portal_app.services.messaging.outbox import notify_all_contacts
from portal_app.services.patients.usable_contacts import usable_contacts


def require_own_login(principal: Principal) -> PatientId:
    """The id of the signed-in patient, who alone changes their own sign-in.

    Raises NotSignedIn or PermissionDenied.
    """
    if principal.patient_id is None or not principal.session_ref:
        raise NotSignedIn
    principal.require(Permission.MY_ACCOUNT)
    return principal.patient_id


def login_of(tx: Tx, patient_id: PatientId) -> PatientLogin:
    """The patient's login row, locked for update; a new one when there is none yet."""
    lock_patient_row(tx, patient_id)  # two transactions at once must not both add one
    login = tx.get(PatientLogin, patient_id, with_for_update=True, populate_existing=True)
    return login or tx.add(PatientLogin(patient_id=patient_id, created_at=clock.now()))


def lock_patient_row(tx: Tx, patient_id: PatientId) -> Patient:
    """The patient, locked for update. Rows that only refer to the patient (a new session) need not wait."""
    person = tx.get(Patient, patient_id, with_for_update={"key_share": True}, populate_existing=True)
    if person is None:
        raise NotFound
    return person


def has_set_up_anything(tx: Tx, login: PatientLogin) -> bool:
    """Whether the patient has a password, an authenticator app or a passkey."""
    return bool(login.password_hash or login.totp_secret or passkeys_of(tx, login.patient_id))


def passkeys_of(tx: Tx, patient_id: PatientId) -> list[Passkey]:
    """The patient's passkeys, oldest first."""
    query = select(Passkey).where(col(Passkey.patient_id) == patient_id)
    return list(tx.exec(query.order_by(col(Passkey.created_at))))


def recovery_codes_left(tx: Tx, patient_id: PatientId) -> int:
    """How many unused recovery codes the patient has."""
    return len(tx.exec(select(RecoveryCode.hash).where(col(RecoveryCode.patient_id) == patient_id)).all())


def contact_for_code(tx: Tx, patient_id: PatientId, kind: ContactKind) -> ContactPoint | None:
    """The contact of this kind that a code may be sent to: the preferred one. No phone after the reply STOP."""
    return next((point for point in usable_contacts(tx, patient_id) if point.kind is kind), None)


def may_sign_in_now(tx: Tx, patient_id: PatientId) -> bool:
    """Whether the patient may sign in: not a dependent child, and not merged, inactive or deceased."""
    person = tx.get(Patient, patient_id)
    practice = tx.get_or_404(Practice, "practice")
    return person is not None and may_sign_in(
        Person(person.id, person.birth_date, status=person.status), practice.dependent_age, clock.today()
    )


def count_attempt_ahead(tx: Tx, login: PatientLogin) -> None:
    """Count a try as failed before it is checked, so that many tries at once gain nothing.

    `forgive_attempt` takes it back when the try was right.
    """
    login.failures += 1
    login.locked_until = clock.now() + delay_after(login.failures)
    tx.add(login)


def count_failure(tx: Tx, login: PatientLogin) -> None:
    """Count a failed try: the next one has to wait, and after 20 only the front desk unlocks the sign-in."""
    count_attempt_ahead(tx, login)
    lock_if_too_many(tx, login)


def lock_if_too_many(tx: Tx, login: PatientLogin) -> None:
    """After twenty in a row only the desk opens it, and everybody hears of it."""
    if login.failures >= LOCKED_AFTER and not login.locked:
        login.locked = True
        note(tx, "sign_in_locked", login.patient_id, ok=False)
        notify_all_contacts(tx, login.patient_id, "sign_in_locked")
        tx.add_as_system_once(
            Task(
                id=new_id("tsk"),
                once=f"sign_in_locked:{login.patient_id}:{clock.now().isoformat()}",
                kind="sign_in_locked",
                message=gettext_noop(
                    "A patient's sign-in is locked after too many wrong passwords or codes."
                ),
                patient_id=login.patient_id,
                created_at=clock.now(),
            )
        )
    tx.add(login)


def forgive_attempt(tx: Tx, login: PatientLogin) -> None:
    """Take back one counted failure, whose try was right."""
    login.failures = max(0, login.failures - 1)
    login.locked_until = None
    tx.add(login)


def is_locked_out(login: PatientLogin) -> bool:
    """Whether a try is refused now: the delay after failures is not over, or the front desk must unlock."""
    return login.locked or (login.locked_until is not None and login.locked_until > clock.now())


def masked(kind: ContactKind, value: str) -> str:
    """A contact that only its owner recognises: "m•••@example.com", "••• 0142"."""
    if kind is ContactKind.PHONE:
        return f"••• {value[-4:]}"
    name, _, host = value.partition("@")
    return f"{name[:1]}•••@{host}"
