"""Tells those concerned that somebody tries many passwords or codes on an account, once a day.

A job does it, not the sign-in itself: there, a message would tell by its time that the account exists.
"""

from collections.abc import Mapping

from sqlmodel import col, delete, select

from portal_app import clock
from portal_app.db.scope import Tx, transaction
from portal_app.db.tables.credentials import PatientLogin
from portal_app.db.tables.messages import OutboxMessage
from portal_app.db.tables.sign_in import SignInCode
from portal_app.db.tables.staff import StaffMember, Task
from portal_app.domain.access import Principal, Role, Side
from portal_app.domain.credentials.lockouts import FAILURES_FORGOTTEN_AFTER
from portal_app.domain.errors import NotFound
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import PatientId, new_id
from portal_app.i18n import gettext_noop
from portal_app.services.as_system import note
from portal_app.services.credentials import logins
from portal_app.services.messaging.outbox import notify_all_contacts, write_message
from portal_app.services.sign_in.known_sources import forget_old_sources
from portal_app.services.sign_in.lockouts import accounts_under_attack, forget_old_failures
from portal_app.services.sign_in.staff import accounts_of


def tell_of_attacks(principal: Principal) -> int:
    """Tell the owners of attacks on staff sign-ins, and patients and the front desk of those on theirs; how many.

    An attack is 20 failures within a day on one account, from everywhere together.
    """
    if principal.side is not Side.PORTAL:
        raise NotFound
    with transaction(principal) as tx:
        attacked = accounts_under_attack(tx)
        if not attacked:
            return 0
        staff = tx.exec(select(StaffMember).where(col(StaffMember.active).is_(True))).all()
        logins_ = tx.exec(select(PatientLogin)).all()
        return sum(
            _tell_owners(tx, member, _failures(attacked, accounts_of(member))) for member in staff
        ) + sum(
            _tell_patient(tx, login.patient_id)
            for login in logins_
            if _failures(attacked, logins.accounts_of(login))
        )


def clean_up_tries(principal: Principal) -> int:
    """Delete what is left of sign-ins that count no more: failures, forgotten devices, codes of unknown contacts."""
    if principal.side is not Side.PORTAL:
        raise NotFound
    long_ago = clock.now() - FAILURES_FORGOTTEN_AFTER
    with transaction(principal) as tx:
        unknown = (col(SignInCode.known).is_(False), col(SignInCode.patient_id).is_(None))
        codes = tx.exec(delete(SignInCode).where(*unknown, col(SignInCode.expires_at) < long_ago)).rowcount
        unsent = (OutboxMessage.kind == "sign_in_code", OutboxMessage.to == "")
        tx.exec(delete(OutboxMessage).where(*unsent, col(OutboxMessage.created_at) < long_ago))
        return codes + forget_old_failures(tx) + forget_old_sources(tx)


def _failures(attacked: Mapping[str, int], accounts: tuple[str, ...]) -> int:
    return sum(attacked.get(account, 0) for account in accounts)


def _tell_owners(tx: Tx, member: StaffMember, failures: int) -> bool:
    once = f"staff_sign_in_attacked:{member.id}:{clock.real_now().date()}"
    if not failures or not _add_task(
        tx,
        once,
        gettext_noop("Many wrong passwords or codes for the staff sign-in of {name}."),
        name=member.name,
    ):
        return False
    for owner in tx.exec(select(StaffMember).where(StaffMember.role == Role.OWNER, col(StaffMember.active))):
        write_message(
            tx,
            "staff_sign_in_attacked",
            once=f"{once}:{owner.id}",
            to_contact=(ContactKind.EMAIL, owner.email),
            language=owner.language,
            values={"name": member.name, "count": failures},
        )
    return True


def _tell_patient(tx: Tx, patient_id: PatientId) -> bool:
    once = f"sign_in_attacked:{patient_id}:{clock.real_now().date()}"
    said = gettext_noop("Many wrong passwords or codes for a patient's sign-in.")
    if not _add_task(tx, once, said, patient_id=patient_id):
        return False
    note(tx, "sign_in_attacked", patient_id, ok=False)
    notify_all_contacts(tx, patient_id, "sign_in_attacked", once=once)
    return True


def _add_task(tx: Tx, once: str, said: str, *, patient_id: PatientId | None = None, **values: str) -> bool:
    """Add the task for staff. False when they were told already today."""
    return tx.add_as_system_once(
        Task(
            id=new_id("tsk"),
            once=once,
            kind=once.partition(":")[0],
            message=said,
            values=values,
            patient_id=patient_id,
            created_at=clock.now(),
        )
    )
