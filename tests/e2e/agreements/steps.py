"""What signers do on the pages of agreements, in either language."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, no_sideways_scroll
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader, in_the_portal

ASK = """
from portal_app.db.tables.agreements import Agreement, AgreementSigner
from portal_app.domain.agreements.types import SignerPart
from portal_app.services.agreements.requests.ask import AskForm, ask_to_sign
from portal_app.services.agreements.requests.people import Audience
with reading(us) as tx:
    agreement = tx.exec(select(Agreement.id).where(Agreement.name == {name!r})).one()
request = ask_to_sign(us, agreement, AskForm(Audience(patients=(of({given!r}, {family!r}),)))).request_ids[0]
"""
LINK = """
with transaction(us) as tx:
    mine = (AgreementSigner.request_id == request, AgreementSigner.part == SignerPart.PATIENT)
    signer = tx.exec(select(AgreementSigner.id).where(*mine)).one()
    print(action_links.create_link(tx, Purpose.SIGN, signer, patient_id=of({given!r}, {family!r})).address)
"""


def ask(portal: Portal, name: str, given: str, family: str) -> str:
    """Staff ask for an agreement of the demo; the request's id."""
    return in_the_portal(portal, ASK.format(name=name, given=given, family=family) + "print(request)")


def ask_by_link(portal: Portal, name: str, given: str, family: str) -> str:
    """The same with a sign link; its secret."""
    code = (ASK + LINK).format(name=name, given=given, family=family)
    return in_the_portal(portal, code).partition("#")[2]


def opens(reader: Reader, title: str, whose: str = "") -> Page:
    """From the list to the page of one agreement to sign."""
    page = reader.go("/agreements")
    reader.sees("To sign")
    rows = page.locator("main li.card").filter(has_text=title).filter(has_text=whose)
    rows.get_by_role("link").first.click()
    page.wait_for_url("**/agreements/agq_*")
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    return page


def agrees_to_electronic_records(reader: Reader) -> None:
    """The PDF is really opened."""
    page = reader.page
    with page.expect_download() as download:
        page.get_by_role("link", name=reader.t("Open the PDF")).click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    page.get_by_text(reader.t("I can open the PDF and read it")).click()
    page.get_by_text(reader.t("I agree to electronic records")).click()


def fits_a_small_phone(reader: Reader, name: str) -> None:
    """At 320 px nothing is cut off and nothing scrolls sideways."""
    before = reader.page.viewport_size or PHONE
    reader.page.set_viewport_size({"width": 320, "height": 640})
    reader.visitor.name = "320"
    reader.visitor.shot(name)
    no_sideways_scroll(reader.page)
    reader.page.set_viewport_size(before)


def types_name(reader: Reader, name: str) -> None:
    reader.page.get_by_label(reader.t("Type your full name")).fill(name)


def draws(page: Page, *, half: bool = False) -> None:
    """Two strokes across the box, with a finger's mouse; `half`: the first one only."""
    box = page.locator("canvas.drawing")
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place
    for stroke in ((0.1, 0.2, 0.5, 0.8), (0.5, 0.3, 0.9, 0.7))[: 1 if half else 2]:
        x, y, to_x, to_y = stroke
        page.mouse.move(place["x"] + x * place["width"], place["y"] + y * place["height"])
        page.mouse.down()
        page.mouse.move(place["x"] + to_x * place["width"], place["y"] + to_y * place["height"], steps=12)
        page.mouse.up()


def has_lines(page: Page, count: int) -> None:
    """So many lines the form would send."""
    page.wait_for_function(
        "count => JSON.parse((document.querySelector('[name=strokes]') || {}).value || '[]').length === count",
        arg=count,
    )


def goes_on(reader: Reader) -> None:
    reader.press("Continue")
    reader.sees("Check before you sign")


def signs(reader: Reader) -> None:
    reader.page.locator("label.choice").filter(has=reader.page.locator("[name=intent]")).click()
    reader.press("Sign")
    expect(reader.page.locator("#signed")).to_be_visible()


def gets_the_copy(reader: Reader) -> bytes:
    """The sealed copy is on the screen a moment after signing."""
    page = reader.page
    link = page.get_by_role("link", name=reader.t("Download your copy (PDF)"))
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    return download.value.path().read_bytes()
