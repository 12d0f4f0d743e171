"""What a principal may do and which accounts are theirs."""

import pytest

from portal_app.domain.access import EVERYONE, Permission, Principal, Side, nobody, system_principal
from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import AccountId, PatientId

OWN_ACCOUNT, FOREIGN_ACCOUNT = AccountId("acc_hers"), AccountId("acc_another")
MARIA = Principal(
    "patient:maria",
    Side.PATIENT,
    frozenset({Permission.MY_INVOICES}),
    accounts=frozenset({OWN_ACCOUNT}),
    patients=frozenset({PatientId("pat_maria")}),
    granted_accounts=frozenset({FOREIGN_ACCOUNT}),
    granted_patients=frozenset({PatientId("pat_luis")}),
)


def test_a_missing_permission_is_named_in_the_error():
    MARIA.require(Permission.MY_INVOICES)
    assert MARIA.may(Permission.MY_INVOICES) and not MARIA.may(Permission.MY_ACCOUNT)
    with pytest.raises(PermissionDenied) as error:
        MARIA.require(Permission.MY_ACCOUNT)
    assert error.value.values == {"permission": Permission.MY_ACCOUNT.value}


def test_require_account_treats_a_foreign_account_as_absent():
    MARIA.require_account(OWN_ACCOUNT)
    with pytest.raises(NotFound):
        MARIA.require_account(FOREIGN_ACCOUNT)
    MARIA.with_granted_accounts().require_account(FOREIGN_ACCOUNT)  # granted to her
    system_principal("test").require_account(FOREIGN_ACCOUNT)
    with pytest.raises(NotFound):
        nobody().require_account(OWN_ACCOUNT)


def test_granted_accounts_and_patients_are_added_separately():
    assert MARIA.with_granted_accounts().accounts == {OWN_ACCOUNT, FOREIGN_ACCOUNT}
    assert MARIA.with_granted_accounts().patients == MARIA.patients
    assert MARIA.with_granted_patients().patients == {"pat_maria", "pat_luis"}
    assert MARIA.with_granted_patients().accounts == MARIA.accounts
    assert system_principal("x").with_granted_accounts().accounts is EVERYONE


def test_the_portal_may_everything_and_a_visitor_nothing():
    assert system_principal("job").permissions == frozenset(Permission)
    assert system_principal("job").name == "portal:job"
    assert nobody("203.0.113.7", "es").permissions == frozenset()
    assert (nobody("203.0.113.7", "es").ip, nobody(language="es").language) == ("203.0.113.7", "es")
