"""Joining in words: plans, prices and people as the page shows them, and the forms as the services take them."""

from dataclasses import dataclass
from datetime import date

from portal_app.clock import today
from portal_app.domain.families import age_on
from portal_app.domain.memberships.types import Period
from portal_app.i18n import full_date_text, gettext_noop, money_text, translate
from portal_app.services.memberships.joining.draft import JoinOwner
from portal_app.services.memberships.joining.price import JoinPrice, PlanOffer
from portal_app.services.memberships.members.person import NewPerson
from portal_app.services.patients.contact_details import Address
from portal_app.state.memberships.labels import period_price
from portal_app.state.memberships.memberships import AmountRow
from portal_app.state.typed_fields import birth_date

_BELOW = gettext_noop("Younger than {age}")
_FROM = gettext_noop("{age} and older")
_AGES = gettext_noop("{first} to {last} years")
_EVERY_AGE = gettext_noop("Every age")


@dataclass(frozen=True)
class PlanItem:
    id: str
    name: str
    includes: list[str]
    prices: list[AmountRow]
    cap: str  # "" for none
    fee: str
    contract: str


@dataclass(frozen=True)
class PersonItem:
    name: str
    note: str  # "8 years old"
    place: int  # on the list


def plan_item(language: str, plan: PlanOffer) -> PlanItem:
    rows: list[AmountRow] = []
    first = 0
    for band in sorted(plan.bands, key=lambda band: (band.below is None, band.below or 0)):
        amount = period_price(language, plan.period, band.price)
        rows.append(AmountRow(_ages(language, first, band.below), amount))
        first = band.below or 0
    return PlanItem(
        id=plan.id,
        name=plan.name,
        includes=list(plan.includes),
        prices=rows,
        cap=_with_amount(language, gettext_noop("A family pays at most {price}."), plan),
        fee=translate(language, "Once, to begin: {amount}.", amount=plan.fee) if plan.fee else "",
        contract=contract_words(language, plan.contract_months, plan.renews_automatically),
    )


def contract_words(language: str, months: int | None, renews: bool) -> str:
    if months is None:
        return translate(language, "No contract: it runs until you cancel.")
    if renews:
        return translate(
            language,
            "Contract of {months} months, which renews by itself unless you turn that off.",
            months=months,
        )
    return translate(language, "Contract of {months} months.", months=months)


def _with_amount(language: str, msgid: str, plan: PlanOffer) -> str:
    if plan.family_cap is None:
        return ""
    return translate(language, msgid, price=period_price(language, plan.period, plan.family_cap))


def _ages(language: str, first: int, below: int | None) -> str:
    if below is None:
        return translate(language, _FROM, age=first) if first else translate(language, _EVERY_AGE)
    if not first:
        return translate(language, _BELOW, age=below)
    return translate(language, _AGES, first=first, last=below - 1)


def price_rows(language: str, price: JoinPrice) -> list[AmountRow]:
    """Each member, what the family price and the coupon save, and the fee."""
    you = translate(language, "You")
    rows = [AmountRow(line.name or you, money_text(language, line.amount)) for line in price.lines]
    if price.saved_by_cap:
        rows.append(AmountRow(translate(language, "Family price"), money_text(language, -price.saved_by_cap)))
    if price.saved_by_coupon:
        rows.append(AmountRow(translate(language, "Coupon"), money_text(language, -price.saved_by_coupon)))
    return rows


def price_notes(language: str, price: JoinPrice) -> list[str]:
    notes: list[str] = []
    if price.later is not None and price.coupon_periods:
        notes.append(
            translate(
                language,
                "The coupon holds for {count} invoices. After that you pay {price}.",
                count=price.coupon_periods,
                price=period_price(language, price.period, price.later),
            )
        )
    if price.contract_end is not None:
        day = full_date_text(language, price.contract_end)
        msgid = (
            gettext_noop("If you pay today, your contract runs to {day} and then renews by itself.")
            if price.renews_automatically
            else gettext_noop("If you pay today, your contract runs to {day}.")
        )
        notes.append(translate(language, msgid, day=day))
    return notes


def next_words(language: str, period: Period) -> str:
    """When the next bill comes."""
    msgid = {
        Period.MONTH: gettext_noop(
            "Your membership begins on the day you pay. The next invoice comes a month later."
        ),
        Period.QUARTER: gettext_noop(
            "Your membership begins on the day you pay. The next invoice comes three months later."
        ),
        Period.YEAR: gettext_noop(
            "Your membership begins on the day you pay. The next invoice comes a year later."
        ),
    }[period]
    return translate(language, msgid)


def person_item(language: str, person: NewPerson, place: int) -> PersonItem:
    age = age_on(person.birth_date, today())
    note = translate(language, "{age} years old", age=age) if age else translate(language, "Under a year old")
    return PersonItem(person.name, note, place)


def read_person(form: dict[str, str]) -> NewPerson:
    """The member that was typed. Raises: what `birth_date` raises."""
    return NewPerson(
        given_name=_text(form, "given_name"),
        family_name=_text(form, "family_name"),
        birth_date=birth_date(form),
        sex=form.get("sex", ""),
        relationship=form.get("relationship", ""),
        consent=form.get("consent") == "on",
    )


def read_owner(form: dict[str, str], born: date) -> JoinOwner:
    """Name, sex and address of who joins; their date of birth was asked before."""
    address = Address(
        **{name: _text(form, name) for name in ("line1", "line2", "city", "region", "postal_code")}
    )
    return JoinOwner(
        given_name=_text(form, "given_name"),
        family_name=_text(form, "family_name"),
        birth_date=born,
        sex=form.get("sex", ""),
        address=address,
    )


def _text(form: dict[str, str], name: str) -> str:
    return form.get(name, "").strip()


def owner_fields(owner: JoinOwner) -> dict[str, str]:
    """Who joins, by the names of the fields."""
    names = {
        "name": owner.as_person().name,
        "given_name": owner.given_name,
        "family_name": owner.family_name,
        "sex": owner.sex,
    }
    lines = ("line1", "line2", "city", "region", "postal_code")
    return {**names, **{name: getattr(owner.address, name) for name in lines}}
