"""Sign-in of staff: email and password, then always a code from their authenticator app."""

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
from portal_app.domain.credentials.codes import bare_code, in_fours, steps_near, unused_step
from portal_app.domain.credentials.passwords import check_new_password
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import StaffId, new_id
from portal_app.domain.sign_in import STAFF_STEP_LIFE, STAFF_TRIES
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
from portal_app.services.sign_in.known_sources import counted_by, find_asker, person_key
from portal_app.services.sign_in.lockouts import account_key, begin_try, forget_failures, forgive
from portal_app.services.sign_in.password_hashes import hash_password, verify_password
from portal_app.services.sign_in.sessions import write_ticket
from portal_app.services.sign_in.set_up_links import end_set_up_link, find_set_up_link, may_set_up
from portal_app.settings import settings

_TOTP = "staff totp"


@dataclass(frozen=True, slots=True)
class StaffChallenge:
    """The second step, after the password. `set_up`: an app is set up first, with the secret in the other fields."""

    id: str
    set_up: bool
    secret_uri: str = ""
    qr_svg: str = ""
    secret: str = ""  # in groups of four, to type where scanning is not possible


@dataclass(frozen=True, slots=True)
class NewStaffApp:
    """A new secret for an authenticator app, to scan or to type. `encrypted` is what is stored."""

    secret: str  # in groups of four
    uri: str
    qr_svg: str
    encrypted: str


def check_staff_password(principal: Principal, email: str, password: str) -> StaffChallenge:
    """First step of a staff sign-in. Takes the same time whatever is wrong.

    Raises:
        WrongStaffPassword: email unknown, password wrong, or sign-in locked.
        NeedsSetUpLink: the password is right, but there is no app yet and this is not a demo.
    """
    email = email.strip().lower()
    with reading(system_principal("sign-in")) as tx:
        member = _find_member(tx, email)
        issuer = tx.get_or_404(Practice, "practice").name
    is_right = is_right_password(principal, member, email, password)
    if member is None or not is_right:
        note_failure(principal, member, "sign_in:password")
        raise WrongStaffPassword
    if not member.totp_secret and not settings().demo:
        _record_missing_app(principal, member)
        raise NeedsSetUpLink
    return _challenge(principal, member, issuer)


def begin_set_up(principal: Principal, token: str, password: str) -> StaffChallenge:
    """Start to set up an app with a set-up link and the password: returns a secret to scan.

    `check_staff_totp` with the first code completes it.

    Raises:
        SetUpLinkOver: the link is not valid.
        WrongSetUpPassword: the password is wrong, or the sign-in is locked.
    """
    rate_limits.count_attempt("try from", counted_by(principal))
    with reading(system_principal("sign-in")) as tx:
        member, link = find_set_up_link(tx, token)
        issuer = tx.get_or_404(Practice, "practice").name
    if not is_right_password(principal, member, member.email, password):
        note_failure(principal, member, "set_up:password")
        raise WrongSetUpPassword
    return _challenge(principal, member, issuer, link)


def check_staff_totp(principal: Principal, challenge_id: str, code: str) -> str:
    """Second step of a staff sign-in: a session ticket for the code of the app.

    Raises:
        WrongStaffCode: the code is wrong or used.
        StaffSignInExpired: the step is unknown, expired, or had five wrong codes.
    """
    ticket = ""
    with transaction(system_principal("sign-in")) as tx:
        step, member = _open_step(tx, challenge_id)
        asker = find_asker(tx, principal, [person_key(member.id if member else None, staff=True)])
        rate_limits.spend_on_source("guess", asker, principal.ip)
        if step and member and begin_try(tx, "guess", app_account(member.id), asker):
            # The app may have been set up meanwhile by another step: then the member's secret decides.
            time_step = matching_step(member.totp_secret or step.totp_secret, code, member.totp_last_step)
            ticket = _complete(tx, principal, member, step, time_step) if time_step else ""
            if ticket:
                forget_failures(tx, accounts_of(member), asker.source)
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
    """Add a staff member, who sets up an authenticator app with a link (`make_set_up_link`).

    Raises StaffEmailTaken, or an error of `check_new_password`.
    """
    principal.require(Permission.MANAGE_STAFF)
    email = email.strip().lower()
    password_hash = hash_staff_password(password, email, name)
    with transaction(system_principal("staff")) as tx:
        if _find_member(tx, email, active=False):
            raise StaffEmailTaken
        row = StaffMember(
            id=StaffId(new_id("stf")),
            email=email,
            name=name.strip(),
            role=role,
            password_hash=password_hash,
            created_at=clock.now(),
        )
        tx.add(row)
        tx.add(audit.entry(principal, "staff:added", subject=row.id, details={"role": role.value}))
    return row.id


def hash_staff_password(password: str, email: str, name: str) -> str:
    """The hash to store of a new password. Raises an error of `check_new_password` when it is weak."""
    words = (email.partition("@")[0], name)
    check_new_password(password, personal_words=words, is_common=is_common)
    return hash_password(password)


def is_staff_password(member: StaffMember | None, password: str) -> bool:
    """Whether it is the member's password. Takes the same time for None, which it never is."""
    return verify_password(password, member.password_hash if member else "")[0]


def is_right_password(principal: Principal, member: StaffMember | None, email: str, password: str) -> bool:
    """Whether it is the member's password and their account is not locked for this device or network.

    The try is counted before it is checked. The rows and the work are the same whatever is wrong, also for nobody.

    Raises TooManyAttempts: a budget of the network, the device or the account is used up.
    """
    account = password_account(email)
    with transaction(system_principal("sign-in")) as tx:
        asker = find_asker(tx, principal, [person_key(member.id if member else None, staff=True)])
        rate_limits.spend_on_source("password", asker, principal.ip)
        is_open = begin_try(tx, "password", account, asker)
    is_right = is_staff_password(member, password)
    if is_right and is_open:
        with transaction(system_principal("sign-in")) as tx:
            forgive(tx, account, asker)
    return is_right and is_open


def password_account(email: str) -> str:
    """The name under which failed passwords of a staff email are counted."""
    return account_key("staff", email)


def app_account(staff_id: StaffId) -> str:
    """The name under which wrong codes of a staff member's app are counted."""
    return account_key("staff app", staff_id)


def accounts_of(member: StaffMember) -> tuple[str, str]:
    """The names under which a staff member's failures are counted."""
    return password_account(member.email), app_account(member.id)


def new_staff_app(email: str, issuer: str) -> NewStaffApp:
    """A new app secret. `issuer`: the name that the app shows, the practice's."""
    secret = pyotp.random_base32()
    uri = TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)
    return NewStaffApp(in_fours(secret).replace("-", " "), uri, qr_svg(uri), encrypt(_TOTP, secret))


def matching_step(encrypted_secret: str, code: str, last_used: int) -> int:
    """The TOTP time step whose code this is, if newer than the last used one (a code works once); 0 otherwise."""
    app, typed = TOTP(decrypt(_TOTP, encrypted_secret)), bare_code(code)
    matching = (n for n in steps_near(clock.real_now()) if equal(app.generate_otp(n), typed))
    return unused_step(matching, last_used) or 0


def _find_member(tx: Tx, email: str, *, active: bool = True) -> StaffMember | None:
    found = tx.exec(select(StaffMember).where(StaffMember.email == email)).first()
    return None if found is None or (active and not found.active) else found


def _challenge(principal: Principal, member: StaffMember, issuer: str, link: str = "") -> StaffChallenge:
    app = None if member.totp_secret else new_staff_app(member.email, issuer)
    now = clock.real_now()
    step = StaffStep(
        id=new_id("stp"),
        staff_id=member.id,
        totp_secret=app.encrypted if app else "",
        set_up_link=link,
        created_at=now,
        expires_at=now + STAFF_STEP_LIFE,
    )
    with transaction(system_principal("sign-in")) as tx:
        tx.add(step)
        tx.add(audit.entry(principal, "set_up:password" if link else "sign_in:password", subject=member.id))
    if app is None:
        return StaffChallenge(step.id, set_up=False)
    return StaffChallenge(step.id, True, app.uri, app.qr_svg, app.secret)


def _open_step(tx: Tx, challenge_id: str) -> tuple[StaffStep | None, StaffMember | None]:
    """The step and its staff member, locked for update; twice None when it cannot be completed."""
    try:
        step = tx.get_or_404(StaffStep, challenge_id, lock=True)
        member = tx.get_or_404(StaffMember, step.staff_id, lock=True)
    except NotFound:
        return None, None
    ended = step.burnt_at or step.expires_at <= clock.real_now() or not member.active
    ended = ended or (not member.totp_secret and not may_set_up(tx, step))
    return (None, None) if ended else (step, member)


def _complete(tx: Tx, principal: Principal, member: StaffMember, step: StaffStep, time_step: int) -> str:
    """Sign the staff member in: a session ticket. Sets up the step's app if there was none."""
    if not member.totp_secret:
        member.totp_secret = step.totp_secret
        end_set_up_link(tx, member.id)
        tx.add(audit.entry(principal, "staff:totp_set_up", subject=member.id))
    member.totp_last_step = time_step
    step.burnt_at = clock.real_now()
    return write_ticket(tx, way="password+totp", staff_id=member.id, language=principal.language)


def _record_missing_app(principal: Principal, member: StaffMember) -> None:
    with transaction(system_principal("sign-in")) as tx:
        tx.add(audit.entry(principal, "sign_in:no_app", outcome="refused", subject=member.id))


def note_failure(principal: Principal, member: StaffMember | None, action: str) -> None:
    """Record a failed attempt in the audit trail."""
    with transaction(system_principal("sign-in")) as tx:
        tx.add(audit.entry(principal, action, outcome="refused", subject=member.id if member else ""))
