"""The editor: the draft is kept while it is typed, previewed with a real patient's values, checked and published."""

import pytest
from sqlmodel import select

from portal_app.db.scope import reading
from portal_app.db.tables.agreements import Agreement
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.errors import PointsOpen
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, SignatureRules
from portal_app.domain.ids import AgreementId
from portal_app.services.agreements.errors import AgreementRetired, DraftChanged, NothingToPublish
from portal_app.services.agreements.texts.draft import create_agreement
from portal_app.services.agreements.texts.read import view_agreement
from portal_app.state.staff.agreements.editor import AgreementEditorState
from portal_app.state.staff.errors import NotPublishable
from tests.memberships_helper import add_membership, add_plan
from tests.people import KIM, MARIA, RIVERA, People
from tests.services.agreements_helper import TEXT, TEXT_ES, add_agreement, write_text
from tests.state_helper import happens, on_screen, shows_refusal

PATH = "/staff/agreements"


async def opened(agreement: AgreementId) -> AgreementEditorState:
    page = on_screen(AgreementEditorState, f"{PATH}/{agreement}")
    await happens(page.load)
    assert page.ready and not page.missing
    return page


async def type_text(
    page: AgreementEditorState, value: str, language: str = "en", part: str = "markdown"
) -> None:
    await happens(page.save_text, language=language, part=part, value=value)


def preview(page: AgreementEditorState, position: int = 0) -> str:
    return " ".join(run.text for row in page.previews[position].rows for run in row.runs)


async def test_the_languages_stand_side_by_side_and_are_saved_as_they_are_typed(people: People):
    agreement = create_agreement(people.olga, "Policy", AgreementKind.FINANCIAL_POLICY)
    page = await opened(agreement)
    assert [(text.language, text.name, text.removable) for text in page.texts] == [
        ("en", "English", True),
        ("es", "Español", True),
    ]
    assert page.problems == [] and page.status == "Draft" and page.version == ""
    await type_text(page, "One **{{patient}}**")
    await type_text(page, "Un título", "es", "title")
    stored = view_agreement(people.olga, agreement)
    assert (stored.texts["en"].markdown, stored.texts["es"].title) == ("One **{{patient}}**", "Un título")
    assert preview(page) == "One  {{patient}}"
    assert page.previews[1].title == "Un título"
    assert page.saved.startswith("Draft saved June 15")
    before = stored.changed
    await type_text(page, "One **{{patient}}**")  # left once more, unchanged
    assert view_agreement(people.olga, agreement).changed == before


async def test_a_field_that_is_none_of_the_editor_saves_nothing(people: People):
    agreement = add_agreement()
    page = await opened(agreement)
    await type_text(page, "x", "fr")
    await type_text(page, "x", "en", "language")
    assert view_agreement(people.olga, agreement).texts.keys() == {"en"}
    assert view_agreement(people.olga, agreement).texts["en"].markdown == TEXT


async def test_what_two_type_at_once_is_told_to_the_second(people: People):
    agreement = add_agreement()
    page = await opened(agreement)
    write_text(agreement, "Theirs")
    await type_text(page, "Mine")
    assert shows_refusal(page, DraftChanged) and page.outdated
    assert view_agreement(people.olga, agreement).texts["en"].markdown == "Theirs"
    key = page.form_key
    await happens(page.load_again)
    assert (page.texts[0].markdown, page.outdated) == ("Theirs", False)
    assert page.form_key > key
    await type_text(page, "Mine now")
    assert view_agreement(people.olga, agreement).texts["en"].markdown == "Mine now"


async def test_the_preview_has_a_real_patients_values_and_the_trail_says_so_once(people: People):
    plan = add_plan(name="Care plus")
    add_membership(RIVERA, plan, [MARIA.id])
    page = await opened(create_agreement(people.olga, "Contract", AgreementKind.MEMBERSHIP))
    await type_text(page, "{{patient}} has {{plan}}")
    await happens(page.find_patient, form={"q": "maria"})
    (found,) = page.found
    assert found.name == "Maria Rivera" and "C-0001" in found.detail
    await happens(page.choose_patient, patient=found.id)
    assert (page.patient, preview(page), page.without_plan) == (
        "Maria Rivera",
        "Maria Rivera has Care plus",
        False,
    )
    await type_text(page, "{{patient}} pays {{price}}")
    assert preview(page).startswith("Maria Rivera pays $")
    with reading(system_principal("test")) as tx:
        reads = tx.exec(select(AuditEntry).where(AuditEntry.patient_id == MARIA.id)).all()
    assert [entry.action for entry in reads].count("read:patient") == 1
    await happens(page.choose_patient, patient=KIM.id)
    assert page.without_plan and preview(page) == "Kim Okafor pays {{price}}"
    await happens(page.forget_patient)
    assert (page.patient, preview(page)) == ("", "{{patient}} pays {{price}}")


async def test_what_is_wrong_is_listed_with_its_place_and_keeps_it_from_being_published(people: People):
    page = await opened(add_agreement(TEXT, TEXT_ES))
    await type_text(page, "Fine\n\n<b>bad</b> {{nobody}}", "es")
    assert [(problem.name, problem.words) for problem in page.problems] == [
        ("Español", "Line 3: HTML is not used in agreements. Take out <b>."),
        ("Español", "Line 3: nobody fills the placeholder nobody."),
    ]
    await happens(page.ask_publish)
    assert shows_refusal(page, NotPublishable) and page.question == ""


async def test_publishing_asks_once_and_makes_a_version_that_is_shown(people: People):
    agreement = create_agreement(people.olga, "Policy", AgreementKind.PRIVACY)
    page = await opened(agreement)
    assert all(not point.ticked for point in page.points) and len(page.points) == 4
    await happens(page.ask_publish)
    assert shows_refusal(page, PointsOpen, "points")
    for point in page.points:
        await happens(page.toggle_point, name=point.name)
    await happens(page.ask_publish)
    assert page.question.startswith("Publish version 1?")
    await happens(page.keep)
    await happens(page.confirm)
    assert view_agreement(people.olga, agreement).versions == ()
    await happens(page.ask_publish)
    await happens(page.confirm)
    assert (page.message, page.tone, page.question) == ("Version 1 is published.", "paid", "")
    assert (page.status, page.version) == ("Published", "Version 1")
    await happens(page.ask_publish)
    await happens(page.confirm)
    assert shows_refusal(page, NothingToPublish)


async def test_rules_are_ticked_and_saved(people: People):
    agreement = add_agreement()
    page = await opened(agreement)
    await happens(page.toggle_rule, name="second_guardian")
    await happens(page.toggle_rule, name="drawn_only")
    assert view_agreement(people.olga, agreement).rules == SignatureRules(
        second_guardian=True, drawn_only=True
    )
    await happens(page.toggle_rule, name="drawn_only")
    assert view_agreement(people.olga, agreement).rules == SignatureRules(second_guardian=True)


async def test_a_language_is_added_and_taken_out_after_a_question(people: People):
    agreement = add_agreement()
    page = await opened(agreement)
    assert [item.id for item in page.more_languages] == ["es"]
    await happens(page.add_language, form={"language": "es"})
    assert [text.language for text in page.texts] == ["en", "es"] and page.more_languages == []
    assert {problem.name for problem in page.problems} == {"Español"}
    await happens(page.ask_remove, language="es")
    assert "Español" in page.question
    await happens(page.confirm)
    assert view_agreement(people.olga, agreement).texts.keys() == {"en"}
    assert page.problems == [] and not page.texts[0].removable


async def test_it_is_renamed_retired_and_used_again(people: People):
    agreement = add_agreement()
    page = await opened(agreement)
    await happens(page.rename, form={"name": " House  rules "})
    assert page.name == "House rules"
    await happens(page.ask_retire)
    assert page.question.startswith("Retire House rules?")
    await happens(page.confirm)
    assert page.retired and status(agreement) is AgreementStatus.RETIRED
    assert (page.message, page.tone, page.status_tone) == ("Saved.", "paid", "quiet")
    await type_text(page, "Another")
    await happens(page.ask_publish)
    await happens(page.confirm)
    assert shows_refusal(page, AgreementRetired)
    await happens(page.ask_retire)
    await happens(page.confirm)
    assert not page.retired and status(agreement) is AgreementStatus.ACTIVE


@pytest.mark.parametrize("address", ["agr_" + "0" * 32, "nonsense"])
async def test_another_address_is_not_there(people: People, address: str):
    page = on_screen(AgreementEditorState, f"{PATH}/{address}")
    await happens(page.load)
    assert page.ready and page.missing


def status(agreement: AgreementId) -> AgreementStatus:
    with reading(system_principal("test")) as tx:
        return tx.get_or_404(Agreement, agreement).status
