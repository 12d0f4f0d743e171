"""make check: pyright on those modules of the portal whose types may have changed since they were last found right.

What pyright says of a module depends on the module, on what it imports directly and through others, on the settings
and on the installed packages. A module none of which has changed is not asked about again. `make test` checks all.
"""

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.architecture.import_graph import import_graph, modules

ROOT = Path(__file__).parent.parent
RIGHT = ROOT / "build" / "types-are-right.json"
MOST_REMEMBERED = 20_000  # states; what was right once is right again when a change is taken back
# What decides for every module.
EVERYWHERE = ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "scripts/check_types.py")


def states(root: Path, everywhere: Iterable[Path]) -> dict[str, str]:
    """File → a hash of it and of all that it imports, for every module of the portal below `root`."""
    files = modules(root, "portal_app")
    graph = import_graph(files)
    packages = {name: [part for part in _packages(name) if part in files] for name in files}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    common = [hashlib.sha256(path.read_bytes()).hexdigest() for path in everywhere]
    found = {}
    for name, path in files.items():
        needed = _reached(name, graph, packages)
        text = "\n".join([*common, *(f"{each} {hashes[each]}" for each in sorted(needed))])
        found[str(path.relative_to(root))] = hashlib.sha256(text.encode()).hexdigest()
    return found


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _reached(start: str, graph: Mapping[str, set[str]], packages: Mapping[str, list[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        more = {*graph[name], *packages[name]} - reached
        reached |= more
        waiting += more
    return reached


def errors_in(files: Sequence[str]) -> dict[str, list[str]]:
    """File → pyright's errors in it, as text, for those that have any."""
    if not files:
        return {}
    command = [str(Path(sys.executable).parent / "pyright"), "--outputjson", *files]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    found = defaultdict[str, list[str]](list)
    for one in json.loads(ran.stdout)["generalDiagnostics"]:
        if one["severity"] == "error":
            path, place = str(Path(one["file"]).relative_to(ROOT)), one["range"]["start"]
            where = f"{path}:{place['line'] + 1}:{place['character'] + 1}"
            found[path].append(f"{where} - error: {one['message']} ({one.get('rule', '')})")
    if ran.returncode and not found:
        raise SystemExit(ran.stdout + ran.stderr)
    return found


def main() -> int:
    """Check what may have changed, print the errors, and remember what is right. 1 when there are any."""
    now = states(ROOT, [ROOT / name for name in EVERYWHERE])
    right = set(json.loads(RIGHT.read_text())) if RIGHT.exists() else set[str]()
    asked = [path for path, state in now.items() if state not in right]
    wrong = errors_in(asked)
    RIGHT.parent.mkdir(exist_ok=True)
    found_right = {state for path, state in now.items() if path not in wrong}
    RIGHT.write_text(json.dumps(sorted(found_right | (right if len(right) < MOST_REMEMBERED else set()))))
    for errors in wrong.values():
        sys.stdout.write("\n".join(errors) + "\n")
    sys.stdout.write(f"types: {len(asked)} of {len(now)} modules checked, the others have not changed\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
