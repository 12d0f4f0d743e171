"""Choosing the account: for a guarantor of several, each billing page names one in its address."""

from abc import abstractmethod
from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Everyone
from portal_app.domain.ids import AccountId, parse_id
from portal_app.i18n import names_text, translate
from portal_app.services.billing.accessible_accounts import list_accounts
from portal_app.state.base import PortalState, in_thread, me


@dataclass(frozen=True)
class AccountChip:
    label: str
    href: str
    on: bool


class AccountPicker(PortalState, mixin=True):
    accounts: rx.Field[list[AccountChip]] = rx.field(default_factory=list)  # empty for a guarantor of one

    _account_id: AccountId | None = None  # None: their only one, or the oldest

    async def _pick_account(self) -> None:
        """Take the account from the address; whether it is the viewer's the services decide."""
        given = self.router.url.query_parameters.get("account", "")
        self._account_id = AccountId(parse_id("acc", given)) if given else None
        own = me().accounts
        several = not isinstance(own, Everyone) and len(own) > 1
        choices = await in_thread(list_accounts, me()) if several else ()
        on = self._account_id or next((choice.id for choice in choices), None)
        self.accounts = [
            AccountChip(
                names_text(self.language, choice.people)
                if choice.people
                else translate(self.language, "Account {n}", n=n),
                self._account_address(choice.id),
                choice.id == on,
            )
            for n, choice in enumerate(choices, start=1)
        ]

    @abstractmethod
    def _account_address(self, account_id: AccountId) -> str:
        """This page's address for another account."""

    @property
    def _account_query(self) -> dict[str, str]:
        """The part of the query that every address of the page carries."""
        return {"account": self._account_id} if self._account_id else {}
