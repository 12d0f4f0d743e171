"""Whatever the portal can say, it can say in Spanish."""

import re
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from portal_app.i18n import CATALOGS
from tests.catalogs import messages


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    with (CATALOGS / "es" / "LC_MESSAGES" / "portal.po").open("rb") as lines:
        return read_po(lines, locale="es", abort_invalid=True)


def forms(message: Any) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def test_every_message_is_translated(spanish: Catalog):
    missing = [
        (msgid, sorted(files))
        for msgid, files in messages().items()
        if (found := spanish.get(forms(msgid)[0])) is None or not all(forms(found.string))
    ]
    assert not missing


def test_nothing_in_the_catalog_is_unused_or_unsure(spanish: Catalog):
    said = {forms(msgid)[0] for msgid in messages()}
    entries = [message for message in spanish if message.id]
    assert not [message.id for message in entries if message.fuzzy]
    assert not [message.id for message in entries if forms(message.id)[0] not in said]


def test_places_to_fill_are_the_same(spanish: Catalog):
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w*)\}", text))

    for message in spanish:
        if message.id:
            wanted = set().union(*map(places, forms(message.id)))
            for said in forms(message.string):
                assert places(said) == wanted, message.id


def test_patients_are_addressed_as_usted(spanish: Catalog):
    familiar = re.compile(r"\b(tú|tu|tus|puedes|tienes|inicia tu|paga tu)\b", re.I)
    assert not [m.string for m in spanish if any(familiar.search(text) for text in forms(m.string))]
