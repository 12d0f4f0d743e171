"""A request and its signers as staff read them, and who could not be asked."""

from dataclasses import dataclass

from portal_app.domain.agreements.types import RequestStatus, SignerPart, SignerStatus
from portal_app.i18n import date_text, gettext_noop, moment_text, translate
from portal_app.services.agreements.copies.paper import PARTS
from portal_app.services.agreements.requests.ask import AskResult
from portal_app.services.agreements.requests.listing import RequestRow, SignerRow
from portal_app.state.i18n_paths import address
from portal_app.state.staff.agreements.labels import DELIVERIES, REQUEST_STATUSES, SIGNER_STATUSES

_VERSION = gettext_noop("Version {number}")
_ASKED = gettext_noop("Asked {day}")
_UNTIL = gettext_noop("until {day}")
_REMINDED = gettext_noop("reminders: {n}")
_ENDED = gettext_noop("ended {day}")
_OPENED = gettext_noop("Opened {when}")
_NOT_OPENED = gettext_noop("Not opened")
_PAPER = gettext_noop("Asked for paper {when}")
_REASON = gettext_noop("Reason: {words}")


@dataclass(frozen=True)
class SignerItem:
    key: str
    who: str
    tone: str
    status: str
    details: str


@dataclass(frozen=True)
class RequestItem:
    id: str
    patient_id: str
    patient: str
    patient_href: str
    version: str
    tone: str
    status: str
    when: str
    waiting: bool
    again: bool  # signed an earlier version, and may be asked for the newest
    chosen: bool
    signers: list[SignerItem]


@dataclass(frozen=True)
class SetAsideItem:
    key: str
    name: str
    why: str


def request_item(language: str, row: RequestRow, newest: int) -> RequestItem:
    """A request as staff read it. `newest`: the version that could be asked for; 0 for none."""
    tone, status = REQUEST_STATUSES[row.status]
    signed = row.status in (RequestStatus.COMPLETE, RequestStatus.PAPER)
    return RequestItem(
        id=row.id,
        patient_id=row.patient_id,
        patient=row.patient,
        patient_href=address(language, f"/staff/patients/{row.patient_id}"),
        version=translate(language, _VERSION, number=row.version),
        tone=tone,
        status=translate(language, status),
        when=" · ".join(_times(language, row)),
        waiting=row.status is RequestStatus.WAITING,
        again=signed and row.version < newest,
        chosen=False,
        signers=[_signer(language, signer) for signer in row.signers],
    )


def _times(language: str, row: RequestRow) -> list[str]:
    times = [translate(language, _ASKED, day=moment_text(language, row.asked_at))]
    if row.status is RequestStatus.WAITING and row.expires_on:
        times.append(translate(language, _UNTIL, day=date_text(language, row.expires_on)))
    if row.reminders:
        times.append(translate(language, _REMINDED, n=row.reminders))
    if row.ended_at:
        times.append(translate(language, _ENDED, day=moment_text(language, row.ended_at)))
    return times


def _signer(language: str, row: SignerRow) -> SignerItem:
    tone, status = SIGNER_STATUSES[row.status]
    who = translate(language, PARTS[row.part])
    details: list[str] = []
    if row.part is not SignerPart.PRACTICE and row.status is SignerStatus.WAITING:
        opened = translate(language, _OPENED, when=row.opened_at) if row.opened_at else ""
        details = [opened or translate(language, _NOT_OPENED), translate(language, DELIVERIES[row.delivery])]
        if row.paper_at:
            details.append(translate(language, _PAPER, when=row.paper_at))
    if row.reason:
        details.append(translate(language, _REASON, words=row.reason))
    return SignerItem(
        str(row.part),
        f"{who}: {row.name}" if row.name else who,
        tone,
        translate(language, status),
        " · ".join(details),
    )


def set_aside(language: str, result: AskResult) -> list[SetAsideItem]:
    """Who cannot be asked, and why."""
    return [
        SetAsideItem(each.patient_id, each.name, translate(language, each.error.message, **each.error.values))
        for each in result.set_aside
    ]
