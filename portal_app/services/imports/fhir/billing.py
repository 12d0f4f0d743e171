"""FHIR's money: an Invoice, a Claim as the charge of one visit, what a patient paid themself."""

from decimal import Decimal, InvalidOperation
from typing import Any

from portal_app.services.imports.fhir.people import Made, World
from portal_app.services.imports.fhir.values import (
    Unusable,
    codes,
    concept,
    day,
    id_of,
    items,
    record,
    target,
    text,
    the_id,
)

_INVOICES = {"draft": "draft", "issued": "open", "balanced": "open", "cancelled": "void"}
_LOWERS = ("deduction", "discount")


def _amount(said: Any, element: str) -> Decimal:
    value = text(record(said).get("value"))
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise Unusable(element, "has no amount" if not value else f"“{value[:40]}” is no amount") from None
    if not amount.is_finite() or abs(amount) >= 10**9:
        raise Unusable(element, f"“{value[:40]}” is no amount")
    return amount


def _shown(amount: Decimal) -> str:
    return f"{amount:f}"


def invoice(world: World, resource: dict[str, Any]) -> Made:
    number, status = f"Invoice/{the_id(resource)}", text(resource.get("status"))
    if status not in _INVOICES:
        raise Unusable("status", f"“{status[:40]}” is no invoice")
    chart = _billed(world, resource)
    element = "totalGross" if "totalGross" in resource else "totalNet"
    total = _amount(resource.get(element), element)
    currency = text(record(resource.get(element)).get("currency"))
    yield (
        "invoices",
        {
            "invoice_number": number,
            "guarantor_chart_number": "",
            "status": _INVOICES[status],
            "issue_date": day(resource.get("date")),
            "total": _shown(total),
            "currency": currency,
            "note": text(record(next(iter(items(resource.get("note"))), {})).get("text"))[:2000],
        },
    )
    lines = items(resource.get("lineItem"))
    for line in lines:
        words = concept(line.get("chargeItemCodeableConcept"))
        yield "invoice_lines", _line(number, chart, words, _price(line), "")
    if not lines:
        yield "invoice_lines", _line(number, chart, "", total, "")
    if status == "balanced" and total > 0:
        paid = {"payment_key": f"{number}#balanced", "invoice_number": number, "amount": _shown(total)}
        yield "payments", paid | {"date": day(resource.get("date")), "currency": currency}


def _billed(world: World, resource: dict[str, Any]) -> str:
    if target(resource.get("subject"), world.names):
        return world.patient(resource, "subject")
    account = target(resource.get("account"), world.names)
    if account in world.accounts:
        return world.accounts[account]
    raise Unusable("subject", "names no patient")


def _price(line: dict[str, Any]) -> Decimal:
    """What a line adds to the invoice: its base and surcharges, less what is taken off."""
    price = Decimal(0)
    for part in items(line.get("priceComponent")):
        if text(part.get("type")) == "informational":
            continue
        amount = _amount(part.get("amount"), "lineItem.priceComponent.amount")
        price += -abs(amount) if text(part.get("type")) in _LOWERS else amount
    return price


def _line(number: str, chart: str, words: str, amount: Decimal, served: str) -> dict[str, str]:
    return {
        "invoice_number": number,
        "chart_number": chart,
        "description": words[:200] or "Services",
        "unit_amount": _shown(amount),
        "service_date": served,
    }


def claim(world: World, resource: dict[str, Any]) -> Made:
    """One invoice per claim: its priced items, and what the total holds beyond them."""
    number, use, status = f"Claim/{the_id(resource)}", text(resource.get("use")), text(resource.get("status"))
    if use and use != "claim":
        raise Unusable("use", f"“{use[:40]}”: nothing was charged")
    if status not in ("active", "cancelled"):
        raise Unusable("status", f"“{status[:40]}” is no charge")
    chart = world.patient(resource, "patient")
    total = _amount(resource.get("total"), "total")
    lines = _claimed(resource)
    period = record(resource.get("billablePeriod"))
    served = day(period.get("start"))
    yield (
        "invoices",
        {
            "invoice_number": number,
            "guarantor_chart_number": "",
            "status": "void" if status == "cancelled" else "open",
            "issue_date": day(resource.get("created")) or served,
            "total": _shown(total),
            "currency": text(record(resource.get("total")).get("currency")),
        },
    )
    rest = total - sum((amount for _, amount in lines if amount is not None), Decimal(0))
    unpriced = [words for words, amount in lines if amount is None]
    if rest and (unpriced or not lines):
        yield "invoice_lines", _line(number, chart, next(iter(unpriced), ""), rest, served)
    for words, amount in lines:
        if amount is not None:
            yield "invoice_lines", _line(number, chart, words, amount, served)
    if not rest and all(amount is None for _, amount in lines):
        yield "invoice_lines", _line(number, chart, next(iter(unpriced), ""), total, served)


def _claimed(resource: dict[str, Any]) -> list[tuple[str, Decimal | None]]:
    return [
        (concept(item.get("productOrService")), _amount(item["net"], "item.net") if "net" in item else None)
        for item in items(resource.get("item"))
    ]


def explanation(world: World, resource: dict[str, Any]) -> Made:
    """Only what it says the patient paid: what an insurer pays is not the portal's."""
    for total in items(resource.get("total")):
        if "paidbypatient" in codes(total.get("category")):
            amount = _amount(total.get("amount"), "total.amount")
            if amount > 0:
                yield (
                    "payments",
                    {
                        "payment_key": f"ExplanationOfBenefit/{the_id(resource)}",
                        "invoice_number": f"Claim/{id_of(target(resource.get('claim'), world.names))}",
                        "amount": _shown(amount),
                        "currency": text(record(total.get("amount")).get("currency")),
                        "date": day(resource.get("created")),
                    },
                )
            return
    raise Unusable("total", "does not say what the patient paid")
