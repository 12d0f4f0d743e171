"""Exports: the practice's transactions and memberships as CSV, with no cell that a spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.clock import local_date, today, zone
from portal_app.domain.access import Principal, Side, nobody
from portal_app.domain.billing.types import RECEIVED, RefundStatus
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied
from portal_app.domain.ids import AccountId, parse_id
from portal_app.domain.text import strip_unstorable
from portal_app.services.audit import note_refusal
from portal_app.services.background_writes import write_within
from portal_app.services.billing.staff.transaction_rows import Transaction, TransactionKind
from portal_app.services.billing.staff.transactions import (
    TransactionFilter,
    TransactionSearch,
    export_transactions,
)
from portal_app.services.memberships.staff.listing import (
    MembershipRow,
    export_memberships,
    read_membership_search,
)
from portal_app.services.sign_in.sessions import keep_alive_soon, principal_of
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.threads import in_thread

_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_COLUMNS = (
    *("date", "time", "kind", "status", "posted", "name", "chart_number", "invoices", "method"),
    *("paid_with", "amount", "debit", "credit", "currency", "receipt_number", "id"),
)
_MEMBERSHIP_COLUMNS = (
    *("paid_by", "plan", "status", "billed_by", "members", "next_bill_date", "amount", "currency"),
    *("last_invoice", "last_amount", "last_status", "contract_end", "last_day", "autopay", "id"),
)
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # the wide ones too, in East Asian settings


async def transactions(request: Request) -> Response:
    """The transactions as CSV: 200, 400 unreadable filters, 401 nobody of the practice is signed in, 403 not permitted."""
    return await _export(request, "transactions", _transactions)


async def memberships(request: Request) -> Response:
    """The list of memberships as CSV; the answers are those of `transactions`."""
    return await _export(request, "memberships", _memberships)


Asked = Mapping[str, str]  # the query of the address
Make = Callable[[Principal, Asked], str]


async def _export(request: Request, name: str, make: Make) -> Response:
    return await in_thread(_answer, visitor_of(request.headers), dict(request.query_params), name, make)


def _answer(visitor: Visitor, asked: dict[str, str], name: str, make: Make) -> Response:
    principal = nobody(visitor.ip, device=visitor.device)
    try:
        principal = replace(
            principal_of(visitor.ref(Side.STAFF), Side.STAFF),
            ip=visitor.ip,
            device=visitor.device,
        )
        keep_alive_soon(principal)
        text = make(principal, asked)
    except NotSignedIn:
        return PlainTextResponse("Sign in first", 401, _HEADERS)
    except PermissionDenied:
        write_within(principal, 0.25, note_refusal, f"export:{name}", "PermissionDenied")
        return PlainTextResponse("You may not export. An owner of the portal can allow it.", 403, _HEADERS)
    except (NotFound, ValueError):
        return PlainTextResponse("We could not read that.", 400, _HEADERS)
    named = {"Content-Disposition": f'attachment; filename="{name}-{today().isoformat()}.csv"'}
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=_HEADERS | named)


def _transactions(principal: Principal, asked: Asked) -> str:
    return as_csv(_COLUMNS, (_cells(row) for row in export_transactions(principal, _search(asked))))


def _memberships(principal: Principal, asked: Asked) -> str:
    found = export_memberships(principal, read_membership_search(asked))
    return as_csv(_MEMBERSHIP_COLUMNS, (_membership_cells(row) for row in found))


def as_csv(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A CSV of these rows under these heads, every cell quoted and none a formula."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_without_formula(cell) for cell in row])
    return file.getvalue()


def _membership_cells(row: MembershipRow) -> tuple[str, ...]:
    def day(of: date | None) -> str:
        return of.isoformat() if of else ""

    amount, last = row.amount, row.last_amount
    return (
        row.owner,
        row.plan,
        row.status.value,
        row.billed_by.value,
        str(row.members),
        day(row.next_bill_date),
        amount.plain() if amount else "",
        amount.currency if amount else last.currency if last else "",
        day(row.last_billed),
        last.plain() if last else "",
        row.last_status.value if row.last_status else "",
        day(row.contract_end),
        day(row.ends_on),
        "yes" if row.autopay else "no",
        row.id,
    )


def _cells(row: Transaction) -> tuple[str, ...]:
    """The cells of a transaction. No amount is negative: what raises the balance is a debit, what lowers it a credit."""
    counts = row.status in RECEIVED or row.status in (None, RefundStatus.SUCCEEDED)
    lowers = row.kind is TransactionKind.PAYMENT or (
        row.kind is TransactionKind.ADJUSTMENT and row.amount.minor < 0
    )
    amount = row.amount.plain().removeprefix("-")
    return (
        local_date(row.at).isoformat(),
        row.at.astimezone(zone()).strftime("%H:%M"),
        row.kind.value,
        row.status.value if row.status else "posted",
        "yes" if row.posted else "no",
        row.who,
        row.chart_number,
        " ".join(row.invoices),
        row.method.value if row.method else "",
        row.shown,
        amount,
        amount if counts and not lowers else "",
        amount if counts and lowers else "",
        row.amount.currency,
        row.receipt_number,
        row.id,
    )


def _without_formula(cell: str) -> str:
    """The cell; what a spreadsheet would take for a formula with an apostrophe in front (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _search(asked: Asked) -> TransactionSearch:
    """The filters of the address as a search. Raises ValueError or NotFound for what is none."""
    kind, state, account = asked.get("kind"), asked.get("status"), asked.get("account")
    first, last = asked.get("from"), asked.get("to")
    return TransactionSearch(
        text=strip_unstorable(asked.get("q", "")).strip()[:80],
        kind=TransactionKind(kind) if kind else None,
        state=TransactionFilter(state) if state else None,
        account_id=AccountId(parse_id("acc", account)) if account else None,
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
    )


routes = [
    Route("/staff/export/transactions.csv", transactions),
    Route("/staff/export/memberships.csv", memberships),
]
