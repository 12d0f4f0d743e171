"""Where messages to a patient may go, and whose country a phone without a code is of: said once."""

import csv
from pathlib import Path

import pytest
from sqlmodel import col, select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.families import ContactPoint
from portal_app.domain.access import nobody, system_principal
from portal_app.domain.families import ContactKind
from portal_app.domain.ids import new_id
from portal_app.services.credentials.logins import contact_for_code
from portal_app.services.imports.run import run_import
from portal_app.services.links import action_links
from portal_app.services.messaging.outbox import chosen_contacts
from portal_app.services.patients import search
from portal_app.services.patients.usable_contacts import phone_country, usable_contacts
from portal_app.services.sign_in.codes import request_code
from portal_app.settings import settings
from tests.payments_helper import set_practice
from tests.people import KIM, People
from tests.services.credentials_helper import recipients_of

TEST = system_principal("test")
EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE


@pytest.fixture
def kim(sample_people: People) -> People:
    """Kim has two emails and three phones, one of them stopped."""
    points = [
        (EMAIL, "a@kim.example", False, True),
        (EMAIL, "b@kim.example", True, False),
        (PHONE, "+12125550171", False, True),
        (PHONE, "+12125550172", True, True),
        (PHONE, "+12125550173", True, False),
    ]
    with transaction(TEST) as tx:
        for old in tx.exec(select(ContactPoint).where(col(ContactPoint.patient_id) == KIM.id)).all():
            tx.delete(old)
        tx.flush()
        for kind, value, preferred, texts in points:
            tx.add(
                ContactPoint(
                    id=new_id("con"),
                    patient_id=KIM.id,
                    kind=kind,
                    value=value,
                    preferred=preferred,
                    may_text=texts,
                )
            )
    return sample_people


def test_preferred_contacts_come_first_and_a_stopped_phone_not_at_all(kim: People):
    with reading(TEST) as tx:
        assert [point.value for point in usable_contacts(tx, KIM.id)] == [
            "b@kim.example",
            "+12125550172",
            "a@kim.example",
            "+12125550171",
        ]


def test_codes_messages_links_and_the_desk_agree_on_where_one_is_reached(kim: People):
    with reading(TEST) as tx:
        codes = [contact_for_code(tx, KIM.id, kind) for kind in (EMAIL, PHONE)]
        assert [point.value for point in codes if point] == ["b@kim.example", "+12125550172"]
        assert chosen_contacts(tx, KIM.id) == [(EMAIL, "b@kim.example"), (PHONE, "+12125550172")]
    assert action_links.send_access_link(kim.dana, KIM.id) == 4
    assert "+12125550173" not in recipients_of("access_link")
    assert len(search.find_patient(kim.dana, KIM.id).contacts) == 4


@pytest.mark.parametrize(
    ("country", "typed", "value"),
    [("GB", "020 7946 0018", "+442079460018"), ("", "(212) 555-0188", "+12125550188")],
)
def test_a_phone_is_of_the_practices_country_wherever_it_comes_from(
    sample_people: People, tmp_path: Path, country: str, typed: str, value: str
):
    set_practice(country=country)
    with reading(TEST) as tx:
        assert phone_country(tx) == (country or "US")
    with (tmp_path / "patients.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["chart_number", "given_name", "family_name", "birth_date", "phone"])
        rows.writerow(["B-1", "Bea", "Hart", "1990-01-01", typed])
    report = run_import(system_principal("import"), tmp_path)
    assert report.problems == []
    with reading(TEST) as tx:
        assert tx.exec(select(ContactPoint.shown).where(ContactPoint.value == value)).all() == [typed]
    assert request_code(nobody("203.0.113.9"), typed).channel is PHONE
    assert value in recipients_of("sign_in_code")  # it is the one that the import brought


@pytest.mark.parametrize(
    ("locale", "country"),
    [("es_419", "US"), ("es", "US"), ("ca_ES_VALENCIA", "ES"), ("en_US_POSIX", "US"), ("zh_Hant_TW", "TW")],
)
def test_the_country_of_a_locale_is_where_the_locale_says_it(
    sample_people: People, monkeypatch: pytest.MonkeyPatch, locale: str, country: str
):
    set_practice(country="")
    monkeypatch.setenv("PORTAL_LOCALE", locale)
    settings.cache_clear()
    try:
        with reading(TEST) as tx:
            assert phone_country(tx) == country
    finally:
        monkeypatch.undo()
        settings.cache_clear()
