"""What all sign-in methods of patients share: the login row, contacts for codes, and whose failures are counted."""

from sqlmodel import col, select

from portal_app import clock
from portal_app.db.scope import Tx
from portal_app.db.tables.credentials import Passkey, PatientLogin, RecoveryCode
from portal_app.db.tables.families import ContactPoint, Patient
from portal_app.db.tables.practice import Practice
from portal_app.domain.access import Permission, Principal
from portal_app.domain.credentials.lockouts import Asker
from portal_app.domain.errors import NotFound, NotSignedIn
from portal_app.domain.families import ContactKind, Person, may_sign_in
from portal_app.domain.ids import PatientId
from portal_app.services.patients.usable_contacts import usable_contacts
from portal_app.services.sign_in.known_sources import find_asker, person_key
from portal_app.services.sign_in.lockouts import account_key


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


def find_patient(tx: Tx, principal: Principal, patient_id: PatientId | None) -> Asker:
    """What we know of the principal as somebody who wants to be this patient; None: nobody we know."""
    return find_asker(tx, principal, [person_key(patient_id)])


def password_account(username: str) -> str:
    """The name under which failed passwords of a username are counted, whether or not anybody has it."""
    return account_key("patient", username)


def code_account(patient_id: PatientId) -> str:
    """The name under which wrong second factors of a patient are counted."""
    return account_key("second factor", patient_id)


def accounts_of(login: PatientLogin) -> tuple[str, ...]:
    """The names under which a patient's failures are counted."""
    passwords = (password_account(login.username_key),) if login.username_key else ()
    return (*passwords, code_account(login.patient_id))


def masked(kind: ContactKind, value: str) -> str:
    """A contact that only its owner recognises: "m•••@example.com", "••• 0142"."""
    if kind is ContactKind.PHONE:
        return f"••• {value[-4:]}"
    name, _, host = value.partition("@")
    return f"{name[:1]}•••@{host}"
