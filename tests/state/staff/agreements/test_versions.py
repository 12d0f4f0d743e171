"""Versions: one as it reads, two compared word by word."""

from portal_app.domain.agreements.types import AgreementKind
from portal_app.domain.ids import AgreementId
from portal_app.services.agreements.texts.draft import create_agreement
from portal_app.services.agreements.texts.publish import publish_draft
from portal_app.state.staff.agreements.versions import AgreementVersionsState
from tests.people import People
from tests.services.agreements_helper import TEXT_ES, add_agreement, write_text
from tests.state_helper import happens, on_screen

PATH = "/staff/agreements/versions"


async def opened(agreement: AgreementId, query: str = "") -> AgreementVersionsState:
    page = on_screen(AgreementVersionsState, f"{PATH}/{agreement}{query}")
    await happens(page.load)
    assert page.ready and not page.missing
    return page


def two_versions() -> AgreementId:
    agreement = add_agreement("The fee is 80.", TEXT_ES)
    publish_draft(People.olga, agreement, changed=write_text(agreement, "The fee is 90."))
    return agreement


async def test_two_versions_are_compared_word_by_word(people: People):
    page = await opened(two_versions(), "?before=1&after=2&in=en")
    (changed,) = [block for block in page.compared if block.changed]
    assert [(piece.change, piece.text) for piece in changed.pieces] == [
        ("same", "The fee is "),
        ("removed", "80"),
        ("added", "90"),
        ("same", "."),
    ]
    assert not page.same and not page.unknown
    assert [(row.name, row.languages) for row in page.versions] == [
        ("Version 2", "English"),
        ("Version 1", "English, Español"),
    ]
    assert page.versions[0].about == "June 15, 12:00\u00a0pm, by Olga Novak"


async def test_the_newest_is_compared_with_the_draft_unless_the_address_says_more(people: People):
    agreement = two_versions()
    page = await opened(agreement)
    assert page.chosen == {"before": "2", "after": "0", "in": "en"} and page.same
    write_text(agreement, "The fee is 95.")
    assert not (await opened(agreement)).same


async def test_the_same_version_twice_is_shown_as_it_reads(people: People):
    page = await opened(two_versions(), "?before=1&after=1&in=en")
    assert page.title == "Policy" and page.text[0].runs[0].text == "The fee is 80."
    assert page.compared == []


async def test_a_language_or_a_version_that_is_not_there_is_said(people: People):
    agreement = two_versions()
    assert (await opened(agreement, "?before=1&after=2&in=es")).unknown
    assert (await opened(agreement, "?before=7&after=7&in=en")).unknown
    assert (await opened(agreement, "?before=x&after=y&in=fr")).chosen == {
        "before": "1",
        "after": "1",
        "in": "en",
    }


async def test_a_draft_alone_has_no_versions(people: People):
    page = await opened(create_agreement(people.olga, "New", AgreementKind.PRIVACY))
    assert page.versions == [] and page.compared == []


async def test_another_address_is_not_there(people: People):
    page = on_screen(AgreementVersionsState, f"{PATH}/agr_{'0' * 32}")
    await happens(page.load)
    assert page.missing
