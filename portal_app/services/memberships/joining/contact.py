"""The contact of somebody who joins: every contact gets a code; after it, a patient is sent to sign in (JOIN-2)."""

from dataclasses import dataclass

from portal_app.db.scope import reading, retried, transaction
from portal_app.db.tables.sign_in import SignInCode
from portal_app.domain.access import Principal
from portal_app.domain.sign_in import CodeWay
from portal_app.services.as_system import as_system, note
from portal_app.services.memberships.joining.draft import JoinChoice, check_choice, store_choice
from portal_app.services.memberships.joining.errors import ContactKnown, JoinOver
from portal_app.services.memberships.joining.price import require_joining_on
from portal_app.services.memberships.joining.request import find_or_add_request, note_change
from portal_app.services.messaging import outbox
from portal_app.services.patients.usable_contacts import phone_country
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.codes import CodeRequest, check_code, contact_hash, new_code, patients_with
from portal_app.services.sign_in.contacts import parse_contact


@dataclass(frozen=True, slots=True)
class JoinContact:
    """`known`: a patient has this contact. They continue with their date of birth, like everybody who signs in."""

    known: bool


def request_join_code(principal: Principal, contact: str) -> CodeRequest:
    """Send a code to an email or a phone. Patients' contacts get the same text, rows and work as unknown ones (JOIN-2).

    Raises: JoiningOff, InvalidContact, TooManyAttempts.
    """
    with reading(as_system(principal)) as tx:
        require_joining_on(tx)
        to = parse_contact(contact, phone_country(tx))
        known = patients_with(tx, to)
    # The total last: attempts refused for one network or one contact must not use up everybody's.
    rate_limits.count_attempt("join code from", principal.ip)
    rate_limits.count_attempt("join code", to.value)
    is_newcomer = rate_limits.has_room("join code newcomer", principal.ip)
    rate_limits.count_attempt("join code newcomers" if is_newcomer else "join code all")
    with transaction(as_system(principal)) as tx:
        row, code = new_code(tx, to, known, principal, CodeWay.JOIN)
        outbox.write_message(
            tx,
            "join_code",
            once=f"join_code:{row.id}",
            to_contact=(to.kind, to.value),
            language=principal.language,
            values={"code": code, "reference": row.reference},
            expires_at=row.expires_at,
        )
        note(tx, "join:code_asked", None)
    return CodeRequest(row.id, row.reference, to.kind, to.shown)


def verify_join_contact(
    principal: Principal, code_id: str, code: str, contact: str, choice: JoinChoice | None = None
) -> JoinContact:
    """Accept the code. A newcomer's choice is stored from then on, so they can continue in another tab or on another device.

    Args:
        contact: as it was typed when the code was asked for.
        choice: what was chosen before; None keeps what an earlier visit chose.

    Raises: WrongSignInCode, SignInCodeOver, TooManyAttempts; JoinOver, ContactKnown; what `check_choice` raises.
    """
    check_code(principal, code_id, code)
    return _keep_contact(principal, code_id, contact, choice)


@retried
def _keep_contact(principal: Principal, code_id: str, contact: str, choice: JoinChoice | None) -> JoinContact:
    with transaction(as_system(principal)) as tx:
        row = tx.get_or_404(SignInCode, code_id)
        if row.way is not CodeWay.JOIN:
            raise JoinOver
        if row.known:
            return JoinContact(known=True)
        to = parse_contact(contact, phone_country(tx))
        if contact_hash(to.kind, to.value) != row.contact_hash:
            raise JoinOver
        if patients_with(tx, to):  # since the code was sent
            raise ContactKnown
        request = find_or_add_request(tx, row.contact_hash, to)
        if choice is not None:
            store_choice(request, check_choice(tx, choice))
        note_change(request)
        return JoinContact(known=False)
