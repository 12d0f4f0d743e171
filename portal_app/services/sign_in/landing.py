"""Where one lands after signing in: the page that was asked for, where it is one's own (BACK-1)."""

from collections.abc import Callable
from typing import Any

from portal_app.db.scope import reading
from portal_app.db.tables.billing import Account
from portal_app.db.tables.families import Patient
from portal_app.domain.access import Principal
from portal_app.domain.credentials.types import Purpose
from portal_app.domain.errors import UserError
from portal_app.domain.sites.own_pages import ids_in, own_page
from portal_app.i18n_paths import bare_path
from portal_app.services.agreements.signing.viewer import require_readable
from portal_app.services.billing.invoices.read import view_invoice
from portal_app.services.billing.payments.receipts import view_receipt
from portal_app.services.links.action_links import link_session


def landing_page(principal: Principal, asked: str) -> str:
    """The page that was asked for, without language; "" where it is not the principal's: the usual first page.

    Args:
        asked: path and query as the browser sent them; another site, another side, or somebody else's invoice is "".
    """
    page = own_page(bare_path(asked), principal.side)
    try:
        for prefix, id_ in ids_in(page):
            _READ[prefix](principal, id_)
    except (UserError, KeyError):  # an id of a kind that no page is about leads nowhere
        return ""
    return page


def linked_page(principal: Principal) -> str:
    """The page of an action link's one purpose, without language. Raises NotSignedIn when the link has ended."""
    return "/links/sign" if link_session(principal).purpose is Purpose.SIGN else "/links/bill"


def _read_row(table: Any) -> Callable[[Principal, Any], Any]:
    def read(principal: Principal, id_: Any) -> None:
        with reading(principal) as tx:
            tx.get_or_404(table, id_)

    return read


# What a page may be about, by the prefix of its id.
_READ: dict[str, Callable[[Principal, Any], Any]] = {
    "inv": view_invoice,
    "pay": view_receipt,
    "pat": _read_row(Patient),
    "acc": _read_row(Account),
    "agq": require_readable,
}
