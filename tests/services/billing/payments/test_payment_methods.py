"""Saved payment methods: SRC cases, names, the default, removal."""

import pytest

from portal_app.db.scope import reading
from portal_app.db.tables.memberships import Membership
from portal_app.domain.access import system_principal
from portal_app.domain.billing.errors import (
    NextDefaultNeeded,
    OnlyPaymentMethod,
)
from portal_app.domain.errors import NotFound
from portal_app.domain.ids import new_id
from portal_app.gateways.payments_fake import FakeProcessor
from portal_app.services.billing.payments.payment_methods import (
    finish_adding_payment_method,
    list_payment_methods,
    make_default,
    memberships_by_payment_method,
    remove_payment_method,
    rename_payment_method,
    start_adding_payment_method,
)
from tests.memberships_helper import add_membership, add_plan
from tests.people import RIVERA, VISA, People
from tests.services.billing.billing_helper import add_card


def test_src_1_a_default_that_pays_memberships_needs_a_chosen_successor(
    sample_people: People, processor: FakeProcessor
) -> None:
    added = add_card(sample_people, processor)
    membership = add_membership(RIVERA, add_plan("Gold"), payment_method_id=VISA)
    assert memberships_by_payment_method(sample_people.maria, RIVERA) == {VISA: ("Gold",)}
    with pytest.raises(NextDefaultNeeded):
        remove_payment_method(sample_people.maria, VISA, processor=processor)
    remove_payment_method(sample_people.maria, VISA, processor=processor, next_default=added.id)
    assert [(s.id, s.is_default) for s in list_payment_methods(sample_people.maria)] == [(added.id, True)]
    with reading(system_principal("test")) as tx:
        assert tx.get_or_404(Membership, membership).payment_method_id == added.id


def test_src_2_the_last_payment_method_cannot_be_removed(
    sample_people: People, processor: FakeProcessor
) -> None:
    with pytest.raises(OnlyPaymentMethod):
        remove_payment_method(sample_people.maria, VISA, processor=processor)


def test_payment_methods_are_named_made_default_and_removed_at_the_processor(
    sample_people: People, processor: FakeProcessor
) -> None:
    added = add_card(sample_people, processor)
    assert not added.is_default
    rename_payment_method(sample_people.maria, added.id, "  Family   card ")
    make_default(sample_people.maria, added.id)
    first, second = list_payment_methods(sample_people.maria)
    assert (first.name, first.is_default, second.is_default) == ("Family card", True, False)
    remove_payment_method(sample_people.maria, added.id, processor=processor)
    assert [(s.id, s.is_default) for s in list_payment_methods(sample_people.maria)] == [(VISA, True)]
    assert len(processor.list_payment_methods(processor.customer(RIVERA, ""))) == 1
    with pytest.raises(NotFound):
        make_default(sample_people.maria, added.id)


def test_another_accounts_payment_method_is_not_found(
    sample_people: People, processor: FakeProcessor
) -> None:
    for attempt in (
        lambda: rename_payment_method(sample_people.kim, VISA, "mine"),
        lambda: make_default(sample_people.kim, VISA),
        lambda: remove_payment_method(sample_people.kim, VISA, processor=processor),
    ):
        with pytest.raises(NotFound):
            attempt()
    started = start_adding_payment_method(sample_people.maria, new_id("sup"), processor=processor)
    processor.finish_setup(started.setup_id)
    with pytest.raises(NotFound):
        finish_adding_payment_method(sample_people.kim, started.setup_id, processor=processor)
