"""Which language has the bare paths, said once: pages, links, redirects, messages and the frame agree."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from portal_app.components import layout
from portal_app.components.i18n import here, in_window, language, use_language
from portal_app.db.scope import transaction
from portal_app.db.tables.families import Patient
from portal_app.demo.site import page as practice_page
from portal_app.domain.access import Side
from portal_app.domain.families import ContactKind
from portal_app.i18n_paths import (
    default_language,
    language_of_path,
    localised_path,
    localised_url,
    supported_language,
)
from portal_app.services.credentials import desk_codes, resets
from portal_app.services.links import action_links, pay_links
from portal_app.services.messaging.outbox import write_message
from portal_app.state.base import sign_in_address
from portal_app.state.i18n_paths import address
from tests.people import INVOICE, MARIA, People
from tests.services.credentials_helper import TEST, outbox, with_password
from tests.state_helper import look_from

HasLanguages = Callable[[str], None]
BOTH_WAYS = pytest.mark.parametrize(
    ("languages", "english", "spanish"), [("en es", "", "/es"), ("es en", "/en", ""), ("es", "", "")]
)


@pytest.fixture
def sample_people(sqlite_db: str) -> People:
    return People.create()


@BOTH_WAYS
def test_the_first_language_has_the_bare_paths(
    has_languages: HasLanguages, languages: str, english: str, spanish: str
):
    has_languages(languages)
    assert default_language() == languages[:2]
    assert localised_path("en", "/invoices?page=2") == f"{english}/invoices?page=2"
    assert localised_path("es", "/invoices") == f"{spanish}/invoices"
    assert (localised_path("en", "/"), localised_path("es", "/")) == (english or "/", spanish or "/")
    assert localised_url("es") == f"http://localhost:3000{spanish}"
    assert localised_url("en", "/links") == f"http://localhost:3000{english}/links"


@pytest.mark.parametrize("languages", ["en es", "es en", "es"])
def test_a_path_says_its_language(has_languages: HasLanguages, languages: str):
    has_languages(languages)
    for code in ("en", "es"):
        if code in languages:
            for path in ("/", "/invoices", "/embed/invoices", "/english", "/especial"):
                assert language_of_path(localised_path(code, path)) == code


def test_a_language_without_pages_gets_the_default_one(has_languages: HasLanguages):
    has_languages("es")
    assert (supported_language("en"), supported_language("fr"), supported_language("es")) == ("es",) * 3
    assert localised_path("en", "/sign-in") == "/sign-in"
    assert language_of_path("/en/sign-in") == "es"


@BOTH_WAYS
def test_links_of_pages_and_redirects_agree(
    has_languages: HasLanguages,
    monkeypatch: pytest.MonkeyPatch,
    sample_people: People,
    languages: str,
    english: str,
    spanish: str,
):
    has_languages(languages)
    for code, prefix in (("en", english), ("es", spanish)):
        look_from(monkeypatch, sample_people.maria, code)
        with use_language(code):
            assert here("/invoices") == in_window("/invoices") == address(code, "/invoices")
            assert here("/invoices") == f"{prefix}/invoices"
            assert here("/sign-in") == sign_in_address(Side.PATIENT, code)
        with use_language(code, in_frame=True):
            assert here("/sign-in") == f"{prefix}/embed"
            assert here("/invoices") == f"{prefix}/embed/invoices"


def test_what_is_built_outside_of_a_page_is_in_the_default_language(has_languages: HasLanguages):
    has_languages("es en")
    assert language() == "es"


@pytest.mark.parametrize(
    ("languages", "reader", "switches"),
    [
        ("en es", "en", {"es": "/es/members"}),
        ("en es", "es", {"en": "/members"}),
        ("es en", "es", {"en": "/en/members"}),
        ("es en", "en", {"es": "/members"}),
        ("es", "es", {}),
    ],
)
def test_the_switch_leads_to_the_same_page_in_the_other_language(
    has_languages: HasLanguages, languages: str, reader: str, switches: dict[str, str]
):
    has_languages(languages)
    with use_language(reader):
        shown = str(layout.language_toggle("/members"))
    for code in ("en", "es"):
        assert (f'"data-language":"{code}"' in shown) == (code in switches)
    assert [path for path in switches.values() if f'"{path}"' not in shown] == []


def _speaks(patient: str, code: str) -> None:
    with transaction(TEST) as tx:
        tx.get_or_404(Patient, patient).language = code  # pyright: ignore[reportArgumentType]


@BOTH_WAYS
@pytest.mark.parametrize("code", ["en", "es"])
def test_what_is_sent_opens_in_the_language_it_is_written_in(
    has_languages: HasLanguages, sample_people: People, languages: str, english: str, spanish: str, code: str
):
    has_languages(languages)
    _speaks(MARIA.id, code)
    prefix = {"en": english, "es": spanish}[code]
    site = f"http://localhost:3000{prefix}"
    assert pay_links.make_pay_link(sample_people.dana, INVOICE).address.startswith(f"{site}/links#")
    assert desk_codes.print_desk_code(sample_people.dana, MARIA.id).address == f"{site}/sign-in?by=desk"
    action_links.send_access_link(sample_people.dana, MARIA.id)
    assert all(f"{site}/sign-in#" in row.body for row in outbox("access_link"))
    with transaction(TEST) as tx:
        write_message(
            tx,
            "statement",
            once="x",
            to_contact=(ContactKind.PHONE, "+12125550199"),
            to_patient=MARIA.id,
        )
    (ready,) = outbox("statement")
    assert ready.body.rstrip().endswith(f" {site}/statements") and ready.language == supported_language(code)


@BOTH_WAYS
def test_a_reset_is_stopped_in_the_patients_language(
    has_languages: HasLanguages, sample_people: People, languages: str, english: str, spanish: str
):
    has_languages(languages)
    with_password(MARIA)
    _speaks(MARIA.id, "es")
    resets.start_reset(sample_people.dana, MARIA.id, "lost the phone")
    assert all(f"http://localhost:3000{spanish}/stop-reset#" in row.body for row in outbox("reset_started"))


@pytest.mark.parametrize("languages", ["en es", "es en", "es"])
def test_the_address_for_everybody_is_that_of_the_default_language(
    has_languages: HasLanguages, sample_people: People, languages: str
):
    has_languages(languages)
    assert urlsplit(action_links.make_portal_link(sample_people.dana).address).path == "/welcome"


@BOTH_WAYS
def test_the_practices_own_site_frames_the_readers_language(
    has_languages: HasLanguages, languages: str, english: str, spanish: str
):
    has_languages(languages)
    assert f'src="http://x{english}/embed"' in (practice_page("/", "http://x") or "")
    assert f'src="http://x{spanish}/embed"' in (practice_page("/es", "http://x") or "")


_ROUTES = """
import portal_app.portal_app
from reflex_base.registry import RegistrationContext
for _, page in RegistrationContext.get().decorated_pages:
    print(page["route"])
"""


@pytest.mark.parametrize(("languages", "prefixed"), [("es en", "en"), ("es", "")])
def test_every_page_is_registered_where_links_lead(languages: str, prefixed: str):
    done = subprocess.run(
        [sys.executable, "-c", _ROUTES],
        env=os.environ | {"PORTAL_LANGUAGES": languages},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    routes = set(done.stdout.split()) - {"404"}
    other = {route for route in routes if re.match(r"/?(en|es)(/|$)", route)}
    assert {"/", "/sign-in", "/invoices", "/invoices/[id]", "/embed", "/staff"} <= routes - other
    expected = {f"/{prefixed}{route}".removesuffix("/") for route in routes - other} if prefixed else set()
    assert other == expected
