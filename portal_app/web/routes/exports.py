"""Exports: the practice's transactions as CSV, with no cell that a spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal_app.clock import local_date, today, zone
from portal_app.domain.access import Side, nobody
from portal_app.domain.billing.types import RECEIVED, RefundStatus
from portal_app.domain.errors import NotFound, NotSignedIn, PermissionDenied
from portal_app.domain.ids import AccountId, parse_id
from portal_app.domain.money import Money, minor_digits
from portal_app.domain.text import strip_unstorable
from portal_app.services.audit import note_refusal
from portal_app.services.billing.staff.transaction_rows import Transaction, TransactionKind
from portal_app.services.billing.staff.transactions import (
    TransactionFilter,
    TransactionSearch,
    export_transactions,
)
from portal_app.services.sign_in.sessions import principal_of
from portal_app.visitor import Visitor, visitor_of
from portal_app.web.threads import in_thread

_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_COLUMNS = (
    *("date", "time", "kind", "status", "posted", "name", "chart_number", "invoices", "method"),
    *("paid_with", "amount", "debit", "credit", "currency", "receipt_number", "id"),
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
    """200 the CSV, 400 unreadable filters, 401 nobody of the practice is signed in, 403 not permitted."""
    visitor = visitor_of(request.headers)
    return await in_thread(_answer, visitor, dict(request.query_params))


def _answer(visitor: Visitor, asked: dict[str, str]) -> Response:
    principal = nobody(visitor.ip)
    try:
        principal = replace(principal_of(visitor.ref(Side.STAFF), Side.STAFF), ip=visitor.ip)
        rows = export_transactions(principal, _search(asked))
    except NotSignedIn:
        return PlainTextResponse("Sign in first", 401, _HEADERS)
    except PermissionDenied:
        note_refusal(principal, "export:transactions", "PermissionDenied")
        return PlainTextResponse("You may not export. An owner of the portal can allow it.", 403, _HEADERS)
    except (NotFound, ValueError):
        return PlainTextResponse("We could not read that.", 400, _HEADERS)
    named = {"Content-Disposition": f'attachment; filename="transactions-{today().isoformat()}.csv"'}
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    return Response("\ufeff" + as_csv(rows), media_type="text/csv; charset=utf-8", headers=_HEADERS | named)


def as_csv(rows: Iterable[Transaction]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow([_safe(cell) for cell in _cells(row)])
    return file.getvalue()


def _cells(row: Transaction) -> tuple[str, ...]:
    """No amount is negative: what raises the balance is a debit, what lowers it a credit."""
    counts = row.status in RECEIVED or row.status in (None, RefundStatus.SUCCEEDED)
    lowers = row.kind is TransactionKind.PAYMENT or (
        row.kind is TransactionKind.ADJUSTMENT and row.amount.minor < 0
    )
    amount = _decimal(row.amount)
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


def _decimal(amount: Money) -> str:
    digits = minor_digits(amount.currency)
    return f"{Decimal(abs(amount.minor)).scaleb(-digits):.{digits}f}"


def _safe(cell: str) -> str:
    """What a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _search(asked: dict[str, str]) -> TransactionSearch:
    """The address's words as a question; ValueError or NotFound for what is none."""
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


routes = [Route("/staff/export/transactions.csv", transactions)]
