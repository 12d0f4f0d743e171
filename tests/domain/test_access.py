"""A principal says no by itself: a permission it has not, an account it does not answer for."""

import pytest

from portal_app.domain.access import EVERYONE, Permission, Principal, Side, nobody, system_principal
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import AccountId, PatientId

HERS, ANOTHERS = AccountId("acc_hers"), AccountId("acc_another")
MARIA = Principal(
    "patient:maria",
    Side.PATIENT,
    frozenset({Permission.MY_INVOICES}),
    accounts=frozenset({HERS}),
    patients=frozenset({PatientId("pat_maria")}),
    granted_accounts=frozenset({ANOTHERS}),
    granted_patients=frozenset({PatientId("pat_luis")}),
)


def test_a_permission_that_is_missing_is_refused_by_its_name():
    MARIA.require(Permission.MY_INVOICES)
    assert MARIA.may(Permission.MY_INVOICES) and not MARIA.may(Permission.MY_ACCOUNT)
    with pytest.raises(PermissionDenied) as refusal:
        MARIA.require(Permission.MY_ACCOUNT)
    assert refusal.value.values == {"permission": Permission.MY_ACCOUNT.value}


def test_an_account_of_another_is_not_there():
    MARIA.require_account(HERS)
    with pytest.raises(NotFound):
        MARIA.require_account(ANOTHERS)
    MARIA.with_granted_accounts().require_account(ANOTHERS)  # whoever lets her pay
    system_principal("test").require_account(ANOTHERS)
    with pytest.raises(NotFound):
        nobody().require_account(HERS)


def test_stepping_into_what_others_share_adds_just_that():
    assert MARIA.with_granted_accounts().accounts == {HERS, ANOTHERS}
    assert MARIA.with_granted_accounts().patients == MARIA.patients
    assert MARIA.with_granted_patients().patients == {"pat_maria", "pat_luis"}
    assert MARIA.with_granted_patients().accounts == MARIA.accounts
    assert system_principal("x").with_granted_accounts().accounts is EVERYONE


def test_the_portal_may_everything_and_a_visitor_nothing():
    assert system_principal("job").permissions == frozenset(Permission)
    assert system_principal("job").name == "portal:job"
    assert nobody("203.0.113.7", "es").permissions == frozenset()
    assert (nobody("203.0.113.7", "es").ip, nobody(language="es").language) == ("203.0.113.7", "es")
