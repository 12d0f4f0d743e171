"""The list of agreements, and a new one from a template."""

import pytest

from portal_app.domain.agreements.types import AgreementKind
from portal_app.domain.errors import NotFound
from portal_app.services.agreements.errors import NameMissing
from portal_app.services.agreements.texts.draft import create_agreement, retire_agreement
from portal_app.services.agreements.texts.read import view_agreement
from portal_app.state.staff.agreements.listing import AgreementListState
from tests.people import MARIA, People
from tests.services.agreements_helper import TEXT, TEXT_ES, add_agreement, ask, sign
from tests.state_helper import happens, is_text_of, look_from, on_screen, shows_refusal

PATH = "/staff/agreements"


async def opened() -> AgreementListState:
    page = on_screen(AgreementListState, PATH)
    await happens(page.load)
    assert page.ready
    return page


async def test_each_text_is_listed_with_version_languages_status_and_counts(people: People):
    published = add_agreement(TEXT, TEXT_ES)
    create_agreement(people.olga, "A draft", AgreementKind.PRIVACY)
    retire_agreement(people.olga, add_agreement())
    request = ask(published, MARIA)
    page = await opened()
    assert [(row.name, row.kind, row.version, row.languages, row.status) for row in page.rows] == [
        ("A draft", "Privacy acknowledgement", "", "English, Español", "Draft"),
        ("Policy", "Another agreement", "Version 1", "English, Español", "Published"),
        ("Policy", "Another agreement", "Version 1", "English", "Retired"),
    ]
    assert [(row.waiting, row.signed) for row in page.rows] == [(0, 0), (1, 0), (0, 0)]
    sign(people.maria, request)
    await happens(page.refresh)
    assert (page.rows[1].waiting, page.rows[1].signed) == (0, 1)
    assert page.rows[1].href == f"{PATH}/{published}"


async def test_a_template_begins_a_draft_and_pressed_twice_it_is_one(people: People):
    page = await opened()
    await happens(page.create, form={"kind": "membership", "name": " "})
    assert shows_refusal(page, NameMissing, "name")
    for _ in range(2):
        steps = await happens(page.create, form={"kind": "membership", "name": "Contract"})
        assert steps[-1] is not None
    await happens(page.refresh)
    (row,) = page.rows
    editor = view_agreement(people.olga, row.id)  # type: ignore[arg-type]
    assert "{{price}}" in editor.texts["en"].markdown
    assert editor.rules.countersigned


async def test_an_empty_text_is_empty_and_another_kind_is_refused(people: People):
    page = await opened()
    await happens(page.create, form={"kind": "other", "name": "House rules"})
    await happens(page.refresh)
    assert view_agreement(people.olga, page.rows[0].id).texts == {}  # type: ignore[arg-type]
    await happens(page.create, form={"kind": "nonsense", "name": "House rules"})
    assert shows_refusal(page, NotFound)
    assert len(page.rows) == 1


async def test_what_waits_for_the_practice_is_told_above_the_list(people: People):
    ask(add_agreement(countersigned=True), MARIA)
    page = await opened()
    assert page.countersign == "1 waits for the practice’s signature: sign"


async def test_the_front_desk_sees_no_agreements(people: People, monkeypatch: pytest.MonkeyPatch):
    add_agreement()
    look_from(monkeypatch, people.dana)
    page = on_screen(AgreementListState, PATH)
    await happens(page.load)
    assert not page.ready and page.rows == []
    assert "change agreements" in page.notice
    assert not is_text_of(NotFound, page.notice)
