"""Every handler of the pages about agreements needs the permission to manage them."""

from typing import Any

import pytest

from portal_app.domain.access import Permission
from portal_app.state.staff.agreements.countersign import CountersignState
from portal_app.state.staff.agreements.editor import AgreementEditorState
from portal_app.state.staff.agreements.listing import AgreementListState
from portal_app.state.staff.agreements.plan_choice import PlanAgreementState
from portal_app.state.staff.agreements.requests import AgreementRequestsState
from portal_app.state.staff.agreements.send import AgreementSendState
from portal_app.state.staff.agreements.versions import AgreementVersionsState
from tests.state.staff.test_billing import own_handlers

STATES = (
    AgreementEditorState,
    AgreementListState,
    AgreementRequestsState,
    AgreementSendState,
    AgreementVersionsState,
    CountersignState,
    PlanAgreementState,
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_handler_needs_the_permission(state: Any):
    guards = {name: fn.guard for name, fn in own_handlers(state).items()}
    # The page of a plan is open to those who see bills: its card shows them nothing.
    opened = {"load": Permission.VIEW_BILLING} if state is PlanAgreementState else {}
    assert guards == dict.fromkeys(guards, Permission.MANAGE_AGREEMENTS) | opened
    assert len(guards) > 1
