"""One registry of message templates: all kinds are listed in it, and importing a module adds none."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal_app.services.messaging.practice_template_rules import KINDS
from portal_app.services.messaging.registry import TEMPLATES
from portal_app.services.messaging.templates.agreement_copies import AGREEMENT_COPIES
from portal_app.services.messaging.templates.agreements import AGREEMENTS
from portal_app.services.messaging.templates.autopay import AUTOPAY
from portal_app.services.messaging.templates.billing import BILLING
from portal_app.services.messaging.templates.contact_details import CONTACT_DETAILS
from portal_app.services.messaging.templates.family import FAMILY
from portal_app.services.messaging.templates.members import MEMBERS
from portal_app.services.messaging.templates.memberships import MEMBERSHIPS
from portal_app.services.messaging.templates.sign_in import SIGN_IN
from portal_app.services.messaging.templates.staff import STAFF
from portal_app.services.messaging.templates.types import Template
from portal_app.state.staff.messages import KINDS as NAMES

SERVICES = Path(__file__).parents[3] / "portal_app" / "services"
# Where the kind stands in each call that writes or notes a message.
WRITES = {"write_message": 1, "write_each_way": 1, "notify_all_contacts": 2, "add_notice": 2, "NewNotice": 1}
DIGEST_KINDS = {kind for kind, template in TEMPLATES.items() if template.digest_line}


def written_kinds(*functions: str) -> Iterator[tuple[str, str]]:
    """File and kind of every call of these that names its kind, or one of two kinds."""
    for path in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            kinds = node.args[WRITES[name] : WRITES[name] + 1] if name in functions else []
            for kind in kinds:
                either = [kind.body, kind.orelse] if isinstance(kind, ast.IfExp) else [kind]
                for named in either:
                    if isinstance(named, ast.Constant) and isinstance(named.value, str):
                        yield path.name, named.value


def test_every_kind_is_listed_once() -> None:
    groups = (
        BILLING,
        MEMBERSHIPS,
        MEMBERS,
        AUTOPAY,
        AGREEMENT_COPIES,
        AGREEMENTS,
        SIGN_IN,
        CONTACT_DETAILS,
        FAMILY,
        STAFF,
    )
    assert sum(map(len, groups)) == len(TEMPLATES) == len({kind for group in groups for kind in group})


def test_importing_the_registry_alone_finds_every_kind() -> None:
    """A process that has imported nothing else knows what this one knows, which imported the services."""
    code = "from portal_app.services.messaging.registry import TEMPLATES; print(*TEMPLATES)"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert alone.stdout.split() == list(TEMPLATES)


def test_nothing_can_be_added_to_it() -> None:
    with pytest.raises(TypeError):
        TEMPLATES["late"] = TEMPLATES["receipt"]  # type: ignore[index]


def test_every_kind_that_a_service_writes_has_a_template() -> None:
    written = set(written_kinds(*WRITES))
    assert {"receipt", "sign_in_code", "password_changed", "invoice_issued"} <= {kind for _, kind in written}
    assert [(where, kind) for where, kind in written if kind not in TEMPLATES] == []


def test_every_kind_that_is_noted_for_the_digest_brings_its_line_and_values() -> None:
    plain = Template(subject="", body="", sms="")
    assert {kind for _, kind in written_kinds("add_notice", "NewNotice")} == DIGEST_KINDS
    for kind in DIGEST_KINDS:
        template = TEMPLATES[kind]
        assert template.current_values is not plain.current_values, kind


def test_a_line_of_the_digest_names_only_what_its_message_names() -> None:
    for kind in DIGEST_KINDS:
        template = TEMPLATES[kind]
        places = [set(re.findall(r"\{(\w+)\}", text)) for text in (template.digest_line, template.body)]
        assert places[0] <= places[1], kind


def test_a_kind_needs_only_what_its_text_names() -> None:
    for kind, template in TEMPLATES.items():
        assert all(f"{{{value}}}" in template.body for value in template.needs), kind


def test_staff_see_the_kinds_they_may_word_in_the_same_order_and_by_name() -> None:
    assert (
        *("invoice_issued", "due_soon", "overdue", "money_news", "pay_link"),
        *("receipt", "payment_failed", "payment_taken_back", "invoice_again", "refund", "card_expiring"),
        *("renewal_announced", "membership_renewed", "membership_cancelled"),
        *("join_waiting", "joined", "join_accepted", "join_refused"),
        *AUTOPAY,
        *AGREEMENTS,
    ) == KINDS
    codes = ("agreement_copy", "join_code", "sign_in_code")  # staff read that one was sent, and word none
    assert [kind for kind in NAMES if kind not in codes] == [*KINDS]
    assert NAMES.keys() == {*KINDS, *codes}
