"""Who may do what to what is Maria's, Nina's and Ivy's: every service, everybody of the cast.

One line of the table: a service, what is asked of it, and for whom there is an answer. For all the
others it does not exist or is not allowed, and nothing is written. A service that takes an id and
is in neither list fails `test_every_service_that_takes_an_id_is_in_the_table`.
"""

import ast

import pytest

from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied, UserError
from portal_app.services.messaging import log
from portal_app.services.sign_in import rate_limits
from tests.architecture.sources import PORTAL, parsed
from tests.attacks.everybody import EVERYBODY, everything_written, set_the_stage
from tests.attacks.matrix import agreements, billing, memberships, people
from tests.attacks.matrix.elsewhere import ELSEWHERE
from tests.attacks.matrix.lines import SEES_BILLING, Line
from tests.people import People

TABLE = [*billing.LINES, *people.LINES, *memberships.LINES, *agreements.LINES]


@pytest.fixture(autouse=True)
def fresh_throttle() -> None:
    rate_limits.forget_all()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_for_all_the_others_it_does_not_exist_and_nothing_is_written(db: str, row: Line) -> None:
    People.create()
    stage = set_the_stage()
    before = everything_written()
    got_in = []
    for name in sorted(EVERYBODY.keys() - row.whom):
        try:
            row.ask(EVERYBODY[name], stage)
            got_in.append(name)
        except (NotFound, PermissionDenied, NotSignedIn):
            pass
    assert not got_in
    assert everything_written() == before


@pytest.mark.parametrize(
    ("row", "name"), [pytest.param(r, n, id=f"{r.what}-{n}") for r in TABLE for n in sorted(r.whom)]
)
def test_for_those_it_is_for_it_is_there(sqlite_db: str, row: Line, name: str) -> None:
    is_there(row, name)


@pytest.mark.postgres
@pytest.mark.parametrize("row", [row for row in TABLE if row.whom], ids=lambda row: row.what)
def test_for_one_of_those_it_is_there_on_postgresql_too(postgres_db: str, row: Line) -> None:
    is_there(row, min(row.whom))


def is_there(row: Line, name: str) -> None:
    People.create()
    stage = set_the_stage()
    try:
        row.ask(EVERYBODY[name], stage)
    except (NotFound, PermissionDenied):
        raise
    except UserError:
        pass  # let in, and told why not now: a proof first, the last card, nothing to do


def test_a_message_is_sent_again_by_who_takes_payments(db: str) -> None:
    People.create()
    for name, who in EVERYBODY.items():
        with pytest.raises(UserError) as refused:
            log.send_again(who, "msg_" + "9" * 32)
        assert isinstance(refused.value, PermissionDenied) is (name not in SEES_BILLING.split())


def test_every_service_that_takes_an_id_is_in_the_table() -> None:
    """So that a new one is thought of."""
    taken = set()
    for path in (PORTAL / "services").rglob("*.py"):
        parts = path.relative_to(PORTAL / "services").with_suffix("").parts
        for node in parsed(path).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [a.arg for a in (*node.args.args, *node.args.kwonlyargs)]
            if names[:1] == ["principal"] and any(n.endswith(("_id", "_ids", "id_")) for n in names):
                taken.add(f"{parts[0]}.{node.name}")
    known = {row.what.partition(" ")[0] for row in TABLE} | ELSEWHERE.keys()
    assert taken - known == set()
