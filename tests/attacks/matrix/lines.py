"""A line of the table, and who may: by the rules of DOMAIN.md."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal_app.domain.access import Principal
from portal_app.domain.money import Money
from tests.attacks.everybody import TODAY, Stage

FIRST, LAST = TODAY.replace(day=1), TODAY
AMOUNT = Money(20_00)


Ask = Callable[[Principal, Stage], Any]


@dataclass(frozen=True)
class Line:
    what: str
    ask: Ask
    whom: frozenset[str]


# Those who may, by the rules of DOMAIN.md.
MARIA_PAYS = "maria embed"  # her own bills, in a frame too
SEES_BILLING = "dana nora olga"
REFUNDS = "nora olga"
SHARES = EDITS = "dana olga"
SEES_PATIENTS = "dana olga cleo"
ACTS_FOR_MARIA = "maria"
HAS_A_SIGN_IN = "maria luis rosa nina oscar ivy kim payer"  # a proof is asked before anything else
ACTS_FOR_EVA = "maria luis payer"  # payer is Luis, whom Maria lets pay
NOBODY = ""
MONEY = f"{MARIA_PAYS} {SEES_BILLING}"
