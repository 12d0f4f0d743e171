"""Drafts, versions and the built-in texts."""

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementText, AgreementVersion
from portal_app.domain.access import system_principal
from portal_app.domain.agreements.blocks import BlockKind, placeholders_of
from portal_app.domain.agreements.errors import HtmlInText, PointsOpen, UnknownPlaceholder
from portal_app.domain.agreements.texts import check_blocks, check_same_fields, check_source
from portal_app.domain.agreements.types import AgreementKind, AgreementStatus, SignatureRules
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import AgreementId, new_id
from portal_app.services.agreements.errors import (
    AgreementRetired,
    DraftChanged,
    NameMissing,
    NothingToPublish,
)
from portal_app.services.agreements.texts.built_in import built_in_texts
from portal_app.services.agreements.texts.draft import (
    DraftForm,
    WrittenText,
    create_agreement,
    rename_agreement,
    retire_agreement,
    save_draft,
)
from portal_app.services.agreements.texts.markdown import read_blocks
from portal_app.services.agreements.texts.publish import check_draft, publish_draft
from portal_app.services.agreements.texts.read import (
    compare_versions,
    list_agreements,
    preview_facts,
    preview_text,
    view_agreement,
    view_version,
)
from tests.people import MARIA, People
from tests.services.agreements_helper import TEXT, TEXT_ES, add_agreement, write_text

SYSTEM = system_principal("test")


@pytest.fixture(autouse=True)
def _people(sample_people: People) -> None:
    pass


@pytest.mark.parametrize("kind", [k for k in AgreementKind if k is not AgreementKind.OTHER])
def test_a_built_in_text_can_be_published_in_both_languages(kind: AgreementKind):
    texts = built_in_texts(kind)
    assert texts.keys() == {"en", "es"}
    blocks = {language: read_blocks(text["markdown"]) for language, text in texts.items()}
    for language, text in texts.items():
        assert check_source(text["title"], text["markdown"]) == []
        assert check_blocks(blocks[language], placeholders_of(kind)) == []
    check_same_fields(blocks.values())


def test_markdown_is_read_as_blocks_and_nothing_else_of_it_is_markup():
    blocks = read_blocks(
        "## A *b*\n\n1. one\n2. two\n   - sub\n\n> said\n\n---\n\n`c` <i>x</i> #import\n\n{{initials: I do}}"
    )
    assert [(b.kind, b.text, b.level, b.number) for b in blocks] == [
        (BlockKind.HEADING, "A b", 2, 0),
        (BlockKind.NUMBER, "one", 1, 1),
        (BlockKind.NUMBER, "two", 1, 2),
        (BlockKind.BULLET, "sub", 2, 0),
        (BlockKind.QUOTE, "said", 1, 0),
        (BlockKind.RULE, "", 1, 0),
        (BlockKind.PARAGRAPH, "`c` <i>x</i> #import", 1, 0),
        (BlockKind.INITIALS, "I do", 1, 0),
    ]
    assert [(r.text, r.emphasis) for r in blocks[0].runs] == [("A ", False), ("b", True)]


def test_a_new_agreement_begins_with_the_built_in_text_and_is_made_once():
    id_ = AgreementId(new_id("agr"))
    for _ in range(2):
        assert create_agreement(People.olga, " Contract ", AgreementKind.MEMBERSHIP, id_) == id_
    editor = view_agreement(People.olga, id_)
    assert (editor.name, editor.status, editor.versions) == ("Contract", AgreementStatus.DRAFT, ())
    assert editor.texts.keys() == {"en", "es"} and editor.rules.countersigned
    with pytest.raises(NameMissing):
        create_agreement(People.olga, " ", AgreementKind.OTHER)


def test_publishing_needs_every_point_of_the_checklist():
    agreement = create_agreement(People.olga, "Contract", AgreementKind.MEMBERSHIP)
    with pytest.raises(PointsOpen):
        publish_draft(People.olga, agreement, changed=0)
    assert check_draft(People.olga, agreement) == ()


def test_a_draft_that_somebody_else_changed_is_not_overwritten():
    agreement = create_agreement(People.olga, "Policy", AgreementKind.OTHER)
    write_text(agreement)
    with pytest.raises(DraftChanged):
        save_draft(People.olga, agreement, DraftForm(0, {"en": WrittenText("Mine", "Mine")}))
    with pytest.raises(DraftChanged):
        publish_draft(People.olga, agreement, changed=0)
    assert view_agreement(People.olga, agreement).texts["en"].markdown == TEXT


def test_a_bad_text_is_saved_but_not_published():
    agreement = create_agreement(People.olga, "Policy", AgreementKind.OTHER)
    changed = write_text(agreement, "Fine\n\n<b>bad</b> {{plan}}")
    with pytest.raises(HtmlInText):
        publish_draft(People.olga, agreement, changed=changed)
    problems = check_draft(People.olga, agreement)
    assert [(p.language, type(p.error), p.error.values["line"]) for p in problems] == [
        ("en", HtmlInText, 3),
        ("en", UnknownPlaceholder, 3),
    ]
    with reading(SYSTEM) as tx:
        assert tx.exec(select(AgreementVersion)).all() == []


def test_a_version_is_never_changed():
    agreement = add_agreement()
    with pytest.raises(RuntimeError), transaction(SYSTEM) as tx:
        tx.exec(select(AgreementText)).one().markdown = "other"
    with pytest.raises(RuntimeError), transaction(SYSTEM) as tx:
        tx.delete(tx.exec(select(AgreementVersion)).one())
    version = view_agreement(People.olga, agreement).versions[0]
    assert view_version(People.olga, version.id, "en").title == "Policy"
    with pytest.raises(NotFound):
        view_version(People.olga, version.id, "es")


def test_publishing_twice_is_one_version_and_a_change_of_the_rules_is_another():
    agreement = add_agreement()
    changed = write_text(agreement)
    with pytest.raises(NothingToPublish):
        publish_draft(People.olga, agreement, changed=changed)
    changed = write_text(agreement, rules=SignatureRules(countersigned=True))
    assert publish_draft(People.olga, agreement, changed=changed) == 2


def test_versions_are_compared_in_each_language_and_with_the_draft():
    agreement = add_agreement(TEXT, TEXT_ES)
    changed = write_text(agreement, TEXT + "\n\nOne more.", TEXT_ES)
    draft = compare_versions(People.olga, agreement, "en", 1)
    assert [block.changed for block in draft] == [False, False, False, True]
    assert not any(block.changed for block in compare_versions(People.olga, agreement, "es", 1))
    publish_draft(People.olga, agreement, changed=changed)
    assert compare_versions(People.olga, agreement, "en", 1, 2) == draft
    with pytest.raises(NotFound):
        compare_versions(People.olga, agreement, "en", 3)


def test_a_preview_has_a_real_patients_values_and_shows_what_is_not_filled():
    text = WrittenText("Policy", "{{patient}} pays {{price}} {{nonsense}}")
    shown = preview_text(People.olga, "en", text, preview_facts(People.olga, MARIA.id))
    assert shown.blocks[0].text == "Maria Rivera pays {{price}} {{nonsense}}"
    assert preview_text(People.olga, "en", text).blocks[0].text == text.markdown


def test_a_retired_agreement_is_last_in_the_list_and_publishes_nothing():
    first, second = add_agreement(), add_agreement()
    rename_agreement(People.olga, first, "A first")
    retire_agreement(People.olga, first)
    assert [(row.id, row.status) for row in list_agreements(People.olga)] == [
        (second, AgreementStatus.ACTIVE),
        (first, AgreementStatus.RETIRED),
    ]
    with pytest.raises(AgreementRetired):
        publish_draft(People.olga, first, changed=write_text(first, TEXT + " More."))
    retire_agreement(People.olga, first, retired=False)
    assert {row.status for row in list_agreements(People.olga)} == {AgreementStatus.ACTIVE}
