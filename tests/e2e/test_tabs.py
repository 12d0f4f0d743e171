"""Several pages in one browser: each stays what it is, and what a page does by itself is nobody's doing."""

import sqlite3
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from portal_app.domain.sign_in import SessionScope, session_ref
from tests.e2e.conftest import Visitor, Visits
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader
from tests.e2e.steps import HAL, MARIA, OWNER, sign_in, staff_sign_in, to_pay

LINES = """(() => {
  const W = WebSocket;
  window.lines = [];
  window.WebSocket = class extends W { constructor(...a) { super(...a); lines.push(this); } };
})();"""


def cut(page: Page) -> None:
    """Its line is gone, as when a phone changes networks; it calls again by itself."""
    before = page.evaluate("lines.forEach((line) => line.close()) || lines.length")
    page.wait_for_function("(before) => lines.length > before && lines.at(-1).readyState === 1", arg=before)


def test_a_duplicated_tab_goes_on_where_it_was_after_its_line_was_cut(portal: Portal, visit: Visits):
    somebody = Reader(visit(portal), "en")
    somebody.visitor.context.add_init_script(LINES)
    somebody.go("/sign-in")
    somebody.fill("Email or mobile phone", "somebody@example.com")
    with somebody.page.expect_popup() as opened:
        somebody.page.evaluate(
            "open(location.href)"
        )  # as "duplicate" does: what the tab remembers goes with it
    tab = Reader(somebody.visitor, "en")
    tab.visitor.page = opened.value
    reference = tab.asks_for_code(HAL[0])
    for _ in range(2):
        cut(tab.page)
    expect(tab.page.get_by_text("From the message that says")).to_contain_text(reference)
    tab.types_the_code(reference, HAL[1])


def refs(visitor: Visitor) -> dict[str, str]:
    """This browser's sessions, by the names of their cookies."""
    kept = {one["name"]: one["value"] for one in visitor.context.cookies()}
    return {name: session_ref(kept[name], SessionScope.FULL) for name in ("demo-portal", "demo-portal-staff")}


def seen_at(portal: Portal, ref: str, minutes_before: int = 0) -> datetime:
    """When a session's person was last seen to do something, after that was moved back."""
    base = sqlite3.connect(portal.folder / "portal.db", timeout=10)
    with base:
        (seen,) = base.execute("select seen_at from portal_session where ref = ?", [ref]).fetchone()
        then = datetime.fromisoformat(str(seen)) - timedelta(minutes=minutes_before)
        base.execute("update portal_session set seen_at = ? where ref = ?", [str(then), ref])
    base.close()
    return then


def test_a_page_that_loads_itself_anew_keeps_no_session_alive(portal: Portal, visit: Visits):
    """The staff's session in the same browser runs out: the patient's page loads again, whoever sits there or not."""
    both = visit(portal)
    maria = sign_in(both, MARIA)
    dashboard = both.page = both.tab()
    staff_sign_in(both, OWNER)
    hers, staffs = refs(both).values()
    dashboard.close()
    maria.reload()  # its line knows of both
    a_bill = to_pay(maria).get_by_role("link").first
    expect(a_bill).to_be_visible()
    maria.evaluate("window.before = true")
    idle_since = seen_at(portal, hers, minutes_before=8)
    seen_at(portal, staffs, minutes_before=16)
    maria.wait_for_function("() => !window.before")
    expect(a_bill).to_be_visible()
    assert seen_at(portal, hers) == idle_since
    maria.reload()
    expect(a_bill).to_be_visible()
    assert seen_at(portal, hers) > idle_since
