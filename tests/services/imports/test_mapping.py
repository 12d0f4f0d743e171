"""Files with other columns come in through a mapping."""

from pathlib import Path

import pytest

from portal_app.services.imports.errors import (
    ColumnMissing,
    MappingMissing,
    MappingNoTable,
    MappingUnknownName,
    MappingUnreadable,
    MappingWrongValue,
)
from portal_app.services.imports.mapping import read_mapping
from portal_app.services.imports.run import run_import
from tests.services.imports.import_helper import IMPORT, ROOT, assert_invariants, bring, shared

NAMES = """
[patients.columns]
chart_number = "chart_number"
given_name = "given_name"
family_name = "family_name"
"""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('[files]\nthousands = "."\n', MappingWrongValue),
        ('[files]\ndecimal_mark = ","\nthousands = ","\n', MappingWrongValue),
        ('[files]\ndecimal_mark = ",,"\n', MappingWrongValue),
        ('[files]\nthousands = "0"\n', MappingWrongValue),
        ('[files]\nround = "up"\n', MappingWrongValue),
        ('[files]\nempty = "NULL"\n', MappingWrongValue),
        ("[files]\ndate_format = 5\n", MappingWrongValue),
        ("[fils]\nx = 1\n", MappingUnknownName),
        ('[patients.columns]\nsurname = "x"\n', MappingUnknownName),
        ("files = 3\n", MappingNoTable),
        ("[files\n", MappingUnreadable),
    ],
)
def test_a_mapping_that_can_be_understood_in_two_ways_or_none_is_refused(
    tmp_path: Path, text: str, error: type[Exception]
):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(error):
        read_mapping(tmp_path / "m.toml")


def test_a_mapping_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(MappingMissing):
        read_mapping(tmp_path / "m.toml")


def test_a_column_that_chooses_the_rows_must_be_there(folder: Path):
    (folder / "m.toml").write_text(NAMES + '[patients.only]\nStatus = ["x"]\n')
    with pytest.raises(ColumnMissing):
        bring(folder, mapping=folder / "m.toml")


def test_rows_and_files_that_a_mapping_leaves_out_are_counted_and_named(folder: Path):
    only = '[patients.only]\ngiven_name = ["Ana"]\n[invoices]\nfile = "nothing.csv"\n'
    (folder / "m.toml").write_text(NAMES + only)
    report = bring(folder, mapping=folder / "m.toml")
    assert report.counts["patients"].rows == 1
    assert any("1 × left out" in note for note in report.notes)
    assert any("nothing.csv" in note for note in report.notes)


def test_a_foreign_export_comes_in_through_a_mapping(db: str):
    mapping = ROOT / "docs" / "examples" / "practice-system.toml"
    report = run_import(IMPORT, shared("pms_csv_dirty"), mapping=mapping)
    assert {sheet: (c.rows, c.added) for sheet, c in report.counts.items()} == {
        "patients": (200, 200),
        "appointments": (613, 613),
        "invoices": (613, 613),
        "invoice_lines": (613, 613),
        "payments": (196, 196),
    }
    assert report.totals["USD"].agree
    assert "invoices: 613 amounts were rounded to the cent, half to even." in report.notes
    assert run_import(IMPORT, shared("pms_csv_dirty"), mapping=mapping).changes == 0
    assert_invariants()
