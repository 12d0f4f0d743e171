"""The demo's staff have passwords of their own in each installation, and the published one opens nothing."""

import json
import subprocess
from pathlib import Path

import pytest
from sqlmodel import col, select

from portal_app import demo
from portal_app.db.scope import reading, transaction
from portal_app.db.tables.practice import Practice
from portal_app.db.tables.sign_in import PortalSession
from portal_app.db.tables.staff import StaffMember
from portal_app.demo.passwords import _WORDS, FILE, keep_passwords, new_password, passwords_in
from portal_app.demo.staff import _PUBLISHED, STAFF, add_staff, sign_in_lines
from portal_app.domain.access import nobody, system_principal
from portal_app.domain.errors import UserError
from portal_app.services.sign_in.password_hashes import hash_password
from portal_app.services.sign_in.staff import check_staff_password, hash_staff_password
from tests.attacks.everybody import session

DEMO = system_principal("demo")
VISITOR = nobody("203.0.113.7")
OLGA = STAFF[0].email
ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(db: str, tmp_path: Path) -> Path:
    with transaction(DEMO) as tx:
        tx.add(Practice(id="practice", **demo.PRACTICE))
    add_staff(DEMO, tmp_path)
    return tmp_path


def member(email: str = OLGA) -> StaffMember:
    with reading(DEMO) as tx:
        return tx.exec(select(StaffMember).where(col(StaffMember.email) == email)).one()


def opens(password: str, email: str = OLGA) -> bool:
    try:
        return bool(check_staff_password(VISITOR, email, password).id)
    except UserError:
        return False


def as_before_this_version(email: str = OLGA) -> None:
    """With the password that was printed in the README, an authenticator app, and signed in."""
    with transaction(DEMO) as tx:
        row = tx.get_or_404(StaffMember, member(email).id, lock=True)
        row.password_hash, row.totp_secret = hash_password(_PUBLISHED), "sealed"
        tx.add(session("somebody", staff_id=row.id))


def test_each_has_a_password_that_is_kept_for_the_owner_of_the_folder_alone(folder: Path):
    known = passwords_in(folder)
    assert set(known) == {one.email for one in STAFF}
    assert len(set(known.values())) == len(STAFF)
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == [FILE]
    for email, password in known.items():
        assert opens(password, email)
    assert not opens(_PUBLISHED)


def test_another_installation_has_others(tmp_path: Path):
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert len(set(_WORDS)) == len(_WORDS) >= 128
    for one in STAFF:  # no word is somebody's own name, which a password may not hold
        for word in _WORDS:
            assert hash_staff_password(f"{word}-amber-brick", one.email, one.who.partition(",")[0])


def test_they_stay_when_the_demo_starts_again(folder: Path):
    known, kept = passwords_in(folder), member().password_hash
    add_staff(DEMO, folder)
    assert passwords_in(folder) == known
    assert member().password_hash == kept


def test_who_changed_their_own_keeps_it(folder: Path):
    with transaction(DEMO) as tx:
        tx.get_or_404(StaffMember, member().id, lock=True).password_hash = hash_password(
            "a lantern by the lake"
        )
    add_staff(DEMO, folder)
    assert opens("a lantern by the lake")


@pytest.mark.parametrize("file", ["none yet", "of another database"])
def test_the_published_password_is_replaced_and_its_sessions_end(folder: Path, file: str):
    as_before_this_version()
    if file == "none yet":
        (folder / FILE).unlink()
    add_staff(DEMO, folder)
    assert not opens(_PUBLISHED)
    assert opens(passwords_in(folder)[OLGA])
    assert member().totp_secret == ""
    with reading(DEMO) as tx:
        assert tx.get_or_404(PortalSession, "somebody").revoked_at


def test_a_lost_file_is_made_anew(folder: Path):
    before = passwords_in(folder)[OLGA]
    (folder / FILE).unlink()
    add_staff(DEMO, folder)
    assert not opens(before)
    assert opens(passwords_in(folder)[OLGA])


def test_a_file_that_others_could_read_is_replaced_by_one_they_cannot(tmp_path: Path):
    (tmp_path / FILE).write_text("{}")
    (tmp_path / FILE).chmod(0o644)
    keep_passwords(tmp_path, {OLGA: "x"})
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / FILE).read_text()) == {OLGA: "x"}


def test_they_are_said_with_who_has_them(folder: Path):
    said = sign_in_lines(folder)
    assert said[0] == f"{OLGA}, {passwords_in(folder)[OLGA]}"
    assert said[1] == "  Olga Novak, who owns the practice"
    assert "portal demo makes one" in sign_in_lines(folder / "elsewhere")[0]


def test_no_file_but_the_one_that_refuses_it_names_the_published_password():
    """Tests may try it."""
    command = ["git", "grep", "-l", _PUBLISHED, "--", ".", ":!tests"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.stdout.split() == ["portal_app/demo/staff.py"]
