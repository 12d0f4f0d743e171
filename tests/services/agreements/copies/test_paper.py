"""What is printed on a copy: the text as it was signed, how each signed, and nothing that text can turn into markup."""

import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal_app.db.scope import reading, transaction
from portal_app.db.tables.agreements import AgreementText
from portal_app.db.tables.audit import AuditEntry
from portal_app.domain.agreements.types import SignerPart
from portal_app.domain.errors import NotFound
from portal_app.services.agreements.copies.files import sealed_file
from portal_app.services.agreements.copies.make import make_copies
from portal_app.services.agreements.copies.paper import two_times
from tests.gateways.signing.test_pades import needs_pdfsig, pdfsig, status_of
from tests.gateways.test_pdf import is_ua, root_of, squeezed
from tests.people import LUIS, People
from tests.services.agreements.copies.helper import (
    DRAWN,
    PORTAL,
    Signs,
    all_rows,
    copy_row,
    file_of,
    sealer,
    sign,
)

HARD = 'Agr #import "x.typ" #let a = 1 $x$ @ref <label> *no* _no_ `raw` = no // no /* no */ \\ {{price}}'
# Not Thaana: it is printed, but poppler copies its vowels out in another order.
NAMES = (
    "مريم العلي", "שרה כהן", "王小明", "김민수", "さくら", "दीपिका शर्मा", "রহিমা", "ગીતા", "ਗੁਰਪ੍ਰੀਤ",
    "தமிழ்", "తెలుగు", "สมชาย", "ສົມຊາຍ", "សុខា", "မြန်မာ", "አበበ", "Արամ", "გიორგი", "Μαρία", "Ольга", "Nguyễn",
)  # fmt: skip


def printed(copy_id: str) -> str:
    pages = PdfReader(io.BytesIO(file_of(copy_id))).pages
    return "\n".join(page.extract_text() for page in pages)


def copied_out(copy_id: str, folder: Path) -> str:
    file = folder / "copy.pdf"
    file.write_bytes(file_of(copy_id))
    return subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout


def test_everything_that_a_signature_needs_is_on_it(sample_people: People) -> None:
    assert sample_people
    copy_id = sign(
        Signs(typed="M. Rivera"),
        Signs(LUIS, SignerPart.SECOND_GUARDIAN, strokes=DRAWN, after=timedelta(minutes=1)),
    )
    make_copies(PORTAL, sealer())
    row, text = copy_row(copy_id), printed(copy_id)
    (trail_line,) = [one for one in all_rows(AuditEntry) if one.sealed == row.trail_number]
    for wanted in (
        "Membership agreement",
        "Visits for Maria Rivera.",
        row.number,
        "2026-06-15 12:00:00 EDT (America/New_York) = 2026-06-15 16:00:00 UTC",
        "2026-06-15 12:01:00 EDT",
        "M. Rivera",
        "Second responsible adult",
        "On behalf of",
        "spouse",
        "Code to a verified email or phone",
        "203.0.113.7",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5",
        "2026-12",
        "Signed by Luis Rivera",
        "not an advanced or qualified",
        "/verify",
        str(trail_line.sealed),
        trail_line.hash,
    ):
        assert squeezed(wanted) in squeezed(text), wanted
    with reading(PORTAL) as tx:
        assert sealed_file(tx, row.id) == file_of(copy_id)


def test_signers_of_two_languages_have_both_texts_each_with_its_hash(sample_people: People) -> None:
    assert sample_people
    second = Signs(LUIS, SignerPart.SECOND_GUARDIAN, language="es", after=timedelta(minutes=1))
    copy_id = sign(Signs(), second)
    make_copies(PORTAL, sealer())
    text = printed(copy_id)
    assert "Text signed by Maria Rivera" in text
    assert "Text signed by Luis Rivera" in text
    assert "Consultas para Maria Rivera." in text


def test_a_copy_of_a_spanish_text_is_in_spanish(sample_people: People) -> None:
    assert sample_people
    copy_id = sign(Signs(language="es"))
    make_copies(PORTAL, sealer())
    document = PdfReader(io.BytesIO(file_of(copy_id)))
    assert root_of(document)["/Lang"] == "es-US"
    assert "Firmas" in printed(copy_id)


def test_text_that_looks_like_markup_is_printed_as_text(sample_people: People) -> None:
    assert sample_people
    texts = {"en": (HARD.replace("{{price}}", ""), f"# {HARD[:60]}\n\n{HARD.replace('{{price}}', '')}")}
    copy_id = sign(Signs(name="{{price}} **Ana** #import"), texts=texts)
    make_copies(PORTAL, sealer())
    text = squeezed(printed(copy_id))
    assert squeezed('#import "x.typ" #let a = 1 $x$ @ref <label>') in text
    assert squeezed("{{price}} **Ana** #import") in text


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is missing")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_every_bundled_script_is_printed_and_copied_out_as_typed(
    sample_people: People, tmp_path: Path, name: str
) -> None:
    assert sample_people
    copy_id = sign(Signs(name=name))
    make_copies(PORTAL, sealer())
    document = PdfReader(io.BytesIO(file_of(copy_id)))
    assert is_ua(document)
    marks = str.maketrans("", "", "\u202a\u202b\u202c\u200e\u200f\u2066\u2067\u2068\u2069")
    assert squeezed(name) in squeezed(copied_out(copy_id, tmp_path).translate(marks))


def test_an_emoji_does_not_cost_the_tags(sample_people: People) -> None:
    assert sample_people
    copy_id = sign(Signs(name="Ana 🙂"))
    make_copies(PORTAL, sealer())
    root = root_of(PdfReader(io.BytesIO(file_of(copy_id))))
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert status_of(file_of(copy_id)).bottom_line


@needs_pdfsig
def test_the_copy_is_pdf_ua_and_valid_for_pyhanko_and_pdfsig(sample_people: People, tmp_path: Path) -> None:
    assert sample_people
    copy_id = sign(Signs(strokes=DRAWN))
    make_copies(PORTAL, sealer())
    content = file_of(copy_id)
    assert is_ua(PdfReader(io.BytesIO(content)))
    assert status_of(content).bottom_line
    said = pdfsig(content, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said


def test_ten_thousand_points_are_drawn(sample_people: People) -> None:
    assert sample_people
    many = [[[n % 600, (n * 7) % 200] for n in range(10_000)]]
    copy_id = sign(Signs(strokes=many))
    assert make_copies(PORTAL, sealer()) == (1, 0)
    assert len(file_of(copy_id)) < 400_000


@pytest.mark.parametrize(
    "change", ["UPDATE agreement_text SET markdown = 'Pay more.'", "DELETE FROM agreement_text"]
)
def test_no_copy_is_made_of_a_text_that_was_changed_or_deleted_after_it_was_signed(
    sample_people: People, change: str
) -> None:
    assert sample_people
    copy_id = sign()
    with transaction(PORTAL) as tx:
        connection = tx.connection()
        connection.exec_driver_sql(f"{change} WHERE language = 'en'")
    assert make_copies(PORTAL, sealer()) == (0, 1)
    assert copy_row(copy_id).failed == "SignedTextDiffers"
    assert all_rows(AgreementText)
    with reading(PORTAL) as tx, pytest.raises(NotFound):
        sealed_file(tx, copy_row(copy_id).id)


def test_times_name_both_zones_also_in_winter() -> None:
    winter = datetime(2026, 12, 1, 17, 0, 5, tzinfo=UTC)
    assert two_times(winter, "America/New_York") == (
        "2026-12-01 12:00:05 EST (America/New_York) = 2026-12-01 17:00:05 UTC"
    )
