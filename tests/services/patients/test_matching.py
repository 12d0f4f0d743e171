"""The same words mean the same patients, wherever staff type them."""

import pytest

from portal_app.db.scope import transaction
from portal_app.db.tables.families import Patient
from portal_app.domain.access import system_principal
from portal_app.domain.families import ContactKind, PatientStatus
from portal_app.services.billing.staff.patient_billing import find_patients
from portal_app.services.billing.staff.transactions import TransactionSearch, search_transactions
from portal_app.services.messaging import log, outbox
from portal_app.services.patients import search
from portal_app.services.patients.relations import person_by_chart
from tests.people import EVA, KIM, LUIS, MARIA, ROSA, TIM, TOM, People, Person

TEST = system_principal("test")
WRITTEN_TO = [MARIA, LUIS, EVA, TIM, TOM, ROSA, KIM]


@pytest.fixture
def people(sample_people: People) -> People:
    """A message to each, an accent and a two-part name among them."""
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, ROSA.id).family_name = "Núñez Park"
        for number, person in enumerate(WRITTEN_TO):
            outbox.write_message(
                tx,
                "statement",
                once=f"message {number}",
                to_contact=(ContactKind.PHONE, "+12125550190"),
                to_patient=person.id,
            )
    return sample_people


def names(*persons: Person) -> set[str]:
    return {"Rosa Núñez Park" if p is ROSA else f"{p.given_name} {p.family_name}" for p in persons}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("rivera", {MARIA, LUIS, EVA, TIM, TOM}),
        ("maria rivera", {MARIA}),
        ("Rivera Maria", {MARIA}),
        ("RIVERA,maria", {MARIA}),
        ("  mar   riv ", {MARIA}),
        ("iver", {MARIA, LUIS, EVA, TIM, TOM}),
        ("núñez", {ROSA}),
        ("park rosa", {ROSA}),
        ("C-0003", {EVA}),
        ("c-0003", {EVA}),
        ("c-0003 rivera", {EVA}),
        ("C–0003", {EVA}),
        ("c−0003 rivera", {EVA}),
        ("C‑٠٠٠٣", {EVA}),
        ("Ｃ－０００３", {EVA}),
        ("C-0003 Park", set()),
        ("0003", set()),
        ("rivera park", set()),
        ("%%", set()),
        ("__", set()),
        ("ma%a", set()),
    ],
)
def test_every_search_finds_the_same_patients(people: People, words: str, meant: set[Person]):
    desk = {row.name for row in search.find_patients(people.dana, words)}
    accounts = {row.name for row in find_patients(people.dana, words).rows}
    written_to = {row.who for row in log.list_messages(people.dana, search=words).rows}
    assert desk == accounts == written_to == names(*meant)


@pytest.mark.parametrize("words", ["rivera", "Rivera, Maria", "iver ria", "c-0001", "okafor", "%%"])
def test_transactions_are_those_of_the_guarantors_that_the_words_mean(people: People, words: str):
    guarantors = {row.name for row in find_patients(people.nora, words).rows}
    charged = {row.who for row in search_transactions(people.nora, TransactionSearch(text=words)).rows}
    assert charged <= guarantors
    assert ("Maria Rivera" in charged) == ("Maria Rivera" in guarantors)


def test_a_chart_number_with_a_space_is_found_as_it_is_written(people: People):
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, KIM.id).chart_number = "K 7 01"
    for words in ("K 7 01", "k 7"):
        assert [row.name for row in search.find_patients(people.dana, words)] == ["Kim Okafor"]
        assert [row.name for row in find_patients(people.dana, words).rows] == ["Kim Okafor"]


@pytest.mark.parametrize("number", ["C-0003", " C–0003 ", "C‑０００３"])
def test_b50_an_adult_of_another_file_is_named_with_any_dash(people: People, number: str):
    assert person_by_chart(people.olga, number) == EVA.id


def test_who_is_no_patient_any_more_is_found_for_money_and_not_for_signing_in(people: People):
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, KIM.id).status = PatientStatus.INACTIVE
    assert search.find_patients(people.dana, "okafor") == ()
    assert [(row.name, row.active) for row in find_patients(people.dana, "okafor").rows] == [
        ("Kim Okafor", False)
    ]
