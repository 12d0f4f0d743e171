"""Reads what staff typed about a plan, a price or a coupon, and fills the forms with what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PlanId, parse_id
from portal_app.domain.memberships.prices import Band, PriceVersion
from portal_app.domain.memberships.types import Period, PriceAudience
from portal_app.domain.money import InvalidAmount, Money
from portal_app.services.memberships.plans.coupons import NewCoupon
from portal_app.services.memberships.plans.edit import PlanFacts
from portal_app.services.memberships.plans.prices import NewPrice
from portal_app.services.memberships.plans.read import PlanView
from portal_app.settings import settings
from portal_app.state.staff.form_values import read_amount, read_date, read_whole_number

BANDS = ("child", "adult", "senior")  # by rising age; the last one has no age limit
PLAN_FIELDS = (
    *("name", "description", "period", "contract_months", "enrolment_fee", "compared_to", "bands"),
    *("price_child", "price_adult", "price_senior", "family_cap", "first_day"),
)
COUPON_FIELDS = (
    *("code", "name", "percent", "amount", "periods", "first_day", "last_day", "uses_at_most", "plan"),
)


@dataclass(frozen=True)
class PlanForm:
    """The fields of the form of a plan, as they are filled at first."""

    name: str = ""
    description: str = ""
    period: str = Period.MONTH.value
    contract_months: str = ""
    enrolment_fee: str = ""
    renews_automatically: bool = False
    keeps_price_in_term: bool = True
    joined_online: bool = False
    direct_primary_care: bool = False
    compared_to: str = ""


@dataclass(frozen=True)
class PriceForm:
    """The fields of the form of a price."""

    price_child: str = ""
    below_child: str = "18"
    price_adult: str = ""
    below_adult: str = ""
    price_senior: str = ""
    family_cap: str = ""
    first_day: str = ""


def plan_form(facts: PlanFacts) -> PlanForm:
    return PlanForm(
        name=facts.name,
        description=facts.description,
        period=facts.period.value,
        contract_months=str(facts.contract_months or ""),
        enrolment_fee=facts.enrolment_fee.plain() if facts.enrolment_fee else "",
        renews_automatically=facts.renews_automatically,
        keeps_price_in_term=facts.keeps_price_in_term,
        joined_online=facts.joined_online,
        direct_primary_care=facts.direct_primary_care,
        compared_to=facts.compared_to or "",
    )


def price_form(view: PlanView) -> PriceForm:
    """The price of now, from the first day that a new one may begin on."""
    shown: PriceVersion | None = view.now or next(iter(view.versions), None)
    if shown is None:
        return PriceForm(first_day=view.earliest_price.isoformat())
    bands = {band.name: band for band in shown.bands}

    def price(name: str) -> str:
        return bands[name].price.plain() if name in bands else ""

    def below(name: str) -> str:
        return str(bands[name].below or "") if name in bands else ""

    return PriceForm(
        price_child=price("child"),
        below_child=below("child"),
        price_adult=price("adult"),
        below_adult=below("adult"),
        price_senior=price("senior"),
        family_cap=shown.family_cap.plain() if shown.family_cap else "",
        first_day=view.earliest_price.isoformat(),
    )


def read_plan(form: Mapping[str, str]) -> PlanFacts:
    """Read the form of a plan. Raises InvalidAmount of the fee; NotFound for what the form does not offer."""
    if form.get("period") not in set(Period):
        raise NotFound
    compared_to = form.get("compared_to", "")
    return PlanFacts(
        name=form.get("name", ""),
        period=Period(form["period"]),
        description=form.get("description", ""),
        contract_months=_number(form, "contract_months"),
        enrolment_fee=_amount(form, "enrolment_fee"),
        renews_automatically=is_ticked(form, "renews_automatically"),
        keeps_price_in_term=is_ticked(form, "keeps_price_in_term"),
        joined_online=is_ticked(form, "joined_online"),
        direct_primary_care=is_ticked(form, "direct_primary_care"),
        compared_to=PlanId(parse_id("pln", compared_to)) if compared_to else None,
    )


def read_price(form: Mapping[str, str], first_day: date) -> NewPrice:
    """The prices of the form; `first_day` where it names no day. Raises: InvalidAmount, InvalidDate."""
    bands: list[Band] = []
    for name in BANDS:
        price = _amount(form, f"price_{name}")
        if price is not None:
            bands.append(Band(name, _number(form, f"below_{name}"), price))
    everybody = form.get("audience", "") == PriceAudience.EVERYBODY
    return NewPrice(
        tuple(bands),
        _amount(form, "family_cap"),
        read_date(form, "first_day") or first_day,
        PriceAudience.EVERYBODY if everybody else PriceAudience.NEW_MEMBERSHIPS,
    )


def read_coupon(form: Mapping[str, str]) -> NewCoupon:
    """Read the form of a coupon. Raises InvalidAmount, InvalidDate; NotFound for a plan's id that is none."""
    plan = form.get("plan", "")
    return NewCoupon(
        code=form.get("code", ""),
        name=form.get("name", ""),
        percent=_number(form, "percent"),
        amount=_amount(form, "amount"),
        periods=_number(form, "periods"),
        first_day=read_date(form, "first_day"),
        last_day=read_date(form, "last_day"),
        uses_at_most=_number(form, "uses_at_most", digits=6),
        plan_id=PlanId(parse_id("pln", plan)) if plan else None,
    )


def is_ticked(form: Mapping[str, str], name: str) -> bool:
    return bool(form.get(name, ""))


def _number(form: Mapping[str, str], name: str, digits: int = 3) -> int | None:
    """The number in a field: None for an empty field; 0, which nothing accepts, for what is no number."""
    return read_whole_number(form, name, digits=digits) if form.get(name, "").strip() else None


def _amount(form: Mapping[str, str], name: str) -> Money | None:
    if not form.get(name, "").strip():
        return None
    try:
        return read_amount(form, name)
    except InvalidAmount:
        raise InvalidAmount(settings().currency, field=name) from None
