"""REN-5 on the pages: Renew leads to the agreement that is to be signed first, and from there back to the renewal."""

from portal_app.state.agreements.agreement import AgreementState
from portal_app.state.memberships.memberships import MembershipsState
from portal_app.state.memberships.renew import RenewState
from tests.people import People
from tests.services.memberships.renewals.test_agreement import contract, terms
from tests.state.agreements.conftest import SeenBy
from tests.state_helper import happens, on_screen


async def test_ren_5_renewing_goes_on_after_the_agreement_is_signed(seen_by: SeenBy):
    membership, _, _ = contract()
    seen_by(People.maria)
    mine = on_screen(MembershipsState, "/memberships")
    await happens(mine.load)
    assert mine.to_sign == ""
    renewing = on_screen(RenewState, f"/memberships/renew?id={membership}")
    await happens(renewing.load)
    await happens(renewing.renew)
    assert renewing.message.startswith("First sign the agreement") and not renewing.done and terms() == 1
    await happens(mine.load)
    assert mine.to_sign == "1 agreement waits for your signature"
    page = on_screen(AgreementState, renewing.sign_href)
    await happens(page.load)
    assert page.text[0].runs[0].text.startswith("Maria Rivera pays") and page.renew_href == ""
    typed = {"way": "typed", "typed_name": "Maria Rivera", "consent": "on", "can_open": "on"}
    await happens(page.continue_to_check, form=typed)
    await happens(page.sign, form={"intent": "on"})
    assert page.signers.endswith("waiting for the practice")
    again = on_screen(RenewState, page.renew_href)
    await happens(again.load)
    await happens(again.renew)
    assert again.done and terms() == 2 and again.sign_href == ""
