"""Phones and emails as practices write them."""

from pathlib import Path

import pytest

from portal_app.domain.imports.values import Unreadable
from portal_app.services.imports.people.contacts import email_of, phones_of
from tests.services.imports.import_helper import PATIENTS, bring, write

NUMBER = "+12125550142"


@pytest.mark.parametrize(
    "text",
    [
        "212.555.0142 (cell)",
        "Cell: 212-555-0142",
        "(212)5550142 wk",
        "home 212 555 0142",
        "212-555-0142 - mother",
        "212/555-0142 mobile",
        "+1 212 555 0142 (m)",
        "M 2125550142",
        "2125550142 call after 5",
        "tel:+1-212-555-0142",
        "0012125550142",
        "(212) 555-0142*preferred*",
        "celular 212-555-0142",
    ],
)
def test_words_beside_a_number_do_not_matter(text: str):
    assert phones_of(text, "US") == ((NUMBER, True),)


@pytest.mark.parametrize(
    "text",
    [
        "212-555-0142 x12",
        "212-555-0142 ext. 5",
        "212-555-0142 (fax)",
        "Fax 2125550142",
        "fax212-555-0142",
        "Telefax: 212-555-0142",
        "Fx 212-555-0142",
        "facsimile 212-555-0142",
        "212-555-0142 landline",
        "212-555-0142 land line",
        "212-555-0142 NO TEXTS",
        "do not text 212-555-0142",
        "Don't text: 212-555-0142",
        "212-555-0142 (do not call)",
    ],
)
def test_an_extension_a_fax_and_who_wants_none_are_not_texted(text: str):
    assert phones_of(text, "US") == ((NUMBER, False),)


@pytest.mark.parametrize("text", ["212-555-0142 / 212-555-0143", "212-555-0142 or 212-555-0143 (wife)"])
def test_two_numbers_in_one_cell_both_count(text: str):
    assert phones_of(text, "US") == ((NUMBER, True), ("+12125550143", True))


@pytest.mark.parametrize("text", ["none", "n/a", "555-0142", "000-000-0000", "9999999999", "see chart", "12"])
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(Unreadable):
        phones_of(text, "US")


@pytest.mark.parametrize(
    "text",
    [
        "none@none.com",
        "noemail@noemail.com",
        "no.email@gmail.com",
        "no-email@example.com",
        "NOEMAIL@yahoo.com",
        "na@na.com",
        "n@a.com",
        "test@test.com",
        "unknown@unknown.org",
        "declined@example.com",
        "noreply@clinic.com",
        "x@x.com",
        "anything@noemail.com",
        "noemail123@gmail.com",
        "patient@noemail.org",
        "notprovided@x.com",
        "no@email.com",
        "none@gmail.com",
        "null@null.com",
        "1@1.com",
        "xyz@xyz.com",
        "aaaa@aaaa.com",
        "asdasd@asdasd.com",
        "noemail.noemail@x.com",
        "hasnoemail@x.com",
        "does.not.have@x.com",
        "dont_have_email@email.com",
        "notonfile@x.com",
        "patientdeclined@x.com",
        "declinedtoprovide@gmail.com",
        "refused-email@gmail.com",
        "invalid@invalid.com",
    ],
)
def test_a_placeholder_is_no_address(text: str):
    with pytest.raises(Unreadable):
        email_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "ana@example.com",
        "smith@smith.com",
        "no@hansen.no",
        "noel@gmail.com",
        "nona@reyes.com",
        "test.pilot@gmail.com",
        "a@b.com",
        "notaro@x.com",
        "noonan@x.com",
        "norah.anne@x.com",
        "nonnie@gmail.com",
        "sinead.ohara@x.com",
        "sinatra@x.com",
        "nomar@x.com",
        "hasan.noor@x.com",
        "nothando@x.com",
        "noa.mailer@x.com",
        "zoe@zoe.com",
    ],
)
def test_a_real_address_stays(text: str):
    assert email_of(text) == text


def test_an_address_of_more_than_a_handful_of_families_is_told_once(folder: Path):
    rows = [f"{n},,Name{'abcdefg'[n]},Reyes,1985-02-03,office@reyes.example," for n in range(6)]
    write(folder, "patients", PATIENTS, *rows[:5])
    assert bring(folder).problems == []
    write(folder, "patients", PATIENTS, *rows)
    (problem,) = bring(folder).problems
    assert (problem.line, problem.column, problem.warning) == (2, "email", True)
    assert "6 families" in problem.reason


NUMBERS = (
    "(212) 555-0142",
    "212-555-0142",
    "+1 212 555 0142",
    "2125550142 cell",
    "1.212.555.0142",
    "212 555 0142",
)


@pytest.mark.parametrize("column", [5, 6], ids=["phone", "other_phone"])
def test_a_number_of_more_than_a_handful_of_families_is_told_however_it_is_written(folder: Path, column: int):
    header = "chart_number,given_name,family_name,birth_date,language,phone,other_phone"
    people = [[f"{n}", f"Name{'abcdef'[n]}", "Reyes", "1985-02-03", "en", "", ""] for n in range(6)]
    for number, one in zip(NUMBERS, people, strict=True):
        one[column] = number
    write(folder, "patients", header, *(",".join(one) for one in people))
    (problem,) = bring(folder).problems
    assert (problem.line, problem.column) == (2, header.split(",")[column])
    assert "6 families" in problem.reason
    write(folder, "patients", header, *(",".join(one) for one in people[:5]))
    assert bring(folder).problems == []


def test_an_address_of_many_is_told_however_it_is_capitalised(folder: Path):
    names = ("office@reyes.example", "Office@Reyes.example", "OFFICE@REYES.EXAMPLE")
    rows = [f"{n},,Name{'abcdef'[n]},Reyes,1985-02-03,{names[n % 3]}," for n in range(6)]
    write(folder, "patients", PATIENTS, *rows)
    (problem,) = bring(folder).problems
    assert "6 families" in problem.reason


def test_a_family_may_share_an_address(folder: Path):
    rows = [f"{n},1,Name{'abcdefghi'[n]},Reyes,1985-02-03,reyes@example.com," for n in range(1, 9)]
    write(folder, "patients", PATIENTS, *rows)
    assert bring(folder).problems == []
