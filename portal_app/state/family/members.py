"""The members page: the family as the viewer may see it."""

from dataclasses import dataclass

import reflex as rx

from portal_app.domain.access import Permission
from portal_app.domain.families import GrantKind
from portal_app.domain.ids import MembershipId, PatientId
from portal_app.i18n import money_text, names_text, translate
from portal_app.services.patients import contact_details, grants, members
from portal_app.services.patients.contact_details import PersonDetails
from portal_app.services.patients.members import Covered
from portal_app.state.base import PortalState, in_thread, me, requires
from portal_app.state.family.labels import LETS_ME, born_words, price_words, span_words
from portal_app.state.i18n_paths import address


@dataclass(frozen=True)
class PersonItem:
    id: str
    name: str
    initials: str
    about: str
    reached: str
    is_me: bool
    href: str


@dataclass(frozen=True)
class CoveredItem:
    name: str
    plan: str
    dates: str
    price: str


@dataclass(frozen=True)
class SharingAdultItem:
    id: str
    name: str
    lets: list[str]
    contacts: list[str]


class MembersState(PortalState):
    ready: rx.Field[bool] = rx.field(False)
    people: rx.Field[list[PersonItem]] = rx.field(default_factory=list)
    covered: rx.Field[list[CoveredItem]] = rx.field(default_factory=list)
    friends: rx.Field[list[SharingAdultItem]] = rx.field(default_factory=list)
    add_href: rx.Field[str] = rx.field("")  # adding a member to a membership of theirs
    acting: rx.Field[str] = rx.field("")  # names of those who act for the viewer

    @rx.event
    @requires(Permission.MY_ACCOUNT)
    async def load(self):
        self.ready = False
        people = await in_thread(contact_details.view_people, me())
        coverage = await in_thread(members.view_coverage, me())
        acting = await in_thread(members.acting_for_me, me())
        self.people = [self._person(person) for person in people]
        self.covered = [self._covered(row) for row in coverage.others]
        self.add_href = self._add_address(coverage.can_add)
        self.acting = names_text(self.language, acting) if acting else ""
        await self._show_friends()
        self.ready = True

    def _person(self, person: PersonDetails) -> PersonItem:
        words = person.name.split()
        return PersonItem(
            id=person.id,
            name=person.name,
            initials="".join(word[0] for word in (words[:1] + words[-1:])).upper(),
            about=born_words(self.language, person.birth_date),
            reached=" · ".join(contact.shown for contact in person.contacts),
            is_me=person.is_me,
            href=address(self.language, f"/members/contact?id={person.id}"),
        )

    def _add_address(self, can_add: tuple[MembershipId, ...]) -> str:
        """To which of several memberships is chosen on the page of memberships."""
        if not can_add:
            return ""
        one = f"/memberships/add?id={can_add[0]}" if len(can_add) == 1 else "/memberships"
        return address(self.language, one)

    def _covered(self, row: Covered) -> CoveredItem:
        price = money_text(self.language, row.price) if row.price else ""
        return CoveredItem(
            name=row.name,
            plan=row.plan,
            dates=span_words(self.language, row.start, row.end),
            price=price_words(self.language, row.period, price) if price else "",
        )

    async def _show_friends(self) -> None:
        """Other adults, each with what they share with the viewer."""
        found: dict[PatientId, tuple[str, list[GrantKind]]] = {}
        for row in await in_thread(grants.shared_with_me, me()):
            found.setdefault(row.patient_id, (row.name, []))[1].append(row.kind)
        friends: list[SharingAdultItem] = []
        for id_, (name, kinds) in found.items():
            contacts: list[str] = []
            if GrantKind.CONTACT in kinds:
                points = await in_thread(grants.contacts_of, me(), id_)
                contacts = [point.shown for point in points]
            lets = [translate(self.language, LETS_ME[kind]) for kind in LETS_ME if kind in kinds]
            friends.append(SharingAdultItem(id_, name, lets, contacts))
        self.friends = sorted(friends, key=lambda friend: friend.name)
