"""The editor of agreements: made from a template, previewed with a patient's values, published, versions compared."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Look, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import LANGUAGES
from tests.e2e.staff.test_agreements import agree, at_the_office, ready


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_edited_previewed_and_published(
    portal: Portal, visit: Visits, look: Look, language: str
):
    one = at_the_office(portal, visit, language, "writer")
    page = one.go("/staff/agreements")
    one.sees("Agreements")
    ready(page)
    look(one.visitor, f"staff-agreements-{language}")
    one.sees("New agreement")
    page.get_by_role("heading", name=one.t("New agreement"), exact=True).click()
    page.locator("#kind").select_option("privacy")
    one.press("Make the agreement")
    expect(page.locator("#name-error")).to_contain_text("100")
    look(one.visitor, f"staff-agreements-refused-{language}")
    one.fill("Name for staff", f"Notice {language}")
    one.press("Make the agreement")
    page.wait_for_url("**/staff/agreements/agr_*")
    expect(page.get_by_role("heading", name=f"Notice {language}", level=1)).to_be_visible()
    ready(page)
    look(one.visitor, f"staff-agreement-draft-{language}")

    page.locator("#markdown-es").fill("Para **{{patient}}**, a {{date}}.")
    page.locator("#markdown-en").fill("For **{{patient}}** and {{nobody}}.")
    one.reads("Line {line}: nobody fills the placeholder {name}.", line=1, name="nobody")
    one.press("Publish…")
    one.reads("This text cannot be published yet. What is wrong is listed below.")
    look(one.visitor, f"staff-agreement-refused-{language}")
    page.locator("#markdown-en").fill("For **{{patient}}**, dated {{date}}.")  # saved when its typing rests
    preview = page.locator("section").filter(
        has=page.get_by_role("heading", name=one.t("Preview"), exact=True)
    )
    expect(preview).to_contain_text("For {{patient}}, dated {{date}}.")
    one.fill("Try it with a patient: name or chart number", "maria alvarez")
    preview.get_by_role("button", name=one.t("Search"), exact=True).click()
    preview.get_by_role("button", name="Maria Alvarez").first.click()
    one.reads("With the values of {name}", name="Maria Alvarez")
    expect(preview).to_contain_text("For Maria Alvarez, dated")
    page.reload()
    expect(page.locator("#markdown-en")).to_have_value("For **{{patient}}**, dated {{date}}.")

    one.press("Publish…")
    one.reads("Tick every point of the checklist before you publish.")
    for box in (
        page.locator("section")
        .filter(has_text=one.t("What the text has to say"))
        .get_by_role("checkbox")
        .all()
    ):
        box.click()
        expect(box).to_be_checked()
    one.press("Publish…")
    look(one.visitor, f"staff-agreement-question-{language}")
    agree(one, " 1? ")
    one.reads("Version {number} is published.", number=1)

    page.locator("#markdown-en").fill("For **{{patient}}**, dated {{date}}, by {{practice}}.")
    expect(preview).to_contain_text("by {{practice}}")
    page.get_by_role("main").get_by_role("link", name=one.t("Versions"), exact=True).click()
    one.sees("Versions")
    expect(page.locator("ins").filter(has_text="{{practice}}")).to_be_visible()
    look(one.visitor, f"staff-agreement-versions-{language}")
