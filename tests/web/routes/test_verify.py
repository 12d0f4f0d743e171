"""POST /verify/file: the answer, its limits, and that the file is not kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from portal_app.domain.agreements.copy_files import LARGEST_MB
from portal_app.services.agreements.copies.errors import VerifyBusy
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.sign_in import rate_limits
from portal_app.settings import settings
from portal_app.web.routes import verify
from portal_app.web.routes.verify import ADDRESS, routes
from tests.people import People
from tests.services.agreements.copies.helper import PORTAL, file_of, sealer, sign


@pytest.fixture(autouse=True)
def limits(sample_people: People) -> Iterator[None]:
    assert sample_people
    rate_limits.forget_all()
    yield
    rate_limits.forget_all()


def made() -> bytes:
    copy_id = sign()
    make_copies(PORTAL, sealer())
    return file_of(copy_id)


async def ask(content: bytes | AsyncIterator[bytes], language: str = "en", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        return await client.post(f"{ADDRESS}?lang={language}", content=content, headers=headers)


async def test_it_says_verdict_and_day_and_nothing_else() -> None:
    content = await asyncio.to_thread(made)
    answer = await ask(content, "es")
    assert answer.status_code == 200
    assert answer.json() == {"verdict": "genuine", "day": "15 de junio de 2026"}
    assert answer.headers["cache-control"] == "no-store"
    assert (await ask(content + b"\n")).json() == {"verdict": "changed", "day": "June 15, 2026"}
    assert (await ask(b"%PDF-1.7")).json() == {"verdict": "not_ours", "day": ""}


async def test_what_is_no_pdf_is_refused_in_the_readers_language() -> None:
    answer = await ask(b"GIF89a", "es")
    assert answer.status_code == 422
    assert "no es un PDF" in answer.json()["error"]


async def test_a_large_file_is_refused_before_all_of_it_is_read() -> None:
    read: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(60):
            read.append(number)
            yield b"0" * 1_000_000

    told = await ask(pieces(), **{"content-length": "60000000"})
    assert told.status_code == 413
    assert read == []
    unsaid = await ask(pieces())
    assert unsaid.status_code == 413
    assert len(read) == LARGEST_MB + 1
    assert str(LARGEST_MB) in unsaid.json()["error"]


async def test_a_few_a_minute_from_one_address() -> None:
    codes = [(await ask(b"%PDF-1.7")).status_code for _ in range(8)]
    assert codes == [200] * 6 + [429] * 2


async def test_files_that_never_come_keep_nobody_out() -> None:
    begun, ended = asyncio.Semaphore(0), asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield b"%PDF"
        begun.release()
        await ended.wait()

    stalled = [asyncio.create_task(ask(stalls())) for _ in range(5)]
    try:
        async with asyncio.timeout(10):
            for _ in stalled:
                await begun.acquire()
        assert (await ask(b"%PDF-1.7")).status_code == 200
    finally:
        ended.set()
        await asyncio.gather(*stalled)


async def test_files_in_memory_are_limited_for_an_address_and_in_all() -> None:
    with verify._held.by("a") as first, verify._held.by("a") as second:
        first(verify.LARGEST)
        with pytest.raises(VerifyBusy):
            second(2_000_000)
        for other in range(7):
            with verify._held.by(str(other)) as third:
                third(verify.LARGEST)
    with ExitStack() as held:
        for number in range(8):
            held.enter_context(verify._held.by(str(number)))(verify.LARGEST)
        with pytest.raises(VerifyBusy):
            held.enter_context(verify._held.by("late"))(1)
    assert (verify._held.total, verify._held.of_address) == (0, {})


async def test_the_file_is_not_kept() -> None:
    mark = b"%PDF-1.7 a file of a visitor that nobody keeps"
    assert (await ask(mark)).status_code == 200
    kept = [one for one in Path(settings().data_dir).rglob("*") if one.is_file()]
    assert not [one for one in kept if mark in one.read_bytes()]
