"""The rest of `make run`, inside the virtual environment: migrate, demo, build, serve, say where it is."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path


def stop(why: str) -> None:
    raise SystemExit(f"portal: {why}")


def port_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65535):  # the one above is the website's
        stop(f"PORTAL_PORT is a number from 1 to 65534, not {text[:40]}")
    return int(text)


ROOT = Path(__file__).resolve().parent.parent
PORT = os.environ.get("PORTAL_PORT", "3000")
ADDRESS = os.environ.get("PORTAL_PUBLIC_URL", f"http://localhost:{PORT}")
# The practice's own website: 127.0.0.1 is another site than localhost, as it is in life.
SITE_PORT = port_of(PORT) + 1
SITE = f"http://127.0.0.1:{SITE_PORT}"


def say(text: str) -> None:
    print(f"  {text}", flush=True)  # noqa: T201


def environment() -> dict[str, str]:
    asked = {"PORTAL_MODE": "demo", "PORTAL_PORT": PORT, "PORTAL_PUBLIC_URL": ADDRESS}
    asked["PORTAL_EMBED_ORIGINS"] = os.environ.get("PORTAL_EMBED_ORIGINS") or SITE
    return {**os.environ, **asked, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def check_port() -> None:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(PORT)))
        except OSError:
            stop(f"port {PORT} is taken; stop what listens there, or: PORTAL_PORT=3001 make run")


def step(what: str, *command: str) -> None:
    began = time.monotonic()
    say(f"{what} …")
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment(), check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.returncode)
    if (took := time.monotonic() - began) > 5:
        say(f"{what}: done in {took:.0f} s")


def answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=2) as page:
            return page.status == 200
    except (urllib.error.URLError, OSError):
        return False


def practice_site() -> str:
    """Served in a thread as long as the portal is; where it is, or why there is none."""
    sys.path.insert(0, str(ROOT))
    from portal_app.demo.site import practice_site as server_at  # noqa: PLC0415

    try:
        server = server_at(SITE_PORT, ADDRESS)
    except OSError:
        return f"none: port {SITE_PORT} is taken"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"{SITE}   (the portal in a frame of the practice's own site)"


def welcome() -> str:
    """Where everything is, and who one may be in the demo."""
    os.environ.update(environment())
    sys.path.insert(0, str(ROOT))
    from portal_app.demo import sign_in_lines as patients  # noqa: PLC0415
    from portal_app.demo.staff import sign_in_lines as staff  # noqa: PLC0415

    def listed(lines: list[str]) -> str:
        return "\n".join(f"                {line}" for line in lines)

    text = (ROOT / "scripts" / "welcome.txt").read_text()
    return text.format(
        address=ADDRESS, site=practice_site(), patients=listed(patients()), staff=listed(staff())
    )


def serve() -> int:
    command = [sys.executable, "-m", "portal_app.cli", "serve"]
    child = subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True)  # noqa: S603

    def pass_on(_signal: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)

    signal.signal(signal.SIGINT, pass_on)
    signal.signal(signal.SIGTERM, pass_on)
    deadline = time.monotonic() + 90
    while child.poll() is None and not answers():
        if time.monotonic() > deadline:
            pass_on(0, None)
            stop("the portal did not answer within 90 s")
        time.sleep(0.2)
    if child.poll() is None:
        print(welcome(), flush=True)  # noqa: T201
    code = child.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return 0 if code in (0, -signal.SIGTERM, 143, 130) else code


def say_what_is_ignored() -> None:
    """A practice's settings may stand in the same folder; the demo keeps away from them."""
    sys.path.insert(0, str(ROOT))
    from portal_app.settings import Settings  # noqa: PLC0415

    os.environ.update(environment())
    if Settings().ignores_env_file:  # pyright: ignore[reportCallIssue]  (the aliases have defaults)
        say("the demo does not read .env: it has its own data and sends nothing (PORTAL_DEMO_USES_ENV=yes)")


def main() -> int:
    check_port()
    say_what_is_ignored()
    step("bringing the database up to date", "-m", "portal_app.cli", "migrate")
    step("loading the demo practice", "-m", "portal_app.cli", "demo")
    step("building the pages", "scripts/build.py")
    say("starting")
    return serve()


if __name__ == "__main__":
    sys.exit(main())
