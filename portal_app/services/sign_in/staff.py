"""Staff come in by email and password, and always a code from their authenticator app."""

from dataclasses import dataclass

import pyotp
from pyotp.totp import TOTP
from sqlmodel import select

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal, Role, system_principal
from portal_app.domain.credentials import (
    check_new_password,
    in_fours,
    steps_near,
    unused_step,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import StaffId, new_id
from portal_app.domain.sign_in import STAFF_STEP_LIFE, STAFF_TRIES, lock_after
from portal_app.services.credentials.common_passwords import is_common
from portal_app.services.links.qr_codes import qr_svg
from portal_app.services.sign_in import rate_limits
from portal_app.services.sign_in.crypto import decrypt, encrypt, equal
from portal_app.services.sign_in.errors import (
    NeedsSetUpLink,
    StaffEmailTaken,
    StaffSignInExpired,
    WrongSetUpPassword,
    WrongStaffCode,
    WrongStaffPassword,
)
from portal_app.services.sign_in.password_hashes import hash_password, verify_password
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.services.sign_in.set_up_links import end_set_up_link, may_set_up, set_up_by
from portal_app.settings import settings

_TOTP = "staff totp"


@dataclass(frozen=True, slots=True)
class StaffChallenge:
    """After the password: the second factor is due. `set_up`: for the first time, with a secret to scan."""

    id: str
    set_up: bool
    secret_uri: str = ""
    qr_svg: str = ""
    secret: str = ""  # in fours, to type where scanning is not possible


@dataclass(frozen=True, slots=True)
class NewApp:
    """A secret for an authenticator app: to scan, or to type. `sealed` is what is kept of it."""

    secret: str  # in fours
    uri: str
    qr_svg: str
    sealed: str


def check_staff_password(principal: Principal, email: str, password: str) -> StaffChallenge:
    """Refused in the same words, after the same time, whatever is wrong.

    Raises NeedsSetUpLink in production, when the password is right and there is no app yet.
    """
    email = email.strip().lower()
    rate_limits.count("staff from", principal.ip)
    rate_limits.count("staff", email)
    with reading(system_principal("sign-in")) as tx:
        member = _member(tx, email)
        issuer = tx.get_or_404(Practice, "practice").name
    right, locked = is_password(member, password), member is not None and is_locked(member)
    if member is None or locked or not right:
        note_failure(principal, None if locked else member, "sign_in:password")
        raise WrongStaffPassword
    if not member.totp_secret and not settings().demo:
        _note_no_app(principal, member)
        raise NeedsSetUpLink
    return _challenge(principal, member, issuer)


def begin_set_up(principal: Principal, token: str, password: str) -> StaffChallenge:
    """By a set-up link and the member's password: a secret to scan, confirmed by its first code (`staff_totp`).

    Raises SetUpLinkOver; Refused for a wrong password.
    """
    rate_limits.count("staff from", principal.ip)
    with reading(system_principal("sign-in")) as tx:
        member, link = set_up_by(tx, token)
        issuer = tx.get_or_404(Practice, "practice").name
    rate_limits.count("staff", member.email)
    right, locked = is_password(member, password), is_locked(member)
    if locked or not right:
        note_failure(principal, None if locked else member, "set_up:password")
        raise WrongSetUpPassword
    return _challenge(principal, member, issuer, link)


def check_staff_totp(principal: Principal, challenge_id: str, code: str) -> str:
    """A ticket. Refused for a wrong, used or late code; the fifth wrong one starts over."""
    rate_limits.count("staff from", principal.ip)
    ticket = ""
    with transaction(system_principal("sign-in")) as tx:
        step, member = _due(tx, challenge_id)
        if step and member:
            # Somebody else may have set the app up meanwhile: the member's own secret decides.
            used = step_of(member.totp_secret or step.totp_secret, code, member.totp_last_step)
            ticket = _come_in(tx, principal, member, step, used) if used else ""
            step.tries += 1
            if not ticket and step.tries >= STAFF_TRIES:
                step.burnt_at = clock.real_now()
    if step is None or member is None:
        raise StaffSignInExpired
    if not ticket:
        note_failure(principal, member, "sign_in:totp")
        raise WrongStaffCode
    return ticket


def add_staff_member(principal: Principal, email: str, name: str, role: Role, password: str) -> StaffId:
    """A new member of staff. They set up their authenticator app by a link (`make_set_up_link`)."""
    principal.require(Permission.MANAGE_STAFF)
    email = email.strip().lower()
    hashed = hash_of(password, email, name)
    with transaction(system_principal("staff")) as tx:
        if _member(tx, email, active=False):
            raise StaffEmailTaken
        row = StaffMember(
            id=StaffId(new_id("stf")),
            email=email,
            name=name.strip(),
            role=role,
            password_hash=hashed,
            created_at=clock.now(),
        )
        tx.add(row)
        tx.add(audit.line(principal, "staff:added", subject=row.id, details={"role": role.value}))
    return row.id


def hash_of(password: str, email: str, name: str) -> str:
    """What is kept of a new password. Refused when it is easy to guess, with the reason."""
    words = (email.partition("@")[0], name)
    check_new_password(password, personal_words=words, is_common=is_common)
    return hash_password(password)


def is_password(member: StaffMember | None, password: str) -> bool:
    """The same work for nobody."""
    return verify_password(password, member.password_hash if member else "")[0]


def is_locked(member: StaffMember) -> bool:
    return member.locked_until is not None and member.locked_until > clock.real_now()


def new_app(email: str, issuer: str) -> NewApp:
    secret = pyotp.random_base32()
    uri = TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)
    return NewApp(in_fours(secret).replace("-", " "), uri, qr_svg(uri), encrypt(_TOTP, secret))


def step_of(sealed: str, code: str, last: int) -> int:
    """The time step of this code, newer than the last one used (a code works once); 0 if it is wrong."""
    app, typed = TOTP(decrypt(_TOTP, sealed)), "".join(code.split())
    matching = (n for n in steps_near(clock.real_now()) if equal(app.generate_otp(n), typed))
    return unused_step(matching, last) or 0


def _member(tx: Tx, email: str, *, active: bool = True) -> StaffMember | None:
    found = tx.exec(select(StaffMember).where(StaffMember.email == email)).first()
    return None if found is None or (active and not found.active) else found


def _challenge(principal: Principal, member: StaffMember, issuer: str, link: str = "") -> StaffChallenge:
    app = None if member.totp_secret else new_app(member.email, issuer)
    now = clock.real_now()
    step = StaffStep(
        id=new_id("stp"),
        staff_id=member.id,
        totp_secret=app.sealed if app else "",
        set_up_link=link,
        created_at=now,
        expires_at=now + STAFF_STEP_LIFE,
    )
    with transaction(system_principal("sign-in")) as tx:
        tx.add(step)
        tx.add(audit.line(principal, "set_up:password" if link else "sign_in:password", subject=member.id))
    if app is None:
        return StaffChallenge(step.id, set_up=False)
    return StaffChallenge(step.id, True, app.uri, app.qr_svg, app.secret)


def _due(tx: Tx, challenge_id: str) -> tuple[StaffStep | None, StaffMember | None]:
    try:
        step = tx.get_or_404(StaffStep, challenge_id, lock=True)
        member = tx.get_or_404(StaffMember, step.staff_id, lock=True)
    except NotFound:
        return None, None
    over = step.burnt_at or step.expires_at <= clock.real_now() or not member.active
    over = over or (not member.totp_secret and not may_set_up(tx, step))
    return (None, None) if over or is_locked(member) else (step, member)


def _come_in(tx: Tx, principal: Principal, member: StaffMember, step: StaffStep, used: int) -> str:
    if not member.totp_secret:
        member.totp_secret = step.totp_secret
        end_set_up_link(tx, member.id)
        tx.add(audit.line(principal, "staff:totp_set_up", subject=member.id))
    member.totp_last_step, member.failures, member.locked_until = used, 0, None
    step.burnt_at = clock.real_now()
    return write_ticket(tx, way="password+totp", staff_id=member.id, language=principal.language)


def _note_no_app(principal: Principal, member: StaffMember) -> None:
    with transaction(system_principal("sign-in")) as tx:
        tx.add(audit.line(principal, "sign_in:no_app", outcome="refused", subject=member.id))


def note_failure(principal: Principal, member: StaffMember | None, action: str) -> None:
    """The same work for nobody: one line in the trail, and a lock that grows for whoever exists."""
    with transaction(system_principal("sign-in")) as tx:
        tx.add(audit.line(principal, action, outcome="refused", subject=member.id if member else ""))
        if member:
            row = tx.get_or_404(StaffMember, member.id, lock=True)
            row.failures += 1
            if wait := lock_after(row.failures):
                row.locked_until = clock.real_now() + wait
