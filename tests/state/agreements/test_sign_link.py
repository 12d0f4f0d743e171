"""The page that a sign link opens: one agreement for one signature, and nothing else (SIGN-2)."""

import pytest
from sqlmodel import select

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementSigner, Signature
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.agreements.types import IdentityCheck
from portal_app.domain.credentials.types import Purpose
from portal_app.services import drafts
from portal_app.services.agreements.requests.end import withdraw_request
from portal_app.services.links import action_links, pay_links
from portal_app.services.sign_in.landing import linked_page
from portal_app.state.agreements.agreement import AgreementState
from portal_app.state.agreements.agreements import AgreementsState
from portal_app.state.agreements.sign_link import SignLinkState
from portal_app.state.billing.pay_link import PayLinkState
from tests.people import INVOICE, MARIA, NINA, ROSA, People, Person
from tests.services.agreements_helper import add_agreement, ask
from tests.services.credentials_helper import NOBODY, sign_in_as
from tests.state.agreements.conftest import SeenBy
from tests.state_helper import happens, on_screen

SYSTEM = system_principal("test")
ROSA_TYPES = {
    "way": "typed",
    "typed_name": "Rosa Park",
    "relationship": "parent",
    "consent": "on",
    "can_open": "on",
}


def signer_of(who: Person) -> AgreementSigner:
    with reading(SYSTEM) as tx:
        return tx.exec(select(AgreementSigner).where(AgreementSigner.signer_id == who.id)).one()


def link_of(who: Person, subject: str) -> str:
    with transaction(SYSTEM) as tx:
        made = action_links.create_link(tx, Purpose.SIGN, subject, patient_id=who.id)
    return made.address.partition("#")[2]


def opened_link(who: Person, token: str) -> Principal:
    return sign_in_as(action_links.open_link(NOBODY, token, who.birth_date))


@pytest.fixture
def rosa(sample_people: People) -> Principal:
    """Rosa, who is named for Nina, 16, and sees nothing else of her."""
    ask(add_agreement("For {{patient}}\n\n{{initials}}", adult_until_18=True), NINA)
    return opened_link(ROSA, link_of(ROSA, signer_of(ROSA).id))


async def opened() -> SignLinkState:
    page = on_screen(SignLinkState, "/links/sign")
    await happens(page.load)
    return page


async def test_rosa_signs_by_her_link_and_reads_it_again(rosa: Principal, seen_by: SeenBy):
    assert linked_page(rosa) == "/links/sign"
    seen_by(rosa)
    page = await opened()
    assert (page.step, page.patient, page.name_on_file) == ("sign", "Nina Park", "Rosa Park")
    assert page.text_pdf.startswith("/links/documents/agreement-texts/agq_")
    await happens(page.save_draft_field, field="initials-1", value="RP")
    assert (await opened()).text[1].answer == "RP"  # kept for this link alone
    await happens(page.continue_to_check, form=ROSA_TYPES | {"initials-1": "RP"})
    await happens(page.sign, form={"intent": "on"})
    assert page.signed_now and page.next_href == ""
    assert page.signers == "Signed by you on June 15, waiting for Nina Park"
    with reading(SYSTEM) as tx:
        (signature,) = tx.exec(select(Signature)).all()
    assert signature.identity_check is IdentityCheck.LINK
    again = await opened()
    assert again.step == "closed" and again.ready


async def test_the_link_opens_nothing_else(rosa: Principal, seen_by: SeenBy):
    with reading(SYSTEM) as tx:
        request = tx.exec(select(AgreementSigner.request_id)).first()
    seen_by(rosa)
    mine = on_screen(AgreementState, f"/agreements/{request}")
    await happens(mine.load)
    assert not mine.ready and mine.title == ""
    everything = on_screen(AgreementsState, "/agreements")
    await happens(everything.load)
    assert not everything.ready
    invoice = on_screen(PayLinkState, "/links/bill")
    await happens(invoice.load)
    assert invoice.missing


async def test_a_pay_link_opens_no_agreement(sample_people: People, seen_by: SeenBy):
    token = pay_links.make_pay_link(sample_people.dana, INVOICE).address.partition("#")[2]
    payer = opened_link(MARIA, token)
    assert linked_page(payer) == "/links/bill"
    seen_by(payer)
    assert (await opened()).missing


async def test_a_withdrawn_request_ends_the_link_at_once(rosa: Principal, seen_by: SeenBy):
    seen_by(rosa)
    page = await opened()
    withdraw_request(People.olga, signer_of(ROSA).request_id)
    steps = await happens(page.continue_to_check, form=ROSA_TYPES | {"initials-1": "RP"})
    assert "/links" in str(steps[-1].args)  # the link is asked for once more
    with reading(SYSTEM) as tx:
        assert tx.exec(select(Signature)).all() == []


def test_a_links_draft_is_that_links_alone(rosa: Principal):
    drafts.keep_field(rosa, "agreement", "x", "initials-1", "RP")
    other = opened_link(ROSA, link_of(ROSA, signer_of(ROSA).id))
    assert drafts.draft_of(other, "agreement", "x") == {}
    assert not rosa.may(Permission.MY_ACCOUNT)
