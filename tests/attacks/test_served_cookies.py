"""The served portal and the cookies of other programs on the practice's domain: they keep nobody out, and let nobody in."""

import json
from dataclasses import dataclass

import pytest

from portal_app.domain.access import Side
from portal_app.web.cookies import cookie_name
from tests.attacks import served
from tests.attacks.wire import PORTAL_STATE, Caller, Line

pytestmark = pytest.mark.served
LAYOUT = f"{PORTAL_STATE}.portal_app___state___layout____layout_state"
FOREIGN = [
    'foo={"a":"b"}',
    "x=a b",
    "foo",
    "ü=1",
    "=",
    ";;;",
    'open="quote',
    "a=b=c",
    "[x]=1",
    "big=" + "x" * 4_000,
]


@dataclass(frozen=True)
class Cluttered(Caller):
    """Somebody whose browser sends other programs' cookies around ours."""

    foreign: str = ""

    @property
    def headers(self) -> dict[str, str]:
        ours = super().headers
        return ours | {"Cookie": f"{self.foreign}; {ours['Cookie']}; {self.foreign}"}


def cluttered(who: Caller, foreign: str) -> Cluttered:
    return Cluttered(who.cookie, who.side, who.scope, who.address, foreign)


@pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
async def test_a_foreign_cookie_keeps_nobody_from_signing_in(line: Line, looked_into: None, foreign: str):
    """By a plain request and by the socket."""
    for name, side in (("maria", "patient"), ("olga", "staff")):
        who = cluttered(served.newcomer(name), foreign)
        status, said = await line.ask("POST", f"/auth/stay?side={side}&by=page", who)
        assert (status, json.loads(said)["left"] > 0) == (200, True)
        page = await line.hydrated(who)
        await page.tell(
            f"{LAYOUT}.load_{side}_layout", path="/staff/today" if side == "staff" else "/invoices"
        )
        await page.until(f'"person_rx_state_":"{name.capitalize()}"')
        await page.close()


@pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
async def test_a_foreign_cookie_signs_nobody_in(line: Line, foreign: str):
    for prefix in ("", "x", "nested="):
        name = prefix + cookie_name(Side.PATIENT)
        who = cluttered(Caller(), f"{foreign}; {name}=not-a-session")
        assert (await line.ask("POST", "/auth/stay?side=patient&by=page", who))[0] == 401
