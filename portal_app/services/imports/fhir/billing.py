"""FHIR's money: an Invoice, a Claim as the charge of one visit, what a patient paid themself."""

from decimal import Decimal, InvalidOperation
from typing import Any

from portal_app.services.imports.fhir.people import Made, PatientPart, World
from portal_app.services.imports.fhir.values import (
    Unusable,
    codes,
    concept,
    id_of,
    instant,
    items,
    record,
    target,
    text,
    the_id,
)

_INVOICES = {"draft": "draft", "issued": "open", "balanced": "open"}
_INVOICES |= {"cancelled": "void", "entered-in-error": "void"}
_LIABILITY = {"memberliability", "patientresponsibility", "patient-responsibility"}
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


def _currency(*amounts: Any, element: str) -> str:
    """The one currency that the amounts name; "" where none does. Raises Unusable for several."""
    named = {text(record(amount).get("currency")) for amount in amounts} - {""}
    if len(named) > 1:
        raise Unusable(element, f"names several currencies: {', '.join(sorted(named))[:40]}")
    return next(iter(named), "")


def _shown(amount: Decimal) -> str:
    return f"{amount:f}"


def invoice(world: World, resource: dict[str, Any]) -> Made:
    number, status = f"Invoice/{the_id(resource)}", text(resource.get("status"))
    if status not in _INVOICES:
        raise Unusable("status", f"“{status[:40]}” is no invoice")
    element = "totalGross" if "totalGross" in resource else "totalNet"
    withdrawn = {"invoice_number": number, "status": "void"}
    try:
        chart, total = _billed(world, resource), _amount(resource.get(element), element)
    except Unusable:
        if _INVOICES[status] != "void":
            raise
        yield "invoices", withdrawn
        return
    if status == "entered-in-error":  # void here, if it is here at all
        yield "invoices", withdrawn
        return
    lines, date = items(resource.get("lineItem")), world.day(resource.get("date"))
    currency = _currency(resource.get(element), *_amounts_of(lines), element=element)
    yield (
        "invoices",
        {
            "invoice_number": number,
            "guarantor_chart_number": "",
            "status": _INVOICES[status],
            "issue_date": date,
            "total": _shown(total),
            "currency": currency,
            "note": text(record(next(iter(items(resource.get("note"))), {})).get("text"))[:2000],
        },
    )
    for line in lines:
        words = concept(line.get("chargeItemCodeableConcept"))
        yield "invoice_lines", _line(number, chart, words, _price(line), "")
    if not lines:
        yield "invoice_lines", _line(number, chart, "", total, "")
    if status == "balanced" and total > 0:
        paid = {"payment_key": balanced_key(number), "invoice_number": number, "amount": _shown(total)}
        yield "payments", paid | {"date": date, "currency": currency}


def balanced_key(number: str) -> str:
    """The key of the payment that a balanced invoice implies."""
    return f"{number}#balanced"


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


def _amounts_of(lines: list[dict[str, Any]]) -> list[Any]:
    return [part.get("amount") for line in lines for part in items(line.get("priceComponent"))]


def _line(number: str, chart: str, words: str, amount: Decimal, served: str) -> dict[str, str]:
    return {
        "invoice_number": number,
        "chart_number": chart,
        "description": words[:200] or "Services",
        "unit_amount": _shown(amount),
        "service_date": served,
    }


def claim(world: World, resource: dict[str, Any]) -> Made:
    """One invoice per claim: the part that is the patient's, as its explanation of benefit says.

    What is asked of an insurer is nobody's bill here: without an explanation the claim is set aside.
    """
    number, use, status = f"Claim/{the_id(resource)}", text(resource.get("use")), text(resource.get("status"))
    if use and use != "claim":
        raise Unusable("use", f"“{use[:40]}”: nothing was charged")
    if status in ("cancelled", "entered-in-error"):
        yield "invoices", {"invoice_number": number, "status": "void"}
        return
    if status != "active":
        raise Unusable("status", f"“{status[:40]}” is no charge")
    chart = world.patient(resource, "patient")
    share = world.patient_parts.get(number)
    if share is None:
        raise Unusable("total", "no explanation of benefit says what of it the patient owes")
    if share.doubtful:
        raise Unusable("total", "explanations of benefit of the same moment say different amounts")
    served = world.day(record(resource.get("billablePeriod")).get("start"))
    yield (
        "invoices",
        {
            "invoice_number": number,
            "guarantor_chart_number": "",
            "status": "open",
            "issue_date": world.day(resource.get("created")) or served,
            "total": _shown(share.amount),
            "currency": share.currency,
        },
    )
    priced = _priced(resource, share.currency)
    if priced and sum((amount for _, amount in priced), Decimal(0)) == share.amount:
        for words, amount in priced:
            yield "invoice_lines", _line(number, chart, words, amount, served)
    else:
        said = [concept(item.get("productOrService")) for item in items(resource.get("item"))]
        yield "invoice_lines", _line(number, chart, next(filter(None, said), ""), share.amount, served)


def _priced(resource: dict[str, Any], currency: str) -> list[tuple[str, Decimal]]:
    """The items in that currency, with what each cost."""
    return [
        (concept(item.get("productOrService")), _amount(item["net"], "item.net"))
        for item in items(resource.get("item"))
        if "net" in item and text(record(item["net"]).get("currency")) in ("", currency)
    ]


def hear_of_explanation(world: World, resource: dict[str, Any]) -> None:
    """Remember what the newest complete explanation of a claim says the patient owes of it."""
    if text(resource.get("status")) != "active" or text(resource.get("outcome")) not in ("", "complete"):
        return
    if text(resource.get("use")) not in ("", "claim"):
        return
    try:
        share = _patient_part(resource)
    except Unusable:
        return
    number = f"Claim/{id_of(target(resource.get('claim'), world.names))}"
    created = instant(resource.get("created"), world.options.zone)
    before = world.patient_parts.get(number)
    if share and (before is None or before.created <= created):
        same = before is not None and before.created == created
        doubtful = before is not None and same and (before.doubtful or before.amount != share[0])
        world.patient_parts[number] = PatientPart(*share, created, doubtful)


def _patient_part(resource: dict[str, Any]) -> tuple[Decimal, str] | None:
    """The member's liability: of the whole, else of its items added up; None where nothing says it."""
    for total in items(resource.get("total")):
        if codes(total.get("category")) & _LIABILITY:
            amount = total.get("amount")
            return _amount(amount, "total.amount"), text(record(amount).get("currency"))
    found = [
        part.get("amount")
        for item in (*items(resource.get("item")), *items(resource.get("addItem")))
        for part in items(item.get("adjudication"))
        if codes(part.get("category")) & _LIABILITY
    ]
    if not found:
        return None
    summed = sum((_amount(amount, "item.adjudication.amount") for amount in found), Decimal(0))
    return summed, _currency(*found, element="item.adjudication.amount")


def explanation(world: World, resource: dict[str, Any]) -> Made:
    """Only what it says the patient paid: what an insurer pays is not the portal's."""
    if text(resource.get("status")) not in ("", "active"):
        raise Unusable("status", f"“{text(resource.get('status'))[:40]}”: it no longer counts")
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
                        "date": world.day(resource.get("created")),
                    },
                )
            return
    if _patient_part(resource) is None:
        raise Unusable("total", "says neither what the patient owes nor what they paid")
