"""Signing one agreement: read, fill in, check, sign; or decline, or ask for paper. Signed in, or by a sign link.

What is typed is kept on the server when a field is left (decision 0015), what is drawn by the browser's tab, until it
is signed. The texts of both kinds of pages are in pages/agreements/sign_parts.py.
"""

# The framework keeps those fields and methods of a state from the browser that begin with an underscore.
# pyright: reportPrivateUsage=false

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import reflex as rx

from portal_app.clock import local_date
from portal_app.domain.agreements.errors import NameDiffers
from portal_app.domain.agreements.types import CopyStatus, RequestStatus, SignerStatus
from portal_app.domain.errors import NotFound, UserError
from portal_app.domain.ids import AgreementRequestId
from portal_app.i18n import LANGUAGES, date_text, full_date_text, gettext_noop, translate
from portal_app.services import drafts
from portal_app.services.agreements.errors import ConsentNeeded, ElsewhereAnswered, TextChanged
from portal_app.services.agreements.signing.consent import ask_for_paper, give_consent, withdraw_consent
from portal_app.services.agreements.signing.decline import decline_request
from portal_app.services.agreements.signing.lists import AgreementItem
from portal_app.services.agreements.signing.sign import SignForm, check_before_signing, sign_request
from portal_app.services.agreements.signing.view import SigningView, open_request, view_changes
from portal_app.services.agreements.topics import request_topic
from portal_app.state.agreement_text import TextRow, text_rows
from portal_app.state.agreements.labels import STATUSES, signers_text
from portal_app.state.agreements.signing_form import (
    FIELDS,
    LONGEST,
    ChangedRow,
    CheckView,
    OpenText,
    changed_rows,
    check_view,
    open_text,
    sign_form,
)
from portal_app.state.base import in_thread, me
from portal_app.state.feedback import Feedback, LoadedPage
from portal_app.state.i18n_paths import address

_FORM = "agreement"  # the name of its drafts
SHOWN_AT = ("consent", "can_open", "signature", "relationship", "intent", "reason")


@dataclass(frozen=True)
class LanguageItem:
    code: str
    name: str


class SigningSteps(LoadedPage, Feedback, mixin=True):
    step: rx.Field[str] = rx.field("")  # "sign", "check", "decline", or "closed": nothing to sign now
    title: rx.Field[str] = rx.field("")
    patient: rx.Field[str] = rx.field("")
    for_another: rx.Field[bool] = rx.field(False)
    version: rx.Field[str] = rx.field("")
    expires: rx.Field[str] = rx.field("")
    status_tone: rx.Field[str] = rx.field("quiet")
    status: rx.Field[str] = rx.field("")
    signers: rx.Field[str] = rx.field("")  # "Signed by you on May 3, waiting for Luis Rivera"
    explanation: rx.Field[str] = rx.field("")  # why there is nothing to sign
    text: rx.Field[list[TextRow]] = rx.field(default_factory=list)
    text_language: rx.Field[str] = rx.field("en")
    other_languages: rx.Field[list[LanguageItem]] = rx.field(default_factory=list)
    text_pdf: rx.Field[str] = rx.field("")
    consented_on: rx.Field[str] = rx.field("")  # "" while they have not agreed to electronic records
    paper_asked: rx.Field[bool] = rx.field(False)
    name_on_file: rx.Field[str] = rx.field("")
    drawn_only: rx.Field[bool] = rx.field(False)
    typed: rx.Field[dict[str, str]] = rx.field(default_factory=dict)  # what the fields begin with
    drawing_key: rx.Field[str] = rx.field("")  # under which the tab keeps what is drawn
    drawing_over: rx.Field[bool] = rx.field(False)  # it was drawn and signed: kept no more
    check: rx.Field[CheckView] = rx.field(default_factory=CheckView)
    changes: rx.Field[list[ChangedRow]] = rx.field(default_factory=list)  # since it was opened (SIGN-3)
    signed_now: rx.Field[bool] = rx.field(False)
    copy_pdf: rx.Field[str] = rx.field("")
    copy_is_made: rx.Field[bool] = rx.field(False)
    copy_is_scan: rx.Field[bool] = rx.field(False)
    same_for: rx.Field[list[str]] = rx.field(default_factory=list)  # for whom the same is signed after this
    renew_href: rx.Field[str] = rx.field("")  # of the membership whose new agreement this is
    next_href: rx.Field[str] = rx.field("")
    next_title: rx.Field[str] = rx.field("")
    next_patient: rx.Field[str] = rx.field("")

    _read: OpenText | None = None  # the text that is open
    _typed: dict[str, str] = {}
    _drawing: str = ""  # points as JSON
    _asked_name: str = ""  # a name that differs from the one on file, asked about once

    @abstractmethod
    def _wanted(self) -> AgreementRequestId | None:
        """The request of the address; None for that of a sign link. Raises NotFound."""

    @abstractmethod
    def _document(self, path: str) -> str:
        """The address of a PDF for this session."""

    @abstractmethod
    async def _to_sign_next(self) -> Sequence[AgreementItem]:
        """What the viewer can sign besides this."""

    @abstractmethod
    def _watch(self, topic: str) -> None:
        """Run the page's `refresh` when this topic is announced."""

    def _shown_at(self) -> tuple[str, ...]:
        """Fields with errors of their own: also the places in the text."""
        return (*SHOWN_AT, *(place.field for place in self._read.fields)) if self._read else SHOWN_AT

    async def _open_page(self) -> None:
        """Keeps what is on the screen when only the connection was lost."""
        if self._newly_here() or not self.ready:
            self.reset()
            await self._open()
        if self._read is not None:
            self._watch(request_topic(self._read.request_id))

    async def _open(self, language: str = "") -> None:
        try:
            view = await in_thread(open_request, me(), self._wanted(), language)
            self._typed = dict(await in_thread(drafts.draft_of, me(), _FORM, view.request_id))
        except NotFound:
            self.missing = True
            return
        except UserError as refusal:  # a text that lacks a value
            self.step = "closed"
            self.explanation = translate(self.language, refusal.message, **refusal.values)
            self.ready = True
            return
        self._show(view)
        await self._show_others()
        self.ready = True

    async def _refresh(self) -> None:
        """Somebody else signed or declined, or the copy is there; what is being filled in stays as it is."""
        if not self.ready or self.busy or self._read is None:
            return
        view = await in_thread(open_request, me(), self._read.request_id, self._read.language)
        if view.refusal is not None or self.step == "closed":
            self._show(view)
        else:
            self.signers = signers_text(self.language, view.signers, view.patient)

    def _show(self, view: SigningView) -> None:
        self._read = open_text(view)
        self._show_facts(view)
        self._show_text(view)
        self._show_standing(view)
        if view.part is None:
            self.step = "closed"
        elif self.step not in ("check", "decline"):
            self.step = "sign"

    def _show_facts(self, view: SigningView) -> None:
        self.title, self.patient, self.for_another = view.title, view.patient, view.for_another
        self.version = str(view.version)
        self.expires = date_text(self.language, view.expires_on) if view.expires_on else ""
        self.name_on_file, self.drawn_only = view.name_on_file, view.drawn_only
        self.paper_asked = view.paper_asked
        self.consented_on = (
            full_date_text(self.language, local_date(view.consented_at)) if view.consented_at else ""
        )
        self.drawing_key = f"{me().name}.{view.request_id}"

    def _show_text(self, view: SigningView) -> None:
        self.typed = dict(self._typed)
        self.text, self.text_language = text_rows(view.blocks, self._typed), view.language
        self.other_languages = [
            LanguageItem(code, LANGUAGES.get(code, code)) for code in view.languages if code != view.language
        ]
        path = f"/documents/agreement-texts/{view.request_id}.pdf?lang={view.language}"
        self.text_pdf = self._document(path)

    def _show_standing(self, view: SigningView) -> None:
        """Who has signed, why there is nothing to sign, and the copy."""
        self.signers = signers_text(self.language, view.signers, view.patient)
        self.status_tone, status = STATUSES[view.status]
        self.status = translate(self.language, status)
        self.explanation = self._why_not(view)
        self.renew_href = self._renew_address(view)
        copy = view.copy
        is_there = copy is not None and copy.status in (CopyStatus.SEALED, CopyStatus.SCAN)
        self.copy_is_made = copy is not None and not is_there
        self.copy_is_scan = copy is not None and copy.is_scan
        self.copy_pdf = self._document(f"/documents/agreements/{copy.id}.pdf") if copy and is_there else ""

    def _renew_address(self, view: SigningView) -> str:
        """Once the viewer has signed what was missing, renewing goes on (REN-5)."""
        signed = any(one.me and one.status is SignerStatus.SIGNED for one in view.signers)
        path = f"/memberships/renew?id={view.renews}" if view.renews and signed else ""
        return address(self.language, path) if path else ""

    def _why_not(self, view: SigningView) -> str:
        refusal = view.refusal
        if refusal is None or view.status is RequestStatus.COMPLETE:
            return ""
        if isinstance(refusal, NotFound):  # it waits, and the viewer has no part in it now
            signed = any(one.me and one.status is SignerStatus.SIGNED for one in view.signers)
            return "" if signed else translate(self.language, "There is nothing for you to sign here.")
        return translate(self.language, refusal.message, **refusal.values)

    async def _show_others(self) -> None:
        """For whom the same agreement waits too, and what is signed next."""
        others = [
            item
            for item in await self._to_sign_next()
            if self._read is None or item.request_id != self._read.request_id
        ]
        others.sort(key=lambda item: item.title != self.title)  # the same first
        self.same_for = [item.patient for item in others if item.title == self.title]
        following = others[0] if others else None
        self.next_href = address(self.language, f"/agreements/{following.request_id}") if following else ""
        self.next_title = following.title if following else ""
        self.next_patient = following.patient if following else ""

    async def _keep_field(self, name: str, value: str) -> None:
        if self._read is not None and self._read.may_sign and name in self._names():
            self._typed = {**self._typed, name: value[:LONGEST]}
            await in_thread(drafts.keep_field, me(), _FORM, self._read.request_id, name, value[:LONGEST])

    def _names(self) -> tuple[str, ...]:
        return (*FIELDS, *(place.field for place in self._read.fields)) if self._read else ()

    async def _choose_language(self, code: str) -> None:
        """Reads the text in another language; what was answered at its places stays where it can."""
        if self._read is None or code not in self._read.languages:
            raise NotFound
        await self._open(code)

    async def _continue(self, form: dict[str, str]) -> None:
        """From the form to the check page."""
        read = self._open_text()
        self._drawing = form.get("strokes", "")
        fields = {name: form.get(name, "")[:LONGEST] for name in self._names()}
        self._typed = {**self._typed, **fields}
        await in_thread(drafts.keep_fields, me(), _FORM, read.request_id, fields)
        await self._consent(form)
        made = self._sign_form()
        try:
            signature = await in_thread(check_before_signing, me(), made)
        except NameDiffers:
            self._asked_name = made.signature.typed_name
            raise
        except (TextChanged, ElsewhereAnswered):
            await self._show_what_changed(read)
            raise
        self.changes = []
        self.check = check_view(self.language, read.fields, made, signature)
        self._begin_fields()
        self.step = "check"

    async def _consent(self, form: dict[str, str]) -> None:
        if self.consented_on:
            return
        if "consent" not in form:
            raise ConsentNeeded
        await in_thread(give_consent, me(), self.language, can_open="can_open" in form)

    async def _sign(self, form: dict[str, str]) -> None:
        read = self._open_text()
        if self.step != "check":  # pressed twice
            return
        try:
            await in_thread(sign_request, me(), self._sign_form(intent="intent" in form))
        except (TextChanged, ElsewhereAnswered):
            await self._show_what_changed(read)
            raise
        await in_thread(drafts.drop_draft, me(), _FORM, read.request_id)
        self.drawing_over, self._drawing = bool(self.check.drawing), ""
        self.signed_now, self.step = True, "closed"
        await self._open(read.language)

    async def _show_what_changed(self, before: OpenText) -> None:
        """The text as it is now, and word by word what is not as it was read (SIGN-3)."""
        self.step = "sign"
        await self._open(before.language)
        now = self._read
        if now is None or now.version_id == before.version_id or now.language != before.language:
            return
        compared = await in_thread(view_changes, me(), now.request_id, before.version_id, now.language)
        self.changes = changed_rows(compared)

    async def _decline(self, reason: str) -> None:
        read = self._open_text()
        await in_thread(decline_request, me(), read.request_id, reason)
        await in_thread(drafts.drop_draft, me(), _FORM, read.request_id)
        await self._open(read.language)
        self._show_done(
            gettext_noop(
                "You declined. The practice has been told why, and the others who sign were told too."
            )
        )

    async def _ask_for_paper(self) -> None:
        read = self._open_text()
        await in_thread(ask_for_paper, me(), read.request_id)
        self.paper_asked = True
        self._show_done(
            gettext_noop("We will give you this on paper. You can still sign it here if you like.")
        )

    async def _withdraw_consent(self) -> None:
        await in_thread(withdraw_consent, me())
        self.consented_on = ""
        self._show_done(
            gettext_noop("Withdrawn. What you signed stays in force; from now on you get paper to sign.")
        )

    def _go(self, step: str) -> None:
        """To the form with what was typed, or to declining."""
        if self._read is not None and self._read.may_sign:
            self._clear_feedback()
            self._begin_fields()
            self.step = step

    def _begin_fields(self) -> None:
        """With what was typed, when they are drawn again."""
        self.typed = dict(self._typed)
        self.text = [replace(row, answer=self._typed.get(row.place, "")) for row in self.text]

    def _sign_form(self, *, intent: bool = False) -> SignForm:
        read, name = self._open_text(), self._asked_name
        return sign_form(read, dict(self._typed), self._drawing, confirmed_name=name, intent=intent)

    def _open_text(self) -> OpenText:
        if self._read is None:
            raise NotFound
        return self._read
