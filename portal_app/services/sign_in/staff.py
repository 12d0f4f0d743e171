"""Staff come in by email and password, and always a code from their authenticator app."""

import secrets
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import pyotp
import qrcode
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyotp.totp import TOTP
from qrcode.image.svg import SvgPathFillImage
from sqlmodel import select

from portal_app import clock
from portal_app.db import audit
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import StaffStep
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal, Role, the_portal
from portal_app.domain.errors import NotFound, Refused
from portal_app.domain.ids import StaffId, new_id
from portal_app.domain.sign_in import STAFF_STEP_LIFE, STAFF_TRIES, TOTP_SECONDS, lock_after
from portal_app.services.sign_in import throttle
from portal_app.services.sign_in.keys import equal, seal, unseal
from portal_app.services.sign_in.sessions import write_ticket

_SHORTEST, _LONGEST = 12, 200
_TOTP = "staff totp"


@dataclass(frozen=True, slots=True)
class StaffChallenge:
    """After the password: the second factor is due. `set_up`: for the first time, with a secret to scan."""

    id: str
    set_up: bool
    secret_uri: str = ""
    qr_svg: str = ""
    secret: str = ""  # to type where scanning is not possible


def staff_password(principal: Principal, email: str, password: str) -> StaffChallenge:
    """Refused in the same words, after the same time, whatever is wrong."""
    email = email.strip().lower()
    throttle.count("staff from", principal.ip)
    throttle.count("staff", email)
    with reading(the_portal("sign-in")) as tx:
        member = _member(tx, email)
        issuer = tx.find(Practice, "practice").name
    hashed = member.password_hash if member and member.password_hash else _nobodys_hash()
    right = _passwords().verify(password[:_LONGEST], hashed)
    now = clock.real_now()
    locked = member is not None and member.locked_until is not None and member.locked_until > now
    if member is None or locked or not right:
        _note_failure(principal, None if locked else member, "sign_in:password")
        raise _wrong()
    return _challenge(principal, member, issuer)


def staff_totp(principal: Principal, challenge_id: str, code: str) -> str:
    """A ticket. Refused for a wrong, used or late code; the fifth wrong one starts over."""
    throttle.count("staff from", principal.ip)
    ticket = ""
    with transaction(the_portal("sign-in")) as tx:
        step, member = _due(tx, challenge_id)
        if step and member:
            used = _step_of(member, step, code)
            ticket = _come_in(tx, principal, member, step, used) if used else ""
            step.tries += 1
            if not ticket and step.tries >= STAFF_TRIES:
                step.burnt_at = clock.real_now()
    if step is None or member is None:
        raise Refused("This took too long. Begin again with your password.")
    if not ticket:
        _note_failure(principal, member, "sign_in:totp")
        raise Refused("That is not the code your app shows now. Wait for the next one and try again.")
    return ticket


def staff_add(principal: Principal, email: str, name: str, role: Role, password: str) -> StaffId:
    """A new member of staff; they set up their authenticator app when they first sign in."""
    principal.require(Permission.MANAGE_STAFF)
    email = email.strip().lower()
    check_password(password, (email, name))
    hashed = _passwords().hash(password)
    with transaction(the_portal("staff")) as tx:
        if _member(tx, email, active=False):
            raise Refused("There is somebody with this email already.")
        row = StaffMember(
            id=StaffId(new_id("stf")),
            email=email,
            name=name.strip(),
            role=role,
            password_hash=hashed,
            created_at=clock.now(),
        )
        tx.keep(row)
        tx.keep(audit.line(principal, "staff:added", subject=row.id, details={"role": role.value}))
    return row.id


def check_password(password: str, own_words: tuple[str, ...]) -> None:
    """Long is better than odd (NIST SP 800-63B-4). Refused with what to change."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise Refused("Choose a password of {least} to {most} characters.", least=_SHORTEST, most=_LONGEST)
    words = {part for text in own_words for part in text.lower().replace("@", " ").split() if len(part) > 3}
    if len(set(password)) < 5 or any(word in password.lower() for word in words):
        raise Refused("This password is easy to guess. Use a few words that have nothing to do with you.")


def _member(tx: Tx, email: str, *, active: bool = True) -> StaffMember | None:
    found = tx.exec(select(StaffMember).where(StaffMember.email == email)).first()
    return None if found is None or (active and not found.active) else found


def _challenge(principal: Principal, member: StaffMember, issuer: str) -> StaffChallenge:
    set_up = not member.totp_secret
    secret = pyotp.random_base32() if set_up else ""
    now = clock.real_now()
    step = StaffStep(
        id=new_id("stp"),
        staff_id=member.id,
        totp_secret=seal(_TOTP, secret) if set_up else "",
        created_at=now,
        expires_at=now + STAFF_STEP_LIFE,
    )
    with transaction(the_portal("sign-in")) as tx:
        tx.keep(step)
        tx.keep(audit.line(principal, "sign_in:password", subject=member.id))
    if not set_up:
        return StaffChallenge(step.id, set_up=False)
    uri = TOTP(secret).provisioning_uri(name=member.email, issuer_name=issuer)
    return StaffChallenge(step.id, True, uri, _qr(uri), secret)


def _due(tx: Tx, challenge_id: str) -> tuple[StaffStep | None, StaffMember | None]:
    try:
        step = tx.find(StaffStep, challenge_id, lock=True)
        member = tx.find(StaffMember, step.staff_id, lock=True)
    except NotFound:
        return None, None
    now = clock.real_now()
    over = step.burnt_at or step.expires_at <= now or not member.active
    locked = member.locked_until is not None and member.locked_until > now
    return (None, None) if over or locked else (step, member)


def _step_of(member: StaffMember, step: StaffStep, code: str) -> int:
    """The time step of this code, newer than the last one used (a code works once); 0 if it is wrong."""
    # Somebody else may have set the app up meanwhile: the member's own secret decides.
    app = TOTP(unseal(_TOTP, member.totp_secret or step.totp_secret))
    here = int(clock.real_now().timestamp()) // TOTP_SECONDS
    typed = "".join(code.split())
    matching = [n for n in (here - 1, here, here + 1) if equal(app.generate_otp(n), typed)]
    return max((n for n in matching if n > member.totp_last_step), default=0)


def _come_in(tx: Tx, principal: Principal, member: StaffMember, step: StaffStep, used: int) -> str:
    if not member.totp_secret:
        member.totp_secret = step.totp_secret
        tx.keep(audit.line(principal, "staff:totp_set_up", subject=member.id))
    member.totp_last_step, member.failures, member.locked_until = used, 0, None
    step.burnt_at = clock.real_now()
    return write_ticket(tx, way="password+totp", staff_id=member.id, language=principal.language)


def _note_failure(principal: Principal, member: StaffMember | None, action: str) -> None:
    """The same work for nobody: one line in the trail, and a lock that grows for whoever exists."""
    with transaction(the_portal("sign-in")) as tx:
        tx.keep(audit.line(principal, action, outcome="refused", subject=member.id if member else ""))
        if member:
            row = tx.find(StaffMember, member.id, lock=True)
            row.failures += 1
            if wait := lock_after(row.failures):
                row.locked_until = clock.real_now() + wait


def _wrong() -> Refused:
    return Refused("The email or the password is wrong, or the sign-in is locked for a while.")


@cache
def _passwords() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobodys_hash() -> str:
    """So that an unknown email takes as long as a wrong password."""
    return _passwords().hash(secrets.token_hex(16))


def _qr(text: str) -> str:
    """One <svg>, dark on light whatever the page's colours, with its quiet zone."""
    out = BytesIO()
    qrcode.make(text, image_factory=SvgPathFillImage, border=4).save(out)
    return out.getvalue().decode().partition("?>")[2].strip()
