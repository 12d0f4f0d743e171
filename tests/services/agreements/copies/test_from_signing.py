"""From the last signature as the services take it to the sealed copy: nothing of it is refused as changed."""

from concurrent.futures import ThreadPoolExecutor

from portal_app.db.tables.agreements import AgreementCopy
from portal_app.db.tables.messages import OutboxMessage
from portal_app.domain.access import Principal
from portal_app.domain.agreements.types import CopyStatus
from portal_app.services.agreements.copies.check import check_agreements
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.copies.verify import Verdict, verify_upload
from portal_app.services.agreements.signing.consent import give_consent
from portal_app.services.agreements.signing.sign import sign_request
from portal_app.services.agreements.signing.view import open_request
from tests.people import EVA, LUIS, MARIA, People
from tests.services.agreements.copies.helper import PORTAL, all_rows, file_of, sealer
from tests.services.agreements_helper import add_agreement, ask, sign_form


def test_sign_1_two_who_sign_in_the_same_second_have_one_copy_and_one_email_each(
    sample_people: People,
) -> None:
    assert sample_people
    request = ask(add_agreement(second_guardian=True), EVA)
    views = {}
    for who in (People.maria, People.luis):
        give_consent(who, "en", can_open=True)
        views[who.name] = open_request(who, request)

    def submit(who: Principal) -> bool:
        return sign_request(who, sign_form(views[who.name])).complete

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(submit, (People.maria, People.luis))) == [False, True]
    assert make_copies(PORTAL, sealer()) == (1, 0)
    (copy,) = all_rows(AgreementCopy)
    assert copy.status is CopyStatus.SEALED
    assert verify_upload(People.maria, file_of(copy.id)).verdict is Verdict.GENUINE
    assert check_agreements(PORTAL) == []
    told = [one.patient_id for one in all_rows(OutboxMessage) if one.kind == "agreement_copy"]
    assert sorted(told, key=str) == sorted([MARIA.id, LUIS.id], key=str)
