"""What is typed on /join before the code is kept by the browser's tab (assets/tab.js), for a reload: as one text.

The portal keeps nothing of somebody whose contact is not verified. What comes back is read as strictly as a form.
"""

import json
from abc import abstractmethod
from datetime import date
from typing import Any, NamedTuple

import reflex as rx

from portal_app.domain.errors import NotFound
from portal_app.domain.ids import PlanId, parse_id
from portal_app.domain.json_values import is_list_or_tuple, is_object
from portal_app.services.memberships.joining.draft import JoinChoice
from portal_app.services.memberships.members.person import NewPerson
from portal_app.state.base import public
from portal_app.state.feedback import run_busy
from portal_app.state.memberships.join_payment import JoinPaymentState
from portal_app.state.memberships.join_rows import PlanItem

_LONGEST = 16_000  # characters, more than twelve members with the longest names fill
_TEXTS = ("given_name", "family_name", "sex", "relationship")


class JoinTabState(JoinPaymentState, mixin=True):
    # plan, people, contact, code, known (they sign in), owner, check, signed_in, done
    step: rx.Field[str] = rx.field("plan")
    plans: rx.Field[list[PlanItem]] = rx.field(default_factory=list)
    plan: rx.Field[str] = rx.field("")  # its name
    contact: rx.Field[str] = rx.field("")
    tab: rx.Field[str] = rx.field("")  # what the tab keeps
    tab_over: rx.Field[bool] = rx.field(False)  # it is to keep nothing any more

    _choice: JoinChoice | None = None

    @rx.event
    @public
    async def restore(self, form: dict[str, str]):
        """What the tab kept, after the page was loaded again before a code was typed."""
        if self._choice is None and not self._code_id:
            async for _ in run_busy(self, self._restore(form.get("kept", ""))):
                yield
            self.tab_over = self._choice is None  # no longer so: kept no more

    async def _restore(self, text: str) -> None:
        choice, contact = read_tab_text(text)
        self.plan = next((item.name for item in self.plans if item.id == choice.plan_id), "")
        if not self.plan:
            raise NotFound
        self.contact = contact
        if choice.owner_is_member or choice.members:
            await self._price(choice)
        else:
            self._choice = choice
        self.step = "people"

    def _keep_in_tab(self) -> None:
        """Until the code is typed: from then on the portal keeps it."""
        choice = None if self._code_id else self._choice
        self.tab = write_tab_text(choice, self.contact) if choice else ""
        self.tab_over = choice is None

    @abstractmethod
    async def _price(self, choice: JoinChoice) -> None:
        """Show what it costs now; what is refused changes nothing."""


class TabText(NamedTuple):
    """What the tab keeps."""

    choice: JoinChoice
    contact: str


def write_tab_text(choice: JoinChoice, contact: str) -> str:
    """The text that the tab keeps."""
    born = choice.owner_birth_date
    members = [
        {
            **{name: getattr(person, name) for name in _TEXTS},
            "born": person.birth_date.isoformat(),
            "consent": person.consent,
        }
        for person in choice.members
    ]
    kept = {
        "plan": choice.plan_id,
        "is_member": choice.owner_is_member,
        "born": born.isoformat() if born else "",
        "members": members,
        "coupon": choice.coupon,
        "contact": contact,
    }
    return json.dumps(kept, ensure_ascii=False)


def read_tab_text(text: str) -> TabText:
    """Read what `write_tab_text` has written. Raises NotFound for anything else."""
    if len(text) > _LONGEST:
        raise NotFound
    try:
        return _read(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotFound from None


def _read(kept: Any) -> TabText:
    if not is_object(kept) or not is_list_or_tuple(kept["members"]):
        raise TypeError
    born = _text(kept, "born")
    choice = JoinChoice(
        PlanId(parse_id("pln", _text(kept, "plan"))),
        owner_is_member=kept["is_member"] is True,
        owner_birth_date=date.fromisoformat(born) if born else None,
        members=tuple(_person(one) for one in kept["members"]),
        coupon=_text(kept, "coupon"),
    )
    return TabText(choice, _text(kept, "contact"))


def _person(kept: Any) -> NewPerson:
    if not is_object(kept):
        raise TypeError
    return NewPerson(
        given_name=_text(kept, "given_name"),
        family_name=_text(kept, "family_name"),
        sex=_text(kept, "sex"),
        relationship=_text(kept, "relationship"),
        birth_date=date.fromisoformat(_text(kept, "born")),
        consent=kept["consent"] is True,
    )


def _text(kept: dict[str, Any], name: str) -> str:
    if not isinstance(kept[name], str):
        raise TypeError
    return kept[name]
