"""Where one lands after signing in (BACK-1): the page that was asked for, if it is one's own; never another site."""

import re

import pytest

from portal_app.domain.access import Side
from portal_app.domain.ids import new_id
from portal_app.domain.sites.own_pages import PATIENT_PAGES, own_page
from portal_app.services.sign_in.landing import landing_page
from tests.architecture.sources import PORTAL
from tests.people import People

ELSEWHERE = [
    "https://evil.example/invoices",
    "//evil.example/invoices",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/invoices/../../evil",
    "/invoices//evil.example",
    "/invoices?next=https://evil.example",
    "/invoices#x",
    "/invoices\r\nset-cookie: a=b",
    " /invoices",
    "/documents/invoice/x.pdf",
    "/auth/sign-out",
    "/sign-in",
    "/links/bill",
    "/staff",
    "/es/staff/patients",
    "",
    "/",
    "/invoices/" + "x" * 400,
]


@pytest.mark.parametrize("asked", ELSEWHERE)
def test_back_1_another_address_leads_to_the_first_page(sample_people: People, asked: str):
    assert landing_page(sample_people.kim, asked) == ""


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("/invoices?show=paid&page=2", "/invoices?show=paid&page=2"),
        ("/es/statements?from=2026-01-01&to=2026-06-30", "/statements?from=2026-01-01&to=2026-06-30"),
        ("/members/sharing", "/members/sharing"),
        ("/payment-options", "/payment-options"),
    ],
)
def test_back_1_a_page_of_ones_own_is_where_one_lands(sample_people: People, asked: str, page: str):
    assert landing_page(sample_people.kim, asked) == page


def test_back_1_what_is_somebody_elses_or_nowhere_leads_to_the_first_page(sample_people: People):
    for thing in ("inv", "pay", "pat", "acc", "tsk"):
        assert landing_page(sample_people.kim, f"/invoices/{new_id(thing)}") == ""
        assert landing_page(sample_people.kim, f"/receipt?id={new_id(thing)}") == ""


def test_back_1_staff_land_on_staff_pages_only(sample_people: People):
    dana = sample_people.dana
    assert landing_page(dana, "/es/staff/patients?q=Maria") == "/staff/patients?q=Maria"
    assert landing_page(dana, "/staff/tasks") == "/staff/tasks"
    for asked in (
        "/staff/sign-in",
        "/staff/set-up",
        "/invoices",
        "//staff",
        f"/staff/patients/{new_id('pat')}",
    ):
        assert landing_page(dana, asked) == "", asked


def test_every_page_behind_a_sign_in_may_be_landed_on():
    """Read from the pages: a new page that is forgotten here is found."""
    routes = set[str]()
    for file in (PORTAL / "pages").rglob("*.py"):
        for call in re.findall(r"^@page\(\s*(.*?)^def ", file.read_text(), re.S | re.M):
            if "side=" not in call and (found := re.match(r'"(/[^"]+)"', call)):
                routes.add(found[1])
    assert {route.split("/")[1] for route in routes} == set(PATIENT_PAGES)
    assert all(own_page(route, Side.PATIENT) for route in routes if "[" not in route)
