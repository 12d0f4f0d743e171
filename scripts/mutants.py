"""make mutants: breaks the rules and services a little, one breakage at a time, and says which test noticed.

Each breakage is made in a copy of the tree, on SQLite. Asked are the tests whose imports lead to its module, the nearest
first, and those that read the sources. What no test notices is a test that is missing.
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
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts.mutations import Breakage, breakages, broken, chosen
from tests.architecture.import_graph import import_graph, modules

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
NEAREST = 8  # files of tests that are asked first
NOT_COPIED = (".venv", ".git", ".web", ".states", "build", "data", "demo-data", "node_modules",
              "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis")  # fmt: skip
NOTICED = ("test", "time")
NO_TESTS = 5  # what pytest ends with when all were left out
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
    return ("passed" if running.returncode in (0, NO_TESTS) else "failed"), said


class Nearest:
    """Which files of tests run a module, found by their imports, the nearest first.

    First the file of the module itself, then those that import it, then those that import what imports it. To have
    the tests that run a line instead, the whole suite must run under coverage once: half an hour (decision 0051).
    """

    def __init__(self) -> None:
        self.files = modules(ROOT, "portal_app", "tests")
        self.used_by: dict[str, set[str]] = {name: set() for name in self.files}
        for name, uses in import_graph(self.files).items():
            for used in uses:
                self.used_by[used].add(name)
        self.suite = {
            path: name for name, file in self.files.items() if (path := relative(file)) in test_files()
        }

    def tests_of(self, path: str) -> list[str]:
        """Files of tests, the nearest first."""
        (start,) = (name for name, file in self.files.items() if relative(file) == path)
        far = self._distances(start)
        found = [test for test, name in self.suite.items() if name in far]
        return sorted(found, key=lambda test: (not is_own(path, test), far[self.suite[test]], test))

    def _distances(self, start: str) -> dict[str, int]:
        far, waiting = {start: 0}, deque([start])
        while waiting:
            name = waiting.popleft()
            for user in self.used_by[name] - far.keys():
                far[user] = far[name] + 1
                waiting.append(user)
        return far


def is_own(path: str, test: str) -> bool:
    """Whether a file of tests is that of the module: tests/ mirrors portal_app/."""
    module, of = Path(path).relative_to("portal_app"), Path(test).relative_to("tests")
    return of.parent == module.parent and module.stem in of.stem


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sources() -> list[str]:
    return sorted(str(p.relative_to(ROOT)) for folder in BROKEN for p in (ROOT / folder).rglob("*.py"))


@cache
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
    fail_anyway: list[str] = []
    try:
        for some in (tests[:NEAREST], READ_THE_SOURCES, tests[NEAREST:]):
            while some:
                file.write_text(broken(text, one))
                answer, said = pytest(tree, some, seconds, *fail_anyway)
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
                # It fails without the breakage too: the others are asked.
                some = [test for test in some if test != failed[1]]
                fail_anyway.append(f"--deselect={failed[1]}")
    finally:
        file.write_text(text)
    return ("", "") if tests else ("none", "")


def run(
    wanted: list[tuple[str, Breakage]], done: dict[str, Answer], arguments: argparse.Namespace
) -> list[Answer]:
    nearest, lock, begun = Nearest(), Lock(), time.monotonic()
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
            tests = nearest.tests_of(path)[: arguments.files]
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
    asked.add_argument(
        "--files", type=int, default=40, help="so many files of tests are asked, the nearest first"
    )
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--allowed", type=int, default=3, help="so many may go unnoticed")
    arguments = asked.parse_args()
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
