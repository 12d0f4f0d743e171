"""Names that open everything are imported where a reason is given, and services say who asks."""

import ast
import re

import portal_app.db.tables  # noqa: F401  (the metadata is whole)
from tests.architecture.sources import (
    PORTAL,
    imports,
    nodes,
    parsed,
    sources,
)

_SIGN_IN = "the patient's own way in, which nobody but the portal reads"
PRIVILEGED_NAMES: dict[str, dict[str, str]] = {
    "system_principal": {
        "web": "webhooks, text messages and the sweep of ended sessions have no asker",
        "commands": "the command line is the practice's own",
        "doctor.py": "looks at what is set up",
        "demo": "loads and removes the demo",
        "services/sign_in": "sessions, codes and staff before anybody is signed in",
        "services/billing": "settles for payers what only the processor may say",
        "services/patients/access": "makes the lists that a principal is made of",
        "services/memberships/members/take_back": "refunds what was paid for a member taken back",
        "services/agreements/copies/make": "the server's loop that makes copies",
        "services/practice": "the practice's own row, read and changed for staff; whose database it is",
        "services/as_system": "makes the principal of an errand",
        "services/jobs": "what the server runs by itself",
        "services/messaging": "delivers; the demo's outbox page; the outbox, for staff who may share",
        "services/staff/tasks": "tasks are the portal's own rows",
    },
    "as_system": {
        "services/agreements/copies": "hashes of copies, compared with a file and with the trail; no name is read",
        "services/agreements": "drafts are the practice's; a signer may be no relation of the patient",
        "services/documents/agreement_documents": "a signer may be no relation of the patient, and keeps the copy",
        "services/audit": "a line of the trail for what was refused",
        "services/patients/change_requests": "requests are answered by staff whom the patient may not see",
        "services/patients/contact_details": "changes that wait for a code, which nobody reads",
        "services/credentials/passwords": _SIGN_IN,
        "services/credentials/desk_codes": "codes that the front desk prints, which nobody reads",
        "services/credentials/devices": "sessions of the patient's own devices",
        "services/drafts": "drafts are the portal's own rows",
        "services/jobs": "rows of jobs are the portal's own",
        "services/memberships/members": "a membership's members and price, after asking whose it is",
        "services/memberships/joining": "nobody is signed in yet, and a request to join is the portal's own row",
        "services/memberships/receipts": "names of those on one's membership, beside what was paid for them",
        "services/patients/chart_numbers": "tasks are the portal's own rows; two patients never share a number",
        "services/patients/search": "finds people for the front desk, with a line in the trail",
        "services/links/action_links": "links and their secrets, which nobody reads",
        "services/memberships/view": "a membership's members, whose price and names its viewer may know",
        "services/memberships/renewals/renew": "a membership's price needs all of its members",
        "services/memberships/cancellation/cancel": "ends what all members are on; messages and tasks",
        "services/patients/members": "names of those on one's membership or acting for one, and nothing else",
        "services/credentials/passkeys": _SIGN_IN,
        "services/memberships/autopay": "the price of a membership has members whom its owner may not see",
        "services/links/pay_links": "links and their secrets, which nobody reads",
        "services/credentials/resets": _SIGN_IN,
        "services/credentials/second_factor": _SIGN_IN,
        "services/patients/grants": "grants name another adult, who is found by name and date of birth",
        "services/memberships/plans": "plans and coupons are the practice's; prices hang on everybody on a plan",
        "services/memberships/staff": "staff change memberships of any family; billing alone sees no charts",
        "services/staff/sign_in_settings": "the sign-in of a member of staff, which nobody reads",
    },
    "errand_for": {"services/messaging/practice_templates": "message texts are settings of the practice"},
    "EVERYONE": {
        "services/sign_in": "the lists of a member of staff",
        "db": "the scope asks whether a list is everybody",
    },
    "transaction": {"services": "services do", "demo": "makes the demo's practice"},
    "reading": {"services": "services do", "demo": "makes the demo's practice"},
    "prepared_reading": {"services": "services do"},
    "Session": {"db": "the scope that narrows"},
    "engine": {"db": "the only way to the database"},
    "create_engine": {"db": "the only way to the database"},
}
# What a public function of a service may take first; others are listed with the reason.
ASKED_BY = {"principal", "tx"}
WITHOUT_PRINCIPAL = {
    "services/sign_in/sessions.py:redeem": "the ticket is all one has before there is a session",
    "services/patients/access.py:load_access_lists": "makes the lists that a principal is made of",
    "services/messaging/log.py:sent_messages": "the demo's outbox page, absent in production",
}


def test_nobody_else_holds_a_master_key():
    wrong = [
        f"{found.where} imports {name}"
        for found in imports()
        for name in found.names & PRIVILEGED_NAMES.keys()
        if not found.where.startswith(tuple(PRIVILEGED_NAMES[name]))
        and found.module.startswith(("portal_app", "sqlmodel", "sqlalchemy"))
    ]
    wrong += [str(path) for path in sources() if re.search(r"rx\.a?session\b", path.read_text())]
    assert not wrong


def test_no_master_key_is_listed_for_whom_it_is_not_needed():
    held = {(name, found.where) for found in imports() for name in found.names}
    unused = [
        f"{name}: {start}"
        for name, starts in PRIVILEGED_NAMES.items()
        for start in starts
        if not any(name == taken and where.startswith(start) for taken, where in held)
    ]
    assert not unused


def test_every_public_service_says_who_asks():
    """A service takes a Principal first, or the transaction of one that did."""
    wrong = set()
    for path in (PORTAL / "services").rglob("*.py"):
        where = str(path.relative_to(PORTAL))
        for node in parsed(path).body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name.startswith("_"):
                continue
            first = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:1]
            pure = not ({"transaction", "reading", "prepared_reading"} & _called(node))
            if not (set(first) & ASKED_BY) and not pure:
                wrong.add(f"{where}:{node.name}")
    assert wrong - WITHOUT_PRINCIPAL.keys() == set()
    assert WITHOUT_PRINCIPAL.keys() - wrong == set()  # an entry that is not needed any more


def _called(function: ast.AST) -> set[str]:
    calls = (node.func for node in nodes(function) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)}
