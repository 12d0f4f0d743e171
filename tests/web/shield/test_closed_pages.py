"""What a page leaves in memory when its socket closes."""

from portal_app.web.shield.closed_pages import (
    KEPT_IN_ALL,
    KEPT_PER_VISITOR,
    KEPT_SECONDS,
    ClosedPage,
    ClosedPages,
)


def test_a_page_that_nobody_used_goes_at_once_and_again_for_an_event_that_came_late():
    pages = ClosedPages()
    pages.leave("a", 0.0)
    assert pages.take_due(1.0) == []
    assert pages.take_due(2.0) == ["a"]
    assert pages.take_due(3.0) == []
    assert pages.take_due(30.0) == ["a"]
    assert pages.take_due(900.0) == []


def test_a_page_that_comes_back_keeps_its_state():
    pages = ClosedPages()
    pages.leave("a", 0.0)
    pages.keep("b", "network", signed_in=False, now=0.0)
    pages.opened("a")
    pages.opened("b")
    assert pages.take_due(60.0) == [] and len(pages) == 0


def test_of_one_visitor_a_limited_number_is_kept_and_the_oldest_goes():
    pages = ClosedPages()
    for number in range(KEPT_PER_VISITOR + 2):
        pages.keep(f"p{number}", "network", signed_in=False, now=0.0)
    pages.keep("another", "elsewhere", signed_in=False, now=0.0)
    assert len(pages) == KEPT_PER_VISITOR + 1
    assert pages.take_due(5.0) == ["p0", "p1"]


def test_all_who_are_not_signed_in_together_have_a_limit_and_keep_nobody_else_out():
    pages = ClosedPages()
    pages.keep("of Maria", "her session", signed_in=True, now=0.0)
    for number in range(KEPT_IN_ALL + 1):
        pages.keep(f"p{number}", f"network {number}", signed_in=False, now=0.0)
    assert len(pages) == KEPT_IN_ALL + 1
    assert pages.take_due(5.0) == ["p0"]


def test_nothing_is_remembered_of_what_the_framework_has_forgotten():
    pages = ClosedPages()
    for number in range(50):
        pages.keep(f"p{number}", f"network {number}", signed_in=False, now=float(number))
    assert pages.take_due(KEPT_SECONDS + 100) == []
    assert (len(pages), pages._of, pages._anonymous, pages._going) == (0, {}, {}, {})


def test_only_a_session_that_holds_or_something_done_keeps_a_state():
    pages = ClosedPages()
    pages.close("hers", ClosedPage(("session",), "network", used=False))
    pages.close("of an invented cookie", ClosedPage(("invented",), "network", used=False))
    pages.close("looked at", ClosedPage((), "network", used=False))
    pages.close("waits for a code", ClosedPage((), "network", used=True))
    assert pages.new_refs() == {"session", "invented"}
    pages.settle(["session"], 0.0)
    assert pages.new_refs() == set() and len(pages) == 2
    assert pages.take_due(5.0) == ["of an invented cookie", "looked at"]


def test_a_page_that_closed_while_the_sessions_were_read_waits_for_the_next_time():
    """Its session was not asked about, so it must not count as ended."""
    pages = ClosedPages()
    pages.close("early", ClosedPage((), "network", used=False))
    asked = pages.new_refs()
    pages.close("late", ClosedPage(("session",), "network", used=False))
    pages.settle([], 0.0, asked)
    assert pages.take_due(5.0) == ["early"] and pages.new_refs() == {"session"}
