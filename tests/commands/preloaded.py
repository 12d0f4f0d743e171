"""`portal …` as a process of its own that does not import the portal anew: that takes two seconds each time.

One process imports the portal once. For each command it forks a child, which takes over the command's folder,
environment and files and then does what `python -m portal_app.cli` does.
"""

import atexit
import gc
import importlib
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

from sqlalchemy.orm import configure_mappers

from portal_app.cli import main
from portal_app.settings import settings

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds
# What commands need. The application and its pages read the settings as they are imported.
_FOLDERS = ("commands", "db", "demo", "domain", "gateways", "services")


def run_portal(
    words: tuple[str, ...], folder: Path, environment: dict[str, str], stdin: int = subprocess.DEVNULL
) -> CompletedProcess[str]:
    """`portal …` run to its end in `folder`; one that does not end fails the test."""
    with open(os.devnull) as nothing, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        files = [nothing.fileno() if stdin == subprocess.DEVNULL else stdin, out.fileno(), err.fileno()]
        asked = json.dumps({"words": words, "folder": str(folder), "environment": environment}).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(PATIENCE)
            line.connect(_server()[0])
            socket.send_fds(line, [asked], files)
            code = int(line.recv(64))
        said = [_text(file) for file in (out, err)]
    return CompletedProcess(["portal", *words], code, *said)


def _text(file: "tempfile._TemporaryFileWrapper[bytes]") -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _server() -> "tuple[str, subprocess.Popen[bytes]]":
    """The address of this test process's own server. It ends when its stdin does, so with this process."""
    address = str(Path(tempfile.mkdtemp(prefix="portal-commands-")) / "socket")
    command = [sys.executable, "-m", "tests.commands.preloaded", address]
    around = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    server = subprocess.Popen(command, cwd=ROOT, env=around, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None and server.stdout.readline() == b"ready\n"
    return address, server


def _serve(address: str) -> None:
    """Fork a child for each command; only the children return."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(address)
    listening.listen()
    os.write(1, b"ready\n")
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        line, _ = listening.accept()
        asked, files, _, _ = socket.recv_fds(line, 1_000_000, 3)
        assert threading.active_count() == 1, "a thread does not survive a fork"
        if (child := os.fork()) == 0:
            listening.close()
            line.close()
            _become(json.loads(asked), files)
            return
        for file in files:
            os.close(file)
        line.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        line.close()
    os._exit(0)


def _become(asked: dict[str, object], files: list[int]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(str(asked["folder"]))
    os.environ.clear()
    environment, words = asked["environment"], asked["words"]
    assert isinstance(environment, dict) and isinstance(words, list)
    os.environ.update(environment)
    sys.argv = ["portal", *words]
    random.seed()


def _run() -> int:
    """The exit code of the command, as Python gives it."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> None:
    """End the child without taking apart all that was imported."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import_all() -> None:
    for folder in _FOLDERS:
        for path in (ROOT / "portal_app" / folder).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            importlib.import_module(module.removesuffix(".__init__"))
    configure_mappers()
    gc.freeze()
    assert settings.cache_info().currsize == 0, "something read the settings as it was imported"


if __name__ == "__main__":
    _import_all()
    _serve(sys.argv[1])
    _end(_run())
