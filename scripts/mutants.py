"""make mutants: breaks the rules and services a little, one breakage at a time, and says which test noticed.

Each breakage is made in a copy of the tree, on SQLite, by the tests that run its line (read once with coverage,
kept in build/mutants), and by those that read the sources. What no test notices is a test that is missing.
Run again it goes on where it was: an answer holds until the file or the tests of it change.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

import coverage

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts.mutations import Breakage, breakages, broken, chosen

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "build" / "mutants"
BROKEN = ("portal_app/domain", "portal_app/services")
SUITE = [
    *(f"tests/{name}" for name in ("domain", "services", "state", "web", "db", "attacks")),
    *(f"tests/test_{name}.py" for name in ("doctor", "logs", "settings", "i18n")),
]
READ_THE_SOURCES = [
    f"tests/architecture/test_{name}.py"
    for name in ("imports", "privileged_names", "one_home", "architecture", "service_guards", "call_outs")
]
MARKS = "not served and not postgres and not bench and not browser and not slow"
CHANGED = 20  # files of tests that may be run whole
NEAREST = 150  # tests that are asked first
NOT_COPIED = (".venv", ".git", ".web", ".states", "build", "data", "demo-data", "node_modules",
              "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis")  # fmt: skip
NOTICED = ("test", "time")
_SAID = {
    "test": "",
    "time": "the time limit",
    "": "NOBODY NOTICED",
    "none": "NO TEST RUNS IT",
    "slow": "NOT SAID: its tests take longer than the time limit",
}
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.M)


@dataclass(frozen=True)
class Answer:
    key: str  # of the breakage in this text
    path: str
    line: int
    breakage: str
    noticed: str  # one of _SAID
    by: str = ""
    seconds: float = 0.0
    tests: str = ""  # all the tests, as they were


def pytest(tree: Path, tests: list[str], seconds: float, *more: str) -> tuple[str, str]:
    """ "passed", "failed" or "time", and what it printed. Its processes end with it."""
    listed = tree / "chosen-tests.txt"
    listed.write_text("\n".join(tests))
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-m", MARKS]
    command = [sys.executable, "-m", "pytest", *options, f"@{listed}"]
    surroundings = os.environ | {"PORTAL_TEST_DATABASES": "sqlite", "PYTHONDONTWRITEBYTECODE": "1"}
    running = subprocess.Popen(  # noqa: S603
        command, cwd=tree, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = running.communicate(timeout=max(seconds, 1))
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        return "time", ""
    return ("passed" if running.returncode == 0 else "failed"), said


class Map:
    """Which tests run which line; of a file that changed since, which tests run anything of it.

    Files of tests that are new or have changed since are run whole: what they run is not known.
    """

    def __init__(self) -> None:
        self.data = coverage.CoverageData(str(KEPT / "coverage"))
        self.data.read()
        self.hashes: dict[str, str] = json.loads((KEPT / "files.json").read_text())
        self.here = {str(Path(name).resolve().relative_to(ROOT)): name for name in self.data.measured_files()}

        self.changed = [
            path for path in test_files() if self.hashes.get(path) != hashed((ROOT / path).read_text())
        ]
        if len(self.changed) > CHANGED:
            say(
                f"{len(self.changed)} files of tests have changed since it was read which line they run: use --fresh"
            )

    @staticmethod
    def read() -> "Map":
        """Runs the suite once; some minutes."""
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / "coverage").unlink(missing_ok=True)
        surroundings = os.environ | {
            "PORTAL_TEST_DATABASES": "sqlite",
            "COVERAGE_FILE": str(KEPT / "coverage"),
        }
        measured = [f"--cov={folder}" for folder in BROKEN]
        command = [
            sys.executable,
            "-m",
            "pytest",
            *SUITE,
            "-m",
            MARKS,
            "-q",
            "-n",
            "2",
            "-p",
            "no:cacheprovider",
        ]
        command += [*measured, "--cov-report=", "--cov-context=test"]
        subprocess.run(command, cwd=ROOT, env=surroundings, check=False)  # noqa: S603  (a failing test maps too)
        Map.note_files()
        return Map()

    @staticmethod
    def note_files() -> None:
        files = {path: hashed((ROOT / path).read_text()) for path in (*sources(), *test_files())}
        (KEPT / "files.json").write_text(json.dumps(files, indent=0))

    def tests_of(self, path: str, line: int) -> list[str]:
        """The nearest first: rules, then services, then what stands on them."""
        if path not in self.here:
            return []
        by_line = self.data.contexts_by_lineno(self.here[path])
        found = (
            set(by_line.get(line, ()))
            if self.hashes.get(path) == hashed((ROOT / path).read_text())
            else set()
        )
        found.discard("")
        if not found:  # the file has changed, or the line runs when it is imported
            found = {context for contexts in by_line.values() for context in contexts} - {""}
        tests = {context.rpartition("|")[0] for context in found}
        known = (test for test in tests if test.partition("::")[0] not in self.changed)
        return sorted((*known, *self.changed), key=lambda test: (_far(path, test), test))


def _far(path: str, test: str) -> int:
    file, noun = test.partition("::")[0], Path(path).stem
    order = ["tests/domain", "tests/services", "tests/db", "tests/web", "tests/state", "tests/attacks"]
    nearness = next((n for n, folder in enumerate(order) if file.startswith(folder)), len(order))
    return nearness - (noun in file)


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sources() -> list[str]:
    return sorted(str(p.relative_to(ROOT)) for folder in BROKEN for p in (ROOT / folder).rglob("*.py"))


def test_files() -> list[str]:
    found = (
        p
        for name in SUITE
        for p in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("test_*.py"))
    )
    return sorted(str(path.relative_to(ROOT)) for path in found)


def copy_of_the_tree(number: int) -> Path:
    tree = KEPT / f"tree-{number}"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
    return tree


def tried(tree: Path, path: str, one: Breakage, tests: list[str], seconds: float) -> tuple[str, str]:
    """Who noticed: a test by its name, the time limit, or nobody; "slow" where the limit says nothing."""
    file, text = tree / path, (ROOT / path).read_text()
    try:
        for some in (tests[:NEAREST], READ_THE_SOURCES, tests[NEAREST:]):
            while some:
                file.write_text(broken(text, one))
                answer, said = pytest(tree, some, seconds)
                file.write_text(text)
                if answer == "passed":
                    break
                if answer == "time":
                    return ("time" if pytest(tree, some, seconds)[0] == "passed" else "slow"), ""
                failed = _FAILED.search(said)
                if failed is None:
                    return "test", "the import"  # of the broken file: nothing could be collected
                if pytest(tree, [failed[1]], seconds)[0] == "passed":
                    return "test", failed[1]
                some = (
                    some[some.index(failed[1]) + 1 :] if failed[1] in some else []
                )  # it fails without it too
    finally:
        file.write_text(text)
    return ("", "") if tests else ("none", "")


def run(
    wanted: list[tuple[str, Breakage]], done: dict[str, Answer], arguments: argparse.Namespace
) -> list[Answer]:
    lines, lock, begun = Map() if not arguments.fresh else Map.read(), Lock(), time.monotonic()
    tests_now = all_tests()
    trees: SimpleQueue[Path] = SimpleQueue()
    for number in range(arguments.workers):
        trees.put(copy_of_the_tree(number))

    def one_of_them(asked: tuple[str, Breakage]) -> Answer | None:
        path, one = asked
        if arguments.within and time.monotonic() - begun > arguments.within:
            return None
        tree, at = trees.get(), time.monotonic()
        try:
            with lock:
                tests = lines.tests_of(path, one.line)
            noticed, by = tried(tree, path, one, tests, arguments.seconds)
        finally:
            trees.put(tree)
        seconds = round(time.monotonic() - at, 1)
        answer = Answer(key_of(path, one), path, one.line, str(one), noticed, by, seconds, tests_now)
        with lock, (KEPT / "answers.jsonl").open("a") as file:
            file.write(json.dumps(asdict(answer)) + "\n")
            say(said_of(answer))
        return answer

    todo = [asked for asked in wanted if key_of(*asked) not in done]
    with ThreadPoolExecutor(arguments.workers) as pool:
        new = [answer for answer in pool.map(one_of_them, todo) if answer]
    return [*(done[key] for asked in wanted if (key := key_of(*asked)) in done), *new]


def key_of(path: str, one: Breakage) -> str:
    """Of this breakage of this text."""
    return hashed(f"{path} {one} {one.where} {hashed((ROOT / path).read_text())}")


def all_tests() -> str:
    """The tests as they are: what nobody noticed is tried again when they change."""
    return hashed("".join(p.read_text() for p in sorted((ROOT / "tests").rglob("*.py"))))


def answers_that_hold() -> dict[str, Answer]:
    kept, tests = KEPT / "answers.jsonl", all_tests()
    known = [Answer(**json.loads(line)) for line in kept.read_text().splitlines()] if kept.exists() else []
    return {answer.key: answer for answer in known if answer.noticed in NOTICED or answer.tests == tests}


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def said_of(answer: Answer) -> str:
    by = _SAID[answer.noticed] or answer.by
    return f"{answer.path}:{answer.line}  {answer.breakage}\n    {by}  ({answer.seconds:.0f} s)"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--most", type=int, default=50, help="how many breakages")
    asked.add_argument("--seed", type=int, default=1, help="another seed breaks other lines")
    asked.add_argument("--seconds", type=float, default=240, help="time limit of one breakage")
    asked.add_argument(
        "--within", type=float, default=0, help="begin none after so many seconds; 0: all of them"
    )
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--allowed", type=int, default=3, help="so many may go unnoticed")
    asked.add_argument("--fresh", action="store_true", help="read anew which tests run which line")
    arguments = asked.parse_args()
    arguments.fresh = arguments.fresh or not (KEPT / "files.json").exists()
    wanted = chosen(
        {path: breakages((ROOT / path).read_text()) for path in sources()}, arguments.most, arguments.seed
    )
    answers = run(wanted, answers_that_hold(), arguments)
    unnoticed = [answer for answer in answers if answer.noticed not in NOTICED]
    by = Counter(
        answer.by.partition("::")[0] or answer.noticed for answer in answers if answer not in unnoticed
    )
    say(
        f"\n{len(answers)} of {len(wanted)} tried, {len(answers) - len(unnoticed)} noticed, {len(unnoticed)} not."
    )
    for name, count in by.most_common():
        say(f"  {count:3} {name}")
    for answer in unnoticed:
        say(said_of(answer))
    return int(len(unnoticed) > arguments.allowed)


if __name__ == "__main__":
    raise SystemExit(main())
