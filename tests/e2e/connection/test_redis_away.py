"""Redis goes away while somebody presses: words stand on the page within three seconds, and the press is done or can be
made again when Redis is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Visits, no_sideways_scroll
from tests.e2e.connection.test_lost_line import DOWN, UNSENT, WATCH
from tests.e2e.portal import Portal
from tests.e2e.reader import Reader
from tests.e2e.steps import HAL
from tests.servers import Missing, Server, start_redis

NARROW: ViewportSize = {"width": 320, "height": 640}
UNSURE = "The connection was lost as you pressed. See here whether it was done."
TOLD = 3000  # milliseconds


@pytest.fixture
def redis() -> Iterator[Server]:
    try:
        server = start_redis()
    except Missing as reason:
        pytest.skip(f"Redis: {reason}")
    yield server
    server.stop()


@pytest.fixture
def on_redis(demo: Path, redis: Server) -> Iterator[Portal]:
    running = Portal(settings={"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}).like(demo).start()
    yield running
    running.remove()


def without_line(reader: Reader, page: Page, *notices: str) -> None:
    """One of the notices can be read whole on a narrow screen, in the page's language."""
    one = page.locator(".offline p:visible")
    expect(one).to_have_count(1)
    assert one.inner_text().strip() in [reader.t(notice) for notice in notices]
    box = one.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"]
    no_sideways_scroll(page)


# At once, as it is noticed, and after it was noticed.
@pytest.mark.parametrize(("language", "waits"), [("en", 0), ("es", 0), ("en", 1_500), ("es", 5_000)])
def test_a_press_without_redis_is_told_within_three_seconds_and_done_or_made_again(
    on_redis: Portal, redis: Server, visit: Visits, language: str, waits: int
):
    somebody = visit(on_redis)
    reader = Reader(somebody, language)
    page = reader.go("/sign-in")
    page.set_viewport_size(NARROW)
    page.locator("#contact").fill(HAL[0])
    expect(page.locator("html:not([data-line])")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    redis.stop()
    page.wait_for_timeout(waits)  # the browser's and the server's own clocks count
    page.evaluate(WATCH)
    page.get_by_role("button", name=reader.t("Send me a code")).click()
    page.wait_for_function("() => window.shown.words")
    shown = page.evaluate("shown")
    assert shown["busy"] < 100, shown
    assert shown["words"] < TOLD, shown
    without_line(reader, page, DOWN, UNSENT, UNSURE)
    somebody.shot(f"redis-away-{language}-{waits}")
    again = start_redis(redis.port)
    try:
        expect(page.locator("html:not([data-line])")).to_have_count(1)
        expect(page.get_by_text(reader.t(DOWN))).to_be_hidden()
        code = page.get_by_role("heading", name=reader.t("Enter the 6-digit code"))
        expect(code.or_(page.locator(".offline p:visible"))).to_have_count(
            1
        )  # one of the two, a moment later
        if not code.is_visible():
            without_line(reader, page, UNSENT, UNSURE)
            somebody.shot(f"redis-back-{language}-{waits}")
            expect(page.locator("#contact")).to_have_value(HAL[0])
            page.get_by_role("button", name=reader.t("Send me a code")).click()
        expect(code).to_be_visible()
        expect(page.locator(".offline p:visible")).to_have_count(0)
    finally:
        again.stop()
    somebody.forgive()
