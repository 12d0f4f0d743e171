"""The settings that a practice changes while it is open: each with who changed it and when."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from portal_app.clock import now
from portal_app.db.scope import Tx, reading, transaction
from portal_app.db.tables.practice import Practice, SettingChange
from portal_app.db.tables.staff import StaffMember
from portal_app.domain.access import Permission, Principal, system_principal
from portal_app.domain.ids import new_id
from portal_app.domain.money import Money
from portal_app.domain.practice_settings import AGREEMENT_SETTINGS, MEMBERSHIP_SETTINGS, SETTINGS
from portal_app.services.live import announce
from portal_app.services.messaging.practice_template_rules import wording_setting


@dataclass(frozen=True, slots=True)
class Changed:
    """By whom, "" for nobody yet."""

    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PracticeSettings:
    online_payments: bool
    post_automatically: bool
    reminders: bool
    announce_imported: bool
    link_in_messages: bool
    minimum_payment: Money | None
    pay_link_days: int
    dependent_age: int
    embed_origins: tuple[str, ...]
    memberships: dict[str, bool | int]  # by the setting's name
    agreements: dict[str, int]  # by the setting's name
    changed: dict[str, Changed]  # by the setting's name


def view_settings(principal: Principal) -> PracticeSettings:
    """All settings of the practice, with who changed each last."""
    principal.require(Permission.MANAGE_SETTINGS)
    with reading(errand_for(principal)) as tx:
        row = tx.get_or_404(Practice, "practice")
        return PracticeSettings(
            online_payments=row.online_payments,
            post_automatically=row.post_automatically,
            reminders=row.reminders,
            announce_imported=row.announce_imported,
            link_in_messages=row.link_in_messages,
            minimum_payment=row.minimum_payment,
            pay_link_days=row.pay_link_days,
            dependent_age=row.dependent_age,
            embed_origins=tuple(row.embed_origins),
            memberships={setting.name: setting.read(row) for setting in MEMBERSHIP_SETTINGS},
            agreements={setting.name: setting.read(row) for setting in AGREEMENT_SETTINGS},
            changed={name: last_change(tx, name) for name in SETTINGS},
        )


def change_setting(principal: Principal, name: str, value: Any) -> bool:
    """One setting, from now on, in every process. False: it was so already.

    Every change of a setting comes here: it is validated as declared, and kept in the history.
    NotFound for an unknown name or a value of another type, UserError for a value that is not allowed.
    The version is raised: what processes remember of the practice is of another one.
    """
    declared = SETTINGS.get(name)
    principal.require(declared.permission if declared else Permission.MANAGE_SETTINGS)
    setting = declared or wording_setting(name)
    value = setting.checked(value)
    with transaction(errand_for(principal)) as tx:
        row = tx.get_or_404(Practice, "practice", lock=True)
        if setting.read(row) == value:
            return False
        setting.write(row, value)
        row.version += 1
        who = tx.get(StaffMember, principal.staff_id) if principal.staff_id else None
        tx.add(
            SettingChange(
                id=new_id("set"),
                setting=name,
                value=_plain(value),
                changed_by=principal.name,
                name=who.name if who else principal.name,
                changed_at=now(),
            )
        )
        tx.on_commit(lambda: announce("settings", name))
        return True


def last_change(tx: Tx, name: str) -> Changed:
    """Who changed a setting last, and when."""
    newest = (
        select(SettingChange)
        .where(SettingChange.setting == name)
        .order_by(col(SettingChange.changed_at).desc(), col(SettingChange.id))
        .limit(1)
    )
    row = tx.exec(newest).first()
    return Changed(row.name, row.changed_at) if row else Changed()


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case Money():
            return f"{value.minor} {value.currency}"
        case list():
            return " ".join(value)
        case dict():
            return " | ".join(value.values())
        case _:
            return "" if value is None else str(value)


def errand_for(principal: Principal) -> Principal:
    """The practice's own row is the portal's to write; the trail says for whom."""
    system = system_principal("settings")
    return replace(system, name=principal.name, session_ref=principal.session_ref, ip=principal.ip)
