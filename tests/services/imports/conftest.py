"""A practice with a folder of files to import."""

from pathlib import Path

import pytest

from portal_app.db.scope import transaction
from portal_app.db.tables.practice import Practice
from tests.services.imports.import_helper import ANA, CAL, IMPORT, PATIENTS, write


@pytest.fixture
def folder(tmp_path: Path, db: str) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    with transaction(IMPORT) as tx:
        tx.add(Practice(id="practice", name="Juniper Family Medicine"))
    write(made, "patients", PATIENTS, ANA, CAL)
    return made
