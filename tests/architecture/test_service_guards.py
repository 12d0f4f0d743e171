"""A service that gives more than the asker has asks first whether they may: every public one, read as text."""

from functools import cache
from pathlib import Path

import pytest

from tests.architecture.service_guards import WIDENS, Module, refuses

SERVICES = Path(__file__).parents[2] / "portal_app" / "services"
# Functions that ask whether the asker may, or whether it is theirs, for other modules: where each is.
CHECKS = {
    "require_own_membership": "memberships/members/asked.py",
    "require_own_login": "credentials/logins.py",
    "require_invoice_access": "billing/invoices/read.py",
    "require_signer": "agreements/signing/viewer.py",
    "link_session": "links/action_links.py",
    "link_payer": "links/action_links.py",
}
# Public services that widen without asking, and why that is right.
NOT_SIGNED_IN = "nobody is signed in yet: what they show decides, and tries are counted"
BY_CODE = "the request of whoever typed the code of its contact, and no other"
CHALLENGE = "the challenge was made for whoever knew the password, or for this session"
BY_THE_SERVER = "run by the server or the command line; nobody asks"
MAKES_ONE = "makes the wide principal; whoever calls it is checked here"
UNASKED = {
    "audit.py:note_refusal": "writes that somebody may not; so many an hour",
    "messaging/delivery.py:deliver_when_woken": BY_THE_SERVER,
    "agreements/copies/make.py:make_copies_when_woken": BY_THE_SERVER,
    "agreements/copies/verify.py:verify_upload": "anybody who has a file; it says nothing that the file does not show",
    "messaging/log.py:sent_messages": "the demo's outbox page, absent in production",
    "credentials/passwords.py:password_sign_in": NOT_SIGNED_IN,
    "credentials/desk_codes.py:desk_sign_in": NOT_SIGNED_IN,
    "links/action_links.py:is_link_open": NOT_SIGNED_IN,
    "links/action_links.py:open_access_link": NOT_SIGNED_IN,
    "links/action_links.py:open_link": NOT_SIGNED_IN,
    "credentials/passkeys.py:ask_passkey": NOT_SIGNED_IN,
    "credentials/passkeys.py:passkey_sign_in": NOT_SIGNED_IN,
    "credentials/resets.py:is_reset_link_open": NOT_SIGNED_IN,
    "credentials/resets.py:stop_reset_by_link": "stopping opens nothing: the secret of the link is enough",
    "credentials/second_factor.py:answer_challenge": CHALLENGE,
    "credentials/second_factor.py:send_second_code": CHALLENGE,
    "memberships/joining/contact.py:request_join_code": NOT_SIGNED_IN,
    "memberships/joining/contact.py:verify_join_contact": NOT_SIGNED_IN,
    "memberships/joining/price.py:price_join": NOT_SIGNED_IN,
    "memberships/joining/view.py:view_join": BY_CODE,
    "memberships/joining/view.py:keep_join_choice": BY_CODE,
    "memberships/joining/view.py:keep_join_owner": BY_CODE,
    "memberships/joining/pay.py:pay_first_invoice": BY_CODE,
    "memberships/joining/pay.py:confirm_join_payment": BY_CODE,
    "memberships/joining/pay.py:cancel_join_payment": BY_CODE,
    "sign_in/codes.py:check_birth_date": NOT_SIGNED_IN,
    "sign_in/codes.py:check_code": NOT_SIGNED_IN,
    "sign_in/codes.py:request_code": NOT_SIGNED_IN,
    "sign_in/sessions.py:redeem": NOT_SIGNED_IN,
    "sign_in/sessions.py:end_session": "ends the asker's own session and no other",
    "sign_in/sessions.py:keep_alive": "touches the asker's own session and no other",
    "sign_in/set_up_links.py:is_set_up_link_open": NOT_SIGNED_IN,
    "sign_in/staff.py:begin_set_up": NOT_SIGNED_IN,
    "sign_in/known_sources.py:counted_by": NOT_SIGNED_IN,
    "sign_in/known_sources.py:remember": "remembers the asker's own device and no other's",
    "sign_in/staff.py:is_right_password": NOT_SIGNED_IN,
    "sign_in/staff.py:note_failure": NOT_SIGNED_IN,
    "sign_in/staff.py:check_staff_password": NOT_SIGNED_IN,
    "sign_in/staff.py:check_staff_totp": NOT_SIGNED_IN,
    "patients/access.py:load_access_lists": "makes the lists that a principal is made of",
    "practice/facts.py:view_frame": "reads the asker's own name",
    "as_system.py:as_system": MAKES_ONE,
    "practice/settings.py:errand_for": MAKES_ONE,
}


@cache
def modules() -> dict[str, Module]:
    paths = sorted(SERVICES.rglob("*.py"))
    checks = frozenset(CHECKS)
    return {str(path.relative_to(SERVICES)): Module(path.read_text(), checks) for path in paths}


def leaking(source: str) -> list[str]:
    return Module(source, frozenset(CHECKS)).unasked()


def test_a_public_service_that_widens_asks_first():
    """And an entry of the list that is not needed any more has to go."""
    found = {f"{where}:{name}" for where, module in modules().items() for name in module.unasked()}
    assert found - UNASKED.keys() == set()
    assert UNASKED.keys() - found == set()


def test_every_check_of_the_list_can_refuse_and_is_used():
    assert [name for name, where in CHECKS.items() if not refuses((SERVICES / where).read_text(), name)] == []
    used = {name for module in modules().values() for name in module.used_checks()}
    assert set(CHECKS) - used == set()


def test_every_way_to_widen_of_the_list_is_one():
    called = {name for module in modules().values() for name in module.widens_by()}
    assert called == WIDENS


_READS = "with reading(as_system(principal)) as tx:\n        return tx.get_or_404(Patient, id_)\n"


@pytest.mark.parametrize(
    "source",
    [
        f"def view(principal, id_):\n    {_READS}",
        f"def view(principal, id_):\n    {_READS}\n    principal.require(Permission.VIEW_PATIENTS)\n",
        "def view(principal, id_):\n    with reading(system_principal('x')) as tx:\n        require_own_login(principal)\n",
        f"def view(principal, id_):\n    if id_:\n        principal.require(Permission.VIEW_PATIENTS)\n    {_READS}",
        f"def view(principal, ids):\n    for id_ in ids:\n        require_own_login(principal)\n    {_READS}",
        f"def view(principal, id_):\n    return _read(principal, id_)\n\ndef _read(principal, id_):\n    {_READS}",
        "def view(principal):\n    return _wide(principal)\n\ndef _wide(principal):\n    return system_principal('x')\n",
        "_ERRAND = system_principal('x')\n\ndef view(principal):\n    with reading(_ERRAND) as tx:\n        return 1\n",
        "from portal_app.domain.access import system_principal as us\n\ndef view(principal):\n    return settle(us('x'))\n",
        "def view(principal):\n    return settle(access.system_principal('x'))\n",
        "def view(principal):\n    with reading(replace(as_system(principal), ip='')) as tx:\n        return 1\n",
        "async def view(principal):\n    await to_thread(deliver, system_principal('x'))\n",
    ],
)
def test_a_service_that_leaks_is_reported(source: str):
    assert leaking(source) == ["view"]


@pytest.mark.parametrize(
    "source",
    [
        f"def view(principal, id_):\n    principal.require(Permission.VIEW_PATIENTS)\n    {_READS}",
        f"def view(principal, id_):\n    me = require_own_login(principal)\n    {_READS}",
        f"def view(principal, id_):\n    payer, this = action_links.link_payer(principal)\n    {_READS}",
        f"def view(principal, id_):\n    principal.require_account(id_)\n    {_READS}",
        f"def view(principal, id_):\n    if not principal.may(A):\n        principal.require(B)\n    {_READS}",
        f"def view(principal, id_):\n    if not (a or b):\n        raise PermissionDenied('x')\n    {_READS}",
        "def view(principal, id_):\n    if principal.side is Side.STAFF:\n        principal.require(A)\n"
        f"    else:\n        require_own_login(principal)\n    {_READS}",
        f"def view(principal, id_):\n    _ask(principal)\n    {_READS}\ndef _ask(principal):\n    principal.require(A)\n",
        f"def _view(principal, id_):\n    {_READS}",
        "def view(principal, id_):\n    with reading(principal) as tx:\n        return tx.get_or_404(Patient, id_)\n",
    ],
)
def test_a_service_that_asks_first_is_not(source: str):
    assert leaking(source) == []
