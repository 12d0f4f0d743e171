"""Permissions, roles and the principal: who asks, and what they may do. Every service takes a Principal first."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from portal_app.domain.errors import NotFound, PermissionDenied
from portal_app.domain.ids import AccountId, PatientId, StaffId


class Side(StrEnum):
    """Whose side a principal is on. Patient and staff sessions have a cookie each; one browser may hold both."""

    PATIENT = "patient"
    STAFF = "staff"
    PORTAL = "portal"  # the system itself: webhooks, jobs, the command line


class Permission(StrEnum):
    """What a principal may do. The part before the colon is the side whose session is needed."""

    # Of patient sessions; an embedded session and that of an action link hold only some of these.
    MY_INVOICES = "patient:bills"
    MY_PAYMENTS = "patient:pay"
    MY_RECORDS = "patient:records"  # forms, agreements, appointments in full
    MY_ACCOUNT = "patient:account"  # sign-in, contact details, sharing
    ACTION_LINK = "patient:linked"  # the session of an action link: its one purpose and nothing else

    # Of staff (DOMAIN.md, "Staff permissions").
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


PATIENT_PERMISSIONS = frozenset(p for p in Permission if p.side is Side.PATIENT) - {Permission.ACTION_LINK}
STAFF_PERMISSIONS = frozenset(p for p in Permission if p.side is Side.STAFF)
EMBED_PERMISSIONS = frozenset({Permission.MY_INVOICES, Permission.MY_PAYMENTS})


class Role(StrEnum):
    """The role of a staff member: a set of permissions, see ROLES. The practice owner has all."""

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
    """Stands for the list of all accounts or all patients."""

    def __contains__(self, _: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "EVERYONE"


EVERYONE = Everyone()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks for something, with their permissions, accounts (money) and patients (health data).

    Accounts and patients are two lists because who pays is not always who may read: a
    divorced parent who pays, a 16-year-old whose chart is private while her invoice is
    payable, a billing clerk with every account and no chart (DEP-4, VIS).
    """

    name: str  # the actor in the audit trail: "patient:pat_…", "staff:stf_…", "portal:webhook"
    side: Side
    permissions: frozenset[Permission] = frozenset()
    accounts: frozenset[AccountId] | Everyone = frozenset()
    patients: frozenset[PatientId] | Everyone = frozenset()
    # By grants of other adults. Not part of `accounts` and `patients`: a service adds them for what the grant is for.
    granted_accounts: frozenset[AccountId] = frozenset()
    granted_patients: frozenset[PatientId] = frozenset()
    patient_id: PatientId | None = None
    staff_id: StaffId | None = None
    session_ref: str = ""
    language: str = "en"
    ip: str = ""
    device: str = ""  # hash of the browser's device cookie: proves nothing, but a person may be known by it
    seen_at: datetime | None = field(default=None, compare=False)  # last recorded activity of the session

    def may(self, permission: Permission) -> bool:
        """Whether they hold the permission."""
        return permission in self.permissions

    def with_granted_accounts(self) -> "Principal":
        """The same principal with the accounts they were granted. For amounts, due dates and paying only."""
        if not self.granted_accounts or isinstance(self.accounts, Everyone):
            return self
        return replace(self, accounts=self.accounts | self.granted_accounts)

    def with_granted_patients(self) -> "Principal":
        """The same principal with the patients they were granted. For rows of appointments and forms only."""
        if not self.granted_patients or isinstance(self.patients, Everyone):
            return self
        return replace(self, patients=self.patients | self.granted_patients)

    def require(self, permission: Permission) -> None:
        """Raise PermissionDenied unless they hold the permission."""
        if permission not in self.permissions:
            raise PermissionDenied(permission.value)

    def require_portal(self, what: str) -> None:
        """Raise PermissionDenied unless it is the portal itself that asks: a webhook, a job, the command line.

        Args:
            what: what was asked for, for the audit trail: "portal:settle".
        """
        if self.side is not Side.PORTAL:
            raise PermissionDenied(what)

    def require_account(self, account_id: AccountId) -> None:
        """Raise NotFound unless the account is one of theirs: absent and not theirs look the same."""
        if account_id not in self.accounts:
            raise NotFound


def system_principal(reason: str) -> Principal:
    """The system itself, which sees and may do everything: for webhooks, jobs and imports.

    Args:
        reason: what it acts for; the actor in the audit trail is "portal:<reason>".
    """
    return Principal(f"portal:{reason}", Side.PORTAL, frozenset(Permission), EVERYONE, EVERYONE)


def nobody(ip: str = "", language: str = "en", device: str = "") -> Principal:
    """A visitor who is not signed in, without any permission."""
    return Principal("nobody", Side.PATIENT, ip=ip, language=language, device=device)
