"""Asking 5,000 patients at once writes its requests in 20 seconds at most."""

from datetime import date
from time import perf_counter

from sqlmodel import func, select

from portal_app import clock
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementRequest, AgreementSigner
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.families import PatientStatus
from portal_app.domain.ids import new_ids
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.people import Audience
from tests.people import MARIA, RIVERA, People
from tests.services.agreements_helper import add_agreement

SYSTEM = system_principal("test")
MANY, SECONDS = 5_000, 20


def test_five_thousand_patients_are_asked_in_twenty_seconds(sample_people: People):
    with transaction(SYSTEM) as tx:
        family = tx.get_or_404(Patient, MARIA.id).family_id
        same = {"family_id": family, "account_id": RIVERA, "status": PatientStatus.ACTIVE}
        rows = [
            {
                **same,
                "id": id_,
                "chart_number": f"M-{number}",
                "given_name": f"Ana {number}",
                "family_name": "Ruiz",
                "birth_date": date(1980 if number % 3 else 2015, 1, 1),
                "created_at": clock.now(),
            }
            for number, id_ in enumerate(new_ids("pat", MANY, clock.now()))
        ]
        tx.bulk_insert(Patient, rows)
    agreement = add_agreement(countersigned=True)
    start = perf_counter()
    result = ask_to_sign(People.olga, agreement, AskForm(Audience(status=PatientStatus.ACTIVE)))
    took = perf_counter() - start
    assert result.asked == MANY + 10
    with reading(SYSTEM) as tx:
        assert tx.exec(select(func.count()).select_from(AgreementRequest)).one() == MANY + 10
        assert tx.exec(select(func.count()).select_from(AgreementSigner)).one() == 2 * (MANY + 10)
    assert took < SECONDS
