"""Which account: for a viewer who answers for several, each page of money says it in its address."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.ids import AccountId, parse_id
from portal_app.i18n import names_text, translate
from portal_app.services.billing.accessible_accounts import list_accounts
from portal_app.state.base import PortalState, in_thread, me


@dataclass(frozen=True)
class AccountChip:
    label: str
    href: str
    on: bool


class PicksAccount(PortalState, mixin=True):
    accounts: rx.Field[list[AccountChip]] = rx.field(default_factory=list)  # none where there is one alone

    _account_id: AccountId | None = None  # None: their only one, or the oldest

    async def _pick_account(self) -> None:
        """The one that the address names; whether it is theirs the services decide."""
        asked = self.router.url.query_parameters.get("account", "")
        self._account_id = AccountId(parse_id("acc", asked)) if asked else None
        choices = await in_thread(list_accounts, me()) if len(me().accounts) > 1 else ()
        on = self._account_id or next((choice.id for choice in choices), None)
        self.accounts = [
            AccountChip(
                names_text(self.language, choice.people)
                if choice.people
                else translate(self.language, "Account {n}", n=n),
                self._of_account(choice.id),
                choice.id == on,
            )
            for n, choice in enumerate(choices, start=1)
        ]

    def _of_account(self, account_id: AccountId) -> str:
        """This page's address for another account."""
        raise NotImplementedError

    @property
    def _account_asked(self) -> dict[str, str]:
        """What every address of the page carries on."""
        return {"account": self._account_id} if self._account_id else {}
