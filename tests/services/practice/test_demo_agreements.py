"""The demo has an agreement in every state, and loading it twice adds none."""

from sqlmodel import select

from portal_app import demo
from portal_app.db.scope import reading
from portal_app.db.tables.agreements import AgreementRequest
from portal_app.db.tables.families import Patient
from portal_app.demo.agreements import NAMES, add_agreements
from portal_app.domain.access import PATIENT_PERMISSIONS, Principal, Side, system_principal
from portal_app.domain.agreements.types import RequestStatus
from portal_app.services.agreements.signing.countersign import list_to_countersign
from portal_app.services.agreements.signing.lists import list_my_agreements
from portal_app.services.agreements.texts.read import list_agreements

DEMO = system_principal("demo")


def maria() -> Principal:
    with reading(DEMO) as tx:
        family = tx.exec(select(Patient).where(Patient.family_name == "Alvarez")).all()
    me = next(one.id for one in family if one.given_name == "Maria")
    children = [one.id for one in family if one.given_name in ("Eva", "Tim", "Tom")]
    return Principal(
        "patient:demo",
        Side.PATIENT,
        PATIENT_PERMISSIONS,
        patients=frozenset([me, *children]),
        patient_id=me,
    )


def test_the_demo_has_an_agreement_in_every_state(sqlite_db: str):
    demo.load(DEMO)
    found = list_my_agreements(maria())
    assert sorted((item.title, item.patient) for item in found.to_sign) == [
        ("Acknowledgement of the notice of privacy practices", "Maria Alvarez"),
        ("Care of children without a parent", "Tim Alvarez"),
        ("Care of children without a parent", "Tom Alvarez"),
    ]
    (waiting,) = found.waiting_for_others
    assert [(one.me, one.name) for one in waiting.signers] == [(True, "Maria Alvarez"), (False, "")]
    signed = {item.title: item for item in found.signed}
    assert signed["Membership contract"].copy and signed["Membership contract"].copy.is_scan
    assert signed["Financial policy"].version == 1
    assert [item.status for item in found.not_in_force] == [RequestStatus.DECLINED]
    assert [one.patient for one in list_to_countersign(DEMO)] == ["Hal Whitcomb"]
    rows = {row.name: row for row in list_agreements(DEMO)}
    assert rows.keys() == NAMES and rows["Financial policy of the demo"].version == 2


def test_loading_it_again_asks_for_nothing_more(sqlite_db: str):
    demo.load(DEMO)
    add_agreements(DEMO)
    with reading(DEMO) as tx:
        assert len(tx.exec(select(AgreementRequest)).all()) == 9
