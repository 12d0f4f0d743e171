"""The practice's own texts of messages."""

from datetime import date

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.practice import Practice
from portal_app.domain.errors import NotFound, PermissionDenied, TextTooLong, UserError
from portal_app.domain.money import Money
from portal_app.services.messaging.errors import PlaceholderMissing, UnknownPlaceholder
from portal_app.services.messaging.practice_templates import change_practice_template, view_practice_template
from portal_app.services.messaging.rendering import render_template
from tests.people import (
    People,
)
from tests.services.billing.billing_helper import PORTAL


def test_the_practices_own_texts_are_stored_with_their_author_and_used(sample_people: People) -> None:
    own = {"subject": "From {practice}", "body": "Please pay {amount} by {date}: {portal}", "sms": ""}
    assert change_practice_template(sample_people.olga, "due_soon", "en", **own) is True
    assert change_practice_template(sample_people.olga, "due_soon", "en", **own) is False
    seen = view_practice_template(sample_people.olga, "due_soon", "en")
    assert (seen.own["body"], seen.changed.by, seen.needs) == (own["body"], "Olga Novak", ("amount",))
    assert view_practice_template(sample_people.olga, "due_soon", "es").own == {
        "subject": "",
        "body": "",
        "sms": "",
    }
    with reading(PORTAL) as tx:
        practice = tx.get_or_404(Practice, "practice")
        values = {"practice": "Cedar", "amount": Money(5_00), "date": date(2026, 6, 18), "portal": "p"}
        said = render_template(practice, "due_soon", "email", "en", values | {"number": "A-1"})
    assert said.subject == "From Cedar" and said.body.startswith("Please pay $5.00 by June 18")
    change_practice_template(sample_people.olga, "due_soon", "en", subject="", body="", sms="")
    assert view_practice_template(sample_people.olga, "due_soon", "en").own["body"] == ""


@pytest.mark.parametrize(
    ("kind", "language", "own", "error"),
    [
        ("due_soon", "en", {"body": "Please pay soon."}, PlaceholderMissing),
        ("due_soon", "en", {"body": "{amount} for {service}"}, UnknownPlaceholder),
        ("due_soon", "en", {"sms": "{amount} " + "x" * 300}, TextTooLong),
        ("pay_link", "es", {"sms": "Pague {amount}"}, PlaceholderMissing),
        ("sign_in_code", "en", {"body": "{code} {reference}"}, NotFound),
        ("due_soon", "fr", {"body": "{amount}"}, NotFound),
        # A subject is kept as it was sent, where staff read it; what opens something must not be.
        ("pay_link", "en", {"subject": "Pay here: {link}"}, UnknownPlaceholder),
        ("due_soon", "en", {"subject": "{amount} due, see {portal}"}, UnknownPlaceholder),
    ],
)
def test_texts_that_could_not_be_sent_are_refused(
    sample_people: People, kind: str, language: str, own: dict[str, str], error: type[UserError]
) -> None:
    with pytest.raises(error) as refused:
        change_practice_template(
            sample_people.olga, kind, language, **{"subject": "", "body": "", "sms": "", **own}
        )
    assert refused.value.field in {"", *own}


def test_changing_texts_needs_the_permission_to_manage_settings(sample_people: People) -> None:
    for who in (sample_people.nora, sample_people.dana, sample_people.maria):
        with pytest.raises(PermissionDenied):
            view_practice_template(who, "due_soon", "en")
        with pytest.raises(PermissionDenied):
            change_practice_template(who, "due_soon", "en", subject="", body="{amount}", sms="")
