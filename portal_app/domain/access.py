"""Who is asking, and what they may do. Every service takes a Principal first."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import AccountId, PatientId, StaffId


class Side(StrEnum):
    """Patient and staff sessions are two cookies; both may be open in one browser."""

    PATIENT = "patient"
    STAFF = "staff"
    PORTAL = "portal"  # the portal's own errands: webhooks, jobs, the command line


class Permission(StrEnum):
    """What may be done. The part before the colon is the side whose session is asked."""

    # A patient session. An embedded or one-purpose session holds only some of these.
    MY_INVOICES = "patient:bills"
    MY_PAYMENTS = "patient:pay"
    MY_RECORDS = "patient:records"  # forms, agreements, appointments in full
    MY_ACCOUNT = "patient:account"  # sign-in, contact details, sharing
    LINKED = "patient:linked"  # came by a one-purpose link: that purpose only

    # Staff (DOMAIN.md, "Staff permissions").
    STAFF_SIGNED_IN = "staff:signed_in"
    VIEW_PATIENTS = "staff:view_patients"
    EDIT_PATIENTS = "staff:edit_patients"
    MANAGE_FAMILY_LINKS = "staff:manage_family_links"
    VIEW_BILLING = "staff:view_billing"
    TAKE_PAYMENTS = "staff:take_payments"
    REFUND = "staff:refund"
    POST_TO_LEDGER = "staff:post_to_ledger"
    MANAGE_PLANS = "staff:manage_plans"
    MANAGE_FORMS = "staff:manage_forms"
    MANAGE_AGREEMENTS = "staff:manage_agreements"
    MANAGE_SETTINGS = "staff:manage_settings"
    SHARE_PORTAL = "staff:share_portal"
    MANAGE_STAFF = "staff:manage_staff"
    VIEW_AUDIT = "staff:view_audit"
    EXPORT = "staff:export"

    @property
    def side(self) -> Side:
        return Side(self.value.partition(":")[0])


PATIENT_PERMISSIONS = frozenset(p for p in Permission if p.side is Side.PATIENT) - {Permission.LINKED}
STAFF_PERMISSIONS = frozenset(p for p in Permission if p.side is Side.STAFF)
EMBED_PERMISSIONS = frozenset({Permission.MY_INVOICES, Permission.MY_PAYMENTS})


class Role(StrEnum):
    """Roles are sets of permissions; the owner has all."""

    OWNER = "owner"
    MANAGER = "manager"
    BILLING = "billing"
    FRONT_DESK = "front_desk"
    CLINICAL = "clinical"


_P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: STAFF_PERMISSIONS,
    Role.MANAGER: STAFF_PERMISSIONS - {_P.MANAGE_STAFF},
    Role.BILLING: frozenset(
        {_P.STAFF_SIGNED_IN, _P.VIEW_BILLING, _P.TAKE_PAYMENTS, _P.REFUND, _P.POST_TO_LEDGER}
        | {_P.MANAGE_PLANS, _P.EXPORT}
    ),
    Role.FRONT_DESK: frozenset(
        {_P.STAFF_SIGNED_IN, _P.VIEW_PATIENTS, _P.EDIT_PATIENTS, _P.VIEW_BILLING}
        | {_P.TAKE_PAYMENTS, _P.SHARE_PORTAL}
    ),
    Role.CLINICAL: frozenset({_P.STAFF_SIGNED_IN, _P.VIEW_PATIENTS, _P.MANAGE_FORMS}),
}


class Everyone:
    """A list with everybody on it."""

    def __contains__(self, _: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "EVERYONE"


EVERYONE = Everyone()


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is asking: the accounts they answer for, the patients they may see.

    The two lists are kept apart because whoever pays is not always whoever may read: a
    divorced parent who pays, a 16-year-old whose chart is private while her bill is
    payable, a billing clerk with every account and no chart (DEP-4, VIS).
    """

    name: str  # "patient:pat_…", "staff:stf_…", "portal:webhook": what the audit trail says
    side: Side
    permissions: frozenset[Permission] = frozenset()
    accounts: frozenset[AccountId] | Everyone = frozenset()
    patients: frozenset[PatientId] | Everyone = frozenset()
    # What other adults share. No list of the scope: a service steps into it by name, for what it says.
    pays_for: frozenset[AccountId] = frozenset()
    visits: frozenset[PatientId] = frozenset()
    patient_id: PatientId | None = None
    staff_id: StaffId | None = None
    session_ref: str = ""
    language: str = "en"
    ip: str = ""
    seen_at: datetime | None = field(default=None, compare=False)  # when they were last known to do something

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def paying(self) -> "Principal":
        """With the bills of those who let them pay: amounts, due dates, and paying. Nothing else asks so."""
        if not self.pays_for or isinstance(self.accounts, Everyone):
            return self
        return replace(self, accounts=self.accounts | self.pays_for)

    def visiting(self) -> "Principal":
        """With those who share their appointments and forms: for rows of these alone."""
        if not self.visits or isinstance(self.patients, Everyone):
            return self
        return replace(self, patients=self.patients | self.visits)

    def require(self, permission: Permission) -> None:
        """PermissionDenied when it is missing."""
        if permission not in self.permissions:
            raise PermissionDenied(permission.value)

    def require_account(self, account_id: AccountId) -> None:
        """NotFound when it is none that they answer for: absent and not theirs look the same."""
        if account_id not in self.accounts:
            raise NotFound


def system_principal(errand: str) -> Principal:
    """The portal itself, on an errand nobody is signed in for: a webhook, a job, the desk's import."""
    return Principal(f"portal:{errand}", Side.PORTAL, frozenset(Permission), EVERYONE, EVERYONE)


def nobody(ip: str = "", language: str = "en") -> Principal:
    """A visitor who has not signed in: may ask for a code, and nothing else."""
    return Principal("nobody", Side.PATIENT, ip=ip, language=language)
