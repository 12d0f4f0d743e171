"""The bank may think for a minute; nobody waits for a lock meanwhile: no call out while a transaction is open."""

# ruff: noqa: E501  (sources in one line)
import ast
from pathlib import Path

import pytest

from tests.architecture.call_out_guards import Hit, Sources
from tests.architecture.sources import nodes, parsed

PORTAL = Path(__file__).parents[2] / "portal_app"
# Who may open a transaction, and whoever may be called by them.
LAYERS = ("services", "db", "web", "demo", "commands", "cli.py", "doctor.py", "portal_app.py")


def gateway_types() -> frozenset[str]:
    """The protocols of the gateways, and what holds them together."""
    classes = (
        node
        for path in (PORTAL / "gateways").rglob("*.py")
        for node in nodes(parsed(path))
        if isinstance(node, ast.ClassDef)
    )
    protocols = {node.name for node in classes if any(ast.unparse(base) == "Protocol" for base in node.bases)}
    return frozenset(protocols | {"Gateways"})


def portal() -> Sources:
    texts = {}
    for path in sorted(PORTAL.rglob("*.py")):
        where = path.relative_to(PORTAL.parent).with_suffix("").parts
        if path.relative_to(PORTAL).parts[0] in LAYERS:
            texts[".".join(where[:-1] if where[-1] == "__init__" else where)] = path.read_text()
    return Sources(texts, gateway_types())


def hits(**texts: str) -> list[Hit]:
    return Sources(texts, frozenset({"CardProcessor", "Mailer", "PracticeSystem", "Gateways"})).hits()


def test_the_protocols_of_the_gateways_are_found():
    assert gateway_types() >= {
        "CardProcessor",
        "Mailer",
        "Texter",
        "Typesetter",
        "PracticeSystem",
        "Gateways",
    }


def test_no_service_calls_out_while_a_transaction_is_open():
    found = portal()
    assert not [str(hit) for hit in found.hits()]
    # It has seen the calls out that there are, through their helpers.
    ways = {f"{module.rpartition('.')[2]}.{name}" for module, name in found.ways_out}
    assert ways >= {
        "pay.pay_invoice",
        "pay_links.pay_linked_invoice",
        "delivery.deliver",
        "payment_methods.remove_payment_method",
    }


_HELPER = """
def pay(principal, payment_id, processor):
    with transaction(principal) as tx:
        payment = tx.get_or_404(Payment, payment_id)
        _charge(payment, processor)

def _charge(payment, processor):
    return _send(payment, processor)

def _send(payment, bank: CardProcessor):
    return bank.charge(payment)
"""


def test_a_gateway_that_is_passed_to_a_helper_is_seen():
    """It used to be missed: only `processor.…` written in the block itself was looked for."""
    (hit,) = hits(pay=_HELPER)
    assert (hit.function, hit.line, hit.way) == ("pay", 5, ("_charge", "_send", "bank.charge"))


@pytest.mark.parametrize(
    "body",
    [
        "def f(p, processor):\n    with transaction(p) as tx:\n        processor.charge(1)",
        "def f(p, system: PracticeSystem):\n    with transaction(p) as tx:\n        system.post_entry(1)",
        "def f(p, all_of_them: 'Gateways | None'):\n    with transaction(p):\n        all_of_them.payments.charge(1)",
        "def f(p):\n    with transaction(p):\n        gateways().mail.send(1)",
        "def f(p):\n    with transaction(p):\n        if others := bus():\n            others.publish(1)",
        "def f(p, gateways):\n    bank = gateways.payments\n    with transaction(p):\n        bank.charge(1)",
        "def f(p, processor):\n    with reading(p) as tx:\n        return processor.look_up(1)",
        "def f(tx, processor):\n    return processor.look_up(1)",
        "def f(p, mail: Mailer):\n    with transaction(p) as tx:\n        to_all(mail)\n\ndef to_all(post: Mailer):\n    post.send(1)",
        "def f(p, mail: Mailer):\n    with transaction(p) as tx:\n        run(to_all, mail)\n\ndef to_all(post: Mailer):\n    post.send(1)",
        "class Run:\n    def opened(self):\n        return transaction(self.p)\n\ndef f(run, processor):\n    with run.opened() as tx:\n        processor.charge(1)",
        "class Run:\n    def ask(self, processor):\n        processor.charge(1)\n\ndef f(p, run, bank):\n    with transaction(p):\n        run.ask(bank)",
        "def f(p, processor):\n    g(lambda tx: processor.charge(1))",
    ],
)  # fmt: skip
def test_a_call_out_under_any_name_is_seen(body: str):
    assert [hit.function for hit in hits(module=body)] == ["f"]


@pytest.mark.parametrize(
    "body",
    [
        "def f(p, processor):\n    with transaction(p) as tx:\n        pass\n    processor.charge(1)",
        "def f(p, processor):\n    with transaction(p) as tx:\n        tx.on_commit(lambda: processor.charge(1))",
        "def f(p, sms: str):\n    with transaction(p) as tx:\n        return sms.split()",
        "def f(p, heard):\n    with transaction(p) as tx:\n        return heard.kind\n\ndef heard(processor):\n    processor.charge(1)",
        "def f(p, processor):\n    g(processor, may=lambda tx: tx.get_or_404(1))\n\ndef g(processor, may):\n    processor.charge(1)",
    ],
)  # fmt: skip
def test_what_waits_for_nobody_is_left_alone(body: str):
    assert hits(module=body) == []


def test_helpers_are_followed_through_other_modules_and_packages():
    found = hits(
        **{
            "shop.billing": "from shop.billing.pay import charge",
            "shop.billing.pay": "def charge(p, processor):\n    processor.charge(p)",
            "shop.orders": "from shop import billing\n\ndef order(p, till):\n    with transaction(p) as tx:\n        billing.charge(p, till)",
        }
    )
    assert [(hit.module, hit.way) for hit in found] == [
        ("shop.orders", ("billing.charge", "processor.charge"))
    ]
